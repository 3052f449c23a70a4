"""How alike two spans, boxes or polygons are: what both cover, over what either covers (intersection over union).

A span is a box of one dimension, so both take the same code. Polygons are compared exactly: the plane is cut into
strips at every corner and crossing, in which all edges are straight and none meet.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from labeling.engine.ratings import Floats

# Coordinates are compared as if they were this near, against rounding: a billionth of a pixel.
NEAR = 1e-9


def box_overlaps(first: Floats, second: Floats) -> Floats:
    """Return the overlap of each box with each other one; 0 to 1, shape (first, second).

    Args:
        first: One row a box: its least coordinates, then its greatest; (n, 2) for spans, (n, 4) for boxes.
        second: The others, likewise.
    """
    half = first.shape[1] // 2
    low = np.maximum(first[:, None, :half], second[None, :, :half])
    high = np.minimum(first[:, None, half:], second[None, :, half:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    union = _sizes(first)[:, None] + _sizes(second)[None, :] - shared
    # Two points in the same place are the same, though they cover nothing.
    same = (np.abs(first[:, None, :] - second[None, :, :]) <= NEAR).all(2)
    overlaps: Floats = np.where(same, 1.0, np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))
    return overlaps


def polygon_overlap(first: Any, second: Any) -> float:
    """Return the overlap of two polygons; 0 to 1.

    Args:
        first: Corners, shape (corners, 2); closed by itself. What is inside of a polygon that crosses itself is told by
            the even-odd rule, as browsers draw it.
        second: The other, likewise.
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if len(one) < 3 or len(other) < 3:
        return 0.0
    low, high = np.maximum(one.min(0), other.min(0)), np.minimum(one.max(0), other.max(0))
    if (low >= high).any():
        return 0.0
    edges = np.concatenate([_edges(one), _edges(other)])
    owner = np.repeat([0, 1], [len(one), len(other)])
    both, either = _areas(edges, owner)
    return min(both / either, 1.0) if either > 0 else 0.0


def bounds(polygons: Sequence[Any]) -> Floats:
    """Return the box around each polygon; shape (polygons, 4)."""
    corners = [np.asarray(polygon, np.float64) for polygon in polygons]
    rows = [np.concatenate([one.min(0), one.max(0)]) if len(one) else np.zeros(4) for one in corners]
    return np.array(rows).reshape(-1, 4)


def _sizes(boxes: Floats) -> Floats:
    half = boxes.shape[1] // 2
    sizes: Floats = np.prod(np.maximum(boxes[:, half:] - boxes[:, :half], 0), axis=1)
    return sizes


def _edges(corners: Floats) -> Floats:
    """Return rows of x, y of the lower end and x, y of the upper end."""
    rows = np.concatenate([corners, np.roll(corners, -1, axis=0)], axis=1)
    turned = rows[:, 1] > rows[:, 3]
    rows[turned] = rows[turned][:, [2, 3, 0, 1]]
    return rows


def _areas(edges: Floats, owner: Any) -> tuple[float, float]:
    """Return the area that both polygons cover, and the area that either covers."""
    cuts = np.unique(np.concatenate([edges[:, 1], edges[:, 3], _crossings(edges)]))
    middle, height = (cuts[1:] + cuts[:-1]) / 2, np.diff(cuts)
    both = either = 0.0
    for at, thick in zip(middle, height, strict=True):
        meets = (edges[:, 1] < at) & (at < edges[:, 3])
        part = edges[meets]
        place = part[:, 0] + (part[:, 2] - part[:, 0]) * (at - part[:, 1]) / (part[:, 3] - part[:, 1])
        order = np.argsort(place, kind="stable")
        wide = np.diff(place[order])
        # Between two edges one is inside of a polygon that had an odd number of its edges on the left.
        inside = [np.cumsum(owner[meets][order] == which)[:-1] % 2 == 1 for which in (0, 1)]
        both += thick * float(wide[inside[0] & inside[1]].sum())
        either += thick * float(wide[inside[0] | inside[1]].sum())
    return both, either


def _crossings(edges: Floats) -> Floats:
    """Return the heights at which two edges cross."""
    start, way = edges[:, :2], edges[:, 2:] - edges[:, :2]
    apart = start[None, :, :] - start[:, None, :]
    turn = way[:, None, 0] * way[None, :, 1] - way[:, None, 1] * way[None, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (apart[..., 0] * way[None, :, 1] - apart[..., 1] * way[None, :, 0]) / turn
        across = (apart[..., 0] * way[:, None, 1] - apart[..., 1] * way[:, None, 0]) / turn
    meets = (turn != 0) & (along > 0) & (along < 1) & (across > 0) & (across < 1)
    one, _other = np.nonzero(meets)
    heights: Floats = start[one, 1] + along[meets] * way[one, 1]
    return heights
