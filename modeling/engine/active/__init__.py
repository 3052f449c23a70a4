"""The model in the loop: what to label next, what more labels would bring, and what a model may answer alone."""

from modeling.engine.active.curve import NEXT, Curve, Point, learning_curve
from modeling.engine.active.order import METHODS, REASONS, Order, order
from modeling.engine.active.threshold import GRID, Choice, choose_threshold, interval

__all__ = [
    "GRID",
    "METHODS",
    "NEXT",
    "REASONS",
    "Choice",
    "Curve",
    "Order",
    "Point",
    "choose_threshold",
    "interval",
    "learning_curve",
    "order",
]
