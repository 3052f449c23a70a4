"""What differs between two versions, item by item."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from curation.engine.folding import as_text, hash64
from curation.engine.reader import VersionReader

# Multiplied in before the next column is added, so that two columns that swap their values do not cancel out.
_STEP = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """Counts over two versions.

    Attributes:
        added: Items only the newer one has.
        dropped: Items only the older one has.
        changed: Items of both that differ in a column of both.
        same: Items of both that do not.
        columns_added: Columns only the newer one has, in its order.
        columns_dropped: Columns only the older one has, in its order.
    """

    added: int
    dropped: int
    changed: int
    same: int
    columns_added: tuple[str, ...]
    columns_dropped: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and dicts."""
        return asdict(self)


def diff_versions(older: VersionReader, newer: VersionReader) -> VersionDiff:
    """Compare two versions of one dataset by item_id; the order of rows does not count.

    Rows are compared by a 64-bit hash of the columns that both have: of 10^9 pairs of different rows one is taken for
    equal with a chance of about 5 in 10^11. Memory: 16 bytes a row and version.
    """
    before, after = older.schema.names, newer.schema.names
    shared = [name for name in before if name in after and name != "item_id"]
    old_ids, old_hashes = _rows(older, shared)
    new_ids, new_hashes = _rows(newer, shared)
    _ids, left, right = np.intersect1d(old_ids, new_ids, assume_unique=True, return_indices=True)
    same = int((old_hashes[left] == new_hashes[right]).sum())
    return VersionDiff(
        added=len(new_ids) - len(left),
        dropped=len(old_ids) - len(left),
        changed=len(left) - same,
        same=same,
        columns_added=tuple(name for name in after if name not in before),
        columns_dropped=tuple(name for name in before if name not in after),
    )


def _rows(reader: VersionReader, columns: list[str]) -> tuple[Any, Any]:
    """Return the ids, int64 [n], and a hash of the columns of each row, uint64 [n]."""
    ids, hashes = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    for batch in reader.batches(["item_id", *columns]):
        total = np.zeros(batch.num_rows, np.uint64)
        for name in columns:
            column = batch.column(name)
            # A missing value is not an empty one.
            missing = column.is_null().to_numpy(zero_copy_only=False).astype(np.uint64)
            total = total * _STEP + hash64(_texts(column)) + missing
        ids.append(batch.column("item_id").to_numpy())
        hashes.append(total)
    return np.concatenate(ids), np.concatenate(hashes)


def _texts(column: pa.Array) -> pa.Array:
    if pa.types.is_nested(column.type):
        return pa.array([None if value is None else repr(value) for value in column.to_pylist()], pa.large_string())
    return as_text(column)
