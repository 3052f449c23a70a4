"""The same near-duplicates by every way: one array, shards over files, DuckDB, and PySpark where it is installed.

    python bench/near_ways.py [--ways shards duckdb spark]

Licence texts by words and characters, short messages, and Chinese reviews by characters, as they lie in this
repository. Each way must give the same pairs with the same overlaps and the same clusters as the join in one array; one
line says so for each, with seconds of wall time (small sets: they say what starting costs, not how fast a way is).
Needs numpy, pyarrow, numba and ibis-framework alone, so that it runs in an environment made for PySpark: see ``make
test-spark``.
"""

import argparse
import csv
import gzip
import importlib.metadata
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SETS = {
    "licenses": ROOT / "tests" / "data" / "near" / "licenses.jsonl.gz",
    "sms_spam": ROOT / "curation" / "demo" / "data" / "sms_spam.csv.gz",
    "reviews_zh": ROOT / "curation" / "demo" / "data" / "reviews_zh.csv.gz",
}
SEARCHES = (
    ("licenses", "word:5", 0.7),
    ("licenses", "char:5", 0.5),
    ("sms_spam", "word:3", 0.6),
    ("reviews_zh", "char:5", 0.6),
    ("reviews_zh", "char:3", 0.3),
)


def texts_of(name: str) -> list[str]:
    """Return the texts of a set."""
    with gzip.open(SETS[name], "rt", encoding="utf-8", newline="") as lines:
        if SETS[name].name.endswith(".jsonl.gz"):
            return [json.loads(line)["text"] for line in lines]
        return [row["text"] for row in csv.DictReader(lines)]


def ways(texts: Any, spec: str, threshold: float, folder: Path) -> dict[str, Callable[[], Any]]:
    """Return what finds the near-duplicates of texts, by the name of the way."""
    from curation.engine.near.relations import duckdb_connection, search_relations, spark_connection
    from curation.engine.near.search import Search
    from curation.engine.near.shingles import Shingles
    from curation.engine.near.space import Space

    shingles = Shingles.parse(spec)
    search = Search(shingles, threshold)

    def queried(opened: Any) -> Any:
        with opened as connection:
            return search_relations([texts], shingles, threshold, connection, folder / "tables")

    return {
        "array": lambda: search.run([texts]),
        "shards": lambda: search.run([texts], space=Space(folder / "space", 1 << 18)),
        "duckdb": lambda: queried(duckdb_connection(folder, 512 << 20)),
        "spark": lambda: queried(spark_connection("local[2]")),
    }


def same(one: Any, other: Any) -> bool:
    """Tell whether two results are equal to the last pair."""
    import numpy as np

    names = ("group", "sizes", "left", "right", "overlap")
    arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    return arrays and np.array_equal(one.clusters().label, other.clusters().label)


def main() -> None:
    """Compare and print; exit 1 when a way differs."""
    import pyarrow as pa

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", nargs="+", default=["shards", "duckdb"], choices=["shards", "duckdb", "spark"])
    options = parser.parse_args()
    packages = ("ibis-framework", "duckdb", "pyspark", "pandas", "pyarrow")
    found = {one.metadata["Name"].lower(): one.version for one in importlib.metadata.distributions()}
    print(json.dumps({name: found[name] for name in packages if name in found}), flush=True)
    wrong = 0
    for name, spec, threshold in SEARCHES:
        texts = pa.array(texts_of(name), pa.large_string())
        with tempfile.TemporaryDirectory() as folder:
            by_way = ways(texts, spec, threshold, Path(folder))
            wanted = by_way["array"]()
            for way in options.ways:
                started = time.perf_counter()
                result = by_way[way]()
                equal = same(wanted, result)
                wrong += not equal
                figures = {"texts": len(texts), "pairs_of_sets": len(result.left), "clusters": result.clusters().count}
                figures |= {"same": equal, "wall_s": round(time.perf_counter() - started, 2)}
                print(f"{name} {spec} at {threshold} by {way}: {json.dumps(figures)}", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
