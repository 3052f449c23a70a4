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
MOST_GROUPS = 1_000
# Below so many labels a class the head's doubts are noise, and typical rows teach more. 1.5, 3, 4 and 5 were tried on
# banking77 with one or two seeds; they differ by less than the seeds do, so this is a choice and no finding.
COLD_LABELS = 5
# What a reason says is true: no label has half the probability, or the first two are nearly equal.
UNSURE_BELOW, CLOSE_BELOW = 0.5, 0.2
# So that rows which the head is wholly sure of still have an order.
_SOME_DOUBT = 1e-3


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
    """The most typical row of each group without a label yet, largest group first (TypiClust, Hacohen et al. 2022)."""
    groups = _groups(pool)
    size = np.bincount(groups.which, minlength=len(groups.labels))
    turn = _turns(groups.which, np.lexsort((-groups.typical, groups.which)))
    # Over groups, those with fewer labels first and large ones before small.
    ranked = np.lexsort((-groups.typical, -size[groups.which], turn + groups.labels[groups.which]))
    return _first(ranked, pool.count, TYPICAL)


def _mix(pool: _Pool) -> Order:
    """Typical rows while labels are few; then typical and doubtful rows of the groups that hold most doubt.

    The doubt of a group is the sum over its rows of 1 - margin, shared among its labels and the rows that go before:
    where many alike rows are doubtful one label helps them all, and an odd one out helps nobody.
    """
    if pool.probabilities is None or len(pool.labeled) < COLD_LABELS * pool.probabilities.shape[1]:
        return _typical(pool)
    groups = _groups(pool)
    close = margin(pool.probabilities)
    doubt = 1 + _SOME_DOUBT - close
    turn = _turns(groups.which, np.lexsort((-groups.typical * doubt, groups.which)))
    held = np.bincount(groups.which, doubt, minlength=len(groups.labels)) / (1 + groups.labels)
    rows = np.argsort(-held[groups.which] / (1 + turn), kind="stable")[: pool.count]
    new = groups.labels[groups.which[rows]] == 0
    sure = pool.probabilities[rows].max(axis=1)
    reasons = np.select(
        [sure < UNSURE_BELOW, close[rows] < CLOSE_BELOW, new], [UNSURE, CLOSE_CALL, UNLIKE], default=TYPICAL
    )
    return Order(rows, tuple(reasons.tolist()))


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


@dataclass(frozen=True)
class _Groups:
    """Groups of alike rows: `which` each is in, how `typical` of it, and how many `labels` each group has."""

    which: Array
    typical: Array
    labels: Array


def _groups(pool: _Pool) -> _Groups:
    """Find as many groups as there are labels and rows of a batch, so that a batch's worth of them has no label."""
    everything = np.vstack([pool.vectors, pool.labeled]) if len(pool.labeled) else pool.vectors
    count = min(MOST_GROUPS, len(pool.labeled) + pool.batch, len(everything))
    which, _centers = k_means(everything, count, pool.seed)
    free, taken = np.split(which, [len(pool.vectors)])
    return _Groups(free, _typicality(pool.vectors, free), np.bincount(taken, minlength=count))


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
