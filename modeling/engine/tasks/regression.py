"""A number for each row of a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.errors import BadData
from modeling.engine.tasks.task import Array, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modeling.engine.data import Examples


class TableRegression(Task):
    """Predictions are numbers [n]; models are chosen by the share of the variance that they explain."""

    name, title, input = "table-regression", "A number for each row", "row"
    primary = "r2"

    def check(self, examples: Examples) -> None:
        """Refuse answers that are no finite numbers, and training rows that all have the same one."""
        names = examples.ids or tuple(map(str, range(len(examples.inputs))))
        for name, answer in zip(names, examples.answers, strict=True):
            if isinstance(answer, bool) or not isinstance(answer, int | float) or not math.isfinite(answer):
                raise BadData(f"Row {name}: {answer!r} is no number, and this task learns numbers.")
        if len(set(examples.part("train").answers)) < 2:
            raise BadData("Training needs at least two different numbers among the training rows.")

    def classes(self, answers: Sequence[Any]) -> tuple[str, ...]:
        """Return nothing: numbers have no classes."""
        return ()

    def figures(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return R2, errors in the unit of the answer, and the errors of always saying the mean or the median.

        `r2` is 1 - sum of squared errors / sum of squared distances from the mean of these rows: 1 is perfect, 0 as
        good as that mean, below 0 worse. `within` is the share of rows whose error is at most a tenth of the answers'
        spread (95th less 5th percentile).
        """
        truth = np.array(examples.answers, float)
        errors = np.abs(predictions - truth)
        spread = float(np.subtract(*np.quantile(truth, [0.95, 0.05])))
        return {
            "rows": len(truth),
            "r2": r_squared(truth, predictions),
            "mean_absolute_error": float(errors.mean()),
            "median_absolute_error": float(np.median(errors)),
            "root_mean_squared_error": float(np.sqrt(np.square(errors).mean())),
            "mean_absolute_error_of_median": float(np.abs(truth - np.median(truth)).mean()),
            "root_mean_squared_error_of_mean": float(truth.std()),
            "within": float((errors <= spread / 10).mean()),
            "labels": [],
            "per_class": [],
        }

    def losses(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array:
        """Return the absolute errors."""
        errors: Array = np.abs(predictions - np.array(examples.answers, float))
        return errors

    def scorer(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Callable[[Array], float]:
        """Return R2 over row numbers."""
        truth = np.array(examples.answers, float)
        return lambda rows: r_squared(truth[rows], predictions[rows])

    def row_answer(self, answer: Any) -> Any:
        """Return the number."""
        return float(answer)

    def row_prediction(self, prediction: Any, classes: Sequence[str]) -> dict[str, Any]:
        """Return the number; a confidence it has not."""
        return {"answer": float(prediction), "confidence": None}


def r_squared(truth: Array, predictions: Array) -> float:
    """Return the share of the variance explained, at most 1; for rows that are all alike 1 when right, else 0."""
    left, whole = float(np.square(predictions - truth).sum()), float(np.square(truth - truth.mean()).sum())
    if whole <= 0:
        return float(left <= 0)
    return 1.0 - left / whole
