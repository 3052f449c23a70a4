"""What the columns of a table are, told by looking at the training rows: numbers, dates, categories, or nothing."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.steps.columns import MISSING
from curation.engine.steps.types import CODE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

KINDS = ("number", "date", "category", "unused")
_MISSING = frozenset(word.casefold() for word in MISSING)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\Z")
_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
# A column is of numbers or dates when as many of its values can be read so; the others count as missing.
SURE_SHARE = 0.95
# Rarer categories are pooled, and so are those beyond the most frequent ones.
LEAST_ROWS = 3
MOST_CATEGORIES = 100
_WORDS = re.compile(r"[^\W_]+")


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


def is_missing(value: Any) -> bool:
    """Tell whether a value is none: None, NaN, or a text such as NA."""
    if value is None:
        return True
    if isinstance(value, str):
        return value.strip().casefold() in _MISSING
    return isinstance(value, float) and math.isnan(value)


def as_number(value: Any) -> float:
    """Return a value as a finite number, NaN where it is none."""
    if isinstance(value, bool) or value is None:
        return math.nan if value is None else float(value)
    if isinstance(value, int | float | np.number):
        number = float(value)
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


def look_at(rows: Sequence[Row]) -> tuple[Column, ...]:
    """Return the columns of rows in the order of their first occurrence, typed by their values.

    A column is not used when it holds nothing, one value alone, or a different text in nearly every row (an
    identifier or free text): a model could only learn it by heart.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return tuple(_look_at_one(name, [row.get(name) for row in rows]) for name in names)


def _look_at_one(name: str, values: list[Any]) -> Column:
    filled = [value for value in values if not is_missing(value)]
    gaps = len(filled) < len(values)
    if not filled:
        return Column(name, "unused", "It holds no values.")
    if len({as_category(value) for value in filled}) == 1 and not gaps:
        return Column(name, "unused", "It holds the same value in every row.")
    is_code = bool({word.casefold() for word in _WORDS.findall(name)} & set(CODE_NAMES))
    if not is_code and not all(isinstance(value, bool) for value in filled):
        for kind, read in (("number", as_number), ("date", as_date)):
            numbers = np.array([read(value) for value in filled])
            known = numbers[~np.isnan(numbers)]
            if len(known) >= SURE_SHARE * len(filled):
                return _of_numbers(name, kind, known, gaps=gaps or len(known) < len(filled))
    return _of_categories(name, [as_category(value) for value in filled], gaps=gaps)


def _of_numbers(name: str, kind: str, known: np.ndarray[Any, Any], *, gaps: bool) -> Column:
    deviation = float(known.std())
    return Column(
        name, kind, "", float(np.median(known)), float(known.mean()), deviation if deviation > 1e-12 else 1.0, gaps=gaps
    )


def _of_categories(name: str, values: list[str], *, gaps: bool) -> Column:
    counts = Counter(values)
    frequent = sorted(counts, key=lambda value: (-counts[value], value))
    frequent = [value for value in frequent if counts[value] >= LEAST_ROWS][:MOST_CATEGORIES]
    if not frequent and not gaps:
        return Column(name, "unused", "Nearly every row holds another text: an identifier, or text to be read.")
    return Column(name, "category", categories=tuple(sorted(frequent)), pooled=len(frequent) < len(counts), gaps=gaps)
