"""Rows of tables as numbers: what a value is, and rows as matrices, scaled and one-hot for linear models, raw numbers
and category codes for trees."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

Array = np.ndarray[Any, Any]
KINDS = ("number", "date", "category", "unused")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\Z")
_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
# Scaled numbers are held within so many deviations: one mistyped value does not rule a prediction.
MOST_DEVIATIONS = 10.0


@dataclass(frozen=True)
class Column:
    """One column as training saw it.

    Attributes:
        name: Its name.
        kind: A row of KINDS.
        reason: Why it is not used, in words for the report; else empty.
        median: Of a number or date, which stands for missing values where a model cannot do without.
        mean: Of a number or date.
        deviation: Of a number or date, above 0.
        categories: Of a category, the frequent ones in code point order.
        pooled: Whether training saw rarer ones, which are one category together.
        gaps: Whether training saw missing values.
    """

    name: str
    kind: str
    reason: str = ""
    median: float = 0.0
    mean: float = 0.0
    deviation: float = 1.0
    categories: tuple[str, ...] = ()
    pooled: bool = False
    gaps: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Column:
        """Return what `to_dict` gave."""
        return Column(**{**values, "categories": tuple(values["categories"])})


def is_missing(value: Any, words: frozenset[str]) -> bool:
    """Tell whether a value is none: None, NaN, or one of some words, which are casefolded."""
    if value is None:
        return True
    if isinstance(value, str):
        return value.strip().casefold() in words
    return isinstance(value, float) and math.isnan(value)


def as_number(value: Any) -> float:
    """Return a value as a finite number, NaN where it is none."""
    if isinstance(value, bool) or value is None:
        return math.nan if value is None else float(value)
    if isinstance(value, int | float | np.number):
        try:
            number = float(value)
        except OverflowError:
            return math.nan
        return number if math.isfinite(number) else math.nan
    text = str(value).strip()
    return float(text) if _NUMBER.match(text) and math.isfinite(float(text)) else math.nan


def as_date(value: Any) -> float:
    """Return a date as days since 1970-01-01, NaN where it is none; the time of day is a part of a day."""
    found = value if isinstance(value, date) else _date_of(str(value).strip())
    if found is None:
        return math.nan
    if not isinstance(found, datetime):
        return float(found.toordinal() - date(1970, 1, 1).toordinal())
    return (found.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds() / 86400  # noqa: DTZ001  (both naive)


def _date_of(text: str) -> date | None:
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  (files hold dates without a zone)
        except ValueError:
            continue
    return None


def as_category(value: Any) -> str:
    """Return a value as the text that categories are compared by; 3 and 3.0 are the same."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


class RowMatrix:
    """Rows as matrices.

    Args:
        columns: As training saw them.
        missing: Casefolded words that stand for no value.
    """

    def __init__(self, columns: Sequence[Column], missing: frozenset[str]) -> None:
        self.used = [column for column in columns if column.kind != "unused"]
        self._missing = missing

    def scaled(self, rows: Sequence[Row]) -> Array:
        """Return rows for a linear model, float64 [n, features].

        Numbers are standardised with the training rows' mean and deviation, missing ones are the median and have a
        column of their own where training saw such; categories have a column each, with one for all rare or unknown
        ones where training pooled some.
        """
        blocks: list[Array] = [np.zeros((len(rows), 0))]
        for column in self.used:
            values = [row.get(column.name) for row in rows]
            if column.kind == "category":
                codes = self._codes(values, column)
                wide = len(column.categories) + column.pooled
                blocks.append((codes[:, None] == np.arange(wide)[None, :]).astype(float))
                gone = self._gone(values)
            else:
                numbers = self._numbers(values, column)
                gone = np.isnan(numbers)
                known = (np.where(gone, column.median, numbers) - column.mean) / column.deviation
                blocks.append(np.clip(known, -MOST_DEVIATIONS, MOST_DEVIATIONS)[:, None])
            if column.gaps:
                blocks.append(gone.astype(float)[:, None])
        return np.concatenate(blocks, axis=1)

    def for_trees(self, rows: Sequence[Row]) -> Array:
        """Return rows for trees, float64 [n, used columns], NaN for missing.

        Categories are numbered in order; rare and unknown ones share the number after the last.
        """
        out = np.full((len(rows), len(self.used)), math.nan)
        for place, column in enumerate(self.used):
            values = [row.get(column.name) for row in rows]
            if column.kind == "category":
                codes = self._codes(values, column).astype(float)
                known = np.where(codes < 0, len(column.categories), codes)
                out[:, place] = np.where(self._gone(values), math.nan, known)
            else:
                out[:, place] = self._numbers(values, column)
        return out

    def _gone(self, values: Sequence[Any]) -> Array:
        return np.array([is_missing(value, self._missing) for value in values], bool)

    def _codes(self, values: Sequence[Any], column: Column) -> Array:
        """Return each value's place among the categories, int64 [n]; a rare or unknown one has the place after the last
        where training pooled some, else -1, and a missing one -1."""
        place = {category: number for number, category in enumerate(column.categories)}
        other = len(column.categories) if column.pooled else -1
        return np.array(
            [-1 if is_missing(value, self._missing) else place.get(as_category(value), other) for value in values],
            np.int64,
        )

    def _numbers(self, values: Sequence[Any], column: Column) -> Array:
        read = as_date if column.kind == "date" else as_number
        return np.array([math.nan if is_missing(value, self._missing) else read(value) for value in values], float)
