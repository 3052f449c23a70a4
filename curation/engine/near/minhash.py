"""Verified MinHash (Broder 1997) with bands (Leskovec and others, Mining of Massive Datasets, chapter 3).

For collections on which the exact join cannot pay: long sets of shingles that are all frequent. Bands propose pairs;
each is counted in full, so that no wrong pair comes out; some true pairs may be missed, and how many is measured on a
sample with the exact join (`search`).
"""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.compiling import compiled
from curation.engine.near.joining import Pairs, TooManyPairs, verify
from curation.engine.near.ranking import Ranked, in_threads

# A pair exactly at the threshold is proposed with at least this chance; above it the chance rises fast.
RECALL = 0.995
# More hashes than this a set cost more than they sort out.
MOST_HASHES = 192
_SEED = 0x1D8E4E27C47D124F


def bands(threshold: Fraction) -> tuple[int, int]:
    """Return how many bands of how many rows: the most rows whose bands fit `MOST_HASHES` and reach `RECALL`.

    A pair at similarity s agrees in a band of r rows with chance s^r, so b bands propose it with 1 - (1 - s^r)^b.
    """
    best = (MOST_HASHES, 1)
    for rows in range(1, 33):
        chance = float(threshold) ** rows
        count = 1 if chance >= 1 else math.ceil(math.log(1 - RECALL) / math.log1p(-chance))
        if count * rows <= MOST_HASHES:
            best = (max(count, 4), rows)
    return best


@compiled
def _spread(value: Any) -> Any:
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled
def _keys(
    tokens: Any, begins: Any, ends: Any, size: Any, first: int, last: int, factors: Any, rows: int, seed: Any, keys: Any
) -> None:
    """Write one key a band for the sets `first` to `last`; a shingle that no other set has is any other number."""
    hashes = len(factors)
    least = np.empty(hashes, np.uint64)
    for number in range(first, last):
        least[:] = np.uint64(0xFFFFFFFFFFFFFFFF)
        start, end = begins[number], ends[number]
        for place in range(size[number]):
            if start + place < end:
                value = _spread(np.uint64(tokens[start + place]) + seed)
            else:
                value = _spread(_spread(np.uint64(number) + seed) ^ (np.uint64(place) << np.uint64(32)))
            for hashed in range(hashes):
                mixed = value * factors[hashed]
                least[hashed] = min(least[hashed], mixed ^ (mixed >> np.uint64(32)))
        for band in range(hashes // rows):
            key = np.uint64(band)
            for row in range(rows):
                key = _spread(key ^ least[band * rows + row])
            keys[band, number] = key


@compiled
def _pairs_in_band(order: Any, keys: Any, found: Any) -> int:
    """Write every pair of sets with one key as lower << 32 | higher; return their number, written or not."""
    count = 0
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and keys[order[end]] == keys[order[start]]:
            end += 1
        for a in range(start, end):
            if count + (end - start) > len(found):
                # Only counting: the caller makes room and asks again, or gives up.
                count += end - a - 1
                continue
            for b in range(a + 1, end):
                found[count] = (np.int64(order[a]) << 32) | np.int64(order[b])
                count += 1
        start = end
    return count


def band_join(ranked: Ranked, threshold: Fraction, *, threads: int, limit: int) -> Pairs:
    """Return the verified pairs that some band proposes, by lower and then by higher set.

    Args:
        ranked: The sets.
        threshold: Least Jaccard similarity, at which each pair is proposed with a chance of `RECALL` at least.
        threads: Threads to use.
        limit: Most pairs, and most candidates in one band.

    Raises:
        TooManyPairs: There are more.
    """
    count, rows = bands(threshold)
    rng = np.random.Generator(np.random.PCG64(_SEED))
    factors = rng.integers(0, 2**63, count * rows, np.uint64) * np.uint64(2) + np.uint64(1)
    keys = np.empty((count, len(ranked.number)), np.uint64)
    with ThreadPoolExecutor(threads) as pool:
        in_threads(
            pool,
            len(ranked.number),
            16 * threads,
            lambda a, b: _keys(
                ranked.tokens, ranked.begins, ranked.ends, ranked.size, a, b, factors, rows, np.uint64(_SEED), keys
            ),
        )
        proposed = np.empty(0, np.int64)
        for band in range(count):
            proposed = np.union1d(proposed, _band(keys[band], limit))
            if len(proposed) > 4 * limit:
                raise TooManyPairs
        left, right = (proposed >> 32).astype(np.int32), (proposed & 0xFFFFFFFF).astype(np.int32)
        overlap = np.empty(len(left), np.int32)
        over, under = threshold.numerator, threshold.denominator

        def check(first: int, last: int) -> None:
            part = slice(first, last)
            verify(
                left[part], right[part], ranked.tokens, ranked.begins, ranked.ends, ranked.size, over, under,
                overlap[part],
            )  # fmt: skip

        in_threads(pool, len(left), 16 * threads, check)
    good = overlap >= 0
    if int(good.sum()) > limit:
        raise TooManyPairs
    return Pairs(left[good], right[good], overlap[good], len(left))


def _band(keys: NDArray[np.uint64], limit: int) -> NDArray[np.int64]:
    """Return the pairs with equal keys as lower << 32 | higher."""
    order = np.argsort(keys, kind="stable").astype(np.int32)
    found = np.empty(1 << 16, np.int64)
    count = _pairs_in_band(order, keys, found)
    if count > limit:
        raise TooManyPairs
    if count + len(keys) > len(found):
        found = np.empty(count + len(keys), np.int64)
        count = _pairs_in_band(order, keys, found)
    return found[:count]
