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

from curation.engine.compiling import compiled
from curation.engine.near.collection import Sets, thread_count

# A part of this many tokens and its table stay in the second level of the cache; smaller parts scatter worse.
PART_TOKENS = 32_768
# Frequencies above this are not told apart: they only decide the order of trying, and any order is right.
CAP = 1 << 16
ALONE = np.uint32(0xFFFFFFFF)


@dataclass(slots=True)
class Ranked:
    """The sets that may be like another one, smallest first, as lists of shared shingles, rarest first.

    Attributes:
        number: int32 [r], which set of `Sets` it is; equal sizes stand in rising order of it.
        size: int32 [r], shingles of the set, those that no other set has included; rising.
        begins: int64 [r], where each list starts in `tokens`.
        ends: int64 [r], where it ends.
        tokens: uint32, rank of each shared shingle, rising within a set.
        shared: How many different shingles occur in two sets or more: ranks are below it.
    """

    number: NDArray[np.int32]
    size: NDArray[np.int32]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: NDArray[np.uint32]
    shared: int


@compiled
def count_parts(hashes: Any, shift: Any, counts: Any) -> None:
    for place in range(len(hashes)):
        counts[np.int64(hashes[place] >> shift)] += 1


@compiled
def scatter(hashes: Any, base: int, shift: Any, cursor: Any, keys: Any, places: Any) -> None:
    """Copy each hash and its place (`base` and following) to its part; `cursor` holds where each part goes on."""
    for place in range(len(hashes)):
        value = hashes[place]
        part = np.int64(value >> shift)
        target = cursor[part]
        cursor[part] = target + 1
        keys[target] = value
        places[target] = base + place


@compiled
def _code_parts(keys: Any, places: Any, bounds: Any, first: int, last: int, codes: Any, shared: Any) -> None:
    """Give every token of some parts the code of its shingle, or `ALONE` when no other token is the same.

    A part that starts at s with k different shared shingles uses the codes s to s + k - 1, in order of first place,
    and leaves their frequencies at these places of `keys`, where the hashes are not needed any more.
    """
    largest = np.int64(0)
    for part in range(first, last):
        largest = max(largest, np.int64(bounds[part + 1] - bounds[part]))
    size = np.int64(16)
    while size < 2 * largest:
        size *= 2
    table = np.empty(size, np.int32)
    local, counts = np.empty(largest, np.int32), np.empty(largest, np.int32)
    for part in range(first, last):
        start, length = bounds[part], bounds[part + 1] - bounds[part]
        used = np.int64(16)
        while used < 2 * length:
            used *= 2
        table[:used] = -1
        mask = used - 1
        kinds = 0
        for place in range(length):
            value = keys[start + place]
            slot = np.int64(value & np.uint64(0x7FFFFFFF)) & mask
            while table[slot] >= 0 and keys[start + table[slot]] != value:
                slot = (slot + 1) & mask
            if table[slot] < 0:
                table[slot] = place
                local[place] = kinds
                counts[kinds] = 1
                kinds += 1
            else:
                # The entry of a hash's first place holds its number.
                local[place] = local[table[slot]]
                counts[local[place]] += 1
        many = 0
        for kind in range(kinds):
            if counts[kind] > 1:
                keys[start + many] = counts[kind]
                counts[kind] = many
                many += 1
            else:
                counts[kind] = -1
        shared[part] = many
        for place in range(length):
            number = counts[local[place]]
            codes[places[start + place]] = ALONE if number < 0 else np.uint32(start + np.int64(number))


@compiled
def _ranks(keys: Any, bounds: Any, shared: Any, cap: Any) -> None:
    """Replace the frequencies that `_code_parts` left by ranks, with a stable counting sort."""
    starts = np.zeros(cap + 2, np.int64)
    for part in range(len(shared)):
        for place in range(bounds[part], bounds[part] + shared[part]):
            starts[min(np.int64(keys[place]), cap) + 1] += 1
    for value in range(1, cap + 2):
        starts[value] += starts[value - 1]
    for part in range(len(shared)):
        for place in range(bounds[part], bounds[part] + shared[part]):
            value = min(np.int64(keys[place]), cap)
            keys[place] = starts[value]
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
def sort_tokens(values: Any, start: int, end: int, scratch: Any, histogram: Any, passes: int) -> None:
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
def _lists(
    codes: Any, offsets: Any, ranks: Any, kinds: int, chosen: Any, targets: Any, first: int, last: int, tokens: Any
) -> None:
    """Copy the shared shingles of chosen sets as ranks, each list in rising order."""
    histogram = np.empty(2048, np.int64)
    longest = np.int64(0)
    for entry in range(first, last):
        longest = max(longest, np.int64(targets[entry + 1] - targets[entry]))
    scratch = np.empty(longest, np.uint32)
    passes = 1
    while passes < 3 and kinds >> (11 * passes):
        passes += 1
    for entry in range(first, last):
        number = chosen[entry]
        write = targets[entry]
        for place in range(offsets[number], offsets[number + 1]):
            if codes[place] != ALONE:
                tokens[write] = ranks[codes[place]]
                write += 1
        sort_tokens(tokens, targets[entry], write, scratch, histogram, passes)


