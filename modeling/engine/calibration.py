"""Calibrated probabilities: temperature scaling, softmax and the expected calibration error."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
# A temperature outside this range says that the data is too small to tell, not that the model is that wrong.
TEMPERATURE_RANGE = (0.05, 20.0)
CALIBRATION_BINS = 15


def softmax(logits: Array) -> Array:
    """Return probabilities [n, k] of logits [n, k]."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    result: Array = powers / powers.sum(axis=1, keepdims=True)
    return result


def log_loss(probabilities: Array, truth: Array) -> float:
    """Return the mean of -ln p(true class), natural logarithm, with p held above 1e-15; lower is better."""
    chosen = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(chosen, 1e-15, 1.0)).mean())


def expected_calibration_error(probabilities: Array, truth: Array, bins: int = CALIBRATION_BINS) -> float:
    """Return the expected calibration error of the top class, in [0, 1]; lower is better.

    Predictions are sorted into `bins` bins of equal width by their highest probability; the result is the mean over all
    predictions of |share right in the bin - mean confidence in the bin| (Guo et al. 2017, "On Calibration of Modern
    Neural Networks", eq. 3).
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for number in range(bins):
        members = place == number
        if members.any():
            error += members.mean() * abs(float(right[members].mean()) - float(confidence[members].mean()))
    return float(error)


def fit_temperature(logits: Array, truth: Array) -> float:
    """Return the temperature in [0.05, 20] that minimises the log-loss of softmax(logits / temperature).

    The true class of each of n rows is wanted with the probability (n + 1/2) / (n + 1), and the others share the rest:
    the mean of a binomial rate after n hits out of n under the prior of Jeffreys. Platt ("Probabilistic outputs for
    support vector machines", 1999, section 2.2) does the same with the prior of Laplace. Without it rows that are all
    right ask for no doubt at all, whatever their number: figures stand in docs/explanation/training.md.

    Log-loss is convex in 1 / temperature, so a bounded scalar search finds the minimum. One row or none gives 1.0.

    Args:
        logits: Of rows that the model did not learn from, [n, k].
        truth: Their classes, 0 to k - 1.
    """
    from scipy.optimize import minimize_scalar

    if len(truth) < 2:
        return 1.0
    others = logits.shape[1] - 1
    doubt = _doubt(len(truth))
    true, total = logits[np.arange(len(truth)), truth], logits.sum(axis=1)
    wanted = (1 - doubt) * true + doubt / max(1, others) * (total - true)
    low, high = np.log(TEMPERATURE_RANGE[0]), np.log(TEMPERATURE_RANGE[1])
    top = logits.max(axis=1)

    def loss(log_temperature: float) -> float:
        # Through the logarithm of the sum, since probabilities that round to 1 have no slope left to follow.
        warmth = np.exp(log_temperature)
        spread = np.log(np.exp((logits - top[:, None]) / warmth).sum(axis=1))
        return float((spread + (top - wanted) / warmth).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def _doubt(rows: int) -> float:
    """Return the probability that is left to other answers than the one that so many rows all have."""
    return 0.5 / (rows + 1)


def sigmoid(logits: Array) -> Array:
    """Return probabilities of logits, each by itself."""
    result: Array = 1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0)))
    return result


def fit_sigmoid_temperature(logits: Array, truth: Array) -> float:
    """Return the temperature in [0.05, 20] that minimises the log-loss of sigmoid(logits / temperature).

    As for classes (`fit_temperature`) some doubt is left, by how many answers are yes, and how many are no.

    Args:
        logits: [n, k], or [n].
        truth: As many answers, true for yes.
    """
    from scipy.optimize import minimize_scalar

    if len(truth) < 2:
        return 1.0
    yes = int(truth.sum())
    wanted = np.where(truth, 1 - _doubt(yes), _doubt(truth.size - yes))
    low, high = np.log(TEMPERATURE_RANGE[0]), np.log(TEMPERATURE_RANGE[1])

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float((np.logaddexp(0.0, scaled) - wanted * scaled).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))
