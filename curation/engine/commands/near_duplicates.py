"""``near-duplicates FILE``: all pairs of near-duplicate texts of a file, and their clusters."""

import argparse
import re
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curation.engine.commands.columns import Columns, read_columns
from curation.engine.commands.tables import check_output, write_tables
from curation.engine.near.clusters import KEEP
from curation.engine.near.shingles import Shingles
from curation.engine.near.space import MEMORY, Space

if TYPE_CHECKING:
    from curation.engine.near.result import NearDuplicates
    from curation.engine.near.search import Search

WAYS = ("shards", "duckdb", "spark")
WAY_HELP = "shards: ours, on the disk when memory is short; duckdb, spark: the join as a query"
# Pairs of equal texts grow with the square of their number; 100 million are a file of about 4 GB.
ROW_LIMIT = 100_000_000
STAGES = {"shingles": "reading and hashing", "frequencies": "ranking shingles", "pairs": "joining"}


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser(
        "near-duplicates",
        help="list all pairs of near-duplicate texts",
        description="Lists every pair of texts whose sets of shingles have at least the given Jaccard similarity, "
        "exactly. word: lower-cased runs of Unicode letters and digits; char: lower-cased characters without white "
        "space. A text with fewer than K tokens has one shingle of all its tokens; a text without any matches nothing.",
    )
    command.add_argument("input", type=Path, metavar="FILE", help="CSV, TSV, JSONL, JSON or Parquet; gzip too")
    command.add_argument("--field", help="column of the text; found by its name if left out")
    command.add_argument("--id", help="column of the ids; found by its name, or else rows are counted from 1")
    command.add_argument("--shingles", default="auto", help="word:K or char:K; auto chooses word:5, or char:5 for CJK")
    command.add_argument("--threshold", type=float, default=0.8, help="least similarity, above 0 to 1 (0.8)")
    command.add_argument(
        "--pairs", type=Path, metavar="OUT", help="write id1,id2,jaccard: .csv, .jsonl (.gz), .parquet"
    )
    command.add_argument("--clusters", type=Path, metavar="OUT", help="write cluster,id,kept: the same formats")
    command.add_argument("--keep", default="first", choices=[name for name in KEEP if name in {"first", "longest"}])
    command.add_argument("--limit", type=int, default=ROW_LIMIT, help=f"most pairs to write ({ROW_LIMIT:,})")
    command.add_argument("--method", default="auto", choices=["auto", "exact", "minhash"])
    command.add_argument("--threads", type=int, help="all processors if left out")
    command.add_argument("--way", default="shards", choices=WAYS, help=WAY_HELP)
    command.add_argument(
        "--spark", default="", metavar="MASTER", help="address of the cluster, or local[N]; else as Spark is set up"
    )
    command.add_argument(
        "--memory", type=parse_size, default=MEMORY, metavar="SIZE", help="memory for shingles, as 500M or 2G (2G)"
    )
    command.add_argument(
        "--work",
        type=Path,
        metavar="FOLDER",
        help="for what does not fit memory; a search that is cut off goes on there",
    )
    command.set_defaults(run=run)


