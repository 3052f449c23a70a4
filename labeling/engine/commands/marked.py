"""Spans, boxes and polygons out of the label column of a file, where they stand as JSON."""

import math
import sys
from typing import Any

import orjson

from labeling.engine.agreement.marks import Mark
from labeling.engine.commands.answers import SHOWN, Table

Number = int | float


def read_marks(table: Table, kind: str) -> dict[str, dict[str, list[Mark]]]:
    """Return by item what each person marked, in the order of the items; bad rows are named and left out.

    Args:
        table: The columns; the label is a JSON list of ``{"label", "start", "end"}`` for spans, ``{"label", "x", "y",
            "width", "height"}`` for boxes, ``{"label", "points": [[x, y], …]}`` for polygons. An empty list is somebody
            who marked nothing.
        kind: Which of them.

    Raises:
        ValueError: No row can be read.
    """
    items: dict[str, dict[str, list[Mark]]] = {}
    bad = read = 0
    rows = zip(table.item.to_pylist(), table.worker.to_pylist(), table.label.to_pylist(), strict=True)
    for number, (item, worker, text) in enumerate(rows, 1):
        if not (item and worker and text):
            continue
        try:
            marks = _marks(text, kind)
        except ValueError as error:
            bad += 1
            if bad <= SHOWN:
                sys.stderr.write(f"row {number}: left out, {error}\n")
            continue
        read += 1
        items.setdefault(item, {})[worker] = marks
    if bad:
        table.notes.append(f"Rows whose answer could not be read: {bad:,}.")
    if not read:
        raise ValueError(f"No row holds {kind}: the label column must be a JSON list of objects.")
    return items


def _marks(text: str, kind: str) -> list[Mark]:
    try:
        rows = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError("its answer is not JSON") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("its answer is not a list of objects")
    return [Mark(str(row.get("label", "")), _PLACES[kind](row)) for row in rows]


def _span(row: dict[str, Any]) -> tuple[Number, ...]:
    start, end = _numbers(row, "start", "end")
    if end <= start:
        raise ValueError(f"a span ends at {end} and starts at {start}")
    return start, end


def _box(row: dict[str, Any]) -> tuple[Number, ...]:
    x, y, width, height = _numbers(row, "x", "y", "width", "height")
    if width <= 0 or height <= 0:
        raise ValueError(f"a box is {width} wide and {height} high")
    return x, y, x + width, y + height


def _polygon(row: dict[str, Any]) -> tuple[Any, ...]:
    points = row.get("points")
    if not isinstance(points, list) or len(points) < 3:
        raise ValueError("a polygon has no three points")
    corners = []
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or not all(_finite(value) for value in point):
            raise ValueError("a point of a polygon is not two numbers")
        corners.append((point[0], point[1]))
    return tuple(corners)


def _numbers(row: dict[str, Any], *keys: str) -> list[Number]:
    for key in keys:
        if not _finite(row.get(key)):
            raise ValueError(f"a mark has no number {key}")
    return [row[key] for key in keys]


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_PLACES = {"spans": _span, "boxes": _box, "polygons": _polygon}
