"""Rows that a step reads: of a version, or of the shards that the step before wrote."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

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
        """Return the rows of a version; a batch holds at most `BATCH_BYTES`, or one row group that is larger."""

        return cls(lambda skip: _given(_joined(_groups(reader, skip)), reader.schema, empty=not skip))

    @classmethod
    def of_shards(cls, paths: list[Path], rows: list[int]) -> Self:
        """Return the rows of Arrow files, one after the other; all have the columns of the first.

        Args:
            paths: At least one file.
            rows: How many rows each holds.
        """
        schema = _schema(paths[0])
        return cls(lambda skip: _given(_joined(_shards(paths, rows, skip, schema)), schema, empty=not skip))


def _groups(reader: VersionReader, skip: int) -> Iterator[pa.Table]:
    """Give the row groups of a version without its first `skip` rows; those that hold no other are not read.

    One by one: batches of a whole file reach over row groups, and ten thousand long documents would not fit in memory.
    """
    for path in reader.paths:
        with pq.ParquetFile(path, pre_buffer=False) as part:
            for number in range(part.num_row_groups):
                rows = part.metadata.row_group(number).num_rows
                if rows > skip:
                    table = part.read_row_group(number, use_threads=False)
                    yield from _cut(table.slice(skip) if skip else table)
                skip = max(0, skip - rows)


def _cut(table: pa.Table) -> Iterator[pa.Table]:
    """Give a table in pieces of at most `BATCH_ROWS` rows."""
    for start in range(0, table.num_rows, BATCH_ROWS):
        yield table.slice(start, BATCH_ROWS)


def _shards(paths: list[Path], rows: list[int], skip: int, schema: pa.Schema) -> Iterator[pa.Table]:
    """Give the rows of shards without the first `skip` ones."""
    for path, count in zip(paths, rows, strict=True):
        if count > skip:
            for table in _tables(path, schema):
                if table.num_rows > skip:
                    # A step that adds rows has written more than it got.
                    yield from _cut(table.slice(skip) if skip else table)
                skip = max(0, skip - table.num_rows)
        else:
            skip -= count


def _given(tables: Iterator[pa.Table], schema: pa.Schema, *, empty: bool) -> Iterator[pa.Table]:
    """Give tables, or an empty one when there is none and the source is read from its start."""
    for table in tables:
        empty = False
        yield table
    if empty:
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
