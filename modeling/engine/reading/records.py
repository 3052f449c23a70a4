"""Rows of tables with a label or a number, from CSV and JSON Lines."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.runtime.columns import as_category, as_number
from modeling.engine.data import Examples
from modeling.engine.errors import BadData
from modeling.engine.reading.apart import kept_apart, split_groups, split_name
from modeling.engine.reading.tables import need_columns, read_numbered
from modeling.engine.tabular.columns import is_missing

if TYPE_CHECKING:
    from modeling.engine.reading.options import ReadingOptions

NAME_COLUMN = "id"
# Rows in a quantile of the answer, so that numbers are split evenly over their range.
BANDS = 10


def read_records(options: ReadingOptions) -> Examples:
    """Return rows by column, without the label, the split and the column `id`; rows without a label are left out, each
    with its line in the notes. Rows that are alike in all columns stand in the same part.

    Raises:
        BadData: a missing column, or nothing to learn from.
    """
    rows = read_numbered(options.data, options.notes)
    need_columns(options.data, [row for _line, row in rows], (options.label, options.split))
    is_number = options.task == "table-regression"
    aside = {options.label, options.split, NAME_COLUMN}
    kept: list[tuple[dict[str, Any], Any, str, str]] = []
    for line, row in rows:
        value = row.get(options.label)
        answer: float | str = as_number(value) if is_number else as_category(value)
        if is_missing(value) or (isinstance(answer, float) and math.isnan(answer)):
            reason = "no label" if is_missing(value) else f"{value!r} is no number"
            options.notes.append(f"{options.data.name}, line {line}: {reason}.")
            continue
        inputs = {name: cell for name, cell in row.items() if name not in aside}
        split = split_name(row.get(options.split)) if options.split else ""
        kept.append((inputs, answer, split, str(row.get(NAME_COLUMN) or f"line {line}")))
    if not kept:
        raise BadData(f"{options.data.name} has no row with a {'number' if is_number else 'label'} in {options.label}.")
    return _examples(options, kept, is_number=is_number)


def _examples(options: ReadingOptions, kept: list[tuple[Any, Any, str, str]], *, is_number: bool) -> Examples:
    groups = [json.dumps(row, sort_keys=True, ensure_ascii=False, default=str) for row, _a, _s, _n in kept]
    splits = [split for _r, _a, split, _n in kept]
    if options.split:
        stay = kept_apart(groups, splits)
        if len(stay) < len(kept):
            options.notes.append(f"{len(kept) - len(stay)} rows were left out that stand in a later part as well.")
        kept, splits = [kept[row] for row in stay], [splits[row] for row in stay]
    else:
        answers = [answer for _r, answer, _s, _n in kept]
        splits = split_groups(groups, _bands(answers) if is_number else answers, options.seed)
    rows, labels, _splits, names = zip(*kept, strict=True)
    return Examples.of(options.task, rows, labels, splits, ids=names)


def _bands(answers: list[float]) -> list[int]:
    """Return the tenth of the range in order that each answer falls into."""
    order = sorted(range(len(answers)), key=answers.__getitem__)
    bands = [0] * len(answers)
    for place, row in enumerate(order):
        bands[row] = place * BANDS // len(answers)
    return bands
