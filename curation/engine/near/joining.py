"""The exact join: every pair of sets with at least the asked Jaccard similarity, and no other.

After Bayardo and others 2007 (All-Pairs) and Xiao and others 2008 and 2011 (PPJoin). With sets x and y, |x| >= |y|, and
threshold t, J(x, y) >= t means an overlap of at least a = ceil(t / (1 + t) * (|x| + |y|)). Then

- size filter: |y| >= t |x|;
- prefix filter: with shingles in one fixed order, the first |x| - ceil(t |x|) + 1 of x and the first
  |y| - ceil(2 t / (1 + t) * |y|) + 1 of y have one in common;
- position filter: the common ones so far and what is left behind them in both must reach a.

What passes is counted in full, in whole numbers: t is a fraction, so that no pair at the threshold is lost or won
by rounding. Shingles that no other set has come first in the order; they count in sizes and prefixes, but are not
stored.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.compiling import compiled
from curation.engine.near.ranking import Ranked

# Sets that a thread takes at a time: few enough to share the work out evenly, enough that Python's part is nothing.
CHUNK = 2048


@dataclass(slots=True)
class Pairs:
    """Pairs of sets.

    Attributes:
        left: int32 [p], place in `Ranked` of one set.
        right: int32 [p], of the other, above `left`.
        overlap: int32 [p], shingles in common.
        candidates: How many pairs were counted in full.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    overlap: NDArray[np.int32]
    candidates: int


@dataclass(slots=True)
class Index:
    """Where each shingle stands in the prefixes of sets.

    Attributes:
        starts: int64 [shared / shards + 1], where the entries of each shingle start.
        sets: int32, the set of each entry, rising for one shingle.
        places: int32, where in the set's list it stands.
        probes: int32 [r], how many shingles of each set are looked up.
        work: Entries that looking up all sets passes over at most: the cost of the join in steps.
        shard: Only shingles whose rank leaves this when divided by `shards` are in the index and looked up.
        shards: Into how many parts the shingles are cut; 1 for a join in one go.
    """

    starts: NDArray[np.int64]
    sets: NDArray[np.int32]
    places: NDArray[np.int32]
    probes: NDArray[np.int32]
    work: int
    shard: int = 0
    shards: int = 1


class TooManyPairs(Exception):
    """More pairs than were allowed."""


