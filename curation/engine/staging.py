"""The good rows of files set down on the disk until the columns of all of them are known, and joined to a version."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curation.engine.joining_columns import ColumnMisfit, fitted, joined_schema, renamed
from curation.engine.manifest import Part
from curation.engine.reader import VersionReader
from curation.engine.readers import Batch, SourceProfile, read_batches
from curation.engine.writer import PART_BYTES, PART_ROWS, VersionManifest, VersionWriter

Progress = Callable[[int], None]


@dataclass(slots=True)
class Staged:
    """The good rows of one file as Parquet, with the file's own columns.

    Attributes:
        path: The Parquet file; not there when `rows` is 0.
        schema: Its columns, by the names of the file.
        roles: Role → column in the file.
        rows: Good rows.
        warnings: What showed while reading.
        moved: File column → version column, once the version's are known.
    """

    path: Path
    schema: pa.Schema
    roles: dict[str, str]
    rows: int
    warnings: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> pa.Schema:
        """The columns by the names that they have in the version."""
        return pa.schema([entry.with_name(self.moved.get(entry.name, entry.name)) for entry in self.schema])

    def tables(self) -> Iterator[pa.Table]:
        """Give the rows in order, by the names of the version, at most 10,000 at a time."""
        with pq.ParquetFile(self.path, pre_buffer=False) as part:
            for batch in part.iter_batches(batch_size=10_000, use_threads=False):
                yield pa.Table.from_batches([batch]).rename_columns(self.columns.names)


def stage(path: Path, profile: SourceProfile, target: Path, see: Callable[[Batch, int], None]) -> Staged:
    """Read a file to its end and keep its good rows.

    Args:
        path: The file.
        profile: How it is to be read.
        target: Parquet file to write.
        see: Called with each batch and the good rows so far, its own included; keeps the refused rows.

    Raises:
        ReadError: The file as a whole cannot be read.
    """
    writer: pq.ParquetWriter | None = None
    schema, rows = pa.schema([]), 0
    try:
        for batch in read_batches(path, profile):
            rows += batch.table.num_rows
            if batch.table.num_rows:
                if writer is None:
                    schema = batch.table.schema.remove_metadata()
                    writer = pq.ParquetWriter(target, schema, compression="zstd", compression_level=1)
                writer.write_table(batch.table.cast(schema))
            see(batch, rows)
    finally:
        if writer is not None:
            writer.close()
    roles = {role: name for role, name in profile.roles.items() if name in schema.names}
    return Staged(target, schema, roles, rows, list(dict.fromkeys(profile.warnings)))


def settle_columns(files: Sequence[Staged], base: VersionReader | None) -> tuple[pa.Schema, dict[str, str]]:
    """Return columns (without ``item_id``) and roles of the version to come, and match the files' columns to them.

    Roles are those of the version that is added to, else of the first file.
    """
    wanted = dict(base.manifest.roles) if base is not None else dict(files[0].roles) if files else {}
    for entry in files:
        entry.moved = renamed(entry.schema.names, entry.roles, wanted)
        entry.warnings += [f"Column {name} became {target}." for name, target in entry.moved.items()]
    return joined_schema(base.schema if base is not None else None, [entry.columns for entry in files]), wanted


def check_fit(entry: Staged, schema: pa.Schema) -> ColumnMisfit | None:
    """Return why a file's values do not fit the columns, None when they do; a file of equal columns is not read."""
    same = all(schema.field(column.name).type == column.type for column in entry.columns)
    try:
        for table in () if same else entry.tables():
            fitted(table, schema)
    except ColumnMisfit as error:
        return error
    return None


def kept_parts(parts: Sequence[Part], rows: int) -> int:
    """Return how many parts stay as they are when rows come behind them.

    The last parts are written anew while they are no larger than what comes behind: so there are never more than
    about log2(n) small ones, and over many additions a row is written about log2(n) times. Whole parts always stay.

    Args:
        parts: Of the version that is added to.
        rows: Rows to come.
    """
    kept = len(parts)
    while kept and parts[kept - 1].rows <= rows:
        last = parts[kept - 1]
        if last.rows >= PART_ROWS or last.bytes >= PART_BYTES // 4:
            break
        rows += last.rows
        kept -= 1
    return kept


def write_joined(
    folder: Path,
    files: Sequence[Staged],
    *,
    schema: pa.Schema,
    roles: dict[str, str],
    first_item_id: int,
    base: VersionReader | None = None,
    progress: Progress = lambda _rows: None,
) -> VersionManifest:
    """Write the base's rows and behind them those of the files as one version.

    Parts of the base stay as they are, and only their hashes go into the manifest, when no column is new; see
    `kept_parts`. The content hash is the same whichever parts were kept.

    Args:
        folder: Where new parts go.
        files: In the order of their rows.
        schema: From `settle_columns`.
        roles: From `settle_columns`.
        first_item_id: Id of the first new row; the others follow without a gap. Old rows keep theirs.
        base: The version that is added to.
        progress: Called with the rows dealt with so far, those of the base included.

    Raises:
        ColumnMisfit: See `check_fit`.
    """
    whole = pa.schema([pa.field("item_id", pa.int64()), *schema])
    writer = VersionWriter(folder, roles=roles)
    done = 0
    if base is not None:
        new_rows = sum(entry.rows for entry in files)
        kept = kept_parts(base.manifest.parts, new_rows) if base.schema.names == whole.names else 0
        for number, part in enumerate(base.manifest.parts):
            one = VersionReader([base.paths[number]], base.manifest)
            tables = (fitted(pa.Table.from_batches([batch]), whole) for batch in one.batches())
            if number < kept:
                writer.adopt(part, _counted(tables, done, progress))
            else:
                for table in _counted(tables, done, progress):
                    writer.write(table)
            done += part.rows
    item_id = first_item_id
    for entry in files:
        for table in entry.tables():
            ids = pa.array(np.arange(item_id, item_id + table.num_rows, dtype=np.int64))
            writer.write(fitted(table, schema).add_column(0, "item_id", ids))
            item_id += table.num_rows
            done += table.num_rows
            progress(done)
    return writer.finish()


def _counted(tables: Iterator[pa.Table], done: int, progress: Progress) -> Iterator[Any]:
    for table in tables:
        yield table
        done += table.num_rows
        progress(done)
