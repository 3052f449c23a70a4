"""Labeled spans and shapes as a version holds them: a column of JSON, a list of objects in each cell."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from curation.engine.augment.text import SpansError

SHAPE_TYPES = ("box", "rotated_box", "polygon", "point", "line")


def read_marks(cell: Any) -> list[dict[str, Any]]:
    """Return the list of objects of a cell; a missing or empty one has none.

    Raises:
        SpansError: The cell holds anything else.
    """
    if cell is None or cell == "":
        return []
    try:
        found = orjson.loads(cell) if isinstance(cell, str | bytes) else cell
    except orjson.JSONDecodeError:
        raise SpansError("the cell holds no JSON") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise SpansError("the cell holds no list of objects")
    return found


def write_marks(marks: Sequence[Mapping[str, Any]]) -> str:
    """Return the cell of a list of objects."""
    return orjson.dumps(marks).decode()


def marked_columns(table: pa.Table, known: Iterable[str]) -> dict[str, str]:
    """Return the columns of text in which a cell holds spans or shapes: ``span`` or ``shape`` by name.

    Args:
        table: Some rows.
        known: Columns that need not be looked at.
    """
    left_out = set(known)
    found = {}
    for field in table.schema:
        if field.name not in left_out and (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            kinds = {_kind(cell) for cell in table[field.name].to_pylist() if cell and cell.startswith("[{")}
            if kinds & {"span", "shape"}:
                found[field.name] = "span" if "span" in kinds else "shape"
    return found


def _kind(cell: str) -> str:
    try:
        first = read_marks(cell)[0]
    except SpansError:
        return ""
    if type(first.get("start")) is int and type(first.get("end")) is int:
        return "span"
    return "shape" if first.get("type") in SHAPE_TYPES else ""
