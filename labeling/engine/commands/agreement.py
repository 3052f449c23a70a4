"""``agreement FILE``: how far people agree, as JSON with every coefficient and its interval."""

import argparse
import json
from pathlib import Path
from typing import Any

from curation.engine.commands.tables import check_place
from labeling.engine.agreement.coefficients import REPLICATES
from labeling.engine.agreement.marks import BOXES
from labeling.engine.agreement.report import agreement_report, mark_report, set_report
from labeling.engine.commands.answers import add_columns, ratings_of, read_table
from labeling.engine.commands.marked import read_marks

KINDS = ("labels", "sets", "spans", "boxes", "polygons")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser(
        "agreement",
        help="say how far people agree",
        description="Prints percent agreement, Fleiss' kappa and Krippendorff's alpha with 95 %% intervals by draws of "
        "items, the same for each label, and Cohen's kappa of every two people. Numbers are also taken as ordinal and "
        "interval. Spans, boxes and polygons are JSON lists in the label column and are compared by F1 and overlap.",
    )
    add_columns(command)
    command.add_argument("--kind", default="labels", choices=KINDS, help="what an answer is (%(default)s)")
    command.add_argument(
        "--order", default="", help="labels in their order, with commas, for ordinal alpha: low,mid,high"
    )
    command.add_argument("--separator", default="|", help="between the labels of a set (%(default)s)")
    command.add_argument("--overlap", type=float, default=BOXES, help="from which two marks are the same (%(default)s)")
    command.add_argument("--replicates", type=int, default=REPLICATES, help="draws for intervals (%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the draws (%(default)s)")
    command.add_argument("--out", type=Path, metavar="OUT", help="write the JSON here too")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Compare, and return the report.

    Raises:
        ValueError: An argument is wrong, or an answer is not what `--kind` says.
        ReadError: The file cannot be read.
    """
    if options.replicates < 0 or options.replicates > 100_000:
        raise ValueError("--replicates is a number from 0 to 100000.")
    if not 0 < options.overlap <= 1:
        raise ValueError("--overlap is a number above 0, to 1.")
    if options.seed < 0:
        raise ValueError("--seed is a whole number from 0.")
    if options.kind == "sets" and not options.separator:
        raise ValueError("--separator is what stands between the labels of a set; it cannot be empty.")
    if options.out is not None:
        check_place(options.out, options.input)
    table = read_table(options)
    draws = {"replicates": options.replicates, "seed": options.seed}
    if options.kind in {"labels", "sets"}:
        order = _order(options.order)
        ratings = ratings_of(table, order)
        if options.kind == "labels":
            report = agreement_report(ratings, ordered=True if order else None, **draws)
        else:
            report = set_report(ratings, options.separator, **draws)
    else:
        report = mark_report(list(read_marks(table, options.kind).values()), least=options.overlap, **draws)
    head = {"file": options.input.name, "kind": options.kind, "rows": table.rows, "rows_refused": table.refused}
    found = {**head, "rows_incomplete": table.incomplete, **report, "notes": table.notes}
    if options.out is not None:
        options.out.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")
    return found


def _order(text: str) -> tuple[str, ...]:
    order = tuple(name.strip() for name in text.split(",") if name.strip())
    twice = next((name for name in order if order.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"--order names {twice!r} twice; each label has one place.")
    return order
