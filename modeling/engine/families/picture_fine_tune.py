"""All of EfficientNet-Lite0, trained further on the pictures: minutes, and better than its frozen vectors with enough
labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modeling.engine.families.picture_network import PictureNetwork

if TYPE_CHECKING:
    from torch import nn

    from modeling.engine.families.picture_rows import Parts
    from modeling.engine.pictures.changing import Ranges
    from modeling.engine.training.settings import TrainingSettings

# Pixels along a side: half the pixels of ImageNet's 224, so half the time.
SIDE = 160


class PictureFineTune(PictureNetwork):
    """The whole backbone learns, at a smaller rate than its new head."""

    name = "picture-fine-tune"
    title = "Picture encoder trained further on the pictures"
    most = 2 * SIDE
    slow, factor = "network.", 0.2

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults; bench/train_pictures.py prints what they reach."""
        return {"epochs": 15, "batch_size": 16, "learning_rate": 2e-3, "patience": 5, "dropout": 0.2}

    def shape_of(self, parts: Parts, settings: TrainingSettings) -> dict[str, Any]:
        """Return the side."""
        return {"side": SIDE, "grey": False}

    def build(self, classes: int, facts: dict[str, Any], dropout: float) -> nn.Module:
        """Return the backbone with ImageNet's weights and a new head."""
        from modeling.engine.pictures.classifier_nets import FineTuned

        return FineTuned(classes, dropout)

    def ranges(self) -> Ranges:
        """Return moderate changes."""
        from modeling.engine.pictures.changing import FOR_CLASSES

        return FOR_CLASSES
