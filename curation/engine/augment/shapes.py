"""Shapes on a picture carried along by their corners, clipped to the picture, or given up when little of them is left.

A shape is a dict as people draw it: ``type`` and

- box: ``x, y`` (top left), ``width, height``
- rotated_box: ``x, y`` (centre), ``width, height``, ``angle`` in degrees, clockwise
- polygon, line: ``points`` [[x, y], …]
- point: ``x, y``

and whatever else it says (label, id, attributes), which goes along. Pixels, origin at the top left corner of the top
left pixel, floats: the centre of that pixel is (0.5, 0.5).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.augment.text import SpansError

Shape = Mapping[str, Any]
Corner = tuple[float, float]
OPEN = ("point", "line")
# Below this nobody sees a shape; the labeling page takes none that is smaller.
SMALLEST = 1.0
OUTSIDE, COVERED = "outside", "covered"


@dataclass(frozen=True, slots=True)
class Lost:
    """A shape that was given up.

    Attributes:
        shape: As it was.
        reason: ``outside`` of the picture, or ``covered``.
        visible: What share of it would have been left, 0 to 1.
    """

    shape: dict[str, Any]
    reason: str
    visible: float


def corners_of(shape: Shape) -> list[Corner]:
    """Return the corners of a shape, clockwise from the top left as it was drawn; a point has one.

    Raises:
        SpansError: It is no shape.
    """
    try:
        return _CORNERS[shape["type"]](shape)
    except (KeyError, TypeError, ValueError):
        raise SpansError(f"a shape of type {shape.get('type')!r} has no corners that can be read") from None


def _corner(x: Any, y: Any) -> Corner:
    if isinstance(x, bool) or isinstance(y, bool) or not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError("no number")
    return float(x), float(y)


def _box(shape: Shape) -> list[Corner]:
    x, y = _corner(shape["x"], shape["y"])
    width, height = _corner(shape["width"], shape["height"])
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _turned(shape: Shape) -> list[Corner]:
    x, y = _corner(shape["x"], shape["y"])
    width, height = _corner(shape["width"], shape["height"])
    turn = math.radians(_corner(shape["angle"], 0)[0])
    cos, sin = math.cos(turn), math.sin(turn)
    halves = [(dx * width / 2, dy * height / 2) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return [(x + dx * cos - dy * sin, y + dx * sin + dy * cos) for dx, dy in halves]


def _points(shape: Shape) -> list[Corner]:
    found = [_corner(x, y) for x, y in shape["points"]]
    if len(found) < (2 if shape["type"] == "line" else 3):
        raise ValueError("too few points")
    return found


_CORNERS: dict[str, Callable[[Shape], list[Corner]]] = {
    "box": _box,
    "rotated_box": _turned,
    "polygon": _points,
    "line": _points,
    "point": lambda shape: [_corner(shape["x"], shape["y"])],
}


def rebuilt(shape: Shape, corners: Sequence[Corner], size: tuple[int, int], least: float) -> dict[str, Any] | Lost:
    """Return a shape with its corners where they went, clipped to the picture, or why it goes.

    A box becomes the upright box around its corners; a rotated box the smallest rectangle around them that is turned as
    its longer sides are, which is the box itself where it was only moved, turned or mirrored. A rotated box whose
    centre is in the picture may stick out, as one that people draw.

    Args:
        shape: As it was.
        corners: Where the corners of `corners_of` went.
        size: Width and height of the picture.
        least: Least share of the area, or the length of a line, that must be in the picture, 0 to 1.
    """
    kind = shape["type"]
    if kind == "point":
        (x, y) = corners[0]
        is_in = 0 <= x <= size[0] and 0 <= y <= size[1]
        return {**shape, "x": _fine(x), "y": _fine(y)} if is_in else Lost(dict(shape), OUTSIDE, 0.0)
    if kind == "line":
        return _line(shape, corners, size, least)
    whole = around(corners) if kind == "box" else list(corners)
    inside = clipped(whole, size)
    area = area_of(whole)
    visible = min(1.0, area_of(inside) / area) if area > 0 and len(inside) > 2 else 0.0
    if visible < max(least, 1e-9) or area_of(inside) < SMALLEST:
        return Lost(dict(shape), OUTSIDE, visible)
    return _FORMS[kind](shape, whole, inside, size)


def _as_box(shape: Shape, _whole: Sequence[Corner], inside: Sequence[Corner], _size: Any) -> dict[str, Any] | Lost:
    (left, top), _corner, (right, bottom), _other = around(inside)
    width, height = _fine(right - left), _fine(bottom - top)
    if width < SMALLEST or height < SMALLEST:
        return Lost(dict(shape), OUTSIDE, 0.0)
    return {**shape, "x": _fine(left), "y": _fine(top), "width": width, "height": height}


def _as_polygon(shape: Shape, _whole: Any, inside: Sequence[Corner], _size: Any) -> dict[str, Any] | Lost:
    points: list[list[float]] = []
    for x, y in inside:
        point = [_fine(x), _fine(y)]
        if not points or points[-1] != point:
            points.append(point)
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    return {**shape, "points": points} if len(points) > 2 else Lost(dict(shape), OUTSIDE, 0.0)


def _as_turned(
    shape: Shape, whole: Sequence[Corner], inside: Sequence[Corner], size: tuple[int, int]
) -> dict[str, Any] | Lost:
    x, y = (sum(each) / 4 for each in zip(*whole, strict=True))
    is_in = 0 <= x <= size[0] and 0 <= y <= size[1]
    found = rectangle(whole if is_in else inside, _angle(whole))
    if found["width"] < SMALLEST or found["height"] < SMALLEST:
        return Lost(dict(shape), OUTSIDE, 0.0)
    return {**shape, **found}


_FORMS: dict[str, Callable[..., dict[str, Any] | Lost]] = {
    "box": _as_box,
    "polygon": _as_polygon,
    "rotated_box": _as_turned,
}


def _angle(corners: Sequence[Corner]) -> float:
    """Return how four corners are turned, in radians, by the longer pair of sides."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    across = (bx - ax + cx - dx, by - ay + cy - dy)
    down = (dx - ax + cx - bx, dy - ay + cy - by)
    wide = math.hypot(*across) >= math.hypot(*down)
    return math.atan2(across[1], across[0]) if wide else math.atan2(-down[0], down[1])


