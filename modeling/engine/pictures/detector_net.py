"""The detector's network: the trunk of Lite0, a neck that joins its strides, and heads for middles and edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from modeling.engine.bundle.runtime.shapes import STRIDE
from modeling.engine.pictures.backbone import CHANNELS, FixedNorm, Trunk, load_lite0
from modeling.engine.pictures.mask_head import MaskHead

# Channels of the neck.
WIDTH = 96
# Chance that a cell says at first, so that empty cells do not drown the first steps (Lin et al. 2017).
PRIOR = 0.05
# Distances to edges start here, in cells.
REACH = 4.0


@dataclass(frozen=True, slots=True)
class Found:
    """What the network says of a batch: heat logits [b, k, h, w], distances in input pixels [b, 4, h, w], neck map."""

    heat: Tensor
    distances: Tensor
    neck: Tensor


def _layer(channels: int, width: int, side: int = 3) -> nn.Sequential:
    """Return a convolution with group normalisation, which does not depend on how many pictures are in a batch."""
    return nn.Sequential(
        nn.Conv2d(channels, width, side, padding=side // 2, bias=False), nn.GroupNorm(8, width), nn.ReLU(inplace=True)
    )


class DetectorNet(FixedNorm):
    """The map of stride 8 to middles and edges; with `masks` there is a head for masks too, called on its own."""

    def __init__(self, classes: int, trunk: Trunk | None = None, *, masks: bool = False) -> None:
        super().__init__()
        self.trunk = trunk or Trunk(load_lite0())
        self.lateral = nn.ModuleDict({str(stride): nn.Conv2d(CHANNELS[stride], WIDTH, 1) for stride in (8, 16, 32)})
        self.join16, self.join8 = _layer(WIDTH, WIDTH), _layer(WIDTH, WIDTH)
        self.tower = _layer(WIDTH, WIDTH)
        self.heat = nn.Conv2d(WIDTH, classes, 1)
        self.edges = nn.Sequential(_layer(WIDTH, WIDTH), nn.Conv2d(WIDTH, 4, 1))
        nn.init.constant_(self.heat.bias, -math.log(1 / PRIOR - 1))  # type: ignore[arg-type]
        nn.init.constant_(self.edges[1].bias, math.log(REACH))  # type: ignore[arg-type]
        nn.init.normal_(self.edges[1].weight, std=0.01)  # type: ignore[arg-type]
        self.masks = MaskHead(WIDTH) if masks else None
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, eighth: Tensor) -> Found:
        """Return heat and distances."""
        sixteenth, last = self.trunk(eighth)
        neck = self.join16(self.lateral["16"](sixteenth) + _doubled(self.lateral["32"](last)))
        neck = self.join8(self.lateral["8"](eighth) + _doubled(neck))
        shared = self.tower(neck)
        # Clamped, so that the first steps cannot overflow: 7 is a distance of 8,800 pixels.
        distances = self.edges(shared).float().clamp(-5, 7).exp() * STRIDE
        return Found(self.heat(shared), distances, neck)


def _doubled(value: Tensor) -> Tensor:
    return nn.functional.interpolate(value, scale_factor=2.0, mode="nearest")
