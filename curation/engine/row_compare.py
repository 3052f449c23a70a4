"""Where two columns of aligned rows differ, compared value by value and never by a hash."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.content_hash import type_name
from curation.engine.folding import as_text


def differing(before: pa.ChunkedArray, after: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return for each row whether its two values differ, bool [n].

    A missing value is not an empty one; NaN equals NaN. Columns whose types differ are compared as they are written
    out, so that ``"1"`` equals ``1``.
    """
    if before.type != after.type:
        before, after = pa.chunked_array([written(before)]), pa.chunked_array([written(after)])
    if before.equals(after):
        return np.zeros(len(before), np.bool_)
    left, right = _one(before), _one(after)
    kind = left.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _lists(left, right)
    if pa.types.is_nested(kind):
        return _unequal(written(left), written(right))
    return _unequal(left, right)


def written(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return values as people read them, large_string; lists and structs as JSON."""
    if pa.types.is_nested(column.type):
        import orjson

        rows = [None if row is None else orjson.dumps(row).decode() for row in column.to_pylist()]
        return pa.array(rows, pa.large_string())
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.large_string())
    return as_text(column)


def retyped(older: pa.Schema, newer: pa.Schema) -> list[tuple[str, str, str]]:
    """Return name, old type and new type of the columns of both whose types differ."""
    shared = [name for name in older.names if name in newer.names]
    kinds = [(name, type_name(older.field(name).type), type_name(newer.field(name).type)) for name in shared]
    return [entry for entry in kinds if entry[1] != entry[2]]


def _one(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


def _bools(array: Any) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = array.to_numpy(zero_copy_only=False)
    return found.astype(np.bool_, copy=False)


def _unequal(left: pa.Array, right: pa.Array) -> NDArray[np.bool_]:
    unequal = _bools(pc.fill_null(pc.not_equal(left, right), False))
    if left.null_count or right.null_count:
        unequal |= _bools(left.is_null()) != _bools(right.is_null())
    if pa.types.is_floating(left.type):
        unequal &= ~(_bools(pc.fill_null(pc.is_nan(left), False)) & _bools(pc.fill_null(pc.is_nan(right), False)))
    return unequal


def _lists(left: pa.Array, right: pa.Array) -> NDArray[np.bool_]:
    """Compare lengths first, and the values of the rows whose lengths agree."""
    unequal = _unequal(pc.list_value_length(left), pc.list_value_length(right))
    rows = np.flatnonzero(~unequal & _bools(left.is_valid()))
    places = pa.array(rows)
    left, right = left.take(places), right.take(places)
    owners = pc.list_parent_indices(left).to_numpy()
    values = differing(pa.chunked_array([left.flatten()]), pa.chunked_array([right.flatten()]))
    unequal[rows[np.unique(owners[values])]] = True
    return unequal
