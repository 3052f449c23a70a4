"""CPU seconds and peak memory of the engine: reading a CSV into a version, paging it, and running the default plan.

    python bench/import_engine.py [--rows 100000 1000000] [--home FOLDER]

The texts are generated: 5 to 20 words of a 5,000-word vocabulary, 83 characters on average, four labels, 2 in 100 rows
repeat an earlier text. Each size runs in a process of its own, so that the peak is its own. Goals: import of 100,000
rows in at most 2 CPU seconds and 300 MB; a page of 100 rows in at most 20 ms of CPU time, at a million rows too.
"""

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from curation.engine.plan import default_plan, run_plan  # noqa: E402
from curation.engine.readers import read_batches, sniff  # noqa: E402
from curation.engine.writer import VersionReader, VersionWriter  # noqa: E402


def generate(path: Path, rows: int) -> None:
    """Write the same CSV for the same number of rows, always."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(2, 9))) for _ in range(5000)]
    recent: list[str] = []
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "text", "label"])
        for number in range(rows):
            if recent and rng.random() < 0.02:
                text = rng.choice(recent)
            else:
                text = " ".join(rng.choices(words, k=rng.randint(5, 20)))
                recent = [*recent[-999:], text] if number % 10 == 0 else recent
            writer.writerow([number, text, rng.choice("abcd")])


@contextmanager
def cpu(figures: dict[str, float], name: str) -> Iterator[None]:
    """Add the CPU seconds of the block, all threads together."""
    started = time.process_time()
    yield
    figures[name] = round(time.process_time() - started, 3)


def best_of(times: int, work: Callable[[], object]) -> float:
    """Return the least CPU time of a few runs in milliseconds."""
    found = []
    for _ in range(times):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return round(min(found) * 1000, 2)


def read_into(path: Path, folder: Path) -> VersionReader:
    """Import a file as the service does, without the service."""
    profile = sniff(path, path.name)
    folder.mkdir()
    writer = VersionWriter(folder, roles=profile.roles)
    for batch in read_batches(path, profile):
        ids = pa.array(np.arange(batch.table.num_rows, dtype=np.int64) + writer.row_count + 1)
        writer.write(batch.table.add_column(0, "item_id", ids))
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def peak_mb() -> int:
    """Return the peak resident memory of this process so far in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(path: Path, folder: Path, rows: int) -> dict[str, float]:
    """Return the figures of one size."""
    figures: dict[str, float] = {"rows": rows, "csv_mb": round(path.stat().st_size / 1e6, 1), "start_mb": peak_mb()}
    with cpu(figures, "import_cpu_s"):
        reader = read_into(path, folder / "v1")
    figures["import_peak_mb"] = peak_mb()
    figures["page_first_ms"] = best_of(5, lambda: reader.page(0, 100))
    figures["page_last_ms"] = best_of(5, lambda: reader.page(rows - 100, 100))
    figures["page_of_label_ms"] = best_of(5, lambda: reader.page(rows // 8, 100, label="b"))
    figures["item_ms"] = best_of(5, lambda: reader.item(rows // 2))
    (folder / "v2").mkdir()
    with cpu(figures, "default_plan_cpu_s"):
        report = run_plan(default_plan(reader.manifest), reader, folder / "v2")
    figures["default_plan_peak_mb"] = peak_mb()
    figures["duplicates"] = rows - report.manifest.row_count
    return figures


def main() -> None:
    """Run each size in a fresh process and print one JSON line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        rows = options.rows[0]
        print(json.dumps(measure(options.one / "in.csv", options.one, rows)))
        return
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder) / "in.csv", rows)
            subprocess.run([sys.executable, __file__, "--rows", str(rows), "--one", folder], check=True)


if __name__ == "__main__":
    main()
