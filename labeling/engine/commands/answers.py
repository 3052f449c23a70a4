"""Answers of people out of a file: three columns of any format that imports take, good rows kept and bad rows named."""

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.readers import ReadError, read_batches, sniff
from labeling.engine.ratings import Ratings, as_numbers, read_ratings

SHOWN = 20
# What such columns are called elsewhere: crowd-kit, Label Studio, Toloka, Prodigy.
NAMES = {
    "item": ("item", "task", "item_id", "task_id", "question", "样本", "条目", "任务", "题目", "id"),
    "worker": (
        *("worker", "annotator", "worker_id", "annotator_id", "person", "user", "performer", "rater", "coder"),
        *("标注员", "标注者", "标注人", "用户"),
    ),
    "label": ("label", "answer", "response", "rating", "value", "judgment", "标签", "答案", "标注"),
}
# How other programs write a cell that holds nothing: R, pandas, spreadsheets, databases.
MISSING = frozenset({"na", "n/a", "#n/a", "<na>", "nan", "null"})


@dataclass(slots=True)
class Table:
    """The three columns of a file.

    Attributes:
        item: Items as texts.
        worker: Who answered.
        label: What was answered.
        rows: How many rows were read.
        refused: Rows that could not be read.
        incomplete: Rows without an item, a person or an answer.
        notes: Sentences for people.
    """

    item: pa.ChunkedArray
    worker: pa.ChunkedArray
    label: pa.ChunkedArray
    rows: int
    refused: int = 0
    incomplete: int = 0
    notes: list[str] = field(default_factory=list)


def add_columns(command: Any) -> None:
    """Add the options that say which file and columns."""
    command.add_argument("input", type=Path, metavar="FILE", help="CSV, TSV, JSONL, JSON, Parquet or Excel; gzip too")
    command.add_argument("--item", help="column of what was asked about; found by its name if left out")
    command.add_argument("--worker", help="column of who answered; found by its name if left out")
    command.add_argument("--label", help="column of the answer; found by its name if left out")
    command.add_argument(
        "--missing", default="", metavar="WORDS", help="answers that mean that there is none, with commas: NA,?"
    )


def read_table(options: argparse.Namespace) -> Table:
    """Read the three columns without blanks around their cells; what is wrong with rows goes to standard error.

    Raises:
        ReadError: The file cannot be read, a column is not there, or no row is whole.
    """
    if options.input.is_dir():
        raise ReadError("folder", f"{options.input} is a folder; name one file with the answers.")
    # No column is the text, the label or the id that an import looks for, so that nothing is said of their gaps.
    profile = sniff(options.input, options.input.name, roles=dict.fromkeys(("text", "label", "id")))
    parts: list[list[pa.ChunkedArray]] = [[], [], []]
    names: list[str] = []
    refused = rows = 0
    for batch in read_batches(options.input, profile):
        names = names or _columns(batch.table.column_names, options)
        rows += batch.table.num_rows
        for row in batch.refused[: max(0, SHOWN - refused)]:
            sys.stderr.write(f"line {row.line}: {row.reason}\n")
        refused += len(batch.refused)
        for part, name in zip(parts, names, strict=True):
            part.append(_texts(batch.table[name]))
    if not rows:
        raise ReadError("file_empty", f"{options.input.name} holds no row that can be read.")
    item, worker, label = (
        pa.chunked_array([chunk for one in part for chunk in one.chunks], pa.string()) for part in parts
    )
    label = _without(label, options.missing)
    table = Table(item, worker, label, rows, refused, notes=list(profile.warnings))
    _name_gaps(table, names)
    if table.incomplete == rows:
        wanted = ", ".join(names)
        raise ReadError("rows_incomplete", f"No row of {options.input.name} has all of the columns {wanted} filled.")
    return table


def ratings_of(table: Table, labels: tuple[str, ...] = ()) -> Ratings:
    """Return the answers as codes.

    Raises:
        ValueError: A row has a label that is not among those given.
    """
    if not labels:
        _join_equal_numbers(table)
    ratings = read_ratings(table.item, table.worker, table.label, labels)
    table.notes += _remarks(ratings)
    return ratings


