"""Parquet files, read row group by row group in bounded memory."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curation.engine.readers.arrow_columns import (
    Column,
    cells_of,
    convert,
    is_text,
    pieces,
    plan_columns,
    schema_of,
)
from curation.engine.readers.profile import UNFOLD_LIMIT, Batch, ReadError, SourceProfile
from curation.engine.readers.rows import BATCH_CHARACTERS, BATCH_ROWS, ROW_LIMIT

# Below this size a high ratio costs nothing.
SMALL_BYTES = 64 << 20
# Nested texts are unfolded when they are decoded, before their size is known: fewer rows at a time.
NESTED_ROWS = 1_000


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file with its texts kept as dictionaries until their size is known.

    Raises:
        ReadError: ``parquet_broken``, ``parquet_ratio``, ``too_many_rows``.
    """
    try:
        schema = pq.read_schema(path)
        texts = [field.name for field in schema if is_text(field.type)]
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20, read_dictionary=texts) as file:
            _check_size(file.metadata, path.stat().st_size)
            yield file
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        reason = str(error).split("\n", 1)[0][:200]
        raise ReadError(
            "parquet_broken", f"The Parquet file is damaged or cut off ({reason}). Write it again, or send it as CSV."
        ) from error


def _check_size(metadata: pq.FileMetaData, packed: int) -> None:
    if metadata.num_rows > ROW_LIMIT:
        raise ReadError(
            "too_many_rows", f"The file says it has {metadata.num_rows} rows; at most {ROW_LIMIT} are read."
        )
    unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if unpacked > max(SMALL_BYTES, packed * UNFOLD_LIMIT):
        raise ReadError(
            "parquet_ratio", f"The Parquet file unfolds to more than {UNFOLD_LIMIT} times its size. Send real data."
        )


def look_at_parquet(path: Path, profile: SourceProfile) -> list[list[str | None]]:
    """Fill in the columns of a profile and return the first rows as cells."""
    with _opened(path) as file:
        columns = plan_columns(file.schema_arrow, profile)
        profile.columns = [column.name for column in columns]
        profile.row_bound = file.metadata.num_rows
        first = next(_batches(file, columns, 0, limit=200), None)
        return cells_of(first.table.slice(0, 200)) if first is not None else []


def schema_of_parquet(path: Path, profile: SourceProfile) -> pa.Schema:
    """Return names and types as `read_parquet` gives them."""
    with _opened(path) as file:
        return schema_of(plan_columns(file.schema_arrow, profile))


def read_parquet(path: Path, profile: SourceProfile, only: Collection[str] = ()) -> Iterator[Batch]:
    """Give the rows of a Parquet file in batches; numbers and booleans keep their type, the rest becomes text.

    Args:
        path: The file.
        profile: How it is to be read.
        only: Names of columns, as the profile has them: the others are not even decoded. All when empty.

    Raises:
        ReadError: ``parquet_broken``, ``parquet_ratio``, ``too_many_rows``, ``no_columns``, ``too_many_columns``.
    """
    with _opened(path) as file:
        columns = plan_columns(file.schema_arrow, profile)
        chosen = [column for column in columns if not only or column.name in only]
        yield from _batches(file, chosen, path.stat().st_size)


def _batches(file: pq.ParquetFile, columns: list[Column], byte_count: int, limit: int = BATCH_ROWS) -> Iterator[Batch]:
    rows, total = max(1, file.metadata.num_rows), 0
    names, columns = _selected(file.schema_arrow, columns)
    for group in range(file.metadata.num_row_groups):
        count = min(limit, _rows_at_once(file.metadata, group, columns))
        for batch in file.iter_batches(count, row_groups=[group], columns=names, use_threads=False):
            whole = pa.Table.from_batches([batch])
            # A name takes along every column that continues it behind a dot.
            for piece in pieces(whole if names is None else whole.select(names)):
                table, refused = convert(piece, columns, total + 1)
                total += piece.num_rows
                yield Batch(table, refused, byte_count * total // rows)


def _selected(schema: pa.Schema, columns: list[Column]) -> tuple[list[str] | None, list[Column]]:
    """Return the names in the file of the columns to decode, None for all, and the columns by their places in those."""
    names = [schema.field(column.place).name for column in columns]
    if len(columns) == len(schema) or any(schema.names.count(name) > 1 for name in names):
        return None, columns
    return names, [replace(column, place=place) for place, column in enumerate(columns)]


def _rows_at_once(metadata: pq.FileMetaData, group: int, columns: list[Column]) -> int:
    """Return how many rows of a group may be decoded at once: by their size on average, fewer where they are nested.

    The figures of single columns are not asked for: pyarrow 26 ends the process over some that are damaged.
    """
    part = metadata.row_group(group)
    at_once = BATCH_CHARACTERS * part.num_rows // max(1, part.total_byte_size)
    most = NESTED_ROWS if any(pa.types.is_nested(column.source) for column in columns) else BATCH_ROWS
    return int(max(1, min(most, at_once)))
