"""Training rows as matrices, with the words that stand for no value everywhere in this program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.runtime.columns import RowMatrix
from modeling.engine.tabular.columns import MISSING_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.bundle.runtime.columns import Column, Row

Array = np.ndarray[Any, Any]


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
    """Return rows for a linear model, float64 [n, len(feature_names(columns))]: see `RowMatrix.scaled`."""
    return RowMatrix(columns, MISSING_WORDS).scaled(rows)


def for_trees(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Array, list[bool]]:
    """Return rows for trees, float64 [n, used columns], and which of them hold category codes: see
    `RowMatrix.for_trees`."""
    matrix = RowMatrix(columns, MISSING_WORDS)
    return matrix.for_trees(rows), [column.kind == "category" for column in matrix.used]
