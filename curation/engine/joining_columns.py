"""The columns of several files as those of one version: names matched by role, types made to fit, gaps left empty."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_SHOWN = 40


class ColumnMisfit(ValueError):
    """A file whose values do not fit a column of the version.

    Args:
        column: Name of the column in the version.
        message: What does not fit, with an example, and how to mend it.
    """

    code = "column_type"

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


def joined_schema(base: pa.Schema | None, schemas: Iterable[pa.Schema]) -> pa.Schema:
    """Return the columns of a version that holds the base and the files.

    The base's columns come first and keep their types. Of the others, in the order in which they appear, whole and
    other numbers become numbers, and any other difference text.

    Args:
        base: Columns of the version that is added to; None when there is none. ``item_id`` is left out.
        schemas: Columns of the files, with the names that `renamed` gave them.
    """
    fields = {} if base is None else {field.name: field.type for field in base if field.name != "item_id"}
    fixed = set(fields)
    for schema in schemas:
        for field in schema:
            before = fields.get(field.name)
            if before is None:
                fields[field.name] = field.type
            elif field.name not in fixed:
                fields[field.name] = _wider(before, field.type)
    return pa.schema([pa.field(name, kind) for name, kind in fields.items()])


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other:
        return one
    return pa.float64() if {one, other} == {pa.int64(), pa.float64()} else pa.string()


def renamed(columns: Iterable[str], roles: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return file column → version column where they differ: the text of a file goes where the version has its text.

    A column keeps its name when the version's column of that role stands in the file too.

    Args:
        columns: Names in the file.
        roles: Role → column in the file.
        wanted: Role → column in the version.
    """
    names = set(columns)
    moved: dict[str, str] = {}
    for role, target in wanted.items():
        column = roles.get(role)
        if column and column != target and target not in names and column not in wanted.values():
            moved[column] = target
    return moved


def fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the rows with the columns of a version, in its order; columns that the table lacks are null.

    Text becomes a number, a boolean or a date where every value is one, numbers and booleans become text, whole numbers
    become other numbers. Nothing is rounded or cut.

    Raises:
        ColumnMisfit: Some value does not fit.
    """
    columns = []
    for field in schema:
        if field.name in table.schema.names:
            columns.append(_fit(table[field.name], field))
        else:
            columns.append(pa.chunked_array([pa.nulls(table.num_rows, field.type)]))
    return pa.table(columns, schema=schema)


def _fit(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    if column.type == field.type:
        return column
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), field.type)])
    try:
        return _cast(column, field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        bad = str(_first_misfit(column, field.type))
        shown = bad if len(bad) <= _SHOWN else bad[:_SHOWN] + "…"
        raise ColumnMisfit(
            field.name,
            f"Column {field.name} holds {_words(field.type)} in the version, and the file has “{shown}” there. "
            "Mend or rename the column, or import the file as a version of its own.",
        ) from None


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if _is_text(column.type) and not _is_text(kind):
        trimmed = pc.utf8_trim_whitespace(column)
        # An empty cell is a missing value, as everywhere in delimited files.
        column = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, column.type), trimmed)
        if (
            pa.types.is_boolean(kind)
            and pc.any(pc.invert(pc.match_substring_regex(column, "^(?i:true|false)$"))).as_py()
        ):
            raise pa.ArrowInvalid("no boolean")
    return pc.cast(column, kind)


def _first_misfit(column: pa.ChunkedArray, kind: pa.DataType) -> Any:
    """Return the first value that cannot be cast: the half of the rows that fails is halved again."""
    while len(column) > 1:
        half = column.slice(0, len(column) // 2)
        try:
            _cast(half, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            column = half
        else:
            column = column.slice(len(half))
    return column[0].as_py()


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _words(kind: pa.DataType) -> str:
    types = pa.types
    names = [
        (types.is_boolean, "true or false"),
        (types.is_integer, "whole numbers"),
        (types.is_floating, "numbers"),
        (types.is_temporal, "dates or times"),
        (types.is_nested, "lists"),
        (_is_text, "text"),
    ]
    return next((words for test, words in names if test(kind)), str(kind))
