"""``python -m curation.engine diff A B``: what differs between two versions or files."""

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from curation.engine.diff import diff_versions, write_diff
from curation.engine.drop_notes import Drops
from curation.engine.folding import hash64
from curation.engine.reader import VersionReader
from curation.engine.row_compare import written
from curation.engine.writer import VersionWriter

# Opens a file or the folder of a version; the folder given is for the rows of a file.
Open = Callable[[Path, Path], tuple[VersionReader, int]]
Progress = Callable[[int, int, str], None]


def add_parser(commands: Any, opener: Open, progress: Progress) -> None:
    """Add the command to those of ``python -m curation.engine``."""
    diff = commands.add_parser("diff", help="compare two versions or files item by item")
    diff.add_argument("older", type=Path, help="version folder, or CSV, TSV, JSONL or JSON file, before")
    diff.add_argument("newer", type=Path, help="the same after; its drops.parquet says why items went")
    diff.add_argument("--out", type=Path, help="write each difference as a row of this Parquet file")
    diff.add_argument("--id", default="", help="column that names a row in both; without it files compare line by line")
    diff.set_defaults(run=lambda options: run(options, opener, progress))


def run(options: argparse.Namespace, opener: Open, progress: Progress) -> dict[str, Any]:
    """Compare and return the summary that is printed."""
    with TemporaryDirectory(prefix="diff-") as folder:
        readers = []
        for name in ("older", "newer"):
            reader, _refused = opener(getattr(options, name), Path(folder) / name)
            readers.append(_by_column(reader, options.id, Path(folder) / f"{name}-by-id") if options.id else reader)
        if options.out is None:
            return diff_versions(*readers).to_json()
        drops = options.newer / "drops.parquet"
        noted = [Drops(0, drops)] if drops.exists() and not options.id else []
        summary = write_diff(
            readers[0], readers[1], options.out, drops=noted, progress=lambda done, total: progress(done, total, "")
        )
    summary.pop("groups")
    return {**summary, "out": str(options.out)}


def _by_column(reader: VersionReader, name: str, folder: Path) -> VersionReader:
    """Write the rows again with an item_id made of a column: its number, or a 64-bit hash of its text."""
    if name not in reader.schema.names:
        raise ValueError(f"There is no column {name}. Columns: {', '.join(reader.schema.names)}.")
    if pa.types.is_integer(reader.schema.field(name).type):
        number = lambda column: column.cast(pa.int64())  # noqa: E731
    else:
        number = lambda column: pa.array((hash64(written(column)) >> np.uint64(1)).astype(np.int64))  # noqa: E731
    folder.mkdir()
    writer = VersionWriter(folder, roles=dict(reader.manifest.roles))
    for batch in reader.batches():
        table = pa.Table.from_batches([batch])
        if table[name].null_count:
            raise ValueError(f"Column {name} is empty in some rows. Choose a column that names every row.")
        writer.write(table.set_column(0, "item_id", number(table[name])))
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)
