"""Classification figures computed from predictions: accuracy, F1, confusion, calibration, and comparisons of two
models."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from modeling.engine.calibration import expected_calibration_error, log_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]
RESAMPLES = 2000


class ClassFigures(TypedDict):
    """Precision, recall and F1 in [0, 1] and the number of true rows of one class."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


def confusion_matrix(truth: Array, predicted: Array, classes: int) -> Array:
    """Return counts [k, k]: rows are true classes, columns predicted ones."""
    flat = np.bincount(truth * classes + predicted, minlength=classes * classes)
    result: Array = flat.reshape(classes, classes)
    return result


def _rates(matrix: Array) -> tuple[Array, Array, Array]:
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).astype(float)
    predicted, actual = matrix.sum(axis=-2), matrix.sum(axis=-1)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    recall = np.divide(hits, actual, out=np.zeros_like(hits), where=actual > 0)
    f1 = np.divide(2 * hits, predicted + actual, out=np.zeros_like(hits), where=predicted + actual > 0)
    return precision, recall, f1


def macro_f1(truth: Array, predicted: Array, classes: int) -> float:
    """Return the unweighted mean of the classes' F1, over classes that occur in truth or predictions; in [0, 1]."""
    matrix = confusion_matrix(truth, predicted, classes)
    occurs = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
    return float(_rates(matrix)[2][occurs].mean()) if occurs.any() else 0.0


def classification_figures(probabilities: Array, truth: Array, labels: Sequence[str]) -> dict[str, Any]:
    """Return every figure of a classifier on one split, JSON-ready: see the keys; shares are in [0, 1]."""
    predicted = probabilities.argmax(axis=1)
    matrix = confusion_matrix(truth, predicted, len(labels))
    precision, recall, f1 = _rates(matrix)
    per_class = [
        ClassFigures(
            label=name,
            precision=float(precision[i]),
            recall=float(recall[i]),
            f1=float(f1[i]),
            support=int(matrix[i].sum()),
        )
        for i, name in enumerate(labels)
    ]
    return {
        "rows": len(truth),
        "accuracy": float((predicted == truth).mean()),
        "macro_f1": macro_f1(truth, predicted, len(labels)),
        "log_loss": log_loss(probabilities, truth),
        "calibration_error": expected_calibration_error(probabilities, truth),
        "labels": list(labels),
        "per_class": per_class,
        "confusion": matrix.tolist(),
    }


def mcnemar_exact(truth: Array, first: Array, second: Array) -> dict[str, float | int]:
    """Return the exact two-sided McNemar test on two models' predictions for the same rows.

    `only_first` and `only_second` count rows that one model alone has right; under equal error rates the smaller
    follows a binomial with p = 1/2, and `p_value` in (0, 1] is twice its lower tail, at most 1.
    """
    only_first = int(((first == truth) & (second != truth)).sum())
    only_second = int(((first != truth) & (second == truth)).sum())
    total, low = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(total, k) for k in range(low + 1)) / 2**total
    return {"only_first": only_first, "only_second": only_second, "p_value": min(1.0, 2 * tail)}


def bootstrap_f1_difference(
    truth: Array, first: Array, second: Array, classes: int, *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, float]:
    """Return the macro-F1 difference first - second and its 95 % percentile interval over resampled rows."""
    generator = np.random.default_rng(seed)
    differences = np.empty(resamples)
    for i in range(resamples):
        rows = generator.integers(0, len(truth), len(truth))
        differences[i] = macro_f1(truth[rows], first[rows], classes) - macro_f1(truth[rows], second[rows], classes)
    low, high = np.quantile(differences, [0.025, 0.975])
    observed = macro_f1(truth, first, classes) - macro_f1(truth, second, classes)
    return {"difference": observed, "low": float(low), "high": float(high)}
