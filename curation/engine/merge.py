"""Tables walked side by side in the order of item_id: comparing them takes the memory of a batch of each."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

# 32,768 short rows are 5 to 10 MB decoded; larger batches were not faster.
BATCH_ROWS = 32_768
# What the sort of a table out of order may hold before it spills.
SORT_MEMORY = "512MB"


class OrderedRows:
    """Reads Parquet files in ascending item_id, one batch ahead of whoever takes them.

    Files that are in order already, as nearly all versions are, are read as they lie; others are sorted once by DuckDB
    into `scratch`, which spills to the disk beyond 512 MB.

    Args:
        paths: Files of one schema with a column ``item_id``.
        columns: What to read; ``item_id`` comes first whatever they say.
        scratch: Folder for the sorted copy.
        name: Names the copy; unique in `scratch`.
        unique: Refuse an item_id that appears twice.
    """

    def __init__(
        self, paths: Sequence[Path], columns: Sequence[str], scratch: Path, name: str, *, unique: bool = True
    ) -> None:
        self._columns = ["item_id", *(column for column in columns if column != "item_id")]
        self._paths = list(paths) if in_order(paths) else [_sorted(paths, self._columns, scratch / f"{name}.parquet")]
        self._unique = unique
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ordered-rows")
        self._batches = self._read()
        self._ahead: Future[pa.Table | None] | None = None
        self._held: pa.Table | None = None
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._last: int | None = None

    def __enter__(self) -> Self:
        self._ahead = self._pool.submit(next, self._batches, None)
        self._advance()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._batches.close()

    @property
    def bound(self) -> int | None:
        """The last item_id at hand, None when all rows are taken."""
        return int(self._ids[-1]) if len(self._ids) else None

    def take(self, bound: int | None) -> pa.Table | None:
        """Take the rows at hand whose item_id is at most `bound`; all of them when it is None."""
        if self._held is None:
            return None
        count = len(self._ids) if bound is None else int(np.searchsorted(self._ids, bound, side="right"))
        taken = self._held.slice(0, count)
        self._held, self._ids = self._held.slice(count), self._ids[count:]
        if not len(self._ids):
            self._advance()
        return taken

    def _advance(self) -> None:
        assert self._ahead is not None
        self._held = self._ahead.result()
        if self._held is None:
            self._ids = np.empty(0, np.int64)
            return
        self._ahead = self._pool.submit(next, self._batches, None)
        self._ids = self._held["item_id"].to_numpy()
        self._check()

    def _check(self) -> None:
        if self._unique:
            before = self._ids if self._last is None else np.concatenate(([self._last], self._ids))
            twice = np.flatnonzero(before[1:] == before[:-1])
            if len(twice):
                raise ValueError(f"Item {before[twice[0]]} appears twice. An item_id must be unique in a version.")
        self._last = int(self._ids[-1])

    def _read(self) -> Generator[pa.Table, None, None]:
        for path in self._paths:
            with pq.ParquetFile(path, pre_buffer=False) as part:
                for batch in part.iter_batches(batch_size=BATCH_ROWS, columns=self._columns, use_threads=False):
                    if batch.num_rows:
                        yield pa.Table.from_batches([batch]).select(self._columns)


def in_order(paths: Sequence[Path]) -> bool:
    """Tell whether the rows of all files lie in ascending item_id; reads that column alone, 10 ms a million rows."""
    last: int | None = None
    for path in paths:
        with pq.ParquetFile(path, pre_buffer=False) as part:
            for batch in part.iter_batches(batch_size=1 << 18, columns=["item_id"], use_threads=False):
                ids = batch.column(0).to_numpy()
                if not len(ids):
                    continue
                if (last is not None and ids[0] < last) or bool((ids[1:] < ids[:-1]).any()):
                    return False
                last = int(ids[-1])
    return True


def _sorted(paths: Sequence[Path], columns: Sequence[str], target: Path) -> Path:
    import duckdb  # slow import, and only tables out of order need it

    with duckdb.connect() as database:
        # The order of equal ids must not depend on threads.
        database.execute(f"SET memory_limit = '{SORT_MEMORY}'; SET threads = 2; SET preserve_insertion_order = true")
        database.execute("SET temp_directory = ?", [str(target.parent / f"{target.stem}.spill")])
        chosen = ", ".join(_quoted(column) for column in columns)
        source = "read_parquet(?, union_by_name = true, file_row_number = true, filename = true)"
        ordered = f"SELECT {chosen} FROM {source} ORDER BY item_id, filename, file_row_number"  # noqa: S608  (quoted)
        options = f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {BATCH_ROWS})"
        database.execute(f"COPY ({ordered}) TO {_literal(target)} {options}", [[str(path) for path in paths]])
    return target


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of item_ids of both versions.

    Attributes:
        dropped: Rows that only the older one has.
        added: Rows that only the newer one has.
        before: Rows of the older one that both have.
        after: The same items in the newer one, row by row.
    """

    dropped: pa.Table
    added: pa.Table
    before: pa.Table
    after: pa.Table


def side_by_side(older: OrderedRows, newer: OrderedRows) -> Iterator[Block]:
    """Give both tables in stretches that end at the same item_id."""
    while True:
        bounds = [bound for bound in (older.bound, newer.bound) if bound is not None]
        if not bounds:
            return
        left, right = older.take(min(bounds)), newer.take(min(bounds))
        yield _block(left, right, older, newer)


def _block(left: pa.Table | None, right: pa.Table | None, older: OrderedRows, newer: OrderedRows) -> Block:
    if left is None or right is None:
        # One side has ended: an empty table of the other's columns stands for it, and nobody looks into it.
        some: Any = left if left is not None else right
        none = some.slice(0, 0)
        gone, came = (left, none) if left is not None else (none, right)
        return Block(gone, came, none, none)
    ids, other = left["item_id"].to_numpy(), right["item_id"].to_numpy()
    if len(ids) == len(other) and np.array_equal(ids, other):
        return Block(left.slice(0, 0), right.slice(0, 0), left, right)
    in_both, in_older = _within(ids, other), _within(other, ids)
    return Block(
        left.filter(pa.array(~in_both)),
        right.filter(pa.array(~in_older)),
        left.filter(pa.array(in_both)),
        right.filter(pa.array(in_older)),
    )


def _within(values: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell for each of ascending values whether it is among ascending others."""
    if not len(others):
        return np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(others, values), len(others) - 1)
    found: NDArray[np.bool_] = others[places] == values
    return found
