"""What every augmentation of pictures is: settings, and a transform of albumentations or the joining of pictures."""

import os
from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from curation.engine.augment.settings import Augmentation, Setting

# For which labels an augmentation is safe, as a rule.
LABELS, BOXES, ROTATED, POLYGONS, POINTS = "labels", "boxes", "rotated_boxes", "polygons", "points"
EVERY_SHAPE = (BOXES, ROTATED, POLYGONS, POINTS)
EVERYTHING = (LABELS, *EVERY_SHAPE)
VISIBLE = Setting("visible", 0.3, "Least share of a shape that must stay in the picture; else the shape goes.")
# Of the parts that nothing is left for; the grey that detectors are trained with since YOLO's letterbox.
FILL = 114
Pixels = NDArray[np.uint8]


def library() -> Any:
    """Return albumentations, which looks for a newer version of itself on the internet unless it is told not to."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations

    return albumentations


class PictureAugmentation(Augmentation):
    """Base of all augmentations of pictures.

    Attributes:
        moves: Whether places move, so that shapes must be carried.
        covers: Whether parts are covered, so that shapes may be hidden.
        partners: How many other pictures it needs.
    """

    tasks: ClassVar[tuple[str, ...]] = EVERYTHING
    moves: ClassVar[bool] = False
    covers: ClassVar[bool] = False
    partners: ClassVar[int] = 0

    @abstractmethod
    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform of albumentations for a picture of this width and height, to be applied always."""