def rectangle(corners: Sequence[Corner], turn: float) -> dict[str, float]:
    """Return centre, sides and angle of the smallest rectangle of a turn, in radians, around some corners."""
    axes = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    along = np.asarray(corners, np.float64) @ axes.T
    low, high = along.min(0), along.max(0)
    centre = axes.T @ ((low + high) / 2)
    found = {"x": _fine(centre[0]), "y": _fine(centre[1])}
    found |= {"width": _fine(high[0] - low[0]), "height": _fine(high[1] - low[1])}
    # A tiny negative angle is 360 once rounded, which is written 0.
    return {**found, "angle": _fine(math.degrees(turn) % 360) % 360}


def around(corners: Sequence[Corner]) -> list[Corner]:
    """Return the corners of the upright box around some corners."""
    across, down = [x for x, _y in corners], [y for _x, y in corners]
    left, top, right, bottom = min(across), min(down), max(across), max(down)
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def area_of(corners: Sequence[Corner]) -> float:
    """Return the area of a polygon (shoelace formula), never negative."""
    pairs = zip(corners, [*corners[1:], *corners[:1]], strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2


def clipped(corners: Sequence[Corner], size: tuple[float, float]) -> list[Corner]:
    """Return the part of a polygon that lies in a picture (Sutherland and Hodgman 1974).

    Parts of a polygon with dents that leave the picture stay joined along its edge, which adds no area.
    """
    found = list(corners)
    for axis, limit, sign in ((0, 0.0, 1), (0, float(size[0]), -1), (1, 0.0, 1), (1, float(size[1]), -1)):
        found = _cut(found, axis, limit, sign)
    return found


def _cut(corners: list[Corner], axis: int, limit: float, sign: int) -> list[Corner]:
    kept: list[Corner] = []
    for before, after in zip([*corners[-1:], *corners[:-1]], corners, strict=True):
        was, is_in = sign * (before[axis] - limit) >= 0, sign * (after[axis] - limit) >= 0
        if was != is_in:
            kept.append(_crossing(before, after, axis, limit))
        if is_in:
            kept.append(after)
    return kept


def _crossing(one: Corner, other: Corner, axis: int, limit: float) -> Corner:
    part = (limit - one[axis]) / (other[axis] - one[axis])
    across = one[1 - axis] + part * (other[1 - axis] - one[1 - axis])
    return (limit, across) if axis == 0 else (across, limit)


def _line(shape: Shape, corners: Sequence[Corner], size: tuple[int, int], least: float) -> dict[str, Any] | Lost:
    """Return the longest unbroken part of a line in the picture."""
    runs: list[list[Corner]] = []
    for one, other in pairwise(corners):
        part = _segment(one, other, size)
        if part is None:
            continue
        if runs and math.dist(runs[-1][-1], part[0]) < 1e-6:
            runs[-1].append(part[1])
        else:
            runs.append(list(part))
    longest = max(runs, key=_length, default=[])
    whole = _length(corners)
    visible = _length(longest) / whole if whole else 0.0
    if visible < max(least, 1e-9) or _length(longest) < SMALLEST:
        return Lost(dict(shape), OUTSIDE, visible)
    return {**shape, "points": [[_fine(x), _fine(y)] for x, y in longest]}


def _segment(one: Corner, other: Corner, size: tuple[int, int]) -> tuple[Corner, Corner] | None:
    """Return the part of a segment in the picture (Liang and Barsky 1984)."""
    first, last = 0.0, 1.0
    for axis in (0, 1):
        step = other[axis] - one[axis]
        for way, room in ((-step, one[axis]), (step, size[axis] - one[axis])):
            if way == 0 and room < 0:
                return None
            if way < 0:
                first = max(first, room / way)
            elif way > 0:
                last = min(last, room / way)
    if first >= last:
        return None
    at = [tuple(one[axis] + part * (other[axis] - one[axis]) for axis in (0, 1)) for part in (first, last)]
    return at[0], at[1]  # type: ignore[return-value]


def _length(corners: Sequence[Corner]) -> float:
    return sum(math.dist(one, other) for one, other in pairwise(corners))


def covered_share(shape: Shape, left: NDArray[np.uint8]) -> float:
    """Return what share of a shape's upright box lies under what was put over the picture, 0 to 1.

    Args:
        shape: In the picture.
        left: uint8 [height, width], 0 where something was put over it.
    """
    (x, y), _corner, (right, bottom), _other = around(corners_of(shape))
    top, low = max(0, math.floor(y)), max(0, math.floor(x))
    part = left[top : max(top + 1, math.ceil(bottom)), low : max(low + 1, math.ceil(right))]
    return float((part == 0).mean()) if part.size else 0.0


def _fine(value: float) -> float:
    return round(float(value), 2)
