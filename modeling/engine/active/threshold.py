"""From which confidence on a model may answer alone: a bound on its precision, not the share that happened to be right.

The threshold that showed 99 % on the answers at hand breaks its promise more often than not, since it was chosen among
many for looking good. Here each threshold of a grid that was fixed beforehand is held to an exact binomial bound, and
the bounds hold all at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.errors import BadData

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]
# Fixed before any answer is seen. More steps would cost more certainty each than finer ones give back in coverage.
GRID = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
# The promise may fail in one project of twenty.
DELTA = 0.05


@dataclass(frozen=True)
class Choice:
    """A threshold and what vouches for it.

    Attributes:
        threshold: Answers of at least this confidence may be accepted; None when no threshold of the grid holds.
        coverage: Share of the answers at hand that reach it, 0 to 1.
        seen: How many those are.
        right: How many of them are right.
        bound: With probability 1 - delta the precision lies above this, for all thresholds of the grid at once, 0 to 1.
        needed: Answers, all of them right, that would be the least from which the target can be promised.
    """

    threshold: float | None
    coverage: float
    seen: int
    right: int
    bound: float
    needed: int


def lower_bound(right: Array | int, seen: Array | int, delta: float) -> Array:
    """Return the exact one-sided bound (Clopper and Pearson 1934) above which a share lies with 1 - delta.

    Args:
        right: Successes, from 0 to `seen`; a number or an array.
        seen: Trials. Without trials the bound is 0.
        delta: Chance that the share lies below the bound all the same, between 0 and 1.
    """
    from scipy.special import betaincinv

    hits, trials = np.asarray(right, np.float64), np.asarray(seen, np.float64)
    bound = betaincinv(np.maximum(hits, 1), trials - hits + 1, delta)
    result: Array = np.where(hits > 0, bound, 0.0)
    return result


def interval(right: int, seen: int, delta: float = DELTA) -> tuple[float, float]:
    """Return the exact two-sided interval in which a share lies with 1 - delta; (0, 1) without trials."""
    if not seen:
        return 0.0, 1.0
    low = float(lower_bound(right, seen, delta / 2))
    return low, 1 - float(lower_bound(seen - right, seen, delta / 2))


def choose_threshold(
    confidences: Array,
    correct: Array,
    target: float,
    grid: Sequence[float] = GRID,
    delta: float = DELTA,
) -> Choice:
    """Return the lowest threshold whose precision is at least `target`, wrong in one project of 1 / delta at most.

    The answers must be a fair sample of those to come, and made by people who did not see the model's. Each of the
    grid's m thresholds is tested at delta / m (Bonferroni), so the choice among them costs nothing of the promise.

    Args:
        confidences: [n], of the model in its answer, 0 to 1.
        correct: bool [n], whether people gave the same answer.
        target: Precision that is promised, above 0 and below 1.
        grid: Thresholds, fixed before the answers were seen.
        delta: Chance that the promise is broken.

    Raises:
        BadData: Lengths that differ, an empty grid, or a target or delta out of range.
    """
    if len(confidences) != len(correct):
        raise BadData(f"{len(confidences)} confidences came with {len(correct)} answers.")
    if not (0 < target < 1 and 0 < delta < 1 and len(grid)):
        raise BadData("Target and delta must lie between 0 and 1, and the grid must hold a threshold.")
    steps = np.sort(np.asarray(grid, np.float64))
    each = delta / len(steps)
    falling = np.argsort(-confidences, kind="stable")
    seen = len(confidences) - np.searchsorted(np.sort(confidences), steps, side="left")
    right = np.r_[0, np.cumsum(correct[falling])][seen]
    bounds = lower_bound(right, seen, each)
    needed = int(np.ceil(np.log(each) / np.log(target)))
    holds = np.flatnonzero(bounds >= target)
    if not len(holds):
        return Choice(None, 0.0, 0, 0, 0.0, needed)
    best = holds[0]
    share = float(seen[best] / len(confidences))
    return Choice(float(steps[best]), share, int(seen[best]), int(right[best]), float(bounds[best]), needed)
