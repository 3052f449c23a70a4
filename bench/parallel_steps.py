"""What a second thread is worth to steps that decide each batch by itself: wall and processor seconds.

    python bench/parallel_steps.py [--rows 100000] [--threads 2] [--repeat 3]

Texts are the packaged messages and reviews, repeated up to the rows asked for, and the licence texts of the tests as
documents (rows / 50 of them). `gain` is the wall time of one thread over that of several; on a busy machine read
`overlap`, processor seconds a wall second with several threads over the same with one, which does not depend on the
others' load as much. The outcome of every batch is checked to be the same.
"""

import argparse
import csv
import gzip
import json
import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from curation.demo import SETS  # noqa: E402
from curation.engine.plan import Plan  # noqa: E402
from curation.engine.steps.base import Context, Outcome, Step  # noqa: E402

BATCH = 10_000
STEPS: list[dict[str, Any]] = [
    {"name": "repair_mojibake"},
    {"name": "strip_markup"},
    {"name": "normalize_text"},
    {"name": "detect_language"},
    {"name": "filter_length", "params": {"min_words": 3}},
    {"name": "filter_repetition", "params": {"from_words": 0}},
    {"name": "filter_symbols", "params": {"from_words": 0, "from_lines": 0}},
    {"name": "exact_duplicates"},
]


def messages() -> list[str]:
    """Return the texts of the packaged sets."""
    rows = []
    for name in ("sms_spam", "reviews_zh"):
        with gzip.open(SETS[name].path, "rt", encoding="utf-8") as stream:
            rows += [row["text"] for row in csv.DictReader(stream)]
    return rows


def documents() -> list[str]:
    """Return the licence texts of the tests."""
    with gzip.open(ROOT / "tests" / "data" / "near" / "licenses.jsonl.gz", "rt", encoding="utf-8") as stream:
        return [json.loads(line)["text"] for line in stream]


def tables(texts: list[str], rows: int, batch: int) -> list[pa.Table]:
    """Return `rows` rows in batches."""
    chosen = [texts[number % len(texts)] for number in range(rows)]
    whole = pa.table({"item_id": np.arange(1, rows + 1), "text": pa.array(chosen, pa.large_string())})
    return [whole.slice(start, batch) for start in range(0, rows, batch)]


def timed(step: Step, parts: list[pa.Table], state: Any, threads: int) -> tuple[float, float, list[Outcome]]:
    """Return wall and processor seconds of applying a step to all batches, and the outcomes in order."""
    context = Context({"text": "text"})
    wall, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        outcomes = list(pool.map(lambda part: step.apply(part, state, context), parts))
    return time.perf_counter() - wall, time.process_time() - cpu, outcomes


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, pyarrow {pa.__version__}, numba {numba.__version__}")
    pa.set_cpu_count(1)
    sets = {
        "messages": tables(messages(), options.rows, BATCH),
        "documents": tables(documents(), options.rows // 50, 100),
    }
    print(f"{'step':20} {'texts':10} {'1 wall':>7} {'cpu':>6} {options.threads:>2} wall {'cpu':>6} {'gain':>5} overlap")
    for entry in STEPS:
        step = Plan.from_json({"steps": [entry]}).steps[0]
        for name, parts in sets.items():
            state = step.prepare(lambda parts=parts: iter(parts), Context({"text": "text"}))
            timed(step, parts[:1], state, 1)
            runs = [
                (timed(step, parts, state, 1), timed(step, parts, state, options.threads))
                for _ in range(options.repeat)
            ]
            for (_w, _c, one), (_v, _d, more) in runs:
                assert all(
                    left.kept.equals(right.kept) and left.drops == right.drops
                    for left, right in zip(one, more, strict=True)
                )
            one, more = min(run[0][:2] for run in runs), min(run[1][:2] for run in runs)
            overlap = (more[1] / more[0]) / (one[1] / one[0])
            gain = one[0] / more[0]
            print(
                f"{step.name:20} {name:10} {one[0]:7.2f} {one[1]:6.2f} {more[0]:7.2f} {more[1]:6.2f} "
                f"{gain:5.2f} {overlap:7.2f}"
            )


if __name__ == "__main__":
    main()
