"""A search whose join runs in a database: texts become two Parquet tables, `relational` says the join over them.

DuckDB is the default: it keeps to a memory limit and spills to a folder. On PySpark (the extra ``spark``) the same
expressions run on a cluster that sees the tables.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curation.engine.near.collection import Collection, Sets, thread_count
from curation.engine.near.ranking import Ranked
from curation.engine.near.relational import pairs, placed
from curation.engine.near.result import NearDuplicates
from curation.engine.near.shingles import Shingles, exact_threshold

# Shingles in a row group; a file is closed at `FILE_ROWS`, so that a cluster has several to read at once.
GROUP_ROWS, FILE_ROWS = 1 << 20, 1 << 24
_SETS = pa.schema([(name, pa.int64()) for name in ("number", "size", "probe", "kept")])
_SHINGLES = pa.schema([(name, pa.int64()) for name in ("number", "shingle")])


def prefix_lengths(sizes: NDArray[np.int32], threshold: Fraction) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many shingles of each set are looked up, and how many are put into the index (see `joining`)."""
    over, under = threshold.numerator, threshold.denominator
    size = sizes.astype(np.int64)
    return size - -(-over * size // under) + 1, size - -(-2 * over * size // (over + under)) + 1


class Relations:
    """Writes the sets of a collection as Parquet, in bounded memory: ``sets.parquet`` and ``shingles/``."""

    def __init__(self, folder: Path) -> None:
        """Empty the folder and begin."""
        shutil.rmtree(folder, ignore_errors=True)
        self.sets, self.shingles = folder / "sets.parquet", folder / "shingles"
        self.shingles.mkdir(parents=True)
        self._writer: pq.ParquetWriter | None = None
        self._files, self._in_file, self._first, self._held = 0, 0, 0, 0
        self._waiting: list[tuple[NDArray[np.uint64], NDArray[np.int32]]] = []

    def add(self, hashes: NDArray[np.uint64], sizes: NDArray[np.int32]) -> None:
        """Take the next sets: their hashes one after the other, and the size of each."""
        self._waiting.append((hashes.copy(), sizes))
        self._held += len(hashes)
        if self._held >= GROUP_ROWS:
            self._flush()

    def finish(self, sets: Sets, threshold: Fraction) -> None:
        """Write what is left, and the table of sets."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
        sizes = sets.sizes
        probe, kept = prefix_lengths(sizes, threshold)
        columns = [np.arange(len(sizes), dtype=np.int64), sizes.astype(np.int64), probe, kept]
        pq.write_table(pa.table(columns, schema=_SETS), self.sets, compression="zstd")

    def _flush(self) -> None:
        hashes = np.concatenate([np.empty(0, np.uint64), *(some for some, _sizes in self._waiting)])
        sizes = np.concatenate([np.empty(0, np.int32), *(some for _hashes, some in self._waiting)])
        numbers = np.repeat(np.arange(self._first, self._first + len(sizes), dtype=np.int64), sizes)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.shingles / f"part-{self._files:05d}.parquet", _SHINGLES)
            self._files += 1
        self._writer.write_table(pa.table([numbers, hashes.view(np.int64)], schema=_SHINGLES))
        self._first += len(sizes)
        self._in_file += len(hashes)
        self._waiting, self._held = [], 0
        if self._in_file >= FILE_ROWS:
            self._writer.close()
            self._writer, self._in_file = None, 0


@contextmanager
def duckdb_connection(folder: Path, memory: int, threads: int | None = None) -> Iterator[Any]:
    """Give an ibis connection to a DuckDB of its own that keeps to `memory` bytes and spills below `folder`.

    Raises:
        ValueError: DuckDB cannot do with so little, even with spilling.
    """
    import duckdb
    import ibis

    spill = folder / "duckdb"
    spill.mkdir(parents=True, exist_ok=True)
    connection = ibis.duckdb.connect(
        memory_limit=f"{max(1, memory >> 20)}MiB",
        temp_directory=str(spill),
        threads=thread_count(threads),
        preserve_insertion_order=False,
    )
    try:
        yield connection
    except duckdb.OutOfMemoryException:
        raise ValueError(
            f"DuckDB cannot do this join within {memory >> 20:,} MB. Give it more memory or fewer threads, or search "
            "in shards, which need less."
        ) from None
    finally:
        connection.disconnect()
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def spark_connection(master: str = "") -> Iterator[Any]:
    """Give an ibis connection to PySpark.

    Args:
        master: The address of the cluster, as Spark writes it; when empty what Spark's own settings say, and this
            machine without any.

    Raises:
        ValueError: The extra ``spark`` is not installed.
    """
    import ibis

    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise ValueError("PySpark is not installed. Install the extra: pip install 'assay[spark]'.") from None
    builder = SparkSession.builder.appName("assay near-duplicates").config("spark.ui.enabled", "false")
    if master.startswith("local"):
        # Spark cuts every shuffle into 200 parts unless told otherwise: on one machine that is all the time it takes.
        builder = builder.config("spark.sql.shuffle.partitions", str(2 * thread_count()))
    session = (builder.master(master) if master else builder).getOrCreate()
    try:
        yield ibis.pyspark.connect(session)
    finally:
        session.stop()


def search_relations(
    batches: Iterable[pa.Array],
    shingles: Shingles,
    threshold: float,
    connection: Any,
    folder: Path,
    progress: Callable[[str], None] = lambda _stage: None,
) -> NearDuplicates:
    """Return the near-duplicates among texts, joined by a database; the same as `Search.run` gives.

    Args:
        batches: Large strings, read once, in order; null counts as empty.
        shingles: What sets are made of.
        threshold: Least Jaccard similarity.
        connection: An ibis connection of DuckDB or PySpark.
        folder: For the tables; emptied first. A cluster must see it under the same name.
        progress: Called with the name of each stage when it starts.
    """
    exact = exact_threshold(threshold)
    progress("shingles")
    tables = Relations(folder)
    collection = Collection(shingles, tables.add)
    collection.add_all(batches)
    sets = collection.finish()
    tables.finish(sets, exact)
    progress("pairs")
    left, right, overlap, ranked = _joined(connection, tables, folder, exact, sets.sizes)
    figures = {
        "texts": len(sets.group),
        "texts_without_tokens": int((sets.group < 0).sum()),
        "sets": len(sets.sizes),
        "different_shingles_of_sets": int(sets.offsets[-1]),
        "pairs_of_sets": len(left),
    }
    return NearDuplicates(
        shingles, exact, "exact", 1.0, True, sets.group, sets.sizes, left, right, overlap, ranked, figures
    )


def _joined(
    connection: Any, tables: Relations, folder: Path, threshold: Fraction, sizes: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], Ranked]:
    """Run the queries. Each writes its rows as Parquet, so that no more than the pairs comes into memory."""
    middle, found, wanted = (folder / f"{name}.parquet" for name in ("placed", "pairs", "paired"))
    # Spark takes a folder by its name, DuckDB by a pattern.
    files = tables.shingles if connection.name == "pyspark" else f"{tables.shingles}/*.parquet"
    # Several parts of the join read these rows: they are written once.
    placed(connection.read_parquet(tables.sets), connection.read_parquet(files)).to_parquet(middle)
    rows = connection.read_parquet(middle)
    pairs(rows, threshold).to_parquet(found)
    columns = (pq.read_table(found, columns=[name])[name].to_numpy() for name in ("left", "right", "overlap"))
    left, right, overlap = (values.astype(np.int32) for values in columns)
    order = np.lexsort((right, left))
    left, right, overlap = left[order], right[order], overlap[order]
    paired = np.union1d(left, right)
    pq.write_table(pa.table({"number": paired.astype(np.int64)}), wanted)
    lists = folder / "lists.parquet"
    rows.semi_join(connection.read_parquet(wanted), "number").select("number", "shingle").to_parquet(lists)
    return left, right, overlap, _ranked(pq.read_table(lists), paired, sizes)


def _ranked(shingles: pa.Table, paired: NDArray[np.int32], sizes: NDArray[np.int32]) -> Ranked:
    """Return the lists of the sets that have a partner, so that any two of them can be compared."""
    numbers, hashes = (shingles[name].to_numpy() for name in ("number", "shingle"))
    names, tokens = np.unique(hashes, return_inverse=True)
    order = np.lexsort((tokens, numbers))
    counts = np.bincount(np.searchsorted(paired, numbers), minlength=len(paired))
    ends = np.cumsum(counts)
    by_size = np.argsort(sizes[paired], kind="stable")
    number = paired[by_size].astype(np.int32)
    return Ranked(
        number, sizes[number], (ends - counts)[by_size], ends[by_size], tokens[order].astype(np.uint32), len(names)
    )