@dataclass(slots=True)
class _Input:
    """The texts as they go by; ids and lengths stay."""

    columns: Columns
    ids: list[pa.Array] = field(default_factory=list)
    lengths: list[Any] = field(default_factory=list)
    rows: int = 0

    def texts(self) -> Iterator[pa.Array]:
        import pyarrow.compute as pc

        for texts, ids in self.columns.batches:
            self.rows += len(texts)
            self.ids.append(ids if ids is not None else pa.array(np.arange(self.rows - len(texts), self.rows) + 1))
            self.lengths.append(pc.fill_null(pc.utf8_length(texts), 0).to_numpy())
            _show(f"{STAGES['shingles']}: {self.rows:,} texts")
            yield texts


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Search, write, and return the summary.

    Raises:
        ValueError: An argument is wrong, or there are too many pairs to list.
        ReadError: The file cannot be read.
    """
    # The compiler is slow to import; wrong arguments are answered before.
    if options.shingles != "auto":
        Shingles.parse(options.shingles)
    for path in (options.pairs, options.clusters):
        if path is not None:
            check_output(path)
    from curation.engine.near.search import Search, suited_shingles

    if options.shingles == "auto":
        start = read_columns(options.input, options.field, options.id)
        shingles = suited_shingles(texts for texts, _ids in start.batches)
    else:
        shingles = Shingles.parse(options.shingles)
    search = Search(shingles, options.threshold, options.method, options.threads)
    source = _Input(read_columns(options.input, options.field, options.id))
    with _work(options.work) as folder:
        result = _search(search, source, options, folder)
        written = _write(options, result, source)
        summary = {**_summary(options, result, source), **written}
    _show("")
    for sentence in source.columns.notes:
        print(sentence, file=sys.stderr)
    return summary


@contextmanager
def _work(asked: Path | None) -> Iterator[Path]:
    """Give the folder for what does not fit memory; it is removed when all is done."""
    if asked is None:
        with tempfile.TemporaryDirectory(prefix="near-duplicates-") as folder:
            yield Path(folder) / "search"
        return
    yield asked / "search"
    shutil.rmtree(asked / "search", ignore_errors=True)


def _search(search: "Search", source: _Input, options: argparse.Namespace, folder: Path) -> "NearDuplicates":
    def show(stage: str) -> None:
        _show(STAGES[stage])

    if options.way == "shards":
        file = options.input.stat()
        key = f"{options.input.resolve()} {file.st_size} {file.st_mtime_ns} {source.columns.field}"
        return search.run(source.texts(), show, Space(folder, options.memory, source=key))
    if options.method == "minhash":
        raise ValueError("--method minhash goes with --way shards; the databases join exactly.")
    from curation.engine.near.relations import duckdb_connection, search_relations, spark_connection

    opened = (
        spark_connection(options.spark)
        if options.way == "spark"
        else duckdb_connection(folder, options.memory, options.threads)
    )
    with opened as connection:
        return search_relations(source.texts(), search.shingles, search.threshold, connection, folder / "tables", show)


def parse_size(text: str) -> int:
    """Return the bytes of ``500M``, ``2G`` or a plain number.

    Raises:
        argparse.ArgumentTypeError: It is none of these, or below a megabyte.
    """
    found = re.fullmatch(r"(\d+)([KMG]?)B?", text.strip().upper())
    size = int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[found[2]] if found else 0
    if size < 1 << 20:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it as 500M or 2G, one megabyte at least")
    return size


def _write(options: argparse.Namespace, result: "NearDuplicates", source: _Input) -> dict[str, Any]:
    ids = pa.chunked_array(source.ids) if source.ids else pa.chunked_array([pa.array([], pa.string())])
    ids = ids.combine_chunks() if ids.num_chunks else pa.array([], ids.type)
    written: dict[str, Any] = {}
    clusters = result.clusters()
    if options.clusters is not None:
        scores = [np.concatenate(source.lengths)] if options.keep == "longest" and source.lengths else []
        stays, members = clusters.keep(*scores), clusters.members()
        columns = {
            "cluster": pa.array(clusters.label[members] + 1),
            "id": ids.take(pa.array(members)),
            "kept": pa.array(stays[members] == members),
        }
        table = pa.table(columns)
        write_tables(options.clusters, table.schema, iter([table]))
    if options.pairs is not None:
        if not result.listed:
            raise ValueError(
                "There are more pairs of different texts than can be listed. A higher --threshold gives fewer; "
                "--clusters without --pairs works in any case."
            )
        total = result.pair_count()
        schema = pa.schema([("id1", ids.type), ("id2", ids.type), ("jaccard", pa.float64())])
        write_tables(options.pairs, schema, _pair_tables(result, ids, options.limit))
        written["pairs_written"] = min(total, options.limit)
        if total > options.limit:
            print(f"Only the first {options.limit:,} of {total:,} pairs were written: see --limit.", file=sys.stderr)
    return written


def _pair_tables(result: "NearDuplicates", ids: pa.Array, limit: int) -> Iterator[pa.Table]:
    for first, second, jaccard in result.blocks_of_pairs(limit):
        one, two = ids.take(pa.array(first)), ids.take(pa.array(second))
        yield pa.table({"id1": one, "id2": two, "jaccard": pa.array(jaccard)})


def _summary(options: argparse.Namespace, result: "NearDuplicates", source: _Input) -> dict[str, Any]:
    clusters = result.clusters()
    return {
        "file": options.input.name,
        "field": source.columns.field,
        "id": source.columns.id,
        "shingles": str(result.shingles),
        "threshold": float(result.threshold),
        "method": result.method,
        "recall": result.recall,
        "rows_refused": source.columns.refused,
        "pairs": result.pair_count() if result.listed else None,
        "clusters": clusters.count,
        "texts_in_clusters": int((clusters.label >= 0).sum()),
        "duplicate_share": round(result.duplicate_share(), 6),
        **result.figures,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _show(stage: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{stage:60.60s}" if stage else "", end="" if stage else "\n", file=sys.stderr, flush=True)
