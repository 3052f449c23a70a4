"""Arrow columns of any type as the columns of a version: numbers, booleans and text; nested values as JSON text."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.readers.profile import COLUMN_LIMIT, FIELD_LIMIT, ReadError, RefusedRow, SourceProfile, excerpt
from curation.engine.readers.records import column_name
from curation.engine.readers.rows import BATCH_CHARACTERS

_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
# A table made here from columns of at most this many bytes a row of fixed width.
_FIXED_BYTES = 8


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place in the source, its name and type in the version, and its class names if it has any."""

    place: int
    name: str
    source: pa.DataType
    type: pa.DataType
    classes: tuple[str, ...] = ()


def plan_columns(schema: pa.Schema, profile: SourceProfile) -> list[Column]:
    """Return what becomes of each column; those of no use in a table are left out with a warning.

    Args:
        schema: The file's schema; it may carry the class names of the `datasets` library.
        profile: Takes the warnings; its `classes` name the classes that whole numbers stand for.

    Raises:
        ReadError: ``too_many_columns``, or ``no_columns`` when nothing is left.
    """
    if len(schema) > COLUMN_LIMIT:
        raise ReadError("too_many_columns", f"The file has {len(schema)} columns; at most {COLUMN_LIMIT} can be read.")
    named = {**class_names((schema.metadata or {}).get(b"huggingface", b"")), **profile.classes}
    columns: list[Column] = []
    taken: set[str] = set()
    for place, field in enumerate(schema):
        kind = _inner(field.type)
        target = _target(kind)
        if target is None:
            what = "bytes, such as pictures or sound" if _holds_bytes(kind) else f"the type {kind}"
            profile.warn(f"Column {field.name} holds {what}; a table has no place for it, so it was left out.")
            continue
        names = tuple(named.get(field.name, ())) if pa.types.is_integer(kind) else ()
        name = _free_name(column_name(field.name), taken)
        if name != field.name:
            profile.warn(f"Column {field.name or place + 1} is called {name} here.")
        columns.append(Column(place, name, kind, pa.string() if names else target, names))
    if not columns:
        raise ReadError("no_columns", "The file has no column that a table can hold.")
    return columns


def _free_name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    taken.add(name)
    return name


def class_names(metadata: bytes | str) -> dict[str, list[str]]:
    """Return column → class names out of the JSON that the `datasets` library writes into schemas and info files."""
    try:
        info = orjson.loads(metadata)
    except ValueError:
        return {}
    features = info.get("info", info).get("features") if isinstance(info, dict) else None
    if not isinstance(features, dict):
        return {}
    found = {}
    for name, feature in features.items():
        names = feature.get("names") if isinstance(feature, dict) else None
        if isinstance(names, list) and all(isinstance(each, str) for each in names):
            found[name] = names
    return found


def _inner(kind: pa.DataType) -> pa.DataType:
    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif pa.types.is_dictionary(kind):
            kind = kind.value_type
        else:
            return kind


def _target(kind: pa.DataType) -> pa.DataType | None:
    types = pa.types
    if types.is_boolean(kind):
        return pa.bool_()
    if types.is_integer(kind):
        return pa.int64()
    if types.is_floating(kind) or types.is_duration(kind):
        return pa.float64()
    if is_text(kind) or types.is_null(kind) or types.is_decimal(kind) or types.is_date(kind):
        return pa.string()
    if types.is_time(kind) or types.is_timestamp(kind) or (types.is_nested(kind) and not _holds_bytes(kind)):
        return pa.string()
    return None


def is_text(kind: pa.DataType) -> bool:
    """Say whether values of a type are texts, or bytes that may be text."""
    types = pa.types
    tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_binary, types.is_large_binary)
    return any(test(kind) for test in tests)


def _holds_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return True
    if types.is_binary_view(kind) or types.is_union(kind):
        return True
    return any(_holds_bytes(_inner(kind.field(place).type)) for place in range(kind.num_fields))


