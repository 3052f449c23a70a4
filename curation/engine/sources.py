"""Rows that a step reads: of a version, or of the shards that the step before wrote."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa

from curation.engine.reader import VersionReader

BATCH_ROWS = 10_000
# Small shards are read together up to this size, so that a step behind a strict filter still gets whole batches.
BATCH_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that can be read from the start more than once, or from any row on.

    Attributes:
        tables: Gives the rows behind the first `skip` ones as tables of at most `BATCH_ROWS` rows; a source without
            rows gives one empty table, which tells the columns.
    """

    tables: Callable[[int], Iterator[pa.Table]]

    def read(self) -> Iterator[pa.Table]:
        """Give all rows."""
        return self.tables(0)

    @classmethod
    def of_version(cls, reader: VersionReader) -> Self:
        """Return the rows of a version."""

        def batches() -> Iterator[pa.Table]:
            for batch in reader.batches(batch_rows=BATCH_ROWS):
                yield pa.Table.from_batches([batch])

        return cls(lambda skip: _from_row(batches(), skip, reader.schema))

    @classmethod
    def of_shards(cls, paths: list[Path], rows: list[int]) -> Self:
        """Return the rows of Arrow files, one after the other; all have the columns of the first.

        Args:
            paths: At least one file.
            rows: How many rows each holds.
        """
        schema = _schema(paths[0])

        def tables(skip: int) -> Iterator[pa.Table]:
            start = 0
            while start < len(paths) and rows[start] <= skip:
                skip -= rows[start]
                start += 1
            filled = (path for path, count in zip(paths[start:], rows[start:], strict=True) if count)
            return _from_row(_joined(table for path in filled for table in _tables(path, schema)), skip, schema)

        # Whether anything was passed over decides if an empty table stands for no rows at all.
        return cls(lambda skip: tables(skip) if skip < sum(rows) or not skip else iter(()))


def _from_row(tables: Iterator[pa.Table], skip: int, schema: pa.Schema) -> Iterator[pa.Table]:
    """Pass over the first rows; without any row, and with none passed over, give an empty table."""
    given = skip > 0
    for table in tables:
        if skip >= table.num_rows:
            skip -= table.num_rows
            continue
        yield table.slice(skip) if skip else table
        given, skip = True, 0
    if not given:
        yield schema.empty_table()


def _joined(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Put small neighbouring tables together, without splitting any."""
    waiting: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        if waiting and (rows + table.num_rows > BATCH_ROWS or size + table.nbytes > BATCH_BYTES):
            yield pa.concat_tables(waiting)
            waiting, rows, size = [], 0, 0
        waiting.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
    if waiting:
        yield pa.concat_tables(waiting)


def _schema(path: Path) -> pa.Schema:
    with pa.memory_map(str(path)) as stream, pa.ipc.open_stream(stream) as batches:
        return batches.schema


def _tables(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    # The rows stay in the page cache and are not copied; the file may be removed while they are looked at.
    with pa.memory_map(str(path)) as stream, pa.ipc.open_stream(stream) as batches:
        for batch in batches:
            table = pa.Table.from_batches([batch])
            yield table if table.schema.equals(schema) else table.cast(schema)
