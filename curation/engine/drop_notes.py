"""Why items went: the drops of the runs between two versions, looked up in the order of item_id."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curation.engine.merge import OrderedRows

NOTE_COLUMNS = ("step", "reason", "detail")
_SCHEMA = pa.schema(
    [("item_id", pa.int64()), ("run", pa.int64()), *((name, pa.large_string()) for name in NOTE_COLUMNS)]
)


@dataclass(frozen=True, slots=True)
class Drops:
    """What one run dropped: its number, 0 when it has none, and its ``drops.parquet``."""

    run: int
    path: Path


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why each of some items went.

    Attributes:
        codes: For each item a place in `meanings`, -1 when no run dropped it; int64 [n].
        meanings: Run, step and reason.
        details: What the step said of the item, null when no run dropped it; large_string [n].
    """

    codes: NDArray[np.int64]
    meanings: list[tuple[int, str, str]]
    details: pa.Array


class DropNotes:
    """The drops of several runs, merged; of two runs that dropped an item the first of `drops` is believed."""

    def __init__(self, drops: Sequence[Drops], scratch: Path) -> None:
        merged = scratch / "notes.parquet"
        with pq.ParquetWriter(merged, _SCHEMA, compression="zstd", compression_level=1) as writer:
            for table in _read(drops):
                writer.write_table(table)
        self._rows = OrderedRows([merged], _SCHEMA.names, scratch, "notes-in-order", unique=False)
        self._meanings: dict[tuple[int, str, str], int] = {}

    def __enter__(self) -> Self:
        self._rows.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.__exit__(kind, error, trace)

    def explain(self, ids: NDArray[np.int64]) -> Reasons:
        """Return why these items went; `ids` ascend, also from one call to the next."""
        notes = self._up_to(int(ids[-1]))
        noted = notes["item_id"].to_numpy()
        if not len(noted):
            return Reasons(np.full(len(ids), -1, np.int64), list(self._meanings), pa.nulls(len(ids), pa.large_string()))
        # The leftmost of equal ids is that of the first run.
        places = np.searchsorted(noted, ids)
        found = noted[np.minimum(places, len(noted) - 1)] == ids
        found &= places < len(noted)
        rows = notes.take(pa.array(np.where(found, places, 0), mask=~found))
        keys = zip(rows["run"].to_pylist(), rows["step"].to_pylist(), rows["reason"].to_pylist(), strict=True)
        codes = [-1 if run is None else self._code((run, step or "", reason or "")) for run, step, reason in keys]
        return Reasons(np.array(codes, np.int64), list(self._meanings), rows["detail"].combine_chunks())

    def _up_to(self, bound: int) -> pa.Table:
        taken = [_SCHEMA.empty_table()]
        while self._rows.bound is not None:
            table = self._rows.take(bound)
            if table is None or not table.num_rows:
                break
            taken.append(table.cast(_SCHEMA))
        return pa.concat_tables(taken)

    def _code(self, meaning: tuple[int, str, str]) -> int:
        return self._meanings.setdefault(meaning, len(self._meanings))


def _read(drops: Sequence[Drops]) -> Iterator[pa.Table]:
    for entry in drops:
        with pq.ParquetFile(entry.path, pre_buffer=False) as part:
            for batch in part.iter_batches(columns=["item_id", *NOTE_COLUMNS], use_threads=False):
                table = pa.Table.from_batches([batch]).select(["item_id", *NOTE_COLUMNS])
                runs = pa.array(np.full(table.num_rows, entry.run, np.int64))
                yield table.add_column(1, "run", runs).cast(_SCHEMA)