def pieces(table: pa.Table) -> Iterator[pa.Table]:
    """Cut a table so that the texts of each piece stay near `BATCH_CHARACTERS` bytes when dictionaries are unfolded.

    A dictionary of one long value may stand for a million rows: the sizes are known before anything is unfolded.
    """
    if table.num_rows == 0:
        return
    sizes = np.full(table.num_rows, _FIXED_BYTES * table.num_columns, np.int64)
    for column in table.columns:
        sizes += _row_bytes(column)
    ends = np.cumsum(sizes)
    start = 0
    while start < len(ends):
        before = ends[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + BATCH_CHARACTERS, side="right")))
        yield table.slice(start, end - start)
        start = end


def _row_bytes(column: pa.ChunkedArray) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind) and is_text(kind.value_type):
        parts = []
        for chunk in column.chunks:
            lengths = pc.cast(pc.binary_length(_as_bytes(chunk.dictionary)), pa.int64())
            parts.append(pc.fill_null(lengths.take(chunk.indices), 0).to_numpy(zero_copy_only=False))
        return np.concatenate(parts) if parts else 0
    if is_text(kind):
        return pc.fill_null(pc.cast(pc.binary_length(_as_bytes(column)), pa.int64()), 0).to_numpy()
    return column.nbytes // max(1, len(column)) if pa.types.is_nested(kind) else 0


def _as_bytes(array: Any) -> Any:
    """Return texts as bytes, so that broken ones can be looked at one by one."""
    return array if pa.types.is_large_binary(array.type) else array.cast(pa.large_binary())


def convert(table: pa.Table, columns: list[Column], first: int) -> tuple[pa.Table, list[RefusedRow]]:
    """Return the rows under the version's names and types, and the refused ones.

    Args:
        table: Rows of the source, one piece.
        columns: What `plan_columns` returned.
        first: Number of the first row in the file, from 1.
    """
    faults: dict[int, tuple[str, str]] = {}
    arrays = [_converted(table.column(column.place), column, faults) for column in columns]
    schema = pa.schema([(column.name, column.type) for column in columns])
    made = pa.table(arrays, schema=schema)
    if not faults:
        return made, []
    keep = np.ones(made.num_rows, bool)
    keep[list(faults)] = False
    refused = [RefusedRow(first + row, *faults[row], _row_shown(table, columns, row)) for row in sorted(faults)]
    return made.filter(pa.array(keep)), refused


def _row_shown(table: pa.Table, columns: list[Column], row: int) -> str:
    values = []
    for column in columns[:20]:
        try:
            value = table.column(column.place)[row].as_py()
        except (UnicodeDecodeError, ValueError, OverflowError):
            value = "…"
        values.append(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)[:300])
    return excerpt(",".join(values))


def _converted(values: pa.ChunkedArray, column: Column, faults: dict[int, tuple[str, str]]) -> Any:
    values = _unfolded(values)
    kind, types = values.type, pa.types
    if is_text(kind):
        return _texts(values, column, faults)
    if column.classes:
        return _classes(values, column, faults)
    if types.is_uint64(kind):
        return _whole(values, column, faults)
    if types.is_floating(kind):
        numbers = values.cast(pa.float64())
        # NaN is what pandas writes for a missing value; JSON, which the service speaks, has neither NaN nor infinity.
        return pc.if_else(pc.fill_null(pc.is_finite(numbers), False), numbers, pa.scalar(None, pa.float64()))
    if types.is_duration(kind):
        return pc.divide(values.cast(pa.int64()).cast(pa.float64()), _UNITS[kind.unit])
    if types.is_date(kind) or types.is_time(kind) or types.is_timestamp(kind):
        return _moments(values)
    if types.is_nested(kind):
        return _nested(values, column, faults)
    return values.cast(column.type)


def _unfolded(values: pa.ChunkedArray) -> pa.ChunkedArray:
    while True:
        if isinstance(values.type, pa.BaseExtensionType):
            kind = values.type.storage_type
            values = pa.chunked_array([chunk.storage for chunk in values.chunks], kind)
        elif pa.types.is_dictionary(values.type):
            kind = values.type.value_type
            values = pa.chunked_array([chunk.dictionary_decode() for chunk in values.chunks], kind)
        else:
            return values


