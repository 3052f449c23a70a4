"""``pii FILE``: the personal data in the texts of a file, as spans."""

import argparse
import gzip
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from curation.engine.commands.columns import read_columns
from curation.engine.pii.configuration import read_recognizers
from curation.engine.pii.scan import LANGUAGES, Scanner


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser(
        "pii",
        help="find personal data and secrets in texts",
        description="Writes one line for each text: its id and the spans found in it, without the values. Offsets are "
        "Unicode code points, the end is exclusive. Scores say how likely a span is what its label says.",
    )
    command.add_argument("input", type=Path, metavar="FILE", help="CSV, TSV, JSONL, JSON or Parquet; gzip too")
    command.add_argument("--field", help="column of the text; found by its name if left out")
    command.add_argument("--id", help="column of the ids; found by its name, or else rows are counted from 1")
    command.add_argument("--language", default="auto", choices=LANGUAGES)
    command.add_argument("--types", default="", help="only these types, with commas: EMAIL,PHONE; all if left out")
    command.add_argument("--recognizers", type=Path, help="YAML with recognizers of your own")
    command.add_argument("--least", type=float, default=0.5, help="least score of a span, 0 to 1 (%(default)s)")
    command.add_argument("--spans", type=Path, metavar="OUT", required=True, help="file to write: .jsonl or .jsonl.gz")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Scan, write, and return the summary.

    Raises:
        ValueError: An argument is wrong.
        ReadError: The file cannot be read.
    """
    out: Path = options.spans
    if not out.name.lower().endswith((".jsonl", ".jsonl.gz")):
        raise ValueError(f"{out.name}: the name must end in .jsonl or .jsonl.gz.")
    if not out.parent.is_dir():
        raise ValueError(f"There is no folder {out.parent} for {out.name}.")
    if not 0 <= options.least <= 1:
        raise ValueError("--least is a number from 0 to 1.")
    extra = read_recognizers(options.recognizers.read_text("utf-8")) if options.recognizers else ()
    labels = tuple(name.strip() for name in options.types.split(",") if name.strip())
    scanner = Scanner(options.language, labels, extra)
    started = time.process_time()
    columns = read_columns(options.input, options.field, options.id)
    rows, hits, counts = 0, 0, Counter[str]()
    with _open(out) as sink:
        for texts, ids in columns.batches:
            names = ids.to_pylist() if ids is not None else range(rows + 1, rows + len(texts) + 1)
            for name, spans in zip(names, scanner.scan(texts), strict=True):
                kept = [span for span in spans if span.score >= options.least]
                counts.update(span.label for span in kept)
                hits += bool(kept)
                sink.write(orjson.dumps({"id": name, "spans": [span.to_json() for span in kept]}) + b"\n")
            rows += len(texts)
            _show(f"{rows:,} texts, {counts.total():,} spans")
    _show("")
    for sentence in columns.notes:
        print(sentence, file=sys.stderr)
    seconds = time.process_time() - started
    return {
        "file": options.input.name,
        "field": columns.field,
        "id": columns.id,
        "language": options.language,
        "rows": rows,
        "rows_refused": columns.refused,
        "texts_with_spans": hits,
        "spans": dict(counts.most_common()),
        "cpu_seconds": round(seconds, 3),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write; one that could not be written whole does not get the name."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as plain:
        if path.name.lower().endswith(".gz"):
            with gzip.GzipFile("", "wb", 1, plain, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        else:
            yield plain
    part.replace(path)


def _show(stage: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{stage:60.60s}" if stage else "", end="" if stage else "\n", file=sys.stderr, flush=True)