@compiled
def sort_lists(tokens: Any, bounds: Any, kinds: int) -> None:
    """Sort every list of tokens below `kinds`, in place; `bounds` (int64 [lists + 1]) says where each starts."""
    histogram = np.empty(2048, np.int64)
    longest = np.int64(0)
    for entry in range(len(bounds) - 1):
        longest = max(longest, np.int64(bounds[entry + 1] - bounds[entry]))
    scratch = np.empty(longest, np.uint32)
    passes = 1
    while passes < 3 and kinds >> (11 * passes):
        passes += 1
    for entry in range(len(bounds) - 1):
        sort_tokens(tokens, bounds[entry], bounds[entry + 1], scratch, histogram, passes)


def in_threads(pool: ThreadPoolExecutor, count: int, pieces: int, work: Callable[[int, int], None]) -> None:
    """Call `work(first, last)` for `pieces` stretches of `range(count)` and wait."""
    edges = np.linspace(0, count, max(1, min(pieces, count)) + 1).astype(np.int64).tolist()
    for _ in pool.map(work, edges[:-1], edges[1:]):
        pass


def rank(sets: Sets, threshold: Fraction, threads: int | None = None) -> Ranked:
    """Return the sets that share enough shingles with others to be like one of them at all; empties `sets.pieces`.

    Memory: 20 bytes a shingle at most, those of the sets included.

    Args:
        sets: Different sets.
        threshold: Least Jaccard similarity asked for.
        threads: Threads to use; all processors when None.
    """
    workers = thread_count(threads)
    with ThreadPoolExecutor(workers) as pool:
        coded = code(sets.pieces, pool, workers)
        codes, ranks, kinds = coded.codes, coded.counts, coded.kinds
        _ranks(ranks, coded.bounds, coded.shared, CAP)
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
            lambda a, b: _lists(codes, sets.offsets, ranks, kinds, chosen, targets, a, b, tokens),
        )
    return Ranked(chosen, sizes[chosen], targets[:-1], targets[1:], tokens, kinds)


@dataclass(slots=True)
class Coded:
    """Tokens by their shingle.

    Attributes:
        codes: uint32 [tokens], `ALONE` for a token that no other one is the same as, else a place in `counts`.
        counts: uint64 [tokens], how often each shared shingle occurs; what stands between has no meaning.
        bounds: int64 [parts + 1], where the shingles of each part of the hashes start in `counts`.
        shared: int64 [parts], how many they are.
    """

    codes: NDArray[np.uint32]
    counts: NDArray[np.uint64]
    bounds: NDArray[np.int64]
    shared: NDArray[np.int64]

    @property
    def kinds(self) -> int:
        """How many different shingles occur twice or more."""
        return int(self.shared.sum())


def code(pieces: list[NDArray[np.uint64]], pool: ThreadPoolExecutor, workers: int) -> Coded:
    """Tell equal hashes; empties `pieces`. The result does not depend on the number of threads.

    Raises:
        ValueError: There are more than 2³² - 2 hashes.
    """
    lengths = np.array([len(piece) for piece in pieces], np.int64)
    total = int(lengths.sum())
    if total >= int(ALONE):
        raise ValueError(f"At most {int(ALONE):,} shingles can be compared at once. Cut the input into parts.")
    bits = max(1, min(16, (total // PART_TOKENS).bit_length()))
    shift, parts = np.uint64(64 - bits), 1 << bits
    bases = np.cumsum(lengths) - lengths
    # Each thread takes neighbouring pieces.
    edges = np.searchsorted(bases, np.linspace(0, total, workers + 1)[1:-1]).tolist()
    shares = list(zip([0, *edges], [*edges, len(lengths)], strict=True))
    counted = np.zeros((workers, parts), np.int64)

    def count(worker: int) -> None:
        for number in range(*shares[worker]):
            count_parts(pieces[number], shift, counted[worker])

    list(pool.map(count, range(workers)))
    # Threads write behind one another within a part, so tokens keep their order whatever the number of threads.
    flat = np.zeros(workers * parts + 1, np.int64)
    np.cumsum(counted.T.ravel(), out=flat[1:])
    cursors = flat[:-1].reshape(parts, workers).T.copy()
    bounds = np.append(flat[:-1].reshape(parts, workers)[:, 0], flat[-1])
    keys, places = np.empty(total, np.uint64), np.empty(total, np.uint32)

    def spread(worker: int) -> None:
        for number in range(*shares[worker]):
            scatter(pieces[number], bases[number], shift, cursors[worker], keys, places)

    list(pool.map(spread, range(workers)))
    pieces.clear()
    codes, shared = np.empty(total, np.uint32), np.empty(parts, np.int64)
    in_threads(pool, parts, 8 * workers, lambda a, b: _code_parts(keys, places, bounds, a, b, codes, shared))
    return Coded(codes, keys, bounds, shared)


def rank_counts(coded: Coded) -> NDArray[np.int64]:
    """Replace `coded.counts` by ranks, rare shingles first; return int64 [2, k]: frequencies, and shingles of each.

    Frequencies above `CAP` are not told apart.
    """
    pieces = [coded.counts[start : start + many] for start, many in zip(coded.bounds, coded.shared, strict=False)]
    values = np.minimum(np.concatenate([np.empty(0, np.uint64), *pieces]), CAP).astype(np.int64)
    _ranks(coded.counts, coded.bounds, coded.shared, CAP)
    kinds = np.bincount(values)
    frequencies = np.flatnonzero(kinds)
    return np.stack([frequencies, kinds[frequencies]])
