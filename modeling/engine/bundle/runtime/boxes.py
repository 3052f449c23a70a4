"""Boxes as arrays [n, 4] of x0, y0, x1, y1 in pixels: overlap, suppression, and clipping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array = np.ndarray[Any, Any]


def areas(boxes: Array) -> Array:
    """Return width times height, [n]; boxes turned inside out have none."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    result: Array = sides[:, 0] * sides[:, 1]
    return result


def overlaps(first: Array, second: Array) -> Array:
    """Return intersection over union, float64 [n, m], in [0, 1]."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    other = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.clip(other - corner, 0, None)
    shared = sides[..., 0] * sides[..., 1]
    union = areas(first)[:, None] + areas(second)[None, :] - shared
    shares: Array = np.divide(shared, union, out=np.zeros_like(shared, dtype=np.float64), where=union > 0)
    return shares


def suppress(boxes: Array, scores: Array, labels: Array, most: float) -> NDArray[np.int64]:
    """Return the rows that stay, best score first: of two with one label that overlap by more than `most`, the better.

    Greedy non-maximum suppression; boxes of different labels never suppress each other.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    alive = np.ones(len(boxes), bool)
    for row in order.tolist():
        if not alive[row]:
            continue
        kept.append(row)
        rivals = np.flatnonzero(alive & (labels == labels[row]))
        alive[rivals[overlaps(boxes[row : row + 1], boxes[rivals])[0] > most]] = False
    return np.array(kept, np.int64)


def clipped(boxes: Array, width: float, height: float) -> Array:
    """Return boxes cut at the edges of a picture."""
    result: Array = np.clip(boxes, 0, np.array([width, height, width, height], boxes.dtype))
    return result
