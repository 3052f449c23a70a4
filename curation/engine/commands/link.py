"""``python -m curation.engine link FILE``: rows of a table that are the same thing."""

import argparse
import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from curation.engine.folding import as_text
from curation.engine.linkage.link import THRESHOLD, LinkSettings, link_table
from curation.engine.reader import VersionReader

# Opens a file or the folder of a version; the folder given is for the rows of a file.
Open = Callable[[Path, Path], tuple[VersionReader, int]]
Progress = Callable[[int, int, str], None]


def add_parser(commands: Any, opener: Open, progress: Progress) -> None:
    """Add the command to those of ``python -m curation.engine``."""
    link = commands.add_parser(
        "link", help="find the rows that are the same thing, such as one place in many spellings"
    )
    link.add_argument("input", type=Path, help="a table that the engine reads, or the folder of a version")
    link.add_argument(
        "--fields",
        required=True,
        help="columns to compare, with commas; name:text, name:code or name:number sets a kind",
    )
    link.add_argument("--id", default="", help="column that names a row in the output; its place from 1 if none")
    link.add_argument("--pairs", type=Path, required=True, help="CSV to write: id1,id2,probability")
    link.add_argument("--clusters", type=Path, help="CSV to write: id,cluster; the cluster is the id of its first row")
    link.add_argument(
        "--threshold", type=float, default=THRESHOLD, help="probability inside a cluster (default %(default)s)"
    )
    link.set_defaults(run=lambda options: run(options, opener, progress))


def run(options: argparse.Namespace, opener: Open, progress: Progress) -> dict[str, Any]:
    """Link the rows, write the files and return the summary that is printed."""
    fields, kinds = parse_fields(options.fields)
    settings = LinkSettings(threshold=options.threshold, kinds=kinds)
    with TemporaryDirectory(prefix="link-") as folder:
        reader, refused = opener(options.input, Path(folder))
        wanted = [*fields, *([options.id] if options.id else [])]
        for name in wanted:
            if name not in reader.schema.names:
                raise ValueError(f"There is no column {name}. There are {', '.join(reader.schema.names[1:])}.")
        table = reader.table(list(dict.fromkeys(["item_id", *wanted])))
    progress(0, 1, "comparing")
    linked = link_table(table, fields, settings)
    progress(1, 1, "")
    ids = np.array(as_text(table[options.id or "item_id"]).to_pylist(), object)
    pairs = zip(
        ids[linked.left], ids[linked.right], (f"{value:.6f}" for value in linked.probability.tolist()), strict=True
    )
    _write(options.pairs, ("id1", "id2", "probability"), pairs)
    if options.clusters:
        _write(options.clusters, ("id", "cluster"), zip(ids, ids[linked.cluster], strict=True))
    return {**linked.summary(), "refused": refused, "threshold": options.threshold}


def parse_fields(text: str) -> tuple[list[str], dict[str, str]]:
    """Return the columns of ``name,zip:code`` and the kinds that it sets."""
    fields: list[str] = []
    kinds: dict[str, str] = {}
    for entry in text.split(","):
        name, _colon, kind = entry.strip().rpartition(":") if ":" in entry else (entry.strip(), "", "")
        if not name:
            raise ValueError("--fields names columns with commas between them, such as name,address,zip:code.")
        fields.append(name)
        if kind:
            kinds[name] = kind
    return fields, kinds


def _write(path: Path, head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(head)
        writer.writerows(rows)