def index(ranked: Ranked, threshold: Fraction, shard: int = 0, shards: int = 1) -> Index:
    """Return the index of all prefixes, or of one shard of their shingles."""
    over, under = threshold.numerator, threshold.denominator
    size = ranked.size.astype(np.int64)
    shared = ranked.ends - ranked.begins
    alone = size - shared
    probes = np.clip(size - -(-over * size // under) + 1 - alone, 0, shared).astype(np.int32)
    kept = np.clip(size - -(-2 * over * size // (over + under)) + 1 - alone, 0, shared).astype(np.int32)
    kinds = -(-ranked.shared // shards)
    counts, looked = np.zeros(kinds + 1, np.int64), np.zeros(kinds, np.int64)
    _count_prefixes(ranked.tokens, ranked.begins, kept, shard, shards, counts[1:])
    _count_prefixes(ranked.tokens, ranked.begins, probes, shard, shards, looked)
    # Floats, because the product of two large counts is beyond 64 bits; half, because only smaller sets are looked at.
    work = float(np.dot(counts[1:].astype(np.float64), looked.astype(np.float64)) / 2)
    starts = np.cumsum(counts)
    cursor = starts[:-1].copy()
    sets, places = np.empty(int(starts[-1]), np.int32), np.empty(int(starts[-1]), np.int32)
    _fill_index(ranked.tokens, ranked.begins, kept, shard, shards, cursor, sets, places)
    return Index(starts, sets, places, probes, int(work), shard, shards)


@compiled
def _count_prefixes(tokens: Any, begins: Any, lengths: Any, shard: int, shards: int, counts: Any) -> None:
    for number in range(len(lengths)):
        for place in range(begins[number], begins[number] + lengths[number]):
            token = np.int64(tokens[place])
            if shards == 1:
                counts[token] += 1
            elif token % shards == shard:
                counts[token // shards] += 1


@compiled
def _fill_index(
    tokens: Any, begins: Any, lengths: Any, shard: int, shards: int, cursor: Any, sets: Any, places: Any
) -> None:
    for number in range(len(lengths)):
        for place in range(lengths[number]):
            token = np.int64(tokens[begins[number] + place])
            if shards > 1:
                if token % shards != shard:
                    continue
                token //= shards
            sets[cursor[token]] = number
            places[cursor[token]] = place
            cursor[token] += 1


@compiled
def _overlap(tokens: Any, a: int, a_end: int, b: int, b_end: int, needed: Any, shard: int, shards: int) -> int:
    """Return how many tokens two rising lists share, or -1 as soon as it cannot be `needed` any more.

    A pair belongs to the shard of its first common token; -1 in every other one.
    """
    found = 0
    while a < a_end and b < b_end:
        if found + min(a_end - a, b_end - b) < needed:
            return -1
        one, two = tokens[a], tokens[b]
        if one == two:
            if found == 0 and shards > 1 and np.int64(one) % shards != shard:
                return -1
            found += 1
            a += 1
            b += 1
        elif one < two:
            a += 1
        else:
            b += 1
    return found if found >= needed else -1


@compiled
def _first_at(sets: Any, start: int, end: int, least: int) -> int:
    """Return the first entry from `start` on whose set is `least` or above."""
    while start < end:
        middle = (start + end) // 2
        if sets[middle] < least:
            start = middle + 1
        else:
            end = middle
    return start


@compiled
def _find(parent: Any, number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number


@compiled
def _candidates(
    x: int,
    tokens: Any,
    begins: Any,
    ends: Any,
    size: Any,
    starts: Any,
    sets: Any,
    places: Any,
    probes: Any,
    least: Any,
    over: int,
    under: int,
    shard: int,
    shards: int,
    seen: Any,
    found: Any,
) -> int:
    """Write the smaller sets that pass all filters for set `x` to `found`; return how many.

    `seen` holds, for each set, the last x that it was weighed against. In a shard the first common shingle that is met
    may not be the first of all: then the pair belongs to another shard, and to rule it out here is right as well.
    """  # fmt: skip
    count = 0
    start, length = begins[x], ends[x] - begins[x]
    smallest = _first_at(size, 0, x, least)
    for place in range(probes[x]):
        token = np.int64(tokens[start + place])
        if shards > 1:
            if token % shards != shard:
                continue
            token //= shards
        end = starts[token + 1]
        for entry in range(_first_at(sets, starts[token], end, smallest), end):
            y = np.int64(sets[entry])
            if y >= x:
                break
            if seen[y] == x:
                continue
            seen[y] = x
            left = min(length - place, ends[y] - begins[y] - places[entry])
            # The first common token in the order of ranks: no other one stands before it.
            if left * (over + under) >= over * (np.int64(size[x]) + np.int64(size[y])):
                found[count] = y
                count += 1
    return count


@compiled
def _join(
    first: int,
    last: int,
    step: int,
    tokens: Any,
    begins: Any,
    ends: Any,
    size: Any,
    starts: Any,
    sets: Any,
    places: Any,
    probes: Any,
    over: int,
    under: int,
    shard: int,
    shards: int,
    limit: int,
    parent: Any,
    seen: Any,
    found: Any,
) -> Any:
    """Return the pairs of the sets `first`, `first + step`, ... below `last` with all smaller sets.

    With `parent` (a forest over all sets) pairs of sets that are connected already are passed over, and each pair that
    is given connects two trees. Stops behind `limit` pairs: the caller sees more than that and gives up.
    """  # fmt: skip
    room = 1024
    pairs = np.empty((room, 3), np.int32)
    written, counted = 0, 0
    linking = len(parent) > 0
    for x in range(first, last, step):
        least = (over * np.int64(size[x]) + under - 1) // under
        many = _candidates(
            x, tokens, begins, ends, size, starts, sets, places, probes, least, over, under, shard, shards, seen, found
        )
        for entry in range(many):
            y = found[entry]
            if linking and _find(parent, x) == _find(parent, y):
                continue
            both = np.int64(size[x]) + np.int64(size[y])
            needed = (over * both + over + under - 1) // (over + under)
            counted += 1
            common = _overlap(tokens, begins[x], ends[x], begins[y], ends[y], needed, shard, shards)
            if common < 0:
                continue
            if linking:
                one, two = _find(parent, x), _find(parent, y)
                parent[max(one, two)] = min(one, two)
            if written == room:
                room *= 2
                more = np.empty((room, 3), np.int32)
                more[:written] = pairs
                pairs = more
            pairs[written, 0], pairs[written, 1], pairs[written, 2] = y, x, common
            written += 1
        if written > limit:
            break
    return pairs[:written], counted


@compiled
def verify(
    left: Any, right: Any, tokens: Any, begins: Any, ends: Any, size: Any, over: int, under: int, overlap: Any
) -> None:
    """Write the overlap of each candidate pair, -1 where it is below the threshold."""
    for pair in range(len(left)):
        x, y = left[pair], right[pair]
        needed = (over * (np.int64(size[x]) + np.int64(size[y])) + over + under - 1) // (over + under)
        overlap[pair] = _overlap(tokens, begins[x], ends[x], begins[y], ends[y], needed, 0, 1)


class _Join:
    """A join in threads: each has its own scratch space, and chunks are gathered in order."""

    def __init__(self, ranked: Ranked, found: Index, threshold: Fraction, *, links: bool, limit: int) -> None:
        self._ranked, self._index, self._threshold = ranked, found, threshold
        self._links, self._limit = links, limit
        self._free: list[tuple[Any, Any, Any]] = []

    def scratch(self) -> tuple[Any, Any, Any]:
        if self._free:
            return self._free.pop()
        count = len(self._ranked.number)
        parent = np.arange(count if self._links else 0, dtype=np.int32)
        return parent, np.full(count, -1, np.int32), np.empty(count, np.int32)

    def chunk(self, first: int, last: int, step: int = 1) -> tuple[NDArray[np.int32], int]:
        scratch = self.scratch()
        ranked, found = self._ranked, self._index
        pairs, counted = _join(
            first, last, step, ranked.tokens, ranked.begins, ranked.ends, ranked.size, found.starts, found.sets,
            found.places, found.probes, self._threshold.numerator, self._threshold.denominator, found.shard,
            found.shards, self._limit, *scratch,
        )  # fmt: skip
        self._free.append(scratch)
        return pairs, int(counted)


def join(
    ranked: Ranked, found: Index, threshold: Fraction, *, threads: int, limit: int, links: bool = False, step: int = 1
) -> Pairs:
    """Return all pairs, by the larger set and in order of finding; the same whatever the number of threads.

    Args:
        ranked: The sets.
        found: Their index.
        threshold: Least Jaccard similarity.
        threads: Threads to use.
        limit: Most pairs to return.
        links: Return only enough pairs to connect what is connected: at most one less than sets, for each thread.
            Which ones depends on the threads; what they connect does not.
        step: Look up only each `step`-th set: a sample.

    Raises:
        TooManyPairs: There are more than `limit`; no pair is returned. Memory stays within about twice the limit.
    """
    work = _Join(ranked, found, threshold, links=links, limit=limit)
    width = CHUNK * step
    starts = list(range(0, len(ranked.number), width))
    pieces, total, counted = [np.empty((0, 3), np.int32)], 0, 0
    with ThreadPoolExecutor(threads) as pool:
        # A few chunks ahead and no more, so that a join with too many pairs ends soon.
        for block in range(0, len(starts), 32 * threads):
            ends = [min(start + width, len(ranked.number)) for start in starts[block : block + 32 * threads]]
            for pairs, some in pool.map(work.chunk, starts[block : block + 32 * threads], ends, [step] * len(ends)):
                pieces.append(pairs)
                total += len(pairs)
                counted += some
                if total > limit:
                    raise TooManyPairs
    both = np.concatenate(pieces)
    return Pairs(both[:, 0].copy(), both[:, 1].copy(), both[:, 2].copy(), counted)
