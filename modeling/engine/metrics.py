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
INTERVAL_ROUNDS = 1000


class ClassFigures(TypedDict):
    """Precision, recall and F1 in [0, 1], the 95 % interval of F1, and the number of true rows of one class."""

    label: str
    precision: float
    recall: float
    f1: float
    f1_low: float
    f1_high: float
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
    low, high, overall = _intervals(matrix)
    per_class = [
        ClassFigures(
            label=name,
            precision=float(precision[i]),
            recall=float(recall[i]),
            f1=float(f1[i]),
            f1_low=float(low[i]),
            f1_high=float(high[i]),
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
        **overall,
        "reliability": reliability(probabilities, truth),
        "curves": precision_recall_curves(probabilities, np.eye(len(labels), dtype=bool)[truth], labels),
    }


def _intervals(matrix: Array, seed: int = 0) -> tuple[Array, Array, dict[str, list[float]]]:
    """Return the low and high end of each class's F1 [k] and those of accuracy and macro-F1, 95 %, by bootstrap.

    Resampling rows is drawing counts of the confusion matrix from a multinomial: the figures depend on nothing else.
    """
    generator = np.random.default_rng(seed)
    total = int(matrix.sum())
    cells = np.flatnonzero(matrix)
    shares = matrix.ravel()[cells] / total
    f1, accuracy, macro = [], [], []
    for _ in range(INTERVAL_ROUNDS):
        drawn = np.zeros(matrix.size)
        drawn[cells] = generator.multinomial(total, shares)
        sample = drawn.reshape(matrix.shape)
        rates = _rates(sample)[2]
        occurs = (sample.sum(axis=0) + sample.sum(axis=1)) > 0
        f1.append(np.where(occurs, rates, np.nan))
        accuracy.append(float(np.diagonal(sample).sum() / total))
        macro.append(float(rates[occurs].mean()))
    # A class that some draw left out has no F1 there.
    low, high = (np.nan_to_num(np.nanquantile(_known(f1), q, axis=0)) for q in (0.025, 0.975))
    overall = {"accuracy_interval": _ends(accuracy), "macro_f1_interval": _ends(macro)}
    return low, high, overall


def _known(rows: list[Array]) -> Array:
    """Return rows as one array, with a first row of zeros where a class never occurs, so that no column is empty."""
    values = np.array(rows)
    values[0, np.isnan(values).all(axis=0)] = 0.0
    return values


def _ends(values: list[float]) -> list[float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return [float(low), float(high)]


def mcnemar_of(first_right: Array, second_right: Array) -> dict[str, float | int]:
    """Return the exact two-sided McNemar test on two models' answers to the same rows, each right or wrong, bool [n].

    `only_first` and `only_second` count rows that one model alone has right; under equal error rates the smaller
    follows a binomial with p = 1/2, and `p_value` in (0, 1] is twice its lower tail, at most 1.
    """
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    total, low = only_first + only_second, min(only_first, only_second)
    # Summed as whole numbers: as floats, 2 ** total has no value from some thousand rows on.
    tail = sum(comb(total, k) for k in range(low + 1)) / 2**total
    return {"only_first": only_first, "only_second": only_second, "p_value": min(1.0, 2 * tail)}


def label_counts(made: Array, truth: Array) -> Array:
    """Return for each row how many labels are given and so, given but not so, and so but not given: int [n, 3]."""
    return np.stack([(made & truth).sum(axis=1), (made & ~truth).sum(axis=1), (~made & truth).sum(axis=1)], axis=1)


def f1_of_counts(counts: Array) -> float:
    """Return F1 of hits, false and missed ones, [3]; 0 where there is nothing at all."""
    hits, false, missed = counts.tolist()
    return float(2 * hits / (2 * hits + false + missed)) if hits + false + missed else 0.0


def multilabel_figures(probabilities: Array, truth: Array, labels: Sequence[str]) -> dict[str, Any]:
    """Return every figure of a multi-label classifier, JSON-ready; a label is given from a probability of 0.5 on.

    `micro_f1` is of all labels of all rows together, `macro_f1` the mean over labels that occur, `exact` the share of
    rows whose labels are all right, and `average_precision` the mean over labels of the area under precision and
    recall.
    """
    made = probabilities >= 0.5
    counts = np.stack([(made & truth).sum(axis=0), (made & ~truth).sum(axis=0), (~made & truth).sum(axis=0)], axis=1)
    per_class: list[dict[str, Any]] = []
    for k, name in enumerate(labels):
        hits, false, missed = counts[k].tolist()
        per_class.append(
            {
                "label": name,
                "precision": hits / (hits + false) if hits + false else 0.0,
                "recall": hits / (hits + missed) if hits + missed else 0.0,
                "f1": f1_of_counts(counts[k]),
                "support": int(truth[:, k].sum()),
                "average_precision": average_precision(probabilities[:, k], truth[:, k]),
            }
        )
    occurs = [row for row, count in zip(per_class, counts, strict=True) if count.sum()]
    known = [row["average_precision"] for row in per_class if row["average_precision"] is not None]
    return {
        "rows": len(truth),
        "micro_f1": f1_of_counts(counts.sum(axis=0)),
        "macro_f1": float(np.mean([row["f1"] for row in occurs])) if occurs else 0.0,
        "exact": float((made == truth).all(axis=1).mean()),
        "average_precision": float(np.mean(known)) if known else 0.0,
        "labels": list(labels),
        "per_class": per_class,
        "curves": precision_recall_curves(probabilities, truth, labels),
    }


def average_precision(scores: Array, truth: Array) -> float | None:
    """Return the sum over recall steps of the precision there, in [0, 1]; None when no row is positive.

    As scikit-learn's `average_precision_score`: rows of equal score count as one step.
    """
    if not truth.any():
        return None
    precision, recall = _precision_recall(scores, truth)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def precision_recall_curves(
    probabilities: Array, truth: Array, labels: Sequence[str], points: int = 51
) -> list[dict[str, Any]]:
    """Return for each label that occurs the best precision at or beyond each of evenly spaced recalls, and its area."""
    grid = np.linspace(0, 1, points)
    out = []
    for k, name in enumerate(labels):
        if not truth[:, k].any():
            continue
        precision, recall = _precision_recall(probabilities[:, k], truth[:, k])
        best = np.maximum.accumulate(precision[::-1])[::-1]
        places = np.minimum(np.searchsorted(recall, grid - 1e-12), len(best) - 1)
        curve = [round(float(best[place]), 4) for place in places]
        out.append({"label": name, "area": average_precision(probabilities[:, k], truth[:, k]), "precision": curve})
    return out


def _precision_recall(scores: Array, truth: Array) -> tuple[Array, Array]:
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(truth[order])[ends]
    return hits / (ends + 1), hits / max(1, int(truth.sum()))


def reliability(probabilities: Array, truth: Array, bins: int = 15) -> list[dict[str, float | int]]:
    """Return for each bin of confidence that holds rows: the mean confidence, the share right, and how many rows."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "confidence": float(confidence[place == number].mean()),
            "right": float(right[place == number].mean()),
            "rows": int((place == number).sum()),
        }
        for number in range(bins)
        if (place == number).any()
    ]
