"""Shingles by their frequency: rare ones first, so that a short prefix of each set finds all its candidates.

Sorting by frequency was half of the time of the prototypes. Here hashes are first scattered by their leading bits into
parts that fit the cache; within a part a small table counts them. No comparison sort of all tokens takes place.

A shingle that occurs in one set alone can be in no overlap: it is only counted. On short texts that removes most of all
tokens, and with them most sets, before the join starts.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.near.collection import Sets, thread_count
from curation.engine.near.compiled import compiled

# A part of this many tokens and its table stay in the second level of the cache; smaller parts scatter worse.
PART_TOKENS = 32_768
# Tokens sorted in one round: 16 bytes each are needed beside the sets, so a round takes about 256 MB at most.
ROUND_TOKENS = 16 << 20
# Frequencies above this are not told apart: they only decide the order of trying, and any order is right.
CAP = 1 << 16
ALONE = np.uint32(0xFFFFFFFF)


@dataclass(slots=True)
class Ranked:
    """The sets that may be like another one, smallest first, as lists of shared shingles, rarest first.

    Attributes:
        number: int32 [r], which set of `Sets` it is; equal sizes stand in rising order of it.
        size: int32 [r], shingles of the set, those that no other set has included; rising.
        offsets: int64 [r + 1], where each list starts in `tokens`.
        tokens: uint32, rank of each shared shingle, rising within a set.
        shared: How many different shingles occur in two sets or more: ranks are below it.
    """

    number: NDArray[np.int32]
    size: NDArray[np.int32]
    offsets: NDArray[np.int64]
    tokens: NDArray[np.uint32]
    shared: int


@compiled
def _count_parts(hashes: Any, start: Any, end: Any, shift: Any, counts: Any) -> None:
    for place in range(start, end):
        counts[np.int64(hashes[place] >> shift)] += 1


@compiled
def _scatter(
    hashes: Any, start: Any, end: Any, shift: Any, low: int, high: int, cursor: Any, keys: Any, places: Any
) -> None:
    """Copy hashes of the parts `low` to `high` (exclusive) to their part; `cursor` holds where each part goes on."""
    for place in range(start, end):
        value = hashes[place]
        part = np.int64(value >> shift)
        if low <= part < high:
            target = cursor[part - low]
            cursor[part - low] = target + 1
            keys[target] = value
            places[target] = place


@compiled
def _number_parts(
    keys: Any, bounds: Any, first: int, last: int, local: Any, counts: Any, kinds: Any, largest: int
) -> None:
    """Number the different hashes of each part from 0 in order of first place, and count each."""
    size = np.int64(16)
    while size < 2 * largest:
        size *= 2
    table = np.full(size, -1, np.int32)
    for part in range(first, last):
        start, end = bounds[part], bounds[part + 1]
        used = np.int64(16)
        while used < 2 * (end - start):
            used *= 2
        table[:used] = -1
        mask = used - 1
        kind = 0
        for place in range(start, end):
            value = keys[place]
            slot = np.int64(value & np.uint64(0x7FFFFFFF)) & mask
            while table[slot] >= 0 and keys[start + table[slot]] != value:
                slot = (slot + 1) & mask
            if table[slot] < 0:
                table[slot] = place - start
                local[place] = kind
                counts[start + kind] = 1
                kind += 1
            else:
                # The entry of a hash's first place holds its number.
                number = local[start + table[slot]]
                local[place] = number
                counts[start + number] += 1
        kinds[part] = kind


@compiled
def _write_codes(
    places: Any, bounds: Any, first: int, last: int, local: Any, counts: Any, base: Any, codes: Any
) -> None:
    """Give every token the number of its shingle among all that are shared, in order of part; `ALONE` if it is not."""
    for part in range(first, last):
        start, end = bounds[part], bounds[part + 1]
        for place in range(start, end):
            number = counts[start + local[place]]
            codes[places[place]] = ALONE if number < 0 else np.uint32(base + np.int64(number))


@compiled
def _number_shared(counts: Any, bounds: Any, kinds: Any, frequency: Any) -> int:
    """Replace counts by running numbers of the shared shingles (-1 for the others) and note their frequency."""
    number = 0
    for part in range(len(kinds)):
        for place in range(bounds[part], bounds[part] + kinds[part]):
            count = counts[place]
            if count > 1:
                frequency[number] = count
                counts[place] = number
                number += 1
            else:
                counts[place] = -1
    return number


@compiled
def _ranks(frequency: Any, cap: Any, ranks: Any) -> None:
    """Rank shingles by frequency with a stable counting sort."""
    starts = np.zeros(cap + 2, np.int64)
    for number in range(len(frequency)):
        starts[min(frequency[number], cap) + 1] += 1
    for value in range(1, cap + 2):
        starts[value] += starts[value - 1]
    for number in range(len(frequency)):
        value = min(frequency[number], cap)
        ranks[number] = starts[value]
        starts[value] += 1


@compiled
def _shared_sizes(codes: Any, offsets: Any, first: int, last: int, shared: Any) -> None:
    for number in range(first, last):
        count = 0
        for place in range(offsets[number], offsets[number + 1]):
            if codes[place] != ALONE:
                count += 1
        shared[number] = count


@compiled
def _sort(values: Any, start: int, end: int, scratch: Any, histogram: Any, passes: int) -> None:
    """Sort a stretch of uint32 below 2^(11 passes): by insertion when short, by digits of 11 bits when long."""
    count = end - start
    if count <= 64:
        for place in range(start, end):
            value = values[place]
            hole = place
            while hole > start and values[hole - 1] > value:
                values[hole] = values[hole - 1]
                hole -= 1
            values[hole] = value
        return
    if count <= 512:
        values[start:end].sort()
        return
    for turn in range(passes):
        shift = np.uint32(11 * turn)
        histogram[:] = 0
        for place in range(count):
            scratch[place] = values[start + place]
            histogram[(scratch[place] >> shift) & np.uint32(2047)] += 1
        before = start
        for digit in range(2048):
            before, histogram[digit] = before + histogram[digit], before
        for place in range(count):
            digit = (scratch[place] >> shift) & np.uint32(2047)
            values[histogram[digit]] = scratch[place]
            histogram[digit] += 1


@compiled
def _lists(codes: Any, offsets: Any, ranks: Any, chosen: Any, targets: Any, first: int, last: int, tokens: Any) -> None:
    """Copy the shared shingles of chosen sets as ranks, each list in rising order."""
    histogram = np.empty(2048, np.int64)
    longest = np.int64(0)
    for entry in range(first, last):
        longest = max(longest, np.int64(targets[entry + 1] - targets[entry]))
    scratch = np.empty(longest, np.uint32)
    passes = 1
    while passes < 3 and len(ranks) >> (11 * passes):
        passes += 1
    for entry in range(first, last):
        number = chosen[entry]
        write = targets[entry]
        for place in range(offsets[number], offsets[number + 1]):
            if codes[place] != ALONE:
                tokens[write] = ranks[codes[place]]
                write += 1
        _sort(tokens, targets[entry], write, scratch, histogram, passes)


def in_threads(pool: ThreadPoolExecutor, count: int, pieces: int, work: Callable[[int, int], None]) -> None:
    """Call `work(first, last)` for `pieces` stretches of `range(count)` and wait."""
    edges = np.linspace(0, count, max(1, min(pieces, count)) + 1).astype(np.int64).tolist()
    for _ in pool.map(work, edges[:-1], edges[1:]):
        pass


def rank(sets: Sets, threshold: Fraction, threads: int | None = None) -> Ranked:
    """Return the sets that share enough shingles with others to be like one of them at all; empties `sets.hashes`.

    Args:
        sets: Different sets.
        threshold: Least Jaccard similarity asked for.
        threads: Threads to use; all processors when None.
    """
    workers = thread_count(threads)
    with ThreadPoolExecutor(workers) as pool:
        codes, frequency = _codes(sets, pool, workers)
        sets.hashes = np.empty(0, np.uint64)
        ranks = np.empty(len(frequency), np.uint32)
        _ranks(frequency, CAP, ranks)
        sizes, shared = sets.sizes, np.empty(len(sets.offsets) - 1, np.int32)
        in_threads(pool, len(sizes), 4 * workers, lambda a, b: _shared_sizes(codes, sets.offsets, a, b, shared))
        wide = sizes.astype(np.int64)
        least = -(-wide * threshold.numerator // threshold.denominator)
        chosen = np.flatnonzero(shared >= least).astype(np.int32)
        chosen = chosen[np.argsort(sizes[chosen], kind="stable")]
        targets = np.zeros(len(chosen) + 1, np.int64)
        np.cumsum(shared[chosen], out=targets[1:])
        tokens = np.empty(int(targets[-1]), np.uint32)
        in_threads(
            pool,
            len(chosen),
            4 * workers,
            lambda a, b: _lists(codes, sets.offsets, ranks, chosen, targets, a, b, tokens),
        )
    return Ranked(chosen, sizes[chosen], targets, tokens, len(frequency))


def _codes(sets: Sets, pool: ThreadPoolExecutor, workers: int) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Return a code for each token (`ALONE`, or the number of its shared shingle) and each shared one's frequency."""
    hashes = sets.hashes
    if len(hashes) >= int(ALONE):
        raise ValueError(f"At most {int(ALONE):,} shingles can be compared at once. Cut the input into parts.")
    bits = max(1, min(20, (len(hashes) // PART_TOKENS).bit_length()))
    shift = np.uint64(64 - bits)
    edges = np.linspace(0, len(hashes), workers + 1).astype(np.int64)
    counted = np.zeros((workers, 1 << bits), np.int64)
    list(pool.map(lambda w: _count_parts(hashes, edges[w], edges[w + 1], shift, counted[w]), range(workers)))
    codes = np.empty(len(hashes), np.uint32)
    frequencies = [np.empty(0, np.int32)]
    base = 0
    for low, high in _rounds(counted.sum(axis=0)):
        found = _round(hashes, edges, shift, low, high, counted[:, low:high], pool, base, codes)
        frequencies.append(found)
        base += len(found)
    return codes, np.concatenate(frequencies)


def _rounds(counts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return stretches of parts that hold `ROUND_TOKENS` together at most (or are a single part)."""
    number = np.maximum(np.cumsum(counts) - 1, 0) // ROUND_TOKENS
    starts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist()]
    return list(zip(starts, [*starts[1:], len(counts)], strict=True))


def _round(
    hashes: NDArray[np.uint64],
    edges: NDArray[np.int64],
    shift: np.uint64,
    low: int,
    high: int,
    counted: NDArray[np.int64],
    pool: ThreadPoolExecutor,
    base: int,
    codes: NDArray[np.uint32],
) -> NDArray[np.int32]:
    """Code the tokens of some parts; return the frequencies of the shared shingles among them."""
    workers, parts = counted.shape
    # Threads write behind one another within a part, so tokens keep their order whatever the number of threads.
    flat = np.zeros(workers * parts + 1, np.int64)
    np.cumsum(counted.T.ravel(), out=flat[1:])
    cursors = flat[:-1].reshape(parts, workers).T.copy()
    bounds = np.append(flat[:-1].reshape(parts, workers)[:, 0], flat[-1])
    total = int(flat[-1])
    keys, places = np.empty(total, np.uint64), np.empty(total, np.uint32)
    list(
        pool.map(
            lambda w: _scatter(hashes, edges[w], edges[w + 1], shift, low, high, cursors[w], keys, places),
            range(workers),
        )
    )
    local, counts, kinds = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(parts, np.int32)
    largest = int(np.diff(bounds).max())
    in_threads(pool, parts, 8 * workers, lambda a, b: _number_parts(keys, bounds, a, b, local, counts, kinds, largest))
    frequency = np.empty(int(kinds.sum()), np.int32)
    shared = _number_shared(counts, bounds, kinds, frequency)
    in_threads(pool, parts, 8 * workers, lambda a, b: _write_codes(places, bounds, a, b, local, counts, base, codes))
    return frequency[:shared].copy()
