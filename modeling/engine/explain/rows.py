"""Which columns of a table's row a prediction rests on: columns are taken out and the model is asked again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from modeling.engine.explain.kernel import Array, fit_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modeling.engine.tabular.columns import Column


class ColumnWeights(NamedTuple):
    """Weights of a row's columns and how far they can be added up.

    Attributes:
        weights: By the column's name, in its place among the columns; positive ones raise the value.
        base: The value with every column taken out.
        whole: The value of the row as it is.
        fidelity: As `modeling.engine.explain.texts.Attribution`.
    """

    weights: dict[str, float]
    base: float
    whole: float
    fidelity: float


def attribute_row(
    ask: Callable[[Sequence[Mapping[str, Any]]], Array],
    row: Mapping[str, Any],
    columns: Sequence[Column],
    *,
    seed: int = 0,
) -> ColumnWeights:
    """Return how much each column that the model uses raises what it says of a row.

    A column that is taken out has the training rows' median where it holds numbers or dates, and nothing where it holds
    categories; the model is asked about such rows as it would be about any. Weights are Shapley values by the kernel's
    least squares, see `modeling.engine.explain.kernel.fit_parts`.

    Args:
        ask: Rows to values float64 [n]: log odds of a label, or predicted numbers.
        row: The row.
        columns: As training saw them.
        seed: Of the random draws.
    """
    used = [column for column in columns if column.kind != "unused"]
    plain = {column.name: _without(column) for column in used}

    def values(kept: Array) -> Array:
        rows = [
            {**row, **{column.name: plain[column.name] for column, stays in zip(used, line, strict=True) if not stays}}
            for line in kept
        ]
        return ask(rows)

    found = fit_parts(values, len(used), seed)
    weights = {column.name: float(weight) for column, weight in zip(used, found.weights, strict=True)}
    return ColumnWeights(weights, found.base, found.whole, found.fidelity)


def _without(column: Column) -> Any:
    if column.kind == "number":
        return column.median
    if column.kind == "date":
        return date(1970, 1, 1) + timedelta(days=round(column.median))
    return None
