"""Training of text classifiers: settings in, a folder with a calibrated model out."""

from modeling.engine.training.family import TrainingContext
from modeling.engine.training.settings import TrainingSettings
from modeling.engine.training.table import BASELINE, FAMILIES, get_family
from modeling.engine.training.train import TrainedModel, train

__all__ = ["BASELINE", "FAMILIES", "TrainedModel", "TrainingContext", "TrainingSettings", "get_family", "train"]
