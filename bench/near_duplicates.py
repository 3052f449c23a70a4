"""Near-duplicate texts: throughput, memory and exactness of the engine, with rensa and datasketch beside it.

    python bench/near_duplicates.py FILE [--field text] [--shingles word:3] [--threshold 0.7] [--rows 10000 100000]
        [--peers PYTHON] [--beside rensa] [--peer-rows 100000] [--check-rows 100000]

FILE is JSON Lines, CSV (gzip too) or Parquet. The first rows of it are used, for each of --rows and then all (--rows 0:
all alone). Every measurement runs in a process of its own. Times are processor seconds of all threads together, with
tokenising and without reading the file; memory is the peak of the process above what it held with the texts read.

--check-rows: the pairs are compared with those of an independent exact join: Python's own tokens, shingles as strings
without hashing, overlaps as a product of sparse matrices (scipy). 0 means all rows.

--peers PYTHON: the interpreter of an environment with rensa, datasketch, numpy and pyarrow (this one if left out; what
is missing is named). Peers drop a text when their index (128 permutations) holds a similar one, else they keep it. A
drop is right when a kept earlier text has at least the threshold by the exact join; a kept text with such a one is
missed.
"""

import argparse
import importlib.metadata
import json
import math
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEERS = ("rensa", "datasketch")
PERMUTATIONS = 128


def read_texts(path: Path, field: str, rows: int) -> Any:
    """Return the first rows of the text column as large strings; all when `rows` is 0."""
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.json as pj
    import pyarrow.parquet as pq

    if path.suffix == ".parquet":
        column = pq.read_table(path, columns=[field])[field]
    elif path.name.endswith((".csv", ".csv.gz")):
        chosen = pc.ConvertOptions(include_columns=[field], column_types={field: pa.string()})
        with pa.input_stream(path) as stream:
            column = pc.read_csv(
                stream, parse_options=pc.ParseOptions(newlines_in_values=True), convert_options=chosen
            )[field]
    else:
        options = pj.ParseOptions(explicit_schema=pa.schema([(field, pa.string())]), unexpected_field_behavior="ignore")
        with pa.input_stream(path) as stream:
            column = pj.read_json(stream, pj.ReadOptions(block_size=16 << 20), options)[field]
    column = column.slice(0, rows) if rows else column
    return pa.concat_arrays(column.cast(pa.large_string()).chunks).fill_null("")


def shingles_of(text: str, words: bool, size: int) -> set[str]:
    """Return the set of shingles of a text as strings, by Python's own means."""
    lowered = text.lower()
    found = re.findall(r"[^\W_]+", lowered) if words else [letter for letter in lowered if not letter.isspace()]
    if len(found) < size:
        return {" ".join(found)} if found else set()
    return {" ".join(found[place : place + size]) for place in range(len(found) - size + 1)}


