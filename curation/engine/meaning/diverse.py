"""A sample that covers: each next item is the one furthest from those chosen (k-center greedy, Gonzalez 1985)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def diverse(
    vectors: NDArray[np.float32],
    count: int,
    *,
    first: int | None = None,
    check: Callable[[], None] = lambda: None,
) -> NDArray[np.int64]:
    """Return the numbers of `count` vectors in the order in which they were chosen.

    The largest distance of any item to the nearest chosen one is at most twice the least possible (Gonzalez 1985). A
    larger sample begins with the smaller one. Time: n x count products; ties go to the lower number.

    Args:
        vectors: float32 [n, width], each of length 1.
        count: Items wanted; all when there are fewer.
        first: Where to begin; the item nearest to the mean direction when None.
        check: Called once a hundred items; may raise.
    """
    total = len(vectors)
    if not total or count < 1:
        return np.empty(0, np.int64)
    if first is None:
        first = int((vectors @ vectors.mean(axis=0)).argmax())
    chosen = np.empty(min(count, total), np.int64)
    near = np.full(total, -2.0, np.float32)
    place = first
    for step in range(len(chosen)):
        if step % 100 == 0:
            check()
        chosen[step] = place
        np.maximum(near, vectors @ vectors[place], out=near)
        # What was chosen is never chosen again, even where all that is left equals it.
        near[place] = np.inf
        place = int(near.argmin())
    return chosen


def coverage(vectors: NDArray[np.float32], chosen: NDArray[np.int64]) -> float:
    """Return the largest cosine distance of any vector to the nearest chosen one, 0 to 2."""
    worst = 1.0
    for start in range(0, len(vectors), 4096):
        worst = min(worst, float((vectors[start : start + 4096] @ vectors[chosen].T).max(axis=1).min()))
    return 1 - worst
