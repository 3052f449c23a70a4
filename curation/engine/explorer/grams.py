"""Signatures of blocks of text: which short character sequences a block may hold.

Bit-sliced signatures as in COBS (Bingmann et al., 2019, "COBS: a Compact Bit-Sliced Signature Index") and BitFunnel
(Goodwin et al., 2017), with one hash: each block of about a thousand texts has 65,536 bits, one set for each of its
grams. They are stored bit by bit, so that a query reads as many short stretches as it has grams. A block whose bits are
set is only a candidate: its text is searched.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BITS = 1 << 16
# Blocks whose signatures are kept together: a slab is 65,536 × 512 bytes.
SLAB = 4096
# Code points looked at at once, so that one huge text needs no more memory than many small ones.
STRETCH = 1 << 19
# From here on (CJK radicals, the first of the scripts without blanks) one and two characters are selective already, and
# three would fill the signature; below, three are needed.
IDEOGRAPHS = 0x2E80
_MIX = np.uint64(0x9E3779B97F4A7C15)


def bits_of(text: str) -> NDArray[np.int64]:
    """Return the bits that a text sets, ascending."""
    found = [_stretch_bits(text[start : start + STRETCH + 2]) for start in range(0, max(len(text), 1), STRETCH)]
    flags = np.zeros(BITS, np.bool_)
    for bits in found:
        flags[bits] = True
    return np.flatnonzero(flags)


def _stretch_bits(text: str) -> NDArray[np.int64]:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    wide = points >= IDEOGRAPHS
    # Line ends stand between texts; no gram crosses one.
    inside = points != 0x0A
    singles = points[wide]
    pairs = ((points[:-1] << np.uint64(21)) | points[1:])[inside[:-1] & inside[1:]]
    triples = (points[:-2] << np.uint64(42)) | (points[1:-1] << np.uint64(21)) | points[2:]
    narrow = inside & ~wide
    triples = triples[narrow[:-2] & narrow[1:-1] & narrow[2:]]
    grams = np.concatenate([singles, pairs, triples])
    return ((grams * _MIX) >> np.uint64(48)).astype(np.int64)


class SlabWriter:
    """Turns the signatures of blocks, one after the other, into slabs; memory is one slab, 32 MB."""

    def __init__(self) -> None:
        self._slab = np.zeros((BITS, SLAB // 8), np.uint8)
        self._blocks = 0

    def add(self, text: str) -> NDArray[np.uint8] | None:
        """Add a block; return the slab when it is full. The array is used again by the next `add`."""
        place = self._blocks % SLAB
        if place == 0:
            self._slab[:] = 0
        self._slab[bits_of(text), place // 8] |= np.uint8(1 << (place % 8))
        self._blocks += 1
        return self._slab if self._blocks % SLAB == 0 else None

    def rest(self) -> NDArray[np.uint8] | None:
        """Return the last slab, cut to the blocks it has, or None when there is none."""
        count = self._blocks % SLAB
        return np.ascontiguousarray(self._slab[:, : (count + 7) // 8]) if count else None


def candidates(
    slabs: NDArray[np.uint8], blocks: int, query: str, first: int, *, backward: bool
) -> Iterator[NDArray[np.int64]]:
    """Give the blocks that may hold `query`, slab by slab, each ascending.

    Args:
        slabs: All slabs as one array of bytes.
        blocks: How many blocks there are.
        query: Folded text.
        first: Forward, the first block of interest; backward, the last.
        backward: Whether the slabs come from the last to the first.
    """
    bits = bits_of(query)
    numbers = range(-(-blocks // SLAB))
    for number in reversed(numbers) if backward else numbers:
        start = number * SLAB
        count = min(SLAB, blocks - start)
        if (start > first) if backward else (start + count <= first):
            continue
        width = (count + 7) // 8
        begin = number * BITS * (SLAB // 8)
        slab = slabs[begin : begin + BITS * width].reshape(BITS, width)
        kept = np.bitwise_and.reduce(slab[bits], axis=0) if len(bits) else np.full(width, 255, np.uint8)
        found = np.flatnonzero(np.unpackbits(kept, count=count, bitorder="little")) + start
        yield found[found <= first] if backward else found[found >= first]
