"""A version without some of its items: parts that hold none of them stay as they are, the others are written anew."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curation.engine.content_hash import ContentHash
from curation.engine.erasure.matching import Check
from curation.engine.manifest import Part, VersionManifest
from curation.engine.reader import VersionReader
from curation.engine.writer import VersionWriter

BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A version after an erasure.

    Attributes:
        manifest: Of the new version; parts that were not touched are those of the old one.
        gone: int64 [n], the items that were in it and are not any more.
        rest_before: Hash of the rows that stay, in the old version.
        rest_after: Hash of all rows of the new version, read back from its files.
    """

    manifest: VersionManifest
    gone: NDArray[np.int64]
    rest_before: str
    rest_after: str


def items_in(path: Path, items: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of the items stand in a Parquet file; row groups are left out by their range of ids."""
    low, high = (int(items.min()), int(items.max())) if len(items) else (1, 0)
    found = [np.empty(0, np.int64)]
    with pq.ParquetFile(path, pre_buffer=False) as part:
        for number in range(part.num_row_groups):
            span = part.metadata.row_group(number).column(0).statistics
            if span is not None and span.has_min_max and (span.max < low or span.min > high):
                continue
            held = part.read_row_group(number, columns=["item_id"], use_threads=False)["item_id"].to_numpy()
            found.append(held[np.isin(held, items)])
    return np.concatenate(found)


def without_items(
    reader: VersionReader, folder: Path, items: NDArray[np.int64], check: Check = lambda: None
) -> Rewritten | None:
    """Write a version again without some items; None when it holds none of them.

    Memory is bounded by a batch of 10,000 rows. The hash of the rest is computed three times over different bytes: in
    the old files without the items, while the new ones are written, and from the new ones as they lie on disk.

    Args:
        reader: The version.
        folder: Where new parts go; must exist and be empty.
        items: int64 [n], what goes.
        check: Called now and then; may raise to stop.

    Raises:
        ArithmeticError: The rows that stay are not the same before and after; nothing must be stored then.
    """
    touched = [items_in(path, items) for path in reader.paths]
    gone = np.unique(np.concatenate([np.empty(0, np.int64), *touched]))
    if not len(gone):
        return None
    writer = VersionWriter(folder, roles=reader.manifest.roles, encoders=reader.manifest.encoders)
    for path, part, held in zip(reader.paths, reader.manifest.parts, touched, strict=True):
        if len(held):
            for table in kept_rows(path, gone, check):
                writer.write(table)
            writer.end_part()
        else:
            # Its name tells it from those that are written here.
            writer.adopt(replace(part, name=f"{part.sha256}.parquet"), kept_rows(path, gone[:0], check))
    if not writer.row_count:
        writer.write(reader.schema.empty_table())
    manifest = writer.finish()
    before = rest_hash(reader, gone, check)
    after = rest_hash(VersionReader(_new_paths(reader, folder, manifest), manifest), gone[:0], check, reader.schema)
    if before != after:
        raise ArithmeticError("The rows that stay differ before and after the erasure.")
    return Rewritten(manifest, gone, before, after)


def rest_hash(
    reader: VersionReader, without: NDArray[np.int64], check: Check = lambda: None, schema: pa.Schema | None = None
) -> str:
    """Return the hash over columns, values and order of all rows of a version but some items.

    Args:
        reader: The version.
        without: int64 [n], the items left out.
        check: Called now and then; may raise to stop.
        schema: Columns to hash under, for a version without parts; its own when None.
    """
    whole = ContentHash(schema or reader.schema)
    for path in reader.paths:
        for table in kept_rows(path, without, check):
            whole.update(table)
    return whole.hexdigest()


def kept_rows(path: Path, gone: NDArray[np.int64], check: Check) -> Iterator[pa.Table]:
    """Give the rows of a Parquet file without some items, a batch at a time."""
    out = pa.array(gone)
    with pq.ParquetFile(path, pre_buffer=False) as part:
        for batch in part.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            check()
            table = pa.Table.from_batches([batch]).replace_schema_metadata(None)
            if len(gone):
                table = table.filter(pc.invert(pc.is_in(table["item_id"], value_set=out)))
            yield table.combine_chunks()


def _new_paths(reader: VersionReader, folder: Path, manifest: VersionManifest) -> list[Path]:
    old = {part.sha256: path for part, path in zip(reader.manifest.parts, reader.paths, strict=True)}
    return [_place(part, old, folder) for part in manifest.parts]


def _place(part: Part, old: dict[str, Path], folder: Path) -> Path:
    fresh = folder / part.name
    return fresh if fresh.exists() else old[part.sha256]
