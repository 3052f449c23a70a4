"""Rows as matrices: scaled and one-hot for linear models, raw numbers and category codes for trees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.tabular.columns import as_category, as_date, as_number, is_missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.tabular.columns import Column, Row

Array = np.ndarray[Any, Any]
# Scaled numbers are held within so many deviations: one mistyped value does not rule a prediction.
MOST_DEVIATIONS = 10.0


def feature_names(columns: Sequence[Column]) -> list[str]:
    """Return what each column of `scaled` is, for people: `mass`, `mass missing`, `island=Dream`."""
    names = []
    for column in columns:
        names += [column.name] if column.kind in {"number", "date"} else []
        names += [f"{column.name}={category}" for category in column.categories]
        names += [f"{column.name}=(other)"] if column.pooled else []
        names += [f"{column.name} missing"] if column.gaps and column.kind != "unused" else []
    return names


def scaled(rows: Sequence[Row], columns: Sequence[Column]) -> Array:
    """Return rows for a linear model, float64 [n, len(feature_names(columns))].

    Numbers are standardised with the training rows' mean and deviation, missing ones are the median and have a column
    of their own where training saw such; categories have a column each, with one for all rare or unknown ones where
    training pooled some.
    """
    blocks: list[Array] = [np.zeros((len(rows), 0))]
    for column in columns:
        values = [row.get(column.name) for row in rows]
        if column.kind == "unused":
            continue
        if column.kind == "category":
            codes = category_codes(values, column)
            wide = len(column.categories) + column.pooled
            blocks.append((codes[:, None] == np.arange(wide)[None, :]).astype(float))
            gone = np.array([is_missing(value) for value in values], bool)
        else:
            numbers = _numbers(values, column)
            gone = np.isnan(numbers)
            known = (np.where(gone, column.median, numbers) - column.mean) / column.deviation
            blocks.append(np.clip(known, -MOST_DEVIATIONS, MOST_DEVIATIONS)[:, None])
        if column.gaps:
            blocks.append(gone.astype(float)[:, None])
    return np.concatenate(blocks, axis=1)


def for_trees(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Array, list[bool]]:
    """Return rows for trees, float64 [n, used columns], NaN for missing, and which of them hold category codes.

    Categories are numbered in order; rare and unknown ones share the number after the last.
    """
    used = [column for column in columns if column.kind != "unused"]
    out = np.full((len(rows), len(used)), math.nan)
    for place, column in enumerate(used):
        values = [row.get(column.name) for row in rows]
        if column.kind == "category":
            codes = category_codes(values, column).astype(float)
            gone = np.array([is_missing(value) for value in values], bool)
            out[:, place] = np.where(gone, math.nan, np.where(codes < 0, len(column.categories), codes))
        else:
            out[:, place] = _numbers(values, column)
    return out, [column.kind == "category" for column in used]


def category_codes(values: Sequence[Any], column: Column) -> Array:
    """Return each value's place among the categories, int64 [n]; a rare or unknown one has the place after the last
    where training pooled some, else -1, and a missing one -1."""
    place = {category: number for number, category in enumerate(column.categories)}
    other = len(column.categories) if column.pooled else -1
    return np.array([-1 if is_missing(value) else place.get(as_category(value), other) for value in values], np.int64)


def _numbers(values: Sequence[Any], column: Column) -> Array:
    read = as_date if column.kind == "date" else as_number
    return np.array([math.nan if is_missing(value) else read(value) for value in values], float)
