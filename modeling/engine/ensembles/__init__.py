"""Several models as one: averaged, weighted or stacked, and kept only where that earns its cost."""

from modeling.engine.ensembles.combine import Combination, combine

__all__ = ["Combination", "combine"]