def _texts(values: pa.ChunkedArray, column: Column, faults: dict[int, tuple[str, str]]) -> Any:
    raw = _as_bytes(values)
    try:
        texts = raw.cast(pa.string())
    except pa.ArrowInvalid:
        reason = f"Column {column.name} holds bytes that are not UTF-8 text. Store it as text, or leave the column out."
        cells = raw.to_pylist()
        for row, cell in enumerate(cells):
            if cell is not None and not _is_utf8(cell):
                faults[row], cells[row] = ("encoding", reason), None
        texts = pa.chunked_array([pa.array(cells, pa.large_binary())]).cast(pa.string())
    for row in _rows_where(pc.match_substring(texts, "\0")):
        faults[row] = ("nul", f"Column {column.name} holds a NUL byte. Remove it, or leave the row out.")
    for row in _rows_where(pc.greater(pc.utf8_length(texts), FIELD_LIMIT)):
        faults[row] = (
            "field_too_long",
            f"Column {column.name} holds more than {FIELD_LIMIT >> 20} million characters.",
        )
    return texts


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True


def _rows_where(flags: Any) -> list[int]:
    if not pc.any(flags).as_py():
        return []
    return [int(row) for row in np.flatnonzero(pc.fill_null(flags, False).to_numpy(zero_copy_only=False))]


def _classes(values: pa.ChunkedArray, column: Column, faults: dict[int, tuple[str, str]]) -> Any:
    """Name the classes; a negative number is the `datasets` library's sign for "no label"."""
    for row in _rows_where(pc.greater_equal(values, len(column.classes))):
        faults[row] = (
            "class_unknown",
            f"Column {column.name} has no class {values[row]}; there are {len(column.classes)}.",
        )
    known = pc.and_(pc.greater_equal(values, 0), pc.less(values, len(column.classes)))
    places = pc.if_else(pc.fill_null(known, False), values.cast(pa.int64()), pa.scalar(None, pa.int64()))
    return pa.array(column.classes, pa.string()).take(places.combine_chunks())


def _whole(values: pa.ChunkedArray, column: Column, faults: dict[int, tuple[str, str]]) -> Any:
    wide = pc.greater(values, pa.scalar(2**63 - 1, pa.uint64()))
    for row in _rows_where(wide):
        faults[row] = ("number_too_large", f"Column {column.name} holds {values[row]}, more than 63 bits.")
    return pc.if_else(wide, pa.scalar(None, pa.uint64()), values).cast(pa.int64())


def _moments(values: pa.ChunkedArray) -> Any:
    """Return dates and times as ISO 8601 text, those with a zone in UTC with Z, without zeros behind the second."""
    if pa.types.is_date64(values.type):
        values = values.cast(pa.date32())
    zone = getattr(values.type, "tz", None)
    if zone:
        values = values.cast(pa.timestamp(values.type.unit, "UTC"))
    texts = pc.replace_substring(values.cast(pa.string()), " ", "T", max_replacements=1)
    return pc.replace_substring_regex(texts, r"(?:(\.\d*?[1-9])0*|\.0+)(Z?)$", r"\1\2")


def _nested(values: pa.ChunkedArray, column: Column, faults: dict[int, tuple[str, str]]) -> Any:
    cells: list[str | None] = []
    for row in range(len(values)):
        try:
            value = values[row].as_py()
            cells.append(None if value is None else as_json(value))
        except (UnicodeDecodeError, ValueError, OverflowError, TypeError, RecursionError) as error:
            cells.append(None)
            faults[row] = ("value", f"Column {column.name} holds a value that cannot be written as JSON: {error}.")
    return pa.array(cells, pa.string())


def as_json(value: Any) -> str:
    """Return a nested value as JSON text; dates as ISO 8601, decimals as strings."""
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str)


def schema_of(columns: list[Column]) -> pa.Schema:
    """Return the schema of planned columns."""
    return pa.schema([(column.name, column.type) for column in columns])


def cells_of(table: pa.Table) -> list[list[str | None]]:
    """Return rows as cells of text, for a preview."""
    texts = [column.cast(pa.string()).to_pylist() for column in table.columns]
    return [list(row) for row in zip(*texts, strict=True)]
