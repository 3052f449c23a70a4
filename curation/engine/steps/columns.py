"""Columns as the table steps see them: which there are, what counts as missing, and which rows teach."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.steps.base import Context, StepError

# What tables write where there is no value: R's NA, SQL's and JSON's null, spreadsheets' error, a dash, nothing.
MISSING = ("", "NA", "N/A", "#N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "-")
SPLIT = "split"
TRAIN = "train"


def require(table: pa.Table, names: Iterable[str]) -> None:
    """Check that columns exist.

    Raises:
        StepError: One does not, or is ``item_id``, which no step may change.
    """
    for name in names:
        if name == "item_id":
            raise StepError("The column item_id names the items; no step may use it as a value. Name another column.")
        if name not in table.schema.names:
            raise StepError(f"There is no column {name}. There are {', '.join(table.schema.names[1:])}.")


def is_number(kind: pa.DataType) -> bool:
    """Tell whether a column holds numbers that can be scaled and compared; true or false are none."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def numeric_columns(table: pa.Table, context: Context) -> list[str]:
    """Return the columns of numbers but ``item_id`` and those that are the id or the label."""
    left_out = {"item_id", context.roles.get("id"), context.roles.get("label")}
    return [field.name for field in table.schema if is_number(field.type) and field.name not in left_out]


def require_numbers(table: pa.Table, names: Iterable[str]) -> None:
    """Check that columns exist and hold numbers.

    Raises:
        StepError: One does not.
    """
    for name in names:
        require(table, [name])
        if not is_number(table.schema.field(name).type):
            kind = table.schema.field(name).type
            raise StepError(f"The column {name} holds {kind}, no numbers. Put the step infer_types before this one.")


def missing(column: pa.ChunkedArray | pa.Array, markers: tuple[str, ...]) -> pa.Array:
    """Return where a column has no value, boolean without nulls: null, NaN, or text that is one of the markers."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_floating(array.type):
        return pc.is_null(array, nan_is_null=True)
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return pc.is_null(array)
    named = pc.is_in(pc.utf8_trim_whitespace(as_text(array)), value_set=pa.array(markers, pa.large_string()))
    return pc.or_(pc.is_null(array), pc.fill_null(named, True))


def teaching_rows(table: pa.Table) -> pa.Table:
    """Return the rows from which figures may be learnt: those of the training part, all when there is no split."""
    if SPLIT not in table.schema.names:
        return table
    return table.filter(pc.fill_null(pc.equal(as_text(table[SPLIT]), TRAIN), False))
