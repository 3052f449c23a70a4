"""The step for suspicious labels on texts with known wrong labels: time, and how well they are ranked and found.

    make bench ARGS="suspicious_labels"
    python bench/suspicious_labels.py FILE.csv[.gz] …     columns text, label and is_error (0 or 1)

Without a file, the labels of one in ten of the demo's Chinese reviews and of its English messages are exchanged by a
seed. Printed are wall and processor seconds, the findings with precision and recall, and the average precision of the
ranking by how many times likelier another label is.
"""

import argparse
import csv
import gzip
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)
import pyarrow as pa  # noqa: E402
from sklearn.metrics import average_precision_score  # noqa: E402

from curation.demo import SETS  # noqa: E402
from curation.engine.steps import suspicious  # noqa: E402
from curation.engine.steps.base import Context  # noqa: E402

SHARE, SEED = 0.1, 0


def rows_of(path: Path) -> list[dict[str, str]]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def exchanged(path: Path) -> list[dict[str, str]]:
    """Return the different texts of a file with one label in ten exchanged for the next one."""
    rows = list({row["text"]: row for row in rows_of(path)}.values())
    names = sorted({row["label"] for row in rows})
    for row, wrong in zip(rows, np.random.default_rng(SEED).random(len(rows)) < SHARE, strict=True):
        row["is_error"] = str(int(wrong))
        row["label"] = names[(names.index(row["label"]) + 1) % len(names)] if wrong else row["label"]
    return rows


def sets(paths: list[str]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for path in paths:
        yield Path(path).name, rows_of(Path(path))
    if not paths:
        for name in ("reviews_zh", "sms_spam"):
            yield f"{name}, labels exchanged", exchanged(SETS[name].path)


def measure(name: str, rows: list[dict[str, str]]) -> None:
    columns = {column: [row[column] for row in rows] for column in ("text", "label")}
    table = pa.table({"item_id": pa.array(range(len(rows)), pa.int64()), **columns})
    wrong = np.array([row["is_error"].lower() in ("1", "true") for row in rows])
    seen: list[Any] = []
    doubt, suspicious.doubt_labels = suspicious.doubt_labels, lambda *a, **k: seen.append(doubt(*a, **k)) or seen[-1]
    began, processor = time.perf_counter(), time.process_time()
    found = suspicious.SuspiciousLabels().prepare(lambda: iter([table]), Context({"text": "text", "label": "label"}))
    wall, processor = time.perf_counter() - began, time.process_time() - processor
    suspicious.doubt_labels = doubt
    hits = sum(bool(wrong[item]) for item in found)
    ranked = average_precision_score(wrong, -seen[0].own / seen[0].other) if len(seen[0].own) == len(rows) else None
    print(
        f"{name}: {len(rows):,} rows, {wall:.1f} s ({processor:.1f} s of processor), {len(found)} findings, precision "
        f"{hits / max(1, len(found)):.3f}, recall {hits / max(1, int(wrong.sum())):.3f}"
        + (f", average precision {ranked:.4f}" if ranked is not None else "")
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="CSV, gzip too, with the columns text, label and is_error")
    files = parser.parse_args().files
    print(", ".join(f"{name} {metadata.version(name)}" for name in ("scikit-learn", "numpy", "scipy")))
    for title, texts in sets(files):
        measure(title, texts)
