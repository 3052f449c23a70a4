"""All pairs of vectors at or above a cosine, found exactly without computing all cosines."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Rows and columns of one block of bounds: 2,048 x 8,192 float32 are 64 MB.
ROWS, COLUMNS = 2048, 8192
HEADS = (32, 64, 96, 128, 192)
# Added to the bound, so that rounding (float32 sums of 384 products err by less than 1e-5) never hides a pair.
SLACK = 1e-4
SAMPLE = 2000
# To gather and compare one candidate in full takes as long as this many products of a block (bench/embeddings.py).
CHECK_COST = 70_000
PAIR_LIMIT = 20_000_000


class TooManyPairs(ValueError):
    """A threshold so low that the pairs would not fit; the sentence says how many rows and which cosine."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of vectors, each once, ordered by left and right.

    Attributes:
        left: int64 [pairs], the lower number.
        right: int64 [pairs].
        cosine: float32 [pairs].
        head: Numbers of each rotated vector that the bound looked at; `candidates` were then compared in full.
        candidates: Pairs whose bound reached the threshold.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    cosine: NDArray[np.float32]
    head: int
    candidates: int


def pairs_above(
    vectors: NDArray[np.float32],
    threshold: float,
    *,
    limit: int = PAIR_LIMIT,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Pairs:
    """Return every pair whose cosine is at or above the threshold.

    The vectors are rotated so that most of their length lies in their first numbers. By Cauchy and Schwarz the rest of
    two vectors adds at most the product of its lengths, so ``head_i . head_j + |rest_i| |rest_j|`` is never below the
    cosine: one product of short vectors rules nearly all pairs out, and the others are computed in full. No pair is
    missed but one whose cosine is within 1e-5 of the threshold, the rounding of float32. Time grows with n squared
    (bench/embeddings.py has the figures); memory is 128 MB and the pairs.

    Args:
        vectors: float32 [n, width], each of length 1.
        threshold: Least cosine, above 0 to 1.
        limit: Pairs at most.
        progress: Called with rows done and rows in all; may raise.

    Raises:
        TooManyPairs: There are more pairs than `limit`.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}; it must be above 0 and at most 1")
    count = len(vectors)
    # Nothing is compared with anything when there are fewer than two; the rotation needs rows too.
    if count < 2:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), 0, 0)
    heads = _heads(vectors, threshold)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
    candidates = total = 0
    for start in range(0, count, ROWS):
        rows = heads[start : start + ROWS]
        for first in range(start, count, COLUMNS):
            bound = rows @ heads[first : first + COLUMNS].T
            left, right = np.divmod(np.flatnonzero(bound >= threshold - SLACK), bound.shape[1])
            left, right = left + start, right + first
            upper = left < right
            left, right = left[upper], right[upper]
            candidates += len(left)
            kept = _checked(vectors, left, right, threshold)
            total += len(kept[0])
            if total > limit:
                raise TooManyPairs(
                    f"More than {limit:,} pairs of these {count:,} rows have a cosine of {threshold} or more. "
                    "Raise the threshold."
                )
            found.append(kept)
        progress(min(count, start + ROWS), count)
    left, right, cosine = (np.concatenate([part[place] for part in found]) for place in range(3))
    order = np.lexsort((right, left))
    return Pairs(left[order], right[order], cosine[order], heads.shape[1] - 1, candidates)


def _heads(vectors: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    """Return the first numbers of the rotated vectors and the length of the rest, float32 [n, head + 1].

    The head is the one with which products and comparisons in full together cost least on a sample.
    """
    taught = vectors[:: max(1, len(vectors) // 50_000)]
    _values, basis = np.linalg.eigh(taught.T.astype(np.float64) @ taught.astype(np.float64))
    basis = np.ascontiguousarray(basis[:, ::-1].astype(np.float32))
    width = vectors.shape[1]
    sample = vectors[:: max(1, len(vectors) // SAMPLE)][:SAMPLE]
    best, least = width, float("inf")
    for head in (*(size for size in HEADS if size < width), width):
        short = _headed(sample, basis, head)
        through = (short @ short.T >= threshold - SLACK).mean() - 1 / len(sample)
        cost = head + CHECK_COST * float(through)
        if cost < least:
            best, least = head, cost
    return _headed(vectors, basis, best)


def _headed(vectors: NDArray[np.float32], basis: NDArray[np.float32], head: int) -> NDArray[np.float32]:
    out = np.empty((len(vectors), head + 1), np.float32)
    for start in range(0, len(vectors), COLUMNS):
        part = vectors[start : start + COLUMNS] @ basis[:, :head]
        out[start : start + COLUMNS, :head] = part
        rest = np.einsum("ij,ij->i", *(vectors[start : start + COLUMNS],) * 2) - np.einsum("ij,ij->i", part, part)
        out[start : start + COLUMNS, head] = np.sqrt(rest.clip(min=0))
    return out


def _checked(
    vectors: NDArray[np.float32], left: NDArray[np.int64], right: NDArray[np.int64], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return those pairs whose cosine, computed in full, reaches the threshold."""
    cosine = cosines(vectors, left, right)
    keep = cosine >= threshold - 1e-6
    return left[keep], right[keep], cosine[keep].clip(max=1.0)


def cosines(vectors: NDArray[np.float32], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the cosine of each pair, float32 [pairs]."""
    out = np.empty(len(left), np.float32)
    for start in range(0, len(left), 16_384):
        part = slice(start, start + 16_384)
        out[part] = np.einsum("ij,ij->i", vectors[left[part]], vectors[right[part]])
    return out
