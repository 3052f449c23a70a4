"""Networks that say what a whole picture shows: all of EfficientNet-Lite0, and a small one for tiny pictures."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from modeling.engine.pictures.backbone import WIDTH, FixedNorm, load_lite0


class FineTuned(FixedNorm):
    """Pictures [b, 3, h, w] to logits [b, k]; every layer of the backbone learns but its normalisation statistics."""

    def __init__(self, classes: int, dropout: float) -> None:
        super().__init__()
        self.network = load_lite0()
        # The head for ImageNet is not used, and would stand in the weights.
        self.network._fc = nn.Identity()
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(WIDTH, classes))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits."""
        maps = self.network.extract_features(pictures.to(memory_format=torch.channels_last))  # type: ignore[operator]
        return cast("Tensor", self.head(maps.mean(dim=(2, 3))))


class TinyCnn(nn.Module):
    """Pictures [b, channels, h, w] of 16 to 64 pixels to logits [b, k], from nothing.

    Three steps of two convolutions each; group normalisation, since batches of few pictures say too little of a
    channel.
    """

    def __init__(self, classes: int, channels: int, width: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for step in range(3):
            after = width * 2**step
            layers += [*_pair(before, after), *_pair(after, after), nn.MaxPool2d(2)]
            before = after
        self.layers = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(before, classes))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits."""
        return cast("Tensor", self.head(self.layers(pictures).mean(dim=(2, 3))))


def _pair(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.GroupNorm(8, after), nn.ReLU(inplace=True)]
