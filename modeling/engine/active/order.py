"""Which items to label next: the order in which unlabeled items teach a model most, and why each stands where it does.

Items are sentence vectors of length 1. Nothing here knows texts, people or projects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from modeling.engine.active.clusters import blocks, k_means
from modeling.engine.errors import BadData

Array = np.ndarray[Any, Any]
# The codes of reasons, which the pages put into words.
UNSURE, CLOSE_CALL, UNLIKE, TYPICAL = "unsure", "close_call", "unlike", "typical"
REASONS = (UNSURE, CLOSE_CALL, UNLIKE, TYPICAL)
# Neighbours whose mean distance says how typical an item is: K = 20 in Hacohen et al. 2022 ("Active Learning on a
# Budget", section 3.3).
NEIGHBOURS = 20
# More groups than this bring nothing that a person would notice, and k-means grows with their number.
MOST_GROUPS = 500
# Groups are looked for among so many times as many doubtful items as are asked for (beta in Zhdanov 2019, "Diverse
# mini-batch Active Learning").
DOUBTFUL_TIMES = 10
# Below so many labels a class the head's doubts are noise, and typical items teach more; measured by
# bench/active_learning.py.
COLD_LABELS = 1.5


@dataclass(frozen=True)
class Order:
    """Rows in the order in which to label them, int64 [m], and one code of REASONS for each."""

    rows: Array
    reasons: tuple[str, ...]


def entropy(probabilities: Array) -> Array:
    """Return the entropy of each row [n, k] in nats; higher is less sure."""
    held = np.clip(probabilities, 1e-15, 1.0)
    result: Array = -(held * np.log(held)).sum(axis=1)
    return result


def margin(probabilities: Array) -> Array:
    """Return the likeliest less the second likeliest probability of each row [n, k], in [0, 1]; lower is less sure."""
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    result: Array = best[:, 1] - best[:, 0]
    return result


@dataclass(frozen=True)
class _Pool:
    """The rows that may be asked for, with what is known of them."""

    vectors: Array
    probabilities: Array | None
    labeled: Array
    count: int
    batch: int
    seed: int


def _uncertainty(pool: _Pool) -> Order:
    score = entropy(_probabilities(pool))
    return _first(np.argsort(-score, kind="stable"), pool.count, UNSURE)


def _margin(pool: _Pool) -> Order:
    return _first(np.argsort(margin(_probabilities(pool)), kind="stable"), pool.count, CLOSE_CALL)


def _diversity(pool: _Pool) -> Order:
    """k-center: always the row that is farthest from all labeled and chosen ones (Sener and Savarese 2018)."""
    away = _distance_to(pool.vectors, pool.labeled)
    rows = np.zeros(pool.count, np.int64)
    for place in range(pool.count):
        # Without any label the first is the one that is nearest to the middle of all.
        start = place == 0 and not len(pool.labeled)
        row = int((pool.vectors @ pool.vectors.mean(axis=0)).argmax()) if start else int(away.argmax())
        rows[place] = row
        away = np.minimum(away, 2 - 2 * (pool.vectors @ pool.vectors[row]))
        away[row] = -1
    return _first(rows, pool.count, UNLIKE)


def _typical(pool: _Pool) -> Order:
    """The most typical row of each group that has no label yet, largest first (TypiClust, Hacohen et al. 2022)."""
    everything = np.vstack([pool.vectors, pool.labeled]) if len(pool.labeled) else pool.vectors
    groups = min(MOST_GROUPS, len(pool.labeled) + pool.batch, len(everything))
    which, _centers = k_means(everything, groups, pool.seed)
    covered = np.bincount(which[len(pool.vectors) :], minlength=groups)
    which = which[: len(pool.vectors)]
    size = np.bincount(which, minlength=groups)
    typicality = _typicality(pool.vectors, which)
    # Within a group the most typical first; over groups, those with fewer labels first and large ones before small.
    by_group = np.lexsort((-typicality, which))
    turn = _turns(which, by_group)
    ranked = np.lexsort((-typicality, -size[which], turn + covered[which]))
    return _first(ranked, pool.count, TYPICAL)


def _mix(pool: _Pool) -> Order:
    """Typical rows while labels are few; then close calls, one of each group of the doubtful ones at a time."""
    if pool.probabilities is None or len(pool.labeled) < COLD_LABELS * pool.probabilities.shape[1]:
        return _typical(pool)
    close = margin(pool.probabilities)
    by_margin = np.argsort(close, kind="stable")
    doubtful, rest = np.split(by_margin, [DOUBTFUL_TIMES * pool.batch])
    groups = min(MOST_GROUPS, pool.batch, len(doubtful))
    which, _centers = k_means(pool.vectors[doubtful], groups, pool.seed, 1.001 - close[doubtful])
    turn = _turns(which, np.lexsort((close[doubtful], which)))
    rows = np.r_[doubtful[np.lexsort((close[doubtful], turn))], rest]
    return _first(rows, pool.count, CLOSE_CALL)


METHODS: dict[str, Callable[[_Pool], Order]] = {
    "mix": _mix,
    "uncertainty": _uncertainty,
    "margin": _margin,
    "diversity": _diversity,
    "typical": _typical,
}


def order(
    vectors: Array,
    probabilities: Array | None,
    labeled: Array,
    method: str = "mix",
    seed: int = 0,
    count: int | None = None,
    batch: int = 50,
) -> Order:
    """Return the unlabeled rows that teach most, best first.

    Args:
        vectors: float32 [n, d], each of length 1: all items, labeled ones too.
        probabilities: [n, k], calibrated, of a model of the labels so far; None while there is none. Without it only
            `typical`, `diversity` and `mix` know an order.
        labeled: bool [n].
        method: A name in METHODS.
        seed: Of the groups; the same input and seed give the same order.
        count: How many rows, None means all.
        batch: After how many labels the order is asked for anew: so many groups are told apart, and each gives its
            best row before any gives its second.

    Raises:
        BadData: An unknown method, lengths that differ, or a method that needs probabilities and got none.
    """
    if method not in METHODS:
        raise BadData(f"There is no order {method!r}; there are {', '.join(METHODS)}.")
    if len(labeled) != len(vectors) or (probabilities is not None and len(probabilities) != len(vectors)):
        raise BadData("Vectors, probabilities and labeled must have one row for each item.")
    free = np.flatnonzero(~labeled)
    wanted = len(free) if count is None else min(count, len(free))
    if not wanted:
        return Order(np.zeros(0, np.int64), ())
    known = None if probabilities is None else probabilities[free]
    found = METHODS[method](_Pool(vectors[free], known, vectors[labeled], wanted, max(1, batch), seed))
    return Order(free[found.rows], found.reasons)


def _probabilities(pool: _Pool) -> Array:
    if pool.probabilities is None:
        raise BadData("This order needs the probabilities of a model, and there is none yet.")
    return pool.probabilities


def _first(rows: Array, count: int, reason: str) -> Order:
    return Order(rows[:count], (reason,) * min(count, len(rows)))


def _distance_to(vectors: Array, others: Array) -> Array:
    """Return the squared distance of each row to the nearest of the others, [n] in [0, 4]; 4 where there is none."""
    away = np.full(len(vectors), 4.0, np.float32)
    if len(others):
        for part in blocks(len(vectors), len(others)):
            away[part] = 2 - 2 * (vectors[part] @ others.T).max(axis=1)
    return away


def _typicality(vectors: Array, which: Array) -> Array:
    """Return how near each row is to its nearest neighbours in its own group, [n]; higher is more typical."""
    typical = np.zeros(len(vectors), np.float32)
    order_of = np.argsort(which, kind="stable")
    for members in np.split(order_of, np.flatnonzero(np.diff(which[order_of])) + 1):
        near = min(NEIGHBOURS, len(members) - 1)
        if near < 1:
            continue
        for part in blocks(len(members), len(members)):
            alike = vectors[members[part]] @ vectors[members].T
            # The best of the near + 1 is the row itself.
            best = np.partition(alike, -near - 1, axis=1)[:, -near - 1 :]
            typical[members[part]] = 1 / (np.sqrt(np.maximum(2 - 2 * best, 0)).sum(axis=1) / near + 1e-6)
    return typical


def _turns(which: Array, by_group: Array) -> Array:
    """Return for each row its place within its group; `by_group` sorts rows by group, best first."""
    groups = which[by_group]
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    lengths = np.diff(np.r_[starts, len(groups)])
    turn = np.zeros(len(which), np.int64)
    turn[by_group] = np.arange(len(groups)) - np.repeat(starts, lengths)
    return turn
