"""Rows added to a version: with the old parts left as they are, and with everything written anew.

    .venv/bin/python bench/append.py [ROWS] [ADDED]

One process, the engine alone. Both ways must give the same content hash.
"""

import argparse
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from curation.engine import staging
from curation.engine.manifest import VersionManifest
from curation.engine.reader import VersionReader
from curation.engine.readers import sniff
from curation.engine.staging import Staged, settle_columns, stage, write_joined
from curation.engine.writer import VersionWriter


def base(folder: Path, rows: int) -> VersionReader:
    """Write a version of short texts with labels."""
    folder.mkdir()
    chance = np.random.default_rng(7)
    words = np.array([f"word{number}" for number in range(5_000)])
    writer = VersionWriter(folder, roles={"text": "text", "label": "label"})
    for start in range(0, rows, 10_000):
        count = min(10_000, rows - start)
        texts = [" ".join(line) for line in words[chance.integers(0, len(words), (count, 12))]]
        labels = chance.choice(["ham", "spam"], count)
        ids = pa.array(np.arange(start + 1, start + count + 1))
        writer.write(pa.table({"item_id": ids, "text": texts, "label": labels}))
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def added(folder: Path, rows: int) -> Staged:
    """Stage a file of more rows."""
    path = folder / "more.csv"
    path.write_text("text,label\n" + "".join(f"new text number {number},ham\n" for number in range(rows)))
    return stage(path, sniff(path, path.name), folder / "staged.parquet", lambda _batch, _good: None)


def timed(folder: Path, reader: VersionReader, file: Staged) -> tuple[VersionManifest, str]:
    """Join once and return the manifest with a line of figures."""
    folder.mkdir()
    wall, cpu = time.perf_counter(), time.process_time()
    schema, roles = settle_columns([file], reader)
    first = reader.row_count + 1
    manifest = write_joined(folder, [file], schema=schema, roles=roles, first_item_id=first, base=reader)
    written = sum(path.stat().st_size for path in folder.iterdir())
    figures = f"{time.perf_counter() - wall:6.2f} s wall {time.process_time() - cpu:6.2f} s CPU {written / 1e6:8.2f} MB"
    return manifest, figures


def main() -> None:
    """Print one line for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("added", type=int, nargs="?", default=1_000)
    options = parser.parse_args()
    rows, more = options.rows, options.added
    print(f"Python {platform.python_version()}, pyarrow {pa.__version__}, {rows:,} rows and {more:,} more")
    with tempfile.TemporaryDirectory(prefix="append-") as name:
        folder = Path(name)
        reader, file = base(folder / "base", rows), added(folder, more)
        kept, said = timed(folder / "kept", reader, file)
        print(f"old parts stay      {said} written")
        staging.kept_parts = lambda _parts, _rows: 0
        whole, said = timed(folder / "whole", reader, file)
        print(f"all written anew    {said} written")
        assert kept.content_hash == whole.content_hash
        assert kept.stats == whole.stats
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")


if __name__ == "__main__":
    main()
