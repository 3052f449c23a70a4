"""Near-duplicates from 10,000 to 10 million short texts: processor time, peak memory, and how both grow.

    python bench/near_slope.py FILE [--field text] [--rows 10000 100000 1000000 10000000] [--shingles word:3]
        [--threshold 0.7] [--memory 512M] [--ways array shards duckdb] [--folder FOLDER]

FILE is Parquet with a column of short texts (package summaries, say). More rows than it has are made of it: further
copies of its texts, in which nine of ten texts get each of their words replaced with a chance of one half, and one of
ten gets one word replaced; the new words are drawn from all words of the file as often as they stand there. So the
shares of near-duplicates, of common words and of lengths stay about as they are. The same seed gives the same texts.

Ways: ``array``, all in memory; ``shards``, over files above --memory; ``duckdb``, the join as a query within --memory.
Each measurement runs in a process of its own and reads the texts batch by batch. Times are processor seconds of all
threads, with reading; reading alone is given beside. Memory is above that of the loaded program: ``peak_mb`` with the
pages of mapped files, which the system may take back, ``own_mb`` without them.
"""

import argparse
import importlib.metadata
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SEED = 20261125
BLOCK = 200_000


def write_texts(source: Path, field: str, rows: int, target: Path) -> None:
    """Write the first rows of a file, and as many edited copies as it takes."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    texts = pq.read_table(source, columns=[field])[field].cast(pa.large_string()).combine_chunks().fill_null("")
    if isinstance(texts, pa.ChunkedArray):
        texts = pa.concat_arrays(texts.chunks)
    words = pc.split_pattern(texts, " ").flatten()
    schema = pa.schema([("text", pa.large_string())])
    with pq.ParquetWriter(target, schema) as writer:
        for start in range(0, rows, BLOCK):
            place = np.arange(start, min(start + BLOCK, rows))
            block = texts.take(pa.array(place % len(texts)))
            if place[-1] >= len(texts):
                block = _edited(block, place >= len(texts), words, np.random.default_rng([SEED, start]))
            writer.write_table(pa.table([block], schema=schema))


def _edited(block: Any, copies: Any, words: Any, rng: Any) -> Any:
    """Return texts with words replaced where `copies` says that they stand further up already."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    split = pc.split_pattern(block, " ")
    counts = pc.list_value_length(split).to_numpy()
    owner = np.repeat(np.arange(len(block)), counts)
    first = np.cumsum(counts) - counts
    one = first + (rng.random(len(block)) * counts).astype(np.int64)
    heavy = rng.random(len(block)) < 0.9
    replaced = heavy[owner] & (rng.random(len(owner)) < 0.5)
    replaced[one] = True
    replaced &= copies[owner]
    drawn = words.take(pa.array(rng.integers(0, len(words), len(owner))))
    mixed = pc.if_else(pa.array(replaced), drawn, split.flatten())
    lists = pa.ListArray.from_arrays(pa.array(np.append(first, len(owner)), pa.int32()), mixed.cast(pa.string()))
    return pc.binary_join(lists, " ").cast(pa.large_string())


def read(path: Path) -> Iterator[Any]:
    """Give the texts batch by batch."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=10_000, use_threads=False):
            yield batch.column(0)


def status_mb(name: str) -> float:
    """Return a line of this process's memory in MB."""
    found = re.search(name + r":\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


class Watch(threading.Thread):
    """The most memory of its own that this process held, looked at fifty times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(0.02):
            self.most = max(self.most, status_mb("RssAnon"))

    def stop(self) -> float:
        """End and return the most, in MB."""
        self._end.set()
        self.join()
        return self.most


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Search once, in this process, and return the figures."""
    sys.path.insert(0, str(ROOT))
    from curation.engine.commands.near_duplicates import parse_size
    from curation.engine.near.search import Search
    from curation.engine.near.shards import LocalShards
    from curation.engine.near.shingles import Shingles
    from curation.engine.near.space import Space

    shingles, folder = Shingles.parse(options.shingles), options.folder / "space"
    search, memory = Search(shingles, options.threshold), parse_size(options.memory)
    few = next(read(options.file))
    # Loads the compiled kernels of both ways, which a service does once.
    search.run([few])
    search.run([few], space=Space(folder, 1 << 16, LocalShards()))
    shutil.rmtree(folder, ignore_errors=True)
    cpu = time.process_time()
    rows = sum(len(batch) for batch in read(options.file))
    reading = time.process_time() - cpu
    Path("/proc/self/clear_refs").write_text("5")
    before, own_before, watch = status_mb("VmRSS"), status_mb("RssAnon"), Watch()
    watch.start()
    cpu, wall = time.process_time(), time.perf_counter()
    if options.one == "duckdb":
        from curation.engine.near.relations import duckdb_connection, search_relations

        with duckdb_connection(folder, memory) as connection:
            result = search_relations(read(options.file), shingles, options.threshold, connection, folder / "tables")
    else:
        result = search.run(read(options.file), space=Space(folder, memory) if options.one == "shards" else None)
    clusters = result.clusters()
    figures = {"texts": rows, "cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    figures |= {"reading_cpu_s": reading, "own_mb": watch.stop() - own_before, "peak_mb": status_mb("VmHWM") - before}
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.exists() else 0
    names = ("sets", "different_shingles_of_sets", "sets_that_may_match", "candidates", "pairs_of_sets", "shards")
    shown = {name: result.figures[name] for name in (*names, "seconds") if name in result.figures}
    return {**figures, "left_on_disk_mb": disk / 2**20, "clusters": clusters.count, **shown}


def main() -> None:
    """Make the texts of each size, measure each way in a process of its own, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--field", default="text")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--shingles", default="word:3")
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--memory", default="512M")
    parser.add_argument("--ways", nargs="+", default=["array", "shards"], choices=["array", "shards", "duckdb"])
    parser.add_argument("--folder", type=Path, help="for the texts and the shards; a temporary one if left out")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        slope(options, Path(folder))


def slope(options: argparse.Namespace, folder: Path) -> None:
    """Print the figures of all sizes and ways, and the growth from each size to the next."""
    versions = {name: importlib.metadata.version(name) for name in ("numba", "numpy", "pyarrow", "duckdb")}
    how = {"shingles": options.shingles, "threshold": options.threshold, "memory": options.memory}
    print(json.dumps({**how, **versions}), flush=True)
    last: dict[str, dict[str, Any]] = {}
    for rows in options.rows:
        texts = folder / "texts.parquet"
        write_texts(options.file, options.field, rows, texts)
        for way in options.ways:
            command = [sys.executable, __file__, str(texts), "--one", way, "--shingles", options.shingles]
            command += ["--threshold", str(options.threshold), "--memory", options.memory, "--folder", str(folder)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr)
            figures = json.loads(done.stdout.splitlines()[-1])
            figures["own_bytes_a_text"] = figures["own_mb"] * 2**20 / rows
            if way in last:
                ratio = math.log(figures["cpu_s"] / last[way]["cpu_s"]) / math.log(rows / last[way]["texts"])
                figures["cpu_grows_as_n_to"] = ratio
            last[way] = figures
            print(
                way, json.dumps({k: round(v, 2) if isinstance(v, float) else v for k, v in figures.items()}), flush=True
            )
            shutil.rmtree(folder / "space", ignore_errors=True)


if __name__ == "__main__":
    main()
