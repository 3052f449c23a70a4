"""``consensus FILE --out OUT.csv``: one label for each item out of all people's answers, with a confidence."""

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curation.engine.commands.tables import check_output, check_place, write_tables
from labeling.engine.agreement.marks import BOXES
from labeling.engine.commands.answers import Table, add_columns, ratings_of, read_table
from labeling.engine.commands.marked import read_marks
from labeling.engine.crowd.consensus import AUTO, METHODS, Consensus, find_consensus
from labeling.engine.crowd.marks import METHOD, agreed_marks
from labeling.engine.crowd.people import Person, describe_people

KINDS = ("labels", "spans", "boxes")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser(
        "consensus",
        help="find the one label of each item that several people answered",
        description="Writes item,label,confidence, one row for each item that has an answer, in the order of the file. "
        "auto chooses a model by how well it foretells answers that are hidden from it. Standard output says which, "
        "and who seems not to look. Spans and boxes are JSON lists in the label column; what stands of them is written "
        "one row each, with its place.",
    )
    add_columns(command)
    command.add_argument("--out", type=Path, metavar="OUT", required=True, help=".csv, .jsonl (.gz) or .parquet")
    command.add_argument("--kind", default="labels", choices=KINDS, help="what an answer is (%(default)s)")
    command.add_argument("--overlap", type=float, default=BOXES, help="from which two marks are the same (%(default)s)")
    command.add_argument("--method", default=AUTO, choices=[AUTO, *METHODS])
    command.add_argument("--people", type=Path, metavar="OUT", help="write all that is known of each person: .json")
    command.add_argument("--seed", type=int, default=0, help="which answers are hidden to choose a model (%(default)s)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Find the consensus, write it, and return the summary.

    Raises:
        ValueError: An argument is wrong, or the method cannot learn from so many people and labels.
        ReadError: The file cannot be read.
    """
    check_output(options.out, options.input)
    if options.people is not None:
        check_place(options.people, options.input, options.out)
    if options.seed < 0:
        raise ValueError("--seed is a whole number from 0.")
    if not 0 < options.overlap <= 1:
        raise ValueError("--overlap is a number above 0, to 1.")
    table = read_table(options)
    if options.kind != "labels":
        return _mark(options, table)
    ratings = ratings_of(table)
    started = time.process_time()
    consensus = find_consensus(ratings, options.method, options.seed)
    people = describe_people(consensus)
    seconds = time.process_time() - started
    rows = pa.table(
        {
            "item": pa.array(ratings.items, pa.string()),
            "label": pa.array(ratings.labels, pa.string()).take(pa.array(consensus.label)),
            "confidence": pa.array(np.round(consensus.confidence, 6)),
        }
    )
    write_tables(options.out, rows.schema, iter([rows]))
    _write_people(options, people)
    return {**_summary(options, table, consensus, people), "cpu_seconds": round(seconds, 3)}


def _write_people(options: argparse.Namespace, people: list[Person]) -> None:
    if options.people is not None:
        options.people.write_text(json.dumps([asdict(one) for one in people], ensure_ascii=False, indent=1), "utf-8")


def _mark(options: argparse.Namespace, table: Table) -> dict[str, Any]:
    """Find the marks that stand, and write one row each."""
    answered = read_marks(table, options.kind)
    started = time.process_time()
    method = METHOD if options.method == AUTO else options.method
    least, seed = options.overlap, options.seed
    found, consensus, _of_item = agreed_marks(list(answered.values()), least=least, method=method, seed=seed)
    people = describe_people(consensus, marks=True)
    seconds = time.process_time() - started
    kept = [(item, one) for item, marks in zip(answered, found, strict=True) for one in marks]
    rows = pa.table(
        {
            "item": pa.array([item for item, _one in kept], pa.string()),
            **_places([one.mark.place for _item, one in kept], options.kind),
            "label": pa.array([one.mark.label for _item, one in kept], pa.string()),
            "confidence": pa.array([round(one.confidence, 6) for _item, one in kept], pa.float64()),
            "people": pa.array([len(one.people) for _item, one in kept], pa.int64()),
        }
    )
    write_tables(options.out, rows.schema, iter([rows]))
    _write_people(options, people)
    return {
        "file": options.input.name,
        "kind": options.kind,
        "method": consensus.method,
        "temperature": consensus.temperature,
        "rows": table.rows,
        "rows_refused": table.refused,
        "rows_incomplete": table.incomplete,
        "items": len(answered),
        "items_without_marks": sum(not marks for marks in found),
        "people": len(consensus.ratings.people),
        "candidates": len(consensus.ratings.items),
        "marks": len(kept),
        "labels": dict(Counter(one.mark.label for _item, one in kept).most_common()),
        "warnings": [_warned(one) for one in people if one.warning],
        "notes": table.notes,
        "cpu_seconds": round(seconds, 3),
    }


def _places(places: list[tuple[Any, ...]], kind: str) -> dict[str, pa.Array]:
    """Return the columns that say where marks are, as the file that was read says it."""
    if kind == "spans":
        return {name: pa.array([place[at] for place in places]) for at, name in enumerate(("start", "end"))}
    sizes = [(x, y, right - x, bottom - y) for x, y, right, bottom in places]
    return {
        name: pa.array([size[at] for size in sizes], pa.float64())
        for at, name in enumerate(("x", "y", "width", "height"))
    }


def _summary(options: argparse.Namespace, table: Table, consensus: Consensus, people: list[Person]) -> dict[str, Any]:
    ratings = consensus.ratings
    choice = consensus.choice
    named = Counter(ratings.labels[code] for code in consensus.label.tolist())
    return {
        "file": options.input.name,
        "method": consensus.method,
        "temperature": consensus.temperature,
        "tried": [asdict(trial) for trial in choice.trials] if choice else [],
        "rows": table.rows,
        "rows_refused": table.refused,
        "rows_incomplete": table.incomplete,
        "answers_replaced": ratings.repeated,
        "answers": len(ratings),
        "items": len(ratings.items),
        "people": len(ratings.people),
        "labels": {label: named.get(label, 0) for label in ratings.labels},
        "items_tied": int(consensus.tied.sum()),
        "mean_confidence": round(float(consensus.confidence.mean()), 6) if len(consensus.confidence) else None,
        "warnings": [_warned(one) for one in people if one.warning],
        "notes": table.notes,
    }


def _warned(person: Person) -> dict[str, Any]:
    """Return a person who seems not to look, with the evidence."""
    return {
        "worker": person.name,
        "warning": person.warning,
        "answers": person.answers,
        "skill": _rounded(person.skill),
        "skill_low": _rounded(person.low),
        "skill_high": _rounded(person.high),
        "usual_label": person.usual,
        "usual_share": _rounded(person.usual_share),
        "usual_share_of_others": _rounded(person.usual_expected),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
