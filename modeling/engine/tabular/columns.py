"""What the columns of a table are, told by looking at the training rows: numbers, dates, categories, or nothing."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.steps.columns import MISSING
from curation.engine.steps.types import CODE_NAMES
from modeling.engine.bundle.runtime import columns as runtime
from modeling.engine.bundle.runtime.columns import Column, as_category, as_date, as_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.bundle.runtime.columns import Row

MISSING_WORDS = frozenset(word.casefold() for word in MISSING)
# A column is of numbers or dates when as many of its values can be read so; the others count as missing.
SURE_SHARE = 0.95
# Rarer categories are pooled, and so are those beyond the most frequent ones.
LEAST_ROWS = 3
MOST_CATEGORIES = 100
_WORDS = re.compile(r"[^\W_]+")


def is_missing(value: Any) -> bool:
    """Tell whether a value is none: None, NaN, or a text such as NA."""
    return runtime.is_missing(value, MISSING_WORDS)


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
