"""From lists of values to Arrow columns; values that no column may hold make their row a refused one."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from curation.engine.readers.profile import RefusedRow, excerpt
from curation.engine.readers.records import shown

# Rows per batch; a batch ends earlier when its text exceeds BATCH_CHARACTERS.
BATCH_ROWS = 10_000
BATCH_CHARACTERS = 8 << 20
# A footer may claim any number of rows; more than this is refused before an id is set aside for them.
ROW_LIMIT = 2_000_000_000


def string_table(
    names: Sequence[str], rows: list[list[str]], lines: list[int], encoding: str
) -> tuple[pa.Table, list[RefusedRow]]:
    """Return a table of strings and the rows that it cannot hold: broken bytes, NUL.

    Args:
        names: Column names.
        rows: Rows of equal width.
        lines: First line of each row.
        encoding: Name shown in the reasons.
    """
    try:
        table = _table(names, rows)
        if not _has_nul(table):
            return table, []
    except UnicodeEncodeError:
        pass
    good: list[list[str]] = []
    refused: list[RefusedRow] = []
    for row, line in zip(rows, lines, strict=True):
        reason = damage(row, names, encoding)
        if reason is None:
            good.append(row)
        else:
            refused.append(RefusedRow(line, reason[0], reason[1], excerpt(",".join(row))))
    return _table(names, good), refused


def _table(names: Sequence[str], rows: list[list[str]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=list(names))


def _has_nul(table: pa.Table) -> bool:
    for column in table.columns:
        for chunk in column.chunks:
            data = chunk.buffers()[2]
            if data is not None and data.to_pybytes().find(b"\0") >= 0:
                return True
    return False


def damage(row: Sequence[Any], names: Sequence[str], encoding: str) -> tuple[str, str] | None:
    """Return code and reason why a row cannot be kept, or None."""
    for name, cell in zip(names, row, strict=True):
        if not isinstance(cell, str):
            continue
        if "\x00" in cell:
            return "nul", f"Column {name} holds a NUL byte. Remove it, or leave the row out."
        broken = broken_bytes(cell)
        if broken:
            return (
                "encoding",
                f"Column {name} holds bytes that are not {encoding}: {broken}. Save the file in one encoding.",
            )
    return None


def broken_bytes(cell: str) -> str:
    """Return the first bytes of a cell that could not be decoded, in hexadecimal, or "" when there is none."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        pass
    else:
        return ""
    broken = [ord(letter) for letter in cell if 0xD800 <= ord(letter) <= 0xDFFF][:4]
    return " ".join(f"{code - 0xDC00:02X}" if 0xDC00 <= code <= 0xDCFF else f"U+{code:04X}" for code in broken)


def column_type(types: set[type]) -> pa.DataType:
    """Return the type of a column whose values have these types; mixed and nested ones are kept as text."""
    found = types - {type(None)}
    if found == {bool}:
        return pa.bool_()
    if found == {int}:
        return pa.int64()
    if found and found <= {int, float}:
        return pa.float64()
    return pa.string()


def to_table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return records as a table; values that are no text stand in a text column as JSON."""
    columns = []
    for column in schema:
        values = [row.get(column.name) for row in rows]
        if pa.types.is_string(column.type):
            values = [value if value is None or type(value) is str else shown(value) for value in values]
        columns.append(pa.array(values, column.type))
    return pa.table(columns, schema=schema)
