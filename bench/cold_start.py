"""The first preview on a machine whose kernels were never compiled, while it is prepared, and afterwards.

    make bench ARGS="cold_start"

Each plan of one step is tried on three hundred texts in a process of its own, as the plan page does it: from an empty
folder of compiled kernels, and again after `curation.engine.warming`, whose own time is printed between.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

STEPS = ("normalize_text", "detect_language", "filter_repetition", "near_duplicates", "suspicious_labels")


def preview_all(title: str) -> None:
    import pyarrow as pa

    from curation.engine.plan import Plan
    from curation.engine.preview_process import preview_apart

    texts = [f"the quick brown fox number {number} jumps over the lazy dog, and so on" for number in range(300)]
    table = pa.table({"item_id": pa.array(range(300), pa.int64()), "text": texts, "label": ["a", "b"] * 150})
    for name in STEPS:
        began = time.perf_counter()
        plan = Plan.from_json({"steps": [{"name": name}]})
        (done,) = preview_apart(plan, table, {"text": "text", "label": "label"})
        print(f"{title:8}{name:22}{time.perf_counter() - began:6.1f} s  {done.error}")


def main() -> None:
    """Try each plan before the kernels are compiled and after."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print(f"numba {metadata.version('numba')}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
        preview_all("cold")
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "curation.engine.warming"], cwd=ROOT, check=True)
        print(f"warming{time.perf_counter() - began:29.1f} s")
        preview_all("warm")


if __name__ == "__main__":
    main()
