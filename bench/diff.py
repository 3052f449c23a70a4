"""Item-level diff of two versions of a million rows, beside pandas and datacompy in the same run.

    .venv/bin/python bench/diff.py --rows 1000000 [--peer-python PYTHON]

The newer version lacks 5 % of the items (reasons noted), has 5 % new ones, 3 % changed texts and 2 % changed labels.
Each tool runs in a process of its own that reads the two Parquet files; wall and CPU seconds are those of importing its
packages, reading and comparing, memory is the peak of the process. Every tool's counts are checked against the truth.
`--peer-python` names an interpreter that has pandas, datacompy and polars; a tool that is not there is left out.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORDS = "the of and to in is you that it he was for on are as with his they at be this 数据 标注 质量".split()  # noqa: SIM905


def generate(folder: Path, rows: int, seed: int = 5) -> dict[str, int]:
    """Write a.parquet and b.parquet with the product's writer, b's drops, and return the true counts."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from curation.engine.writer import VersionWriter

    random = np.random.default_rng(seed)
    words = np.array(WORDS)
    texts = np.array([" ".join(line) for line in words[random.integers(0, len(words), (rows, 14))]], object)
    texts = texts + np.array([f" {number}" for number in range(rows)], object)
    labels = np.array(["ham", "spam", "other"])[random.integers(0, 3, rows)]
    score = random.random(rows)
    columns = {"item_id": np.arange(1, rows + 1), "text": texts, "label": labels, "score": score}
    fate = random.random(rows)
    gone, text_changed, label_changed = fate < 0.05, (fate >= 0.05) & (fate < 0.08), (fate >= 0.08) & (fate < 0.10)
    new = {name: values.copy() for name, values in columns.items()}
    new["text"][text_changed] = new["text"][text_changed] + " changed"
    new["label"][label_changed] = "corrected"
    came = rows // 20
    kept = {name: values[~gone] for name, values in new.items()}
    extra = {name: values[:came] for name, values in columns.items()} | {
        "item_id": np.arange(rows + 1, rows + 1 + came)
    }
    kept = {name: np.concatenate([kept[name], extra[name]]) for name in kept}
    for name, data in (("a", columns), ("b", kept)):
        (folder / name).mkdir()
        writer = VersionWriter(folder / name, roles={"text": "text", "label": "label"}, part_rows=1 << 40)
        table = pa.table(
            {key: pa.array(list(values) if values.dtype == object else values) for key, values in data.items()}
        )
        for start in range(0, table.num_rows, 10_000):
            writer.write(table.slice(start, 10_000))
        manifest = writer.finish()
        (folder / name / "manifest.json").write_text(json.dumps(manifest.to_json()))
    ids = columns["item_id"][gone]
    notes = {"step": ["length"] * len(ids), "reason": ["too_short"] * len(ids), "detail": ["12 < 20"] * len(ids)}
    pq.write_table(pa.table({"item_id": ids, **notes}), folder / "b" / "drops.parquet")
    changed = int((text_changed | label_changed).sum())
    return {"added": came, "dropped": int(gone.sum()), "changed": changed}


def opened(folder: Path) -> Any:
    from curation.engine.manifest import VersionManifest
    from curation.engine.reader import VersionReader

    manifest = VersionManifest.from_json(json.loads((folder / "manifest.json").read_text("utf-8")))
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def ours(folder: Path) -> dict[str, int]:
    from curation.engine.diff import write_diff
    from curation.engine.drop_notes import Drops

    older, newer = opened(folder / "a"), opened(folder / "b")
    summary = write_diff(older, newer, folder / "out.parquet", drops=[Drops(1, folder / "b" / "drops.parquet")])
    assert summary["explained"] == summary["dropped"]
    return {name: summary[name] for name in ("added", "dropped", "changed")}


