"""Ways to make one prediction of several: their mean, a weighted mean, and a regression on all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from modeling.engine.heads.linear import fit_linear

Array = np.ndarray[Any, Any]
# In the order of preference where figures are equal: the plainest first.
WAYS = ("average", "weighted", "stacked")
# Inverse strength of the stacker's regularisation: weak evidence leaves it near equal weights for all members.
STRENGTH = 0.1
_ROUNDS, _ENOUGH = 2000, 1e-9
_LEAST = 1e-7


def fit_way(way: str, members: Array, shares: Array, task: str) -> dict[str, Array]:
    """Return what a way learns from held-out rows.

    Args:
        way: One of `WAYS`.
        members: Probabilities of each member, [m, n, k].
        shares: What is so, [n, k], 0 to 1.
        task: Its name ends in `multilabel` where labels do not exclude each other.
    """
    if way == "average":
        return {"weights": np.full(len(members), 1 / len(members))}
    if way == "weighted":
        return {"weights": best_weights(members, shares, multilabel=task.endswith("multilabel"))}
    weights, bias = fit_linear(_features(members, task), shares, STRENGTH, task=task)
    return {"matrix": weights, "bias": bias}


def apply_way(way: str, learned: dict[str, Array], members: Array, task: str) -> Array:
    """Return logits [n, k] of the members' probabilities [m, n, k]."""
    if way == "stacked":
        stacked: Array = _features(members, task) @ learned["matrix"].T + learned["bias"]
        return stacked
    mixed = np.tensordot(learned["weights"], members, axes=1)
    return _logits(mixed, task)


def best_weights(members: Array, shares: Array, *, multilabel: bool = False) -> Array:
    """Return weights [m], at least 0 and with sum 1, of the mixture with the least log-loss.

    The log-loss is convex in the weights, and each round of expectation and maximisation lowers it.
    """
    if multilabel:
        right = (members * shares + (1 - members) * (1 - shares)).reshape(len(members), -1)
    else:
        right = (members * shares).sum(axis=2)
    right = np.clip(right, _LEAST, 1.0)
    weights = np.full(len(members), 1 / len(members))
    for _round in range(_ROUNDS):
        parts = weights[:, None] * right
        moved = (parts / parts.sum(axis=0)).mean(axis=1)
        if np.abs(moved - weights).max() < _ENOUGH:
            break
        weights = moved
    result: Array = weights / weights.sum()
    return result


def _features(members: Array, task: str) -> Array:
    """Return the members' logits side by side, [n, m * k]."""
    out: Array = np.concatenate([_logits(one, task) for one in members], axis=1)
    return out


def _logits(probabilities: Array, task: str) -> Array:
    kept = np.clip(probabilities, _LEAST, 1 - _LEAST)
    logits: Array = np.log(kept / (1 - kept)) if task.endswith("multilabel") else np.log(kept)
    return logits
