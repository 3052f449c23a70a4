"""Logistic regression on any features, dense or sparse: one label a row or several, shares of people as weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
# Inverse regularisation strengths tried on held-out rows.
STRENGTHS = (1.0, 10.0, 100.0)
MOST_ITERATIONS = 1000


def fit_linear(
    features: Any, shares: Array, strength: float, *, task: str, balanced: bool = False
) -> tuple[Array, Array]:
    """Return weights [k, d] and bias [k] of a logistic regression whose logits are `features @ weights.T + bias`.

    Args:
        features: [n, d], an array or a sparse matrix.
        shares: [n, k], 0 to 1: which class a row has, which ones, or how many people said each.
        strength: Inverse of the regularisation, C of scikit-learn.
        task: Its name ends in `multilabel` where labels do not exclude each other.
        balanced: Whether classes count alike whatever their number of rows.
    """
    if task.endswith("multilabel"):
        fits = [_two_sided(features, shares[:, k], strength, balanced) for k in range(shares.shape[1])]
        return np.vstack([weights for weights, _ in fits]), np.array([bias for _, bias in fits])
    rows, classes = np.nonzero(shares)
    weight = shares[rows, classes].astype(np.float64)
    # Rows of people who disagree stand once for each answer, weighted by its share.
    given = features if len(rows) == len(shares) and (weight == 1).all() else features[rows]
    model = _regression(strength, balanced)
    _fitted(model, given, classes, weight)
    weights, bias = np.zeros((shares.shape[1], features.shape[1])), np.full(shares.shape[1], -20.0)
    if len(model.classes_) == 2:
        # For two classes the library keeps one row; half to each side gives the same softmax.
        weights[model.classes_] = np.vstack([-model.coef_[0], model.coef_[0]]) / 2
        bias[model.classes_] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        weights[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return weights, bias


def _two_sided(features: Any, shares: Array, strength: float, balanced: bool) -> tuple[Array, float]:
    """Return one label's weights [d] and bias; of a label that all rows or none have, the logit says so alone."""
    truth = shares > 0.5
    if truth.all() or not truth.any():
        return np.zeros(features.shape[1]), 5.0 if truth.all() else -5.0
    model = _regression(strength, balanced)
    _fitted(model, features, truth, None)
    return model.coef_[0], float(model.intercept_[0])


def _regression(strength: float, balanced: bool) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=MOST_ITERATIONS, class_weight="balanced" if balanced else None)


def _fitted(model: Any, features: Any, truth: Array, weight: Array | None) -> None:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # These products are too small to share: with two threads on busy cores a fit of 0.1 s took three.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one that stops early is still fair
        model.fit(features, truth, weight)
