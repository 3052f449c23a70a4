"""Masks within boxes: a small network on what the maps show there (after Mask R-CNN: He et al. 2017), and outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from modeling.engine.bundle.runtime.outlines import MARGIN, widened
from modeling.engine.pictures.backbone import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Array = np.ndarray[Any, Any]
# Cells along a side of a mask.
SIDE = 28
CHANNELS_INSIDE = 48


class MaskHead(nn.Module):
    """Maps of strides 4 and 8 and boxes to mask logits, the same network for all classes."""

    def __init__(self, neck: int) -> None:
        super().__init__()
        self.neck = nn.Conv2d(neck, CHANNELS_INSIDE, 1)
        self.fourth = nn.Conv2d(CHANNELS[4], CHANNELS_INSIDE, 1)

        def layer() -> nn.Module:
            return nn.Sequential(
                nn.Conv2d(CHANNELS_INSIDE, CHANNELS_INSIDE, 3, padding=1, bias=False),
                nn.GroupNorm(8, CHANNELS_INSIDE),
                nn.ReLU(inplace=True),
            )

        self.layers = nn.Sequential(layer(), layer(), layer(), nn.Conv2d(CHANNELS_INSIDE, 1, 1))

    def forward(self, fourth: Tensor, neck: Tensor, boxes: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        """Return logits [n, SIDE, SIDE] for the boxes of all pictures, one after the other.

        Args:
            fourth: [b, 24, h, w].
            neck: [b, c, h, w].
            boxes: Of each picture, in input pixels, float32 [n, 4].
            size: Height and width of the input.
        """
        grids = [sampling_grid(own, size) for own in boxes]
        inside = cut_out(self.neck(neck), grids) + cut_out(self.fourth(fourth), grids)
        return cast("Tensor", self.layers(inside)[:, 0])


def sampling_grid(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Return where the cells of masks lie, as `grid_sample` wants it: float32 [n, SIDE, SIDE, 2] in [-1, 1]."""
    margin = MARGIN * (boxes[:, 2:] - boxes[:, :2])
    left, top, right, bottom = torch.cat([boxes[:, :2] - margin, boxes[:, 2:] + margin], dim=1).unbind(1)
    steps = (torch.arange(SIDE, device=boxes.device) + 0.5) / SIDE
    across = (left[:, None] + (right - left)[:, None] * steps) / size[1] * 2 - 1
    down = (top[:, None] + (bottom - top)[:, None] * steps) / size[0] * 2 - 1
    return torch.stack([across[:, None, :].expand(-1, SIDE, -1), down[:, :, None].expand(-1, -1, SIDE)], dim=3)


def cut_out(maps: Tensor, grids: Sequence[Tensor]) -> Tensor:
    """Return what maps [b, c, h, w] show at the cells of each picture's masks, [n, c, SIDE, SIDE]."""
    found = []
    for number, grid in enumerate(grids):
        if not len(grid):
            continue
        # Sizes as tensors have them, which an export traces.
        flat = grid.reshape(1, grid.shape[0] * SIDE, SIDE, 2).to(maps.dtype)
        cut = nn.functional.grid_sample(maps[number : number + 1], flat, align_corners=False)
        found.append(cut[0].reshape(maps.shape[1], grid.shape[0], SIDE, SIDE).transpose(0, 1))
    return torch.cat(found) if found else maps.new_zeros((0, maps.shape[1], SIDE, SIDE))


def mask_target(outline: Array, box: Array) -> NDArray[np.float32]:
    """Return the mask of an outline within its widened box, float32 [SIDE, SIDE], shares of cells in [0, 1]."""
    import cv2

    fine = 4  # cells are drawn four times finer and averaged
    left, top, right, bottom = widened(box[None])[0]
    scale = SIDE * fine / np.array([right - left, bottom - top])
    points = (outline - np.array([left, top])) * scale - 0.5
    canvas = np.zeros((SIDE * fine, SIDE * fine), np.uint8)
    cv2.fillPoly(canvas, [np.round(points * 16).astype(np.int32)], 1, shift=4)
    shares: NDArray[np.float32] = canvas.reshape(SIDE, fine, SIDE, fine).mean(axis=(1, 3)).astype(np.float32)
    return shares


def mask_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return cross-entropy of cells plus 1 - Dice (Milletari et al. 2016) of masks [n, SIDE, SIDE], a scalar."""
    if not len(logits):
        return logits.sum()
    logits = logits.float()
    plain = nn.functional.binary_cross_entropy_with_logits(logits, wanted)
    chance = logits.sigmoid()
    shared = 2 * (chance * wanted).sum(dim=(1, 2)) + 1
    return plain + (1 - shared / (chance.sum(dim=(1, 2)) + wanted.sum(dim=(1, 2)) + 1)).mean()
