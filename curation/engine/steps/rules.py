"""Limits on measured values: what the filters share. Each limit has its own drop reason and says what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.steps.base import Drop, Found, Outcome

NEAR = "near_threshold"
NEAR_TEXT = "A measured value is close to its limit, so that the filter may be wrong about this item."


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One limit.

    Attributes:
        reason: Drop reason.
        what: Sentence with ``{}`` for the value: "{} of lines are duplicates".
        values: What was measured, one number a row.
        limit: The limit; 0 switches the rule off.
        most: Whether the limit is the largest value allowed; else it is the smallest.
        rows: Rows that the rule speaks about; all when None.
    """

    reason: str
    what: str
    values: NDArray[np.number]
    limit: float
    most: bool = True
    rows: NDArray[np.bool_] | None = None

    def broken(self) -> NDArray[np.bool_]:
        """Return the rows beyond the limit."""
        beyond: NDArray[np.bool_] = self.values > self.limit if self.most else self.values < self.limit
        return beyond if self.rows is None else beyond & self.rows

    def near(self, margin: float) -> NDArray[np.bool_]:
        """Return the rows whose value differs from the limit by at most `margin` times the limit."""
        close: NDArray[np.bool_] = np.abs(self.values - self.limit) <= margin * self.limit
        return close if self.rows is None else close & self.rows

    def sentence(self, row: int) -> str:
        """Say what was measured and what is allowed."""
        value, limit = float(self.values[row]), self.limit
        return f"{self.what.format(shown(value, limit))}, at {'most' if self.most else 'least'} {shown(limit, value)}"


def shown(value: float, other: float) -> str:
    """Write a number with as few digits as tell it from another: whole numbers plain, others with two or more."""
    if value == int(value) and (other == int(other) or abs(value) >= 2):
        return str(int(value))
    for digits in range(2, 7):
        text = f"{value:.{digits}f}"
        if value == other or text != f"{other:.{digits}f}":
            return text
    return repr(value)


def judge(table: pa.Table, rules: Sequence[Rule], *, margin: float = 0.0) -> Outcome:
    """Drop the rows that break a rule.

    The first broken rule is the reason, and the detail names them all. With a margin, a kept row close to a limit
    becomes a finding, and so does a dropped row that is close to every limit it breaks.
    """
    active = [rule for rule in rules if rule.limit > 0]
    bad = np.zeros(table.num_rows, bool)
    clearly = np.zeros(table.num_rows, bool)
    close = np.zeros(table.num_rows, bool)
    broken = [rule.broken() for rule in active]
    near = [rule.near(margin) if margin > 0 else np.zeros(table.num_rows, bool) for rule in active]
    for beyond, by in zip(broken, near, strict=True):
        bad |= beyond
        clearly |= beyond & ~by
        close |= by
    rows = np.flatnonzero(bad)
    questions = np.flatnonzero(close & ~clearly)
    if not len(rows) and not len(questions):
        return Outcome(table)
    ids = table["item_id"].to_numpy()
    drops = []
    for row in rows.tolist():
        names = [rule for rule, beyond in zip(active, broken, strict=True) if beyond[row]]
        drops.append(Drop(int(ids[row]), names[0].reason, "; ".join(rule.sentence(row) for rule in names)))
    found = []
    for row in questions.tolist():
        said = "; ".join(rule.sentence(row) for rule, by in zip(active, near, strict=True) if by[row])
        found.append(Found(int(ids[row]), NEAR, f"{'dropped' if bad[row] else 'kept'}: {said}"))
    return Outcome(table.filter(pa.array(~bad)) if len(rows) else table, drops, found)


def check_shares(step: object, *names: str) -> None:
    """Refuse limits that are no share.

    Raises:
        ValueError: Which one, and what it must be.
    """
    for name in names:
        if not 0 <= (value := getattr(step, name)) <= 1:
            raise ValueError(f"{name} is {value}; it is a share from 0 to 1, and 0 switches the rule off")


def check_amounts(step: object, *names: str) -> None:
    """Refuse limits below zero.

    Raises:
        ValueError: Which one, and what it must be.
    """
    for name in names:
        if not 0 <= (value := getattr(step, name)) < float("inf"):
            raise ValueError(f"{name} is {value}; it is at least 0, and 0 switches the rule off")
