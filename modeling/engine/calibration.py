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

    Log-loss is convex in 1 / temperature, so a bounded scalar search finds the minimum. One row or none gives 1.0.
    """
    from scipy.optimize import minimize_scalar

    if len(truth) < 2:
        return 1.0
    rows = np.arange(len(truth))
    low, high = np.log(TEMPERATURE_RANGE[0]), np.log(TEMPERATURE_RANGE[1])

    def loss(log_temperature: float) -> float:
        # Through the logarithm of the sum, since probabilities that round to 1 have no slope left to follow.
        scaled = logits / np.exp(log_temperature)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, truth]).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def sigmoid(logits: Array) -> Array:
    """Return probabilities of logits, each by itself."""
    result: Array = 1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0)))
    return result


def fit_sigmoid_temperature(logits: Array, truth: Array) -> float:
    """Return the temperature in [0.05, 20] that minimises the log-loss of sigmoid(logits / temperature), [n, k]."""
    from scipy.optimize import minimize_scalar

    if len(truth) < 2:
        return 1.0
    signs = np.where(truth, 1.0, -1.0)
    low, high = np.log(TEMPERATURE_RANGE[0]), np.log(TEMPERATURE_RANGE[1])

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0.0, -signs * logits / np.exp(log_temperature)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))
