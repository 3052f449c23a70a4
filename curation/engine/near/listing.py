"""From pairs of sets to pairs of texts, in order and block by block: a list may be longer than memory."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.compiling import compiled

Block = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
# Pairs in a block: 24 bytes each.
BLOCK_PAIRS = 1 << 21


@compiled
def _above(members: Any, start: int, end: int, text: int) -> int:
    """Return the first place in a rising stretch whose text is above `text`."""
    while start < end:
        middle = (start + end) // 2
        if members[middle] <= text:
            start = middle + 1
        else:
            end = middle
    return start


@compiled
def _count(group: Any, starts: Any, others: Any, bounds: Any, members: Any, counts: Any) -> None:
    for text in range(len(group)):
        number = group[text]
        total = 0
        if number >= 0:
            for place in range(starts[number], starts[number + 1]):
                end = bounds[others[place] + 1]
                total += end - _above(members, bounds[others[place]], end, text)
        counts[text] = total


@compiled
def _fill(
    first: int, last: int, group: Any, starts: Any, others: Any, alike: Any, bounds: Any, members: Any,
    one: Any, two: Any, jaccard: Any,
) -> None:  # fmt: skip
    write = 0
    for text in range(first, last):
        number = group[text]
        if number < 0:
            continue
        begin = write
        for place in range(starts[number], starts[number + 1]):
            end = bounds[others[place] + 1]
            for member in range(_above(members, bounds[others[place]], end, text), end):
                one[write], two[write], jaccard[write] = text, members[member], alike[place]
                write += 1
        if starts[number + 1] - starts[number] > 1:
            order = np.argsort(two[begin:write])
            two[begin:write] = two[begin:write][order]
            jaccard[begin:write] = jaccard[begin:write][order]


def text_pairs(
    group: NDArray[np.int32], sets: int, left: NDArray[np.int32], right: NDArray[np.int32], jaccard: NDArray[np.float64]
) -> Iterator[Block]:
    """Give all pairs of texts in rising order of the first and then the second, with their similarity.

    Args:
        group: int32 [texts], the set of each text, -1 for none.
        sets: How many sets there are.
        left: int32 [p], a set of each pair.
        right: int32 [p], the other.
        jaccard: float64 [p].
    """
    members = np.flatnonzero(group >= 0)
    members = members[np.argsort(group[members], kind="stable")]
    bounds = np.zeros(sets + 1, np.int64)
    np.cumsum(np.bincount(group[members], minlength=sets), out=bounds[1:])
    # Each set is its own neighbour, at 1: that gives the pairs of texts with equal sets.
    own = np.arange(sets, dtype=np.int32)
    source = np.concatenate([own, left, right])
    others = np.concatenate([own, right, left])
    order = np.argsort(source, kind="stable")
    others, alike = others[order], np.concatenate([np.ones(sets), jaccard, jaccard])[order]
    starts = np.zeros(sets + 1, np.int64)
    np.cumsum(np.bincount(source, minlength=sets), out=starts[1:])
    counts = np.zeros(len(group), np.int64)
    _count(group, starts, others, bounds, members, counts)
    done = np.cumsum(counts)
    first, written = 0, 0
    while first < len(group):
        last = max(first + 1, int(np.searchsorted(done, written + BLOCK_PAIRS, side="right")))
        size = int(done[last - 1]) - written
        one, two, similar = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
        _fill(first, last, group, starts, others, alike, bounds, members, one, two, similar)
        if size:
            yield one, two, similar
        first, written = last, int(done[last - 1])