def _columns(known: list[str], options: argparse.Namespace) -> list[str]:
    found = []
    for role, usual in NAMES.items():
        asked = getattr(options, role)
        low = {name.strip().casefold(): name for name in reversed(known)}
        name = asked if asked is not None else next((low[one] for one in usual if one in low), None)
        if name is None or name not in known:
            what = f"has no column {name!r}" if name is not None else f"has no column that looks like the {role}"
            raise ReadError(
                "column_unknown",
                f"{options.input.name} {what}. It has {', '.join(known[:50])}. Say which with --{role}.",
            )
        found.append(name)
    if len(set(found)) < len(found):
        raise ReadError("column_twice", f"Item, worker and label must be three columns; they are {', '.join(found)}.")
    return found


def _texts(column: Any) -> pa.ChunkedArray:
    if pa.types.is_boolean(column.type):
        column = pc.if_else(column, "true", "false")
    texts = pc.utf8_trim_whitespace(column if pa.types.is_string(column.type) else pc.cast(column, pa.string()))
    return texts if isinstance(texts, pa.ChunkedArray) else pa.chunked_array([texts])


def _without(label: pa.ChunkedArray, missing: str) -> pa.ChunkedArray:
    """Return the answers without those that mean that there is none."""
    words = [word.strip() for word in missing.split(",") if word.strip()]
    return pc.if_else(pc.is_in(label, pa.array(words, pa.string())), None, label) if words else label


def _join_equal_numbers(table: Table) -> None:
    """Write each number in one way where all labels are numbers: 1 and 1.0 are no two labels."""
    names = [name for name in pc.unique(table.label).to_pylist() if name]
    numbers = as_numbers(names)
    if numbers is None:
        return
    usual: dict[float, str] = {}
    for name, number in sorted(zip(names, numbers.tolist(), strict=True), key=lambda pair: (len(pair[0]), pair[0])):
        usual.setdefault(number, name)
    if len(usual) == len(names):
        return
    spelled = {name: usual[number] for name, number in zip(names, numbers.tolist(), strict=True)}
    place = pc.index_in(table.label, pa.array(list(spelled), pa.string()))
    table.label = pc.take(pa.array(list(spelled.values()), pa.string()), place)
    other = [name for name, one in spelled.items() if name != one][:5]
    ways = ", ".join(f"{name} is {spelled[name]}" for name in other)
    table.notes.append(f"Labels that are the same number count as one: {ways}.")


def _name_gaps(table: Table, names: list[str]) -> None:
    """Name the first rows that lack something, and count all."""
    gaps = [
        pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True).to_numpy()
        for column in (table.item, table.worker, table.label)
    ]
    lacking = np.flatnonzero(np.logical_or.reduce(gaps))
    table.incomplete = len(lacking)
    for row in lacking[:SHOWN]:
        missing = ", ".join(name for name, gap in zip(names, gaps, strict=True) if gap[row])
        sys.stderr.write(f"row {row + 1}: left out, it has no {missing}\n")
    left = len(lacking) - SHOWN
    if left > 0:
        sys.stderr.write(f"… and {left:,} more rows with an empty cell\n")


def _remarks(ratings: Ratings) -> list[str]:
    _items, people, labels = ratings.shape
    remarks = []
    if ratings.repeated:
        remarks.append(
            f"Answers that a person gave again to the same item: {ratings.repeated:,}. The last one of each counts."
        )
    if people == 1:
        remarks.append("Only one person answered: nothing can be said of agreement, and each answer stands as it is.")
    elif not (ratings.answers_of_items() > 1).any():
        remarks.append("No item was answered by two people: nothing can be said of agreement.")
    remarks += _doubtful_names(ratings)
    if labels == 1:
        remarks.append(f"All answers are {ratings.labels[0]!r}: coefficients that correct for chance are not defined.")
    return remarks


def _doubtful_names(ratings: Ratings) -> list[str]:
    """Say which labels may be none, or one and the same."""
    remarks = []
    none = [name for name in ratings.labels if name.casefold() in MISSING]
    if none:
        remarks.append(
            f"Labels that may mean a missing answer: {', '.join(none)}. If they do, leave them out with --missing "
            f"{','.join(none)}; here they count as labels."
        )
    alike: dict[str, list[str]] = {}
    for name in ratings.labels:
        alike.setdefault(name.casefold(), []).append(name)
    cases = [" and ".join(names) for names in alike.values() if len(names) > 1]
    if cases:
        remarks.append(f"Labels that differ in capitals only count as different: {', '.join(cases[:5])}.")
    return remarks
