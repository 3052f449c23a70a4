"""Boxes as heat maps of their middles, and back (CenterNet: Zhou et al. 2019; the areas of TTFNet: Liu et al. 2020).

Each class has a map in which every box is a bell around its middle; cells below the bell learn the distances to its
four edges. One cell is `stride` pixels of the network's input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray[Any, Any]
# Width of a bell as a share of its box: TTFNet's alpha over 6, as in its code.
BELL = 0.54 / 6
# Below this height a cell does not learn edges.
LOW = 0.05


@dataclass(frozen=True, slots=True)
class Targets:
    """What a batch should give.

    Attributes:
        heat: float32 [b, k, h, w] in [0, 1]; 1 at the middles.
        edges: Boxes in input pixels that cells belong to, float32 [b, 4, h, w].
        weight: How much a cell's edges count, float32 [b, h, w]; each box sums to 1, so that small boxes count too.
    """

    heat: Tensor
    edges: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> Targets:
        """Return the targets on a device."""
        return Targets(self.heat.to(device), self.edges.to(device), self.weight.to(device))


def targets_of(boxes: Array, labels: Array, classes: int, size: tuple[int, int], stride: int) -> tuple[Array, ...]:
    """Return heat [k, h, w], edges [4, h, w] and weight [h, w] of one picture, float32.

    Args:
        boxes: float [n, 4] in input pixels, none of them empty.
        labels: Class indices, int [n].
        classes: Number of classes.
        size: Cells of a map: h, w.
        stride: Input pixels of a cell.
    """
    height, width = size
    heat = np.zeros((classes, height, width), np.float32)
    edges, weight = np.zeros((4, height, width), np.float32), np.zeros((height, width), np.float32)
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    order = np.argsort(-((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])), kind="stable")
    for number in order.tolist():  # large boxes first: where two meet, the smaller one has the cells
        x0, y0, x1, y1 = (boxes[number] / stride).tolist()
        column, row = min(int((x0 + x1) / 2), width - 1), min(int((y0 + y1) / 2), height - 1)
        wide, high = max(BELL * (x1 - x0), 0.3), max(BELL * (y1 - y0), 0.3)
        bell = np.exp(-((columns - column) ** 2) / (2 * wide**2) - (rows - row) ** 2 / (2 * high**2))
        bell = bell.astype(np.float32)
        np.maximum(heat[labels[number]], bell, out=heat[labels[number]])
        near = bell > LOW
        weight[near] = bell[near] / bell[near].sum()
        edges[:, near] = boxes[number].astype(np.float32)[:, None]
    return heat, edges, weight


def heat_loss(logits: Tensor, heat: Tensor) -> Tensor:
    """Return CornerNet's focal loss (Law and Deng 2018; alpha 2, beta 4) over the number of middles, a scalar."""
    chance = logits.float().sigmoid().clamp(1e-4, 1 - 1e-4)
    middle = heat >= 1
    hit = (1 - chance) ** 2 * chance.log() * middle
    miss = chance**2 * (1 - chance).log() * (1 - heat) ** 4 * ~middle
    return -(hit.sum() + miss.sum()) / middle.sum().clamp_min(1)


def giou_loss(found: Tensor, wanted: Tensor) -> Tensor:
    """Return 1 - generalised overlap (Rezatofighi et al. 2019) of boxes [n, 4], in [0, 2]."""
    sides = (torch.minimum(found[:, 2:], wanted[:, 2:]) - torch.maximum(found[:, :2], wanted[:, :2])).clamp_min(0)
    hull = (torch.maximum(found[:, 2:], wanted[:, 2:]) - torch.minimum(found[:, :2], wanted[:, :2])).clamp_min(0)
    shared, hull_area = sides.prod(1), hull.prod(1).clamp_min(1e-6)
    union = (found[:, 2:] - found[:, :2]).prod(1) + (wanted[:, 2:] - wanted[:, :2]).prod(1) - shared
    return 1 - shared / union.clamp_min(1e-6) + (hull_area - union) / hull_area


def middles(height: int, width: int, stride: int, device: torch.device) -> Tensor:
    """Return the middles of cells in input pixels, x and y, float32 [2, h, w]."""
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    down, across = torch.meshgrid(rows, columns, indexing="ij")
    return (torch.stack([across, down]).float() + 0.5) * stride


def boxes_of(distances: Tensor, stride: int) -> Tensor:
    """Return boxes in input pixels, float32 [b, 4, h, w], from distances to left, top, right and bottom edges."""
    middle = middles(distances.shape[2], distances.shape[3], stride, distances.device)
    return torch.cat([middle - distances[:, :2], middle + distances[:, 2:]], dim=1)


def edge_loss(distances: Tensor, targets: Targets, stride: int) -> Tensor:
    """Return the mean generalised-overlap loss of boxes, a scalar; 0 where a batch has none."""
    batch, row, column = torch.nonzero(targets.weight > 0, as_tuple=True)
    found = boxes_of(distances.float(), stride)[batch, :, row, column]
    weight = targets.weight[batch, row, column]
    loss = giou_loss(found, targets.edges[batch, :, row, column])
    return (loss * weight).sum() / weight.sum().clamp_min(1e-6)
