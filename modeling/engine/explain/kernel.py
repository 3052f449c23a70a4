"""Shapley values by the kernel's least squares: how much each part of an input adds, told by leaving parts out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]
# Random halves of the parts that the weights are fitted to, for each part; and the least of them.
DRAWS_PER_PART, LEAST_DRAWS = 2, 24
_FLOOR, _ROUNDING = 1e-300, 1e-6


class Fitted(NamedTuple):
    """Weights of parts; see `modeling.engine.explain.texts.Attribution` for what the rest means."""

    weights: Array
    base: float
    whole: float
    fidelity: float


def fit_parts(ask: Callable[[Array], Array], count: int, seed: int) -> Fitted:
    """Return how much each of some parts adds to a value; `base + weights.sum() = whole` holds to rounding.

    The weights of single part inputs follow the Shapley kernel (Lundberg and Lee 2017, "A Unified Approach to
    Interpreting Model Predictions", theorem 2), of which half of the draws are complements of the others.

    Args:
        ask: Which parts stay, float64 [m, count] of 0 and 1, to values float64 [m].
        count: How many parts there are, at least 1.
        seed: Of the random draws.
    """
    whole, base = ask(np.stack([np.ones(count), np.zeros(count)])).tolist()
    kept = draws(count, np.random.default_rng(seed))
    values = ask(kept)
    weights = _fitted(kept, values - base, whole - base)
    unexplained = values - base - kept @ weights
    spread = float(np.var(values))
    fidelity = 1.0 - float(np.mean(np.square(unexplained))) / spread if spread > 1e-12 else 1.0
    return Fitted(weights, float(base), float(whole), fidelity)


def log_odds(probabilities: Array, label: int) -> Array:
    """Return ln(p / (1 - p)) of a label's probabilities [n, k], each held above 1e-300.

    Where probabilities of a row add up to 1, the rest is their sum without the label: 1 - p has no digits left when a
    model is very sure, and then all words would weigh nothing.
    """
    given = np.asarray(probabilities, float)
    chances, others = given[:, label], np.delete(given, label, axis=1).sum(axis=1)
    rest = np.where(np.abs(chances + others - 1) < _ROUNDING, others, np.maximum(1 - chances, np.finfo(float).eps))
    odds: Array = np.log(np.maximum(chances, _FLOOR)) - np.log(np.maximum(rest, _FLOOR))
    return odds


def draws(count: int, generator: np.random.Generator) -> Array:
    """Return which parts stay in each part input, float64 [m, count]: each left out alone, each alone, and random sets
    with their complements, of sizes as the Shapley kernel weighs them."""
    singles = 1.0 - np.eye(count)
    rows = [singles, np.eye(count)] if count > 1 else [singles]
    if count > 3:
        sizes = np.arange(2, count - 1)
        chances = 1.0 / (sizes * (count - sizes))
        many = max(LEAST_DRAWS, DRAWS_PER_PART * count) // 2
        drawn = np.zeros((many, count))
        for row, size in zip(drawn, generator.choice(sizes, many, p=chances / chances.sum()), strict=True):
            row[generator.choice(count, size, replace=False)] = 1.0
        rows += [drawn, 1.0 - drawn]
    return np.concatenate(rows)


def _fitted(kept: Array, gains: Array, total: float) -> Array:
    """Return weights whose sum is `total`, by least squares with the kernel's weight for rows of single parts."""
    count = kept.shape[1]
    if count == 1:
        return np.array([total])
    sizes = kept.sum(axis=1)
    # Rows of one part, and of all but one, stand for their whole layer; random rows were drawn by the kernel already.
    layers = np.arange(2, count - 1)
    of_random = float((1.0 / (layers * (count - layers))).sum()) if len(layers) else 0.0
    is_single = (sizes == 1) | (sizes == count - 1)
    many = max(1, int((~is_single).sum()))
    weight = np.where(is_single, 1.0 / ((count - 1) * count), of_random / many)
    # The last weight is what the others leave of the total.
    design = kept[:, :-1] - kept[:, -1:]
    aim = gains - kept[:, -1] * total
    root = np.sqrt(weight)
    first, *_ = np.linalg.lstsq(design * root[:, None], aim * root, rcond=None)
    return np.append(first, total - first.sum())
