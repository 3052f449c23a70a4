"""Candidates that have a part in common: key points that agree in one of eight keys, and in their angle."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.compiling import compiled
from curation.engine.near_pictures.features import POINTS

TABLES, KEY = 8, 28
# Of 256 steps of a full turn: how far the turn between two points may be from the one that is sought, 30 degrees.
TURN = 21
# A key that more points share than this says nothing, like a word that stands in every text.
COMMON = 64
# Pictures in one index: 96 points, 8 tables and 8 bytes make about 800 MB.
PICTURES = 131_072
# Points that must agree, for up to so many pictures. Measured on photographs: of different ones 0.07 % agree in two,
# 0.03 % in three; of crops by 20 % 99.3 % do in two, 98.9 % in three.
AGREE, AGREE_MANY, MANY = 2, 3, 20_000
# Pictures that are compared with one, those with the most points in common; itself may be among them.
MOST = 33


@compiled
def _keys(bits: Any, counts: Any, keys: Any, owners: Any) -> None:
    """Cut the 256 bits of each descriptor into eight keys of 28: bit b goes to key b % 8, the last 32 to none."""
    write = 0
    for picture in range(len(counts)):
        for point in range(counts[picture]):
            owners[write] = picture * 96 + point
            for table in range(8):
                keys[table, write] = 0
            for bit in range(224):
                one = (bits[picture, point, bit // 64] >> np.uint64(bit % 64)) & np.uint64(1)
                keys[bit % 8, write] |= np.uint32(one) << np.uint32(bit // 8)
            write += 1


@compiled
def _lower(keys: Any, key: Any) -> int:
    start, end = 0, len(keys)
    while start < end:
        middle = (start + end) // 2
        if keys[middle] < key:
            start = middle + 1
        else:
            end = middle
    return start


@compiled
def _agreeing(  # noqa: C901 - a kernel
    first: int, last: int, begin: int, keys: Any, owners: Any, angles: Any, sorted_keys: Any, members: Any,
    member_angles: Any, size: int, turn: int, least: int,
) -> Any:  # fmt: skip
    """Return pairs (query picture, picture of the index, points) that agree in at least `least` points."""
    stamp = np.full(size, -1, np.int64)
    votes = np.zeros(size, np.int32)
    touched = np.empty(size, np.int32)
    pairs = np.empty((1024, 3), np.int32)
    count = 0
    place = begin
    for picture in range(first, last):
        reached = 0
        while place < len(owners) and owners[place] // 96 == picture:
            for table in range(keys.shape[0]):
                key = keys[table, place]
                start = _lower(sorted_keys[table], key)
                end = start
                while end < sorted_keys.shape[1] and sorted_keys[table, end] == key and end - start <= COMMON:
                    end += 1
                if end - start > COMMON:
                    continue
                for spot in range(start, end):
                    other = members[table, spot] // 96
                    if stamp[other] == place:
                        continue
                    apart = (np.int64(angles[place]) - np.int64(member_angles[members[table, spot]]) - turn + 128) & 255
                    if abs(apart - 128) > TURN:
                        continue
                    stamp[other] = place
                    if votes[other] == 0:
                        touched[reached] = other
                        reached += 1
                    votes[other] += 1
            place += 1
        for spot in range(reached):
            other = touched[spot]
            if votes[other] >= least:
                if count == len(pairs):
                    larger = np.empty((len(pairs) * 2, 3), np.int32)
                    larger[:count] = pairs
                    pairs = larger
                pairs[count, 0], pairs[count, 1], pairs[count, 2] = picture, other, votes[other]
                count += 1
            votes[other] = 0
    return pairs[:count].copy()


class PointKeys:
    """The keys of the points of some pictures.

    Args:
        bits: uint64 [n, 96, 4], descriptors.
        angles: uint8 [n, 96].
        counts: int32 [n], points of each.
    """

    def __init__(self, bits: NDArray[np.uint64], angles: NDArray[np.uint8], counts: NDArray[np.int32]) -> None:
        total = int(counts.sum())
        self.pictures = len(counts)
        self.keys = np.empty((TABLES, total), np.uint32)
        self.owners = np.empty(total, np.int32)
        _keys(bits, counts, self.keys, self.owners)
        self.flat_angles = np.ascontiguousarray(angles).reshape(-1)
        self.starts = np.concatenate([[0], np.cumsum(counts)])


class PartsIndex:
    """Points sorted by each of their keys."""

    def __init__(self, points: PointKeys) -> None:
        self._points = points
        self._keys = np.empty_like(points.keys)
        self._members = np.empty((TABLES, len(points.owners)), np.int32)
        for table in range(TABLES):
            order = np.argsort(points.keys[table], kind="stable")
            self._keys[table] = points.keys[table][order]
            self._members[table] = points.owners[order]

    def pairs(self, queries: PointKeys, first: int, last: int, turn: int, least: int) -> NDArray[np.int32]:
        """Return pairs of pictures that have most points in common, int32 [p, 2]: query, place in the index.

        Args:
            queries: Points of pictures; those of the index find themselves too.
            first: The first picture to look for.
            last: The one after the last.
            turn: By how much the query is turned against the other, 256 steps a full turn.
            least: Points that must agree.
        """
        if not len(self._points.owners) or not len(queries.owners):
            return np.empty((0, 2), np.int32)
        angles = queries.flat_angles[queries.owners]
        found: NDArray[np.int32] = _agreeing(
            first, last, int(queries.starts[first]), queries.keys, queries.owners, angles, self._keys, self._members,
            self._points.flat_angles, self._points.pictures, turn, least,
        )  # fmt: skip
        found = found[np.lexsort((found[:, 1], -found[:, 2], found[:, 0]))]
        rank = np.arange(len(found)) - np.searchsorted(found[:, 0], found[:, 0])
        found = found[rank < MOST]
        return found[np.lexsort((found[:, 1], found[:, 0]))][:, :2]


assert POINTS == 96, "the kernels have 96 points a picture written into them"
