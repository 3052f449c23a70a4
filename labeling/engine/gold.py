"""Whether an answer says what a known right answer says."""

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labeling.engine.controls.shapes import corners as corners_of
from labeling.engine.schema import Schema

# Two shapes are the same when they share this much of their union (Everingham et al., "The Pascal VOC Challenge",
# 2010).
SAME_SHAPE = 0.5
# Points this near are the same, as a share of the longer side of all points of the right answer; 4 pixels at least.
SAME_POINT = 0.02
NEAREST_POINT = 4.0
# Shapes are laid over one another on a grid of this many cells a side; shares are right to about one per cent.
CELLS = 128


def is_right(schema: Schema, right: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer agrees with a right one in every control that the right one answers.

    Labels must be the same set; spans the same places with the same labels; relations the same between the same spans;
    texts the same but for case, blanks and Unicode form; shapes must pair off one to one with the same label and at
    least `SAME_SHAPE` of their union in common. What the right answer leaves open does not matter.
    """
    for name, wanted in right.items():
        control = schema.by_name.get(name)
        if control is None:
            continue
        same = _SAME.get(control.type, _equal)
        given = answer.get(name)
        if control.type == "relations":
            spans = str(getattr(control, "spans", ""))
            if not _same_relations(wanted, right.get(spans, []), given or [], answer.get(spans, [])):
                return False
        elif given is None or not same(wanted, given):
            return False
    return True


def _equal(wanted: Any, given: Any) -> bool:
    return bool(wanted == given)


def _same_labels(wanted: Any, given: Any) -> bool:
    if isinstance(wanted, list) and isinstance(given, list):
        return set(wanted) == set(given)
    return bool(wanted == given)


def _same_spans(wanted: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> bool:
    return {_place(span) for span in wanted} == {_place(span) for span in given}


def _place(span: Mapping[str, Any]) -> tuple[int, int, str]:
    return int(span["start"]), int(span["end"]), str(span["label"])


def _same_relations(
    wanted: Sequence[Mapping[str, Any]], wanted_spans: Sequence[Mapping[str, Any]],
    given: Sequence[Mapping[str, Any]], given_spans: Sequence[Mapping[str, Any]],
) -> bool:  # fmt: skip
    def placed(rows: Sequence[Mapping[str, Any]], spans: Sequence[Mapping[str, Any]]) -> set[Any]:
        places = {span["id"]: _place(span) for span in spans}
        return {(places.get(row["from"]), places.get(row["to"]), row["label"]) for row in rows}

    return placed(wanted, wanted_spans) == placed(given, given_spans)


def _same_text(wanted: Any, given: Any) -> bool:
    if not isinstance(wanted, str) or not isinstance(given, str):
        return bool(wanted == given)
    return _folded(wanted) == _folded(given)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _same_shapes(wanted: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether shapes pair off, each with its most alike of those that are left."""
    if len(wanted) != len(given):
        return False
    corners = [_corners(shape) for shape in wanted]
    every = np.concatenate(corners) if corners else np.zeros((0, 2))
    near = max(NEAREST_POINT, SAME_POINT * float(np.ptp(every, axis=0).max())) if len(every) else NEAREST_POINT
    pairs = [
        (_alike(first, corners[row], second, _corners(second), near), row, column)
        for row, first in enumerate(wanted)
        for column, second in enumerate(given)
        if first["label"] == second["label"]
    ]
    rows, columns = set(range(len(wanted))), set(range(len(given)))
    for alike, row, column in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if alike >= SAME_SHAPE and row in rows and column in columns:
            rows.discard(row)
            columns.discard(column)
    return not rows


def _alike(
    first: Mapping[str, Any], one: NDArray[np.float64], second: Mapping[str, Any], two: NDArray[np.float64], near: float
) -> float:
    """Return the share of the union that two shapes have in common, 0 to 1; of points, 1 when they are near enough."""
    if (first["type"] == "point") != (second["type"] == "point"):
        return 0.0
    if first["type"] == "point":
        return float(math.dist(one[0], two[0]) <= near)
    low, high = np.minimum(one.min(0), two.min(0)), np.maximum(one.max(0), two.max(0))
    if (one.max(0) < two.min(0)).any() or (two.max(0) < one.min(0)).any():
        return 0.0
    steps = (np.arange(CELLS) + 0.5) / CELLS
    grid = low + np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2) * (high - low)
    inside_one, inside_two = _inside(grid, one), _inside(grid, two)
    union = int((inside_one | inside_two).sum())
    return float((inside_one & inside_two).sum() / union) if union else 0.0


def _inside(points: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie inside of a polygon, by the even-odd rule."""
    inside = np.zeros(len(points), bool)
    x, y = points[:, 0], points[:, 1]
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 != y2:
            crosses = ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
            inside ^= crosses
    return inside


def _corners(shape: Mapping[str, Any]) -> NDArray[np.float64]:
    return np.asarray(corners_of(shape), np.float64).reshape(-1, 2)


_SAME: dict[str, Callable[[Any, Any], bool]] = {
    "choice": _same_labels,
    "taxonomy": _same_labels,
    "spans": _same_spans,
    "text": _same_text,
    "shapes": _same_shapes,
}
