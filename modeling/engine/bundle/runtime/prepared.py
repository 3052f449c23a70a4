"""Curation's cut of a picture for EfficientNet-Lite0. A bundle holds that file in place of this one."""

from curation.engine.pictures.prepared import MEAN, SIDE, SPREAD, prepared

__all__ = ["MEAN", "SIDE", "SPREAD", "prepared"]