def status_mb(name: str) -> int:
    """Return a line of this process's memory in MB: VmRSS now, VmHWM the most so far."""
    found = re.search(name + r":\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def peak_from_here() -> int:
    """Forget the peak so far (reading costs more than what stays of it) and return the memory held now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return status_mb("VmRSS")


def run_engine(texts: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Search once and save pairs of sets and the set of each text."""
    import numpy as np

    sys.path.insert(0, str(ROOT))
    from curation.engine.near.search import Search
    from curation.engine.near.shingles import Shingles

    search = Search(Shingles.parse(options.shingles), options.threshold, options.method)
    # Loads the compiled kernels and tables, which a service does once.
    search.run([texts.slice(0, 10_000)])
    before, cpu, wall = peak_from_here(), time.process_time(), time.perf_counter()
    result = search.run([texts])
    clusters = result.clusters()
    figures = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    figures["memory_mb"] = status_mb("VmHWM") - before
    np.savez(options.save, group=result.group, left=result.left, right=result.right, overlap=result.overlap)
    kept = {name: result.figures[name] for name in ("sets", "candidates", "pairs_of_sets", "seconds")}
    return {**figures, "method": result.method, "recall": result.recall, "clusters": clusters.count, **kept}


def run_rensa(texts: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Deduplicate with rensa's documented way for whole collections."""
    from rensa import RMinHashDeduplicator

    words, size = options.shingles.startswith("word"), int(options.shingles.split(":")[1])
    index = RMinHashDeduplicator(threshold=options.threshold, num_perm=PERMUTATIONS, use_lsh=True)
    before, cpu, wall = peak_from_here(), time.process_time(), time.perf_counter()
    keep = index.add_pairs(
        (str(number), list(shingles_of(text, words, size))) for number, text in enumerate(each_text(texts))
    )
    figures = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    return save_drops([not stays for stays in keep], figures, before, options)


def run_datasketch(texts: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Deduplicate with datasketch: ask the index, and insert what is like nothing in it."""
    from datasketch import MinHash, MinHashLSH

    words, size = options.shingles.startswith("word"), int(options.shingles.split(":")[1])
    index = MinHashLSH(threshold=options.threshold, num_perm=PERMUTATIONS)
    before, cpu, wall = peak_from_here(), time.process_time(), time.perf_counter()
    drops = []
    for number, text in enumerate(each_text(texts)):
        sketch = MinHash(num_perm=PERMUTATIONS)
        found = [shingle.encode() for shingle in shingles_of(text, words, size)]
        if found:
            sketch.update_batch(found)
        similar = bool(index.query(sketch))
        drops.append(similar)
        if not similar:
            index.insert(number, sketch)
    figures = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    return save_drops(drops, figures, before, options)


def each_text(texts: Any) -> Iterator[str]:
    """Give the texts as strings, a thousand at a time."""
    for start in range(0, len(texts), 1000):
        yield from texts.slice(start, 1000).to_pylist()


def save_drops(drops: list[bool], figures: dict[str, Any], before: int, options: argparse.Namespace) -> dict[str, Any]:
    """Save which texts a peer dropped and return its figures."""
    import numpy as np

    figures["memory_mb"] = status_mb("VmHWM") - before
    np.savez(options.save, drops=np.array(drops, bool))
    return figures


def run_check(texts: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Compare saved pairs with those of the independent join; texts with one set must be in one group."""
    import numpy as np
    from scipy.sparse import csr_array

    words, size = options.shingles.startswith("word"), int(options.shingles.split(":")[1])
    names: dict[str, int] = {}
    sets: dict[frozenset[int], int] = {}
    group = []
    for text in each_text(texts):
        found = frozenset(names.setdefault(shingle, len(names)) for shingle in shingles_of(text, words, size))
        group.append(sets.setdefault(found, len(sets)) if found else -1)
    saved = np.load(options.save)
    # Both number sets in order of first texts, so equal groups mean equal numbers.
    wrong_groups = int((np.array(group) != saved["group"]).sum())
    sizes = np.array([len(found) for found in sets])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    columns = np.fromiter((number for found in sets for number in found), np.int64, int(starts[-1]))
    matrix = csr_array((np.ones(len(columns), np.int32), columns, starts), shape=(len(sets), len(names)))
    other = matrix.T.tocsr()
    over, under = (round(options.threshold * 10**6), 10**6)
    true = []
    for start in range(0, len(sets), 5000):
        product = (matrix[start : start + 5000] @ other).tocoo()
        one, two, common = product.row.astype(np.int64) + start, product.col.astype(np.int64), product.data
        good = (one < two) & (common.astype(np.int64) * under >= over * (sizes[one] + sizes[two] - common))
        true.append((one[good] << 32) | two[good])
    wanted = np.sort(np.concatenate(true))
    found = np.sort((saved["left"].astype(np.int64) << 32) | saved["right"])
    both = len(np.intersect1d(wanted, found))
    return {
        "true_pairs": len(wanted),
        "found_pairs": len(found),
        "precision": both / len(found) if len(found) else 1.0,
        "recall": both / len(wanted) if len(wanted) else 1.0,
        "texts_in_another_group": wrong_groups,
    }


RUNS = {"engine": run_engine, "check": run_check, "rensa": run_rensa, "datasketch": run_datasketch}


def drops_judged(exact: Path, peer: Path) -> dict[str, float]:
    """Return how many of a peer's drops are right, and how many of the texts that should have gone went."""
    import numpy as np

    saved, drops = np.load(exact), np.load(peer)["drops"]
    group = saved["group"][: len(drops)]
    # The first kept text of each set: an earlier one of the same set, or of a paired set, makes a drop right.
    first = np.full(int(group.max()) + 1, 1 << 60)
    kept = np.flatnonzero(~drops & (group >= 0))[::-1]
    first[group[kept]] = kept
    earliest = first.copy()
    np.minimum.at(earliest, saved["left"], first[saved["right"]])
    np.minimum.at(earliest, saved["right"], first[saved["left"]])
    texts = np.arange(len(drops))
    should = (group >= 0) & (earliest[np.maximum(group, 0)] < texts)
    right = int((drops & should).sum())
    return {
        "dropped": int(drops.sum()),
        "drops_right": right / max(1, int(drops.sum())),
        "found_of_all": right / max(1, right + int((~drops & should).sum())),
    }


def measure(options: argparse.Namespace, what: str, rows: int, save: Path, python: str) -> dict[str, Any]:
    """Run one measurement in a fresh process and return its figures."""
    command = [python, __file__, str(options.file), "--field", options.field, "--shingles", options.shingles]
    command += ["--threshold", str(options.threshold), "--rows", str(rows), "--one", what, "--save", str(save)]
    done = subprocess.run([*command, "--method", options.method], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def show(what: str, figures: dict[str, Any]) -> None:
    """Print one line of figures."""
    rows = figures["texts"]
    if "cpu_s" in figures:
        figures["texts_per_cpu_s"] = round(rows / figures["cpu_s"])
        figures["bytes_a_text"] = round(figures["memory_mb"] * 2**20 / rows)
    print(what, json.dumps({key: round(v, 4) if isinstance(v, float) else v for key, v in figures.items()}), flush=True)


def installed(python: str) -> dict[str, str]:
    """Return the versions of the peers that an interpreter can import."""
    code = (
        "import importlib.metadata as m, importlib.util as u, json\n"
        f"print(json.dumps({{p: m.version(p) for p in {PEERS!r} if u.find_spec(p)}}))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure sizes, exactness and peers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--field", default="text")
    parser.add_argument("--shingles", default="word:3")
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--method", default="auto")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--beside", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--peer-rows", type=int, default=100_000)
    parser.add_argument("--check-rows", type=int, default=100_000)
    parser.add_argument("--one", choices=list(RUNS), help=argparse.SUPPRESS)
    parser.add_argument("--save", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        texts = read_texts(options.file, options.field, options.rows[0])
        print(json.dumps({"texts": len(texts), **RUNS[options.one](texts, options)}))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options, Path(folder))


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Run every measurement and print one line for each."""
    versions = {name: importlib.metadata.version(name) for name in ("numba", "numpy", "pyarrow")}
    print(json.dumps({"shingles": options.shingles, "threshold": options.threshold, **versions}))
    save = folder / "engine.npz"
    measure(options, "engine", 100, save, sys.executable)
    points = []
    for rows in dict.fromkeys([*options.rows, 0]):
        figures = measure(options, "engine", rows, save, sys.executable)
        show("engine", figures)
        points.append((math.log(figures["texts"]), math.log(figures["cpu_s"])))
    if len(points) > 1:
        (a, b), (c, d) = points[0], points[-1]
        print(f"growth: n^{(d - b) / (c - a):.2f} from {math.exp(a):,.0f} to {math.exp(c):,.0f} texts")
    if options.check_rows >= 0:
        measure(options, "engine", options.check_rows, save, sys.executable)
        show("check against an independent join", measure(options, "check", options.check_rows, save, sys.executable))
    found = installed(options.peers)
    measure(options, "engine", options.peer_rows, save, sys.executable)
    for name in options.beside:
        if name not in found:
            print(f"{name} is not installed for {options.peers}")
            continue
        figures = measure(options, name, options.peer_rows, folder / "peer.npz", options.peers)
        show(f"{name} {found[name]}", {**figures, **drops_judged(save, folder / "peer.npz")})


if __name__ == "__main__":
    main()
