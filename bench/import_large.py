"""Wall time, CPU time and peak memory of importing files far larger than the memory that it takes.

    python bench/import_large.py [--megabytes 2000] [--formats csv parquet] [--home FOLDER]

Makes a CSV of that size in a temporary folder (words from a vocabulary of 5,000, 500 characters a row, four labels),
and a Parquet file of the same rows; reads each into a version in a process of its own, and prints a JSON line for each.
Goal: peak memory does not depend on the size of the file; run it with 500 and 2000 to see.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from curation.engine.readers import read_batches, sniff  # noqa: E402
from curation.engine.writer import VersionWriter  # noqa: E402

CHUNK = 20_000


def chunks(byte_count: int) -> Iterator[tuple[np.ndarray, list[str], list[str]]]:
    """Give ids, texts and labels until the CSV of them has about `byte_count` bytes; the same ones, always."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(2, 9))) for _ in range(5000)]
    # Ten thousand sentences, put together anew for each row: to draw 300 million words would take longer than to read.
    halves = [" ".join(rng.choices(words, k=38)) for _ in range(10_000)]
    first, written = 0, 0
    while written < byte_count:
        pairs = np.random.default_rng(first).integers(0, len(halves), (CHUNK, 2))
        texts = [f"{halves[one]}, {halves[other]}" for one, other in pairs.tolist()]
        labels = [f"{'abcd'[number % 4]}" for number in range(CHUNK)]
        yield np.arange(first, first + CHUNK), texts, labels
        first += CHUNK
        written += sum(map(len, texts)) + CHUNK * 13


def generate(folder: Path, byte_count: int, formats: list[str]) -> None:
    """Write the same rows in each format."""
    with (folder / "in.csv").open("w", encoding="utf-8") as csv_file:
        csv_file.write("id,text,label\n")
        columnar: pq.ParquetWriter | None = None
        for ids, texts, labels in chunks(byte_count):
            table = pa.table({"id": ids, "text": texts, "label": labels})
            if "csv" in formats:
                rows = zip(ids.tolist(), texts, labels, strict=True)
                csv_file.writelines(f'{number},"{text}",{label}\n' for number, text, label in rows)
            if "parquet" in formats:
                columnar = columnar or pq.ParquetWriter(folder / "in.parquet", table.schema)
                columnar.write_table(table, row_group_size=1_000_000)
        if columnar:
            columnar.close()


def peak_mb() -> int:
    """Return the peak resident memory of this process in MB; `getrusage` counts that of the parent, too."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024


def measure(path: Path, folder: Path) -> dict[str, object]:
    """Import one file as the service does, without the service, and return the figures."""
    start_mb = peak_mb()
    wall, cpu = time.perf_counter(), time.process_time()
    profile = sniff(path, path.name)
    writer = VersionWriter(folder, roles=profile.roles)
    for batch in read_batches(path, profile):
        ids = pa.array(np.arange(batch.table.num_rows, dtype=np.int64) + writer.row_count + 1)
        writer.write(batch.table.add_column(0, "item_id", ids))
    manifest = writer.finish()
    return {
        "file": path.name,
        "file_mb": round(path.stat().st_size / 1e6),
        "rows": manifest.row_count,
        "wall_s": round(time.perf_counter() - wall, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "start_mb": start_mb,
        "peak_mb": peak_mb(),
        "content_hash": manifest.content_hash[:16],
    }


def main() -> None:
    """Check the disk, make the files, and read each in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--formats", nargs="+", default=["csv", "parquet"], choices=["csv", "parquet"])
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        with tempfile.TemporaryDirectory(dir=options.one.parent) as folder:
            print(json.dumps(measure(options.one, Path(folder))))
        return
    needed = options.megabytes * 3_000_000
    if shutil.disk_usage(options.home).free < needed:
        sys.exit(f"{options.home} needs {needed / 1e9:.0f} GB of free disk; choose another folder with --home.")
    with tempfile.TemporaryDirectory(dir=options.home, prefix="assay-large-") as name:
        generate(Path(name), options.megabytes * 1_000_000, options.formats)
        for ending in options.formats:
            subprocess.run([sys.executable, __file__, "--one", str(Path(name) / f"in.{ending}")], check=True)


if __name__ == "__main__":
    main()