def counts_only(folder: Path) -> dict[str, int]:
    from curation.engine.diff import diff_versions

    older, newer = opened(folder / "a"), opened(folder / "b")
    found = diff_versions(older, newer)
    return {"added": found.added, "dropped": found.dropped, "changed": found.changed}


def pandas_merge(folder: Path) -> dict[str, int]:
    import pandas as pd

    old, new = (pd.read_parquet(folder / name / "part-00000.parquet") for name in ("a", "b"))
    joined = old.merge(new, on="item_id", how="outer", suffixes=("_old", "_new"), indicator=True)
    both = joined[joined["_merge"] == "both"]
    changed = False
    for name in ("text", "label", "score"):
        left, right = both[f"{name}_old"], both[f"{name}_new"]
        changed = changed | ((left != right) & ~(left.isna() & right.isna()))
    both[changed].to_parquet(folder / "pandas.parquet")
    sides = joined["_merge"].value_counts()
    return {"added": int(sides["right_only"]), "dropped": int(sides["left_only"]), "changed": int(changed.sum())}


def pandas_compare(folder: Path) -> dict[str, int]:
    import pandas as pd

    old, new = (pd.read_parquet(folder / name / "part-00000.parquet").set_index("item_id") for name in ("a", "b"))
    shared = old.index.intersection(new.index)
    found = old.loc[shared].compare(new.loc[shared])
    return {"added": len(new) - len(shared), "dropped": len(old) - len(shared), "changed": len(found)}


def datacompy_pandas(folder: Path) -> dict[str, int]:
    import datacompy
    import pandas as pd

    old, new = (pd.read_parquet(folder / name / "part-00000.parquet") for name in ("a", "b"))
    compare = getattr(datacompy, "PandasCompare", None) or datacompy.Compare
    found = compare(old, new, join_columns="item_id")
    changed = len(found.intersect_rows) - found.count_matching_rows()
    return {"added": len(found.df2_unq_rows), "dropped": len(found.df1_unq_rows), "changed": changed}


def datacompy_polars(folder: Path) -> dict[str, int]:
    import datacompy
    import polars as pl

    old, new = (pl.read_parquet(folder / name / "part-00000.parquet") for name in ("a", "b"))
    found = datacompy.PolarsCompare(old, new, join_columns="item_id")
    changed = len(found.intersect_rows) - found.count_matching_rows()
    return {"added": len(found.df2_unq_rows), "dropped": len(found.df1_unq_rows), "changed": changed}


TOOLS = {
    tool.__name__: tool
    for tool in (ours, counts_only, pandas_merge, pandas_compare, datacompy_pandas, datacompy_polars)
}


def one(tool: str, folder: Path) -> None:
    """Run one tool in this process and print its figures."""
    before, started = time.process_time(), time.perf_counter()
    counts = TOOLS[tool](folder)
    wall, spent = time.perf_counter() - started, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    counts = {name: int(count) for name, count in counts.items()}
    print(json.dumps({"tool": tool, "wall_s": round(wall, 2), "cpu_s": round(spent, 2), "peak_mb": peak, **counts}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--one", nargs=2, metavar=("TOOL", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--generate", nargs=2, metavar=("ROWS", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.generate:
        print(json.dumps(generate(Path(options.generate[1]), int(options.generate[0]))))
        return
    if options.one:
        one(options.one[0], Path(options.one[1]))
        return
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            # In a process of its own: a child's peak begins at its parent's.
            command = [sys.executable, __file__, "--generate", str(rows), folder]
            truth = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            for tool in TOOLS:
                own = tool in ("ours", "counts_only")
                command = [sys.executable if own else options.peer_python, __file__, "--one", tool, folder]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    print(json.dumps({"tool": tool, "left_out": done.stderr.strip().splitlines()[-1]}))
                    continue
                figures: dict[str, Any] = json.loads(done.stdout)
                right = {name: figures.pop(name) for name in truth} == truth
                print(json.dumps({"rows": rows, **figures, "right": right}))


if __name__ == "__main__":
    main()
