"""A small network from nothing for tiny pictures, such as grey marks of 28 pixels, which ImageNet knows nothing of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.families.picture_network import PictureNetwork

if TYPE_CHECKING:
    from torch import nn

    from modeling.engine.families.picture_rows import Parts
    from modeling.engine.pictures.changing import Ranges
    from modeling.engine.training.settings import TrainingSettings

LARGEST, SMALLEST, STEP = 64, 16, 4
# Pictures that are asked whether they are grey.
ASKED = 200


class PictureCnn(PictureNetwork):
    """Three steps of convolutions; sides of 16 to 64 pixels, as the training pictures have them."""

    name = "picture-cnn"
    title = "Small network from nothing, for tiny pictures"
    most = LARGEST

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults; bench/train_pictures.py prints what they reach."""
        return {"epochs": 80, "batch_size": 32, "learning_rate": 2e-3, "patience": 25, "dropout": 0.2}

    def shape_of(self, parts: Parts, settings: TrainingSettings) -> dict[str, Any]:
        """Return side, channels and width; the side is that of the middle picture, in whole steps."""
        pictures = [parts.train[row].pixels for row in range(min(ASKED, len(parts.train.paths)))]
        middle = float(np.median([max(pixels.shape[:2]) for pixels in pictures]))
        side = int(np.clip(STEP * round(middle / STEP), SMALLEST, LARGEST))
        grey = all((pixels == pixels[..., :1]).all() for pixels in pictures)
        return {"side": side, "grey": bool(grey), "channels": 1 if grey else 3, "step_width": 32}

    def build(self, classes: int, facts: dict[str, Any], dropout: float) -> nn.Module:
        """Return a new network."""
        from modeling.engine.pictures.classifier_nets import TinyCnn

        return TinyCnn(classes, facts["channels"], facts["step_width"], dropout)

    def ranges(self) -> Ranges:
        """Return small changes."""
        from modeling.engine.pictures.changing import FOR_TINY

        return FOR_TINY
