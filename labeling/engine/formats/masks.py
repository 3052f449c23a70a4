"""Masks of pixels: COCO's run lengths, and the polygons around them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
# Pixels that a mask may claim; as many as a picture (`curation.engine.pictures.decode.PIXEL_LIMIT`).
MOST_PIXELS = 89_478_485


def decode(segmentation: Mapping[str, Any]) -> Mask:
    """Return the mask of COCO's run lengths: 1 where the object is, shape (height, width).

    Runs go down the columns and begin with background. `counts` is a list of lengths, or their text form as pycocotools
    writes it: six bits a character from ``0``, five of value and one that says that more follow, lengths from the third
    on as the difference to the last but one (pycocotools, rleToString).

    Raises:
        ValueError: The size is missing or too large, or the lengths do not fill it.
    """
    size = segmentation.get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(isinstance(each, int) and each > 0 for each in size):
        raise ValueError("“size” must be [height, width]")
    height, width = size
    if height * width > MOST_PIXELS:
        raise ValueError(f"the mask claims {height} × {width} pixels")
    counts = segmentation.get("counts")
    lengths = _unpacked(counts) if isinstance(counts, str | bytes) else counts
    if not isinstance(lengths, list) or not all(isinstance(each, int) and each >= 0 for each in lengths):
        raise ValueError("“counts” must be lengths of runs")
    if sum(lengths) != height * width:
        raise ValueError(f"the runs fill {sum(lengths):,} pixels of {height} × {width}")
    values = np.arange(len(lengths), dtype=np.int64) % 2
    return np.repeat(values, lengths).astype(np.uint8).reshape(width, height).T


def _unpacked(packed: str | bytes) -> list[int]:
    data = packed.encode() if isinstance(packed, str) else packed
    lengths: list[int] = []
    place = 0
    while place < len(data):
        value = shift = 0
        more = True
        while more:
            if place >= len(data):
                raise ValueError("“counts” ends in the middle of a number")
            bits = data[place] - 48
            if not 0 <= bits < 64:
                raise ValueError("“counts” has a character that pycocotools does not write")
            value |= (bits & 0x1F) << shift
            more = bool(bits & 0x20)
            shift += 5
            place += 1
            if not more and bits & 0x10:
                value |= -1 << shift
        if len(lengths) > 2:
            value += lengths[-2]
        lengths.append(value)
    return lengths


def outlines(mask: Mask) -> tuple[list[list[list[float]]], int]:
    """Return the polygon around each part of a mask, in pixels, largest first, and how many holes are not in them.

    Corners lie on the edges of pixels, so that a single pixel is a square of area 1 and a polygon without a hole has
    the area of its pixels. Pixels that touch at a corner alone are two parts.
    """
    onward = _edges(np.pad(mask.astype(bool), 1))
    found: list[tuple[float, list[list[float]]]] = []
    holes = 0
    while onward:
        points = _loop(onward)
        area = _area(points)
        if area > 0:
            found.append((area, points))
        else:
            holes += 1
    found.sort(key=lambda each: -each[0])
    return [points for _size, points in found], holes


def _edges(padded: NDArray[np.bool_]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return where the borders of pixels lead from each corner, by one pixel; the object lies to the right."""
    onward: dict[tuple[int, int], list[tuple[int, int]]] = {}
    inner = padded[1:-1, 1:-1]
    sides = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)),
        (padded[1:-1, :-2], (0, 1), (0, 0)),
    )
    for beside, start, end in sides:
        rows, columns = np.nonzero(inner & ~beside)
        for x, y in zip(columns.tolist(), rows.tolist(), strict=True):
            onward.setdefault((x + start[0], y + start[1]), []).append((x + end[0], y + end[1]))
    return onward


def _loop(onward: dict[tuple[int, int], list[tuple[int, int]]]) -> list[list[float]]:
    """Take one closed border out and return its corners."""
    first = next(iter(onward))
    here, (dx, dy) = first, (0, 0)
    points: list[list[float]] = []
    while True:
        ends = onward[here]
        # Where two parts touch at a corner, turning right stays with the same one.
        right = (here[0] - dy, here[1] + dx)
        end = right if len(ends) > 1 and right in ends else ends[0]
        ends.remove(end)
        if not ends:
            del onward[here]
        step = (end[0] - here[0], end[1] - here[1])
        if step != (dx, dy):
            points.append([float(here[0]), float(here[1])])
        dx, dy = step
        here = end
        if here == first:
            break
    if len(points) > 1 and _straight(points[-1], points[0], points[1]):
        points.pop(0)
    return points


def _straight(one: list[float], middle: list[float], other: list[float]) -> bool:
    return one[0] == middle[0] == other[0] or one[1] == middle[1] == other[1]


def _area(points: list[list[float]]) -> float:
    """Return the area inside, above 0 where the corners go clockwise on the screen."""
    ends = [*points[1:], points[0]]
    return sum(x * v - u * y for (x, y), (u, v) in zip(points, ends, strict=True)) / 2
