"""Small classifiers on top of sentence vectors."""

from modeling.engine.heads.quick import QuickHead, fit

__all__ = ["QuickHead", "fit"]
