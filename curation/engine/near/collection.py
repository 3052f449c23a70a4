"""Many texts become few sets: each different set of shingles is kept once, however many texts have it."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.compiling import compiled
from curation.engine.near.shingles import Shingles
from curation.engine.near.tokens import shingle_sets

# Texts are handed to a thread in pieces of about this many bytes; their scratch space stays in the second-level cache.
PIECE_BYTES = 1 << 19
LARGEST = 2**31 - 2
Sink = Callable[[NDArray[np.uint64], NDArray[np.int32]], None]


def thread_count(threads: int | None = None) -> int:
    """Return how many threads to use: as asked, or the processors that this process may use."""
    return max(1, threads or len(os.sched_getaffinity(0)))


@dataclass(slots=True)
class Sets:
    """The different sets of shingles of a collection of texts, in the order of their first texts.

    Attributes:
        group: int32 [texts], the set of each text; -1 for a text without tokens.
        pieces: uint64 [some tokens] each, all the sets one after the other; emptied by `ranking.rank`.
        offsets: int64 [sets + 1], where each set starts if the pieces are put together.
    """

    group: NDArray[np.int32]
    pieces: list[NDArray[np.uint64]]
    offsets: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int32]:
        """int32 [sets], shingles in each set."""
        return np.diff(self.offsets).astype(np.int32)


@compiled
def _insert(prints: Any, known: Any, slots: Any, number: int) -> int:
    """Return the set with this fingerprint: `number` when it is new, and then it is noted in `slots`."""
    mask = np.int64(len(slots) - 1)
    slot = np.int64(prints[0] >> np.uint64(1)) & mask
    while slots[slot] >= 0:
        other = slots[slot]
        if known[other, 0] == prints[0] and known[other, 1] == prints[1]:
            return int(other)
        slot = (slot + 1) & mask
    slots[slot] = number
    return number


@compiled
def _keep_new(
    hashes: Any, counts: Any, prints: Any, known: Any, slots: Any, number: int, group: Any, sizes: Any
) -> Any:
    """Move the sets that are new to the front of `hashes`, in place; return how many are known, and the hashes kept."""
    read, write = np.int64(0), np.int64(0)
    first = number
    for text in range(len(counts)):
        count = counts[text]
        if count == 0:
            group[text] = -1
            continue
        found = _insert(prints[text], known, slots, number)
        group[text] = found
        if found == number:
            known[number, 0], known[number, 1] = prints[text, 0], prints[text, 1]
            sizes[number - first] = count
            for place in range(count):
                hashes[write + place] = hashes[read + place]
            write += count
            number += 1
        read += count
    return number, write


@compiled
def _refill(known: Any, count: int, slots: Any) -> None:
    mask = np.int64(len(slots) - 1)
    for number in range(count):
        slot = np.int64(known[number, 0] >> np.uint64(1)) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = number


class Collection:
    """Takes texts in batches and gives their sets. Memory: 8 bytes a shingle and 32 bytes a set, 4 bytes a text.

    Two sets are taken for one when a fingerprint of 128 bits over their hashes is the same, which is far less likely
    than two shingles with one hash of 64 bits.
    """

    def __init__(self, shingles: Shingles, sink: Sink | None = None) -> None:
        """Make an empty collection.

        Args:
            shingles: What sets are made of.
            sink: Takes the hashes of new sets and their sizes, one call after the other; else they stay in memory.
        """
        self.shingles = shingles
        self._sink = sink
        self.texts = 0
        self._sets = 0
        self._known = np.empty((1 << 12, 2), np.uint64)
        self._slots = np.full(1 << 14, -1, np.int32)
        self._groups: list[NDArray[np.int32]] = []
        self._hashes: list[NDArray[np.uint64]] = []
        self._sizes: list[NDArray[np.int32]] = []

    def add_all(self, batches: Iterable[pa.Array], threads: int | None = None) -> None:
        """Add texts (large strings) batch by batch; pieces are hashed by threads and gathered in order."""
        workers = thread_count(threads)
        with ThreadPoolExecutor(workers) as pool:
            waiting: deque[Future[Any]] = deque()
            for piece in _pieces(batches):
                waiting.append(pool.submit(shingle_sets, piece, self.shingles))
                if len(waiting) > 2 * workers:
                    self._gather(*waiting.popleft().result())
            while waiting:
                self._gather(*waiting.popleft().result())

    def finish(self) -> Sets:
        """Return the sets; the collection is empty afterwards."""
        sizes = np.concatenate([np.empty(0, np.int32), *self._sizes])
        offsets = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=offsets[1:])
        group = np.concatenate([np.empty(0, np.int32), *self._groups])
        pieces = self._hashes
        self.__init__(self.shingles, self._sink)  # type: ignore[misc]
        return Sets(group, pieces, offsets)

    def _gather(self, hashes: NDArray[np.uint64], counts: NDArray[np.int32], prints: NDArray[np.uint64]) -> None:
        self.texts += len(counts)
        if self.texts > LARGEST:
            raise ValueError(f"At most {LARGEST:,} texts can be compared at once. Cut the input into parts.")
        self._grow(len(counts))
        group, sizes = np.empty(len(counts), np.int32), np.empty(len(counts), np.int32)
        before = self._sets
        self._sets, used = _keep_new(hashes, counts, prints, self._known, self._slots, before, group, sizes)
        self._groups.append(group)
        if self._sink is None:
            self._hashes.append(hashes[:used].copy())
        else:
            self._sink(hashes[:used], sizes[: self._sets - before])
        self._sizes.append(sizes[: self._sets - before].copy())

    def _grow(self, more: int) -> None:
        """Make room for `more` sets; the table of slots stays at most half full."""
        wanted = self._sets + more
        if wanted > len(self._known):
            known = np.empty((max(wanted, 2 * len(self._known)), 2), np.uint64)
            known[: self._sets] = self._known[: self._sets]
            self._known = known
        if 2 * wanted > len(self._slots):
            self._slots = np.full(1 << (4 * wanted).bit_length(), -1, np.int32)
            _refill(self._known, self._sets, self._slots)


def _pieces(batches: Iterable[pa.Array]) -> Iterator[pa.Array]:
    """Cut arrays of texts into pieces of about `PIECE_BYTES`; a longer text is a piece by itself."""
    for texts in batches:
        if len(texts) == 0:
            continue
        offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
        part = (offsets[1:] - offsets[0]) // PIECE_BYTES
        starts = np.flatnonzero(np.diff(part, prepend=part[0])).tolist()
        for start, end in zip([0, *starts], [*starts, len(texts)], strict=True):
            if end > start:
                yield texts.slice(start, end - start)
