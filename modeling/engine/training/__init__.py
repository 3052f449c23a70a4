"""Training of models: settings in, a folder with a calibrated model out."""

from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import BASELINES, FAMILIES, families_of, get_family
from modeling.engine.training.settings import TrainingSettings
from modeling.engine.training.train import TrainedModel, train

__all__ = [
    "BASELINES",
    "FAMILIES",
    "TrainedModel",
    "TrainingContext",
    "TrainingSettings",
    "families_of",
    "get_family",
    "train",
]
