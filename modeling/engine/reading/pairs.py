"""Prompts with two answers of which one is better, from CSV and JSON Lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.data import Examples, Pair
from modeling.engine.errors import BadData
from modeling.engine.reading.apart import kept_apart, split_groups, split_name
from modeling.engine.reading.tables import need_columns, read_numbered

if TYPE_CHECKING:
    from modeling.engine.reading.options import ReadingOptions

# Names of the columns in the forms that are around: prompt, first, second with a decision; chosen and rejected (DPO);
# instruction, input, response1, response2 with judgments of several people.
FIRST, SECOND = ("first", "response1", "answer_a", "a"), ("second", "response2", "answer_b", "b")
PROMPT = ("prompt", "instruction", "question")
DECISIONS = {
    "0": 0.5, "tie": 0.5, "1": 1.0, "2": 0.0, "first": 1.0, "second": 0.0, "a": 1.0, "b": 0.0, "left": 1.0,
    "right": 0.0,
}  # fmt: skip


class _BadRow(Exception):
    """Why a row is left out."""


def read_pairs(options: ReadingOptions) -> Examples:
    """Return pairs with the better place; ties and bad rows are left out and told in the notes.

    With `chosen` and `rejected` the chosen answer stands first in every other row, so that the place says nothing. Else
    the column of labels, or those that begin with `annotator`, say 1 or 2 (first, second, a, b), 0 or `tie` for a tie.
    Shares of people are kept in `soft`. All pairs of a prompt stand in the same part.

    Raises:
        BadData: no answers to compare, or nothing to learn from.
    """
    rows = read_numbered(options.data, options.notes)
    need_columns(options.data, [row for _line, row in rows], (options.split,))
    kept: list[tuple[Pair, float, str, str]] = []
    why: Counter[str] = Counter()
    for line, row in rows:
        try:
            pair, share = _of_row(row, options.label, len(kept))
        except _BadRow as reason:
            options.notes.append(f"{options.data.name}, line {line}: {reason}")
            continue
        if abs(share - 0.5) < 1e-9:
            why["ties"] += 1
            continue
        split = split_name(row.get(options.split)) if options.split else ""
        kept.append((pair, share, split, str(row.get("id", row.get("idx", f"line {line}")))))
    if why["ties"]:
        options.notes.append(f"{why['ties']} pairs are ties and were left out.")
    if not kept:
        raise BadData(
            f"{options.data.name} has no pair to learn from. Each row needs prompt, first, second and "
            f"{options.label} (1 or 2), or prompt, chosen and rejected."
        )
    return _examples(options, kept)


def _examples(options: ReadingOptions, kept: list[tuple[Pair, float, str, str]]) -> Examples:
    prompts, splits = [pair.prompt for pair, _s, _p, _n in kept], [split for _p, _s, split, _n in kept]
    if options.split:
        stay = kept_apart(prompts, splits)
        if len(stay) < len(kept):
            options.notes.append(f"{len(kept) - len(stay)} pairs were left out whose prompt stands in a later part.")
        kept, splits = [kept[row] for row in stay], [splits[row] for row in stay]
    else:
        splits = split_groups(prompts, [0] * len(kept), options.seed)
    pairs, shares, _splits, names = zip(*kept, strict=True)
    soft = np.stack([np.array(shares), 1 - np.array(shares)], axis=1)
    answers = [int(share < 0.5) for share in shares]
    return Examples.of(options.task, pairs, answers, splits, ids=names, soft=soft)


def _of_row(row: dict[str, Any], label: str, number: int) -> tuple[Pair, float]:
    prompt = _prompt(row)
    if "chosen" in row and "rejected" in row:
        chosen, rejected = _text(row["chosen"], "chosen"), _text(row["rejected"], "rejected")
        return (Pair(prompt, chosen, rejected), 1.0) if number % 2 == 0 else (Pair(prompt, rejected, chosen), 0.0)
    first = next((row[name] for name in FIRST if row.get(name) is not None), None)
    second = next((row[name] for name in SECOND if row.get(name) is not None), None)
    pair = Pair(prompt, _text(first, "first"), _text(second, "second"))
    votes = [row[label]] if row.get(label) is not None else []
    votes = votes or [value for name, value in row.items() if str(name).startswith("annotator") and value is not None]
    if not votes:
        raise _BadRow(f"nobody says which answer is better (column {label}).")
    return pair, float(np.mean([_decision(vote) for vote in votes]))


def _decision(vote: Any) -> float:
    name = str(vote).strip().lower()
    if name not in DECISIONS:
        raise _BadRow(f"the decision {str(vote)[:40]!r} is none of 1, 2, first, second, a, b, 0, tie.")
    return DECISIONS[name]


def _prompt(row: dict[str, Any]) -> str:
    value = next((row[name] for name in PROMPT if row.get(name)), "")
    if isinstance(value, list):
        # A conversation: what was said, turn by turn.
        value = "\n".join(str(turn.get("value", turn.get("content", ""))) for turn in value if isinstance(turn, dict))
    extra = row.get("input")
    return f"{value}\n{extra}" if extra else str(value)


def _text(value: Any, name: str) -> str:
    if isinstance(value, dict):
        value = value.get("value", value.get("content"))
    if isinstance(value, list):
        value = "\n".join(str(turn.get("value", turn.get("content", ""))) for turn in value if isinstance(turn, dict))
    if value is None or isinstance(value, dict):
        raise _BadRow(f"it has no {name} answer.")
    # JSON makes True of an answer that is the word; people wrote the word.
    return str(value)
