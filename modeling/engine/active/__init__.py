"""The model in the loop: what to label next, what more labels would bring, and what a model may answer alone."""

from modeling.engine.active.order import METHODS, REASONS, Order, order

__all__ = ["METHODS", "REASONS", "Order", "order"]
