"""Groups of vectors: k-means and its farthest-first start, in blocks, so that memory stays bounded."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
# Distances of this many pairs stand in memory at once: 64 MB as float32.
PAIRS_AT_ONCE = 16_000_000
# Centres move little after ten passes, and groups only have to be roughly right.
PASSES = 10


def blocks(rows: int, width: int) -> list[slice]:
    """Return slices over `rows` rows, each of at most `PAIRS_AT_ONCE` pairs with `width` others."""
    step = max(1, PAIRS_AT_ONCE // max(1, width))
    return [slice(start, min(rows, start + step)) for start in range(0, rows, step)]


def nearest(vectors: Array, centers: Array) -> tuple[Array, Array]:
    """Return for each vector [n, d] of length 1 the number of the nearest center [k, d] and the squared distance."""
    which = np.zeros(len(vectors), np.int64)
    away = np.zeros(len(vectors), np.float32)
    squares = (centers * centers).sum(axis=1)
    for part in blocks(len(vectors), len(centers)):
        distance = squares - 2 * (vectors[part] @ centers.T)
        which[part] = distance.argmin(axis=1)
        away[part] = distance[np.arange(len(distance)), which[part]]
    return which, np.maximum(away + (vectors * vectors).sum(axis=1), 0)


def k_means(vectors: Array, count: int, seed: int, weights: Array | None = None) -> tuple[Array, Array]:
    """Return the group of each vector, int [n] in [0, count), and the groups' centers [count, d].

    Lloyd's algorithm from a k-means++ start (Arthur and Vassilvitskii 2007). `weights` [n], all above 0, pull centers
    towards heavy rows. With fewer vectors than groups each vector is its own.
    """
    count = min(count, len(vectors))
    heavy = np.ones(len(vectors), np.float32) if weights is None else weights.astype(np.float32)
    centers = _spread(vectors, count, heavy, np.random.default_rng(seed))
    which, away = nearest(vectors, centers)
    for _pass in range(PASSES):
        sums = np.zeros_like(centers)
        np.add.at(sums, which, vectors * heavy[:, None])
        mass = np.bincount(which, heavy, minlength=count).astype(np.float32)
        # A group that lost its last member starts again at the vector that is farthest from its own center.
        empty = np.flatnonzero(mass == 0)
        centers = sums / np.maximum(mass, 1e-12)[:, None]
        centers[empty] = vectors[np.argsort(-away, kind="stable")[: len(empty)]]
        before = which
        which, away = nearest(vectors, centers)
        if (before == which).all():
            break
    return which, centers


def _spread(vectors: Array, count: int, weights: Array, random: np.random.Generator) -> Array:
    chosen = np.zeros(count, np.int64)
    chosen[0] = random.choice(len(vectors), p=weights / weights.sum(dtype=np.float64))
    away = ((vectors - vectors[chosen[0]]) ** 2).sum(axis=1)
    for place in range(1, count):
        chances = (away * weights).astype(np.float64)
        total = chances.sum()
        # All that is left are copies of what was chosen: any row will do.
        chosen[place] = random.choice(len(vectors), p=chances / total) if total > 0 else random.integers(len(vectors))
        away = np.minimum(away, np.maximum(2 - 2 * (vectors @ vectors[chosen[place]]), 0))
    return vectors[chosen].copy()
