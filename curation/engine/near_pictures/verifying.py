"""Decides about one candidate pair after the other, on the pictures themselves."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.near_pictures.alignment import similarity
from curation.engine.near_pictures.comparison import DOUBTED, SIDE, View, compare, whole
from curation.engine.near_pictures.decoding import PictureError, read_picture
from curation.engine.near_pictures.describing import MIRRORED, WHOLE, PathOf
from curation.engine.near_pictures.features import SIDE as FRAME
from curation.engine.near_pictures.store import Store

# Key points that must agree for a pair to be looked at. A pair that only its points have shown must reach LIKELY, and
# with fewer than POINTS_SURE of them SURE. Crops and slanted copies score above 0.85 (99 of 100 photographs), those
# under a large mark 0.7 (8 of 10).
POINTS, POINTS_SURE, LIKELY, SURE = 5, 8, 0.6, 0.75
# A picture whose longer side has fewer pixels shows shapes alone, and shapes of one kind agree. Two of them must reach
# NEAR_EQUAL, or only half of their score counts, and they are not looked for by their points.
TINY, NEAR_EQUAL = 64, 0.97
# Degrees by which a part may be turned against upright, or against a quarter turn.
SLANT = 35.0
# Views kept in memory: 150 kB each.
VIEWS = 1024


class Verifier:
    """Compares pictures by their places in a list; may be asked by many threads.

    Args:
        names: SHA-256 of each picture.
        path_of: Finds the files.
        store: Holds a record of each.
        parts: Whether those with key points are taken.
    """

    def __init__(self, names: Sequence[str], path_of: PathOf, store: Store, *, parts: bool = True) -> None:
        self._names, self._path_of, self._store = names, path_of, store
        end = "" if parts else WHOLE
        self.rows = np.array([store.place(name + end) for name in names], np.int64)
        records = store.records()
        self.tiny = np.maximum(records["width"][self.rows], records["height"][self.rows]) < TINY
        self._view = lru_cache(VIEWS)(self._read)
        self._mirrored: NDArray[np.int64] | None = None

    def mirrored_rows(self) -> NDArray[np.int64]:
        """Return the rows of the mirrored pictures' records."""
        if self._mirrored is None:
            self._mirrored = np.array([self._store.place(name + MIRRORED) for name in self._names], np.int64)
        return self._mirrored

    def whole(self, one: int, two: int, move: int) -> float:
        """Return the score of two whole pictures, the first mirrored and turned as `move` says."""
        first, second = self._view(one), self._view(two)
        if first is None or second is None:
            return 0.0
        first = first.moved(move)
        tiny = bool(self.tiny[one]) and bool(self.tiny[two])
        score = compare(first, second, whole(first, second), stretched=True, marks=not tiny).score
        if score < NEAR_EQUAL and tiny:
            return score * DOUBTED
        return score

    def part(self, one: int, two: int, move: int) -> float:
        """Return the score of two pictures of which one shows a part of the other, after `move`."""
        records = self._store.records()
        a = records[self.mirrored_rows()[one] if move >= 4 else self.rows[one]]
        b = records[self.rows[two]]
        result = np.zeros(4)
        count = similarity(a["bits"], a["at"], int(a["points"]), b["bits"], b["at"], int(b["points"]), result)
        if count < POINTS or not _upright(result, move % 4):
            return 0.0
        first, second = self._view(one), self._view(two)
        if first is None or second is None:
            return 0.0
        start = np.array([[result[0], -result[1], result[2]], [result[1], result[0], result[3]]])
        start[:, 2] *= SIDE / FRAME
        score = compare(first.moved(4 if move >= 4 else 0), second, start, stretched=False).score
        return score if score >= (LIKELY if count >= POINTS_SURE else SURE) else 0.0

    def _read(self, number: int) -> View | None:
        path = self._path_of(self._names[number])
        try:
            return None if path is None else View.of(read_picture(path, SIDE, colour=True).pixels)
        except PictureError:  # the file was there when it was described
            return None


def _upright(result: NDArray[Any], turn: int) -> bool:
    """Tell whether a similarity turns by about `turn` quarters to the left, as pictures are seen: y points down."""
    degrees = float(np.degrees(np.arctan2(result[1], result[0])))
    return abs((degrees - 90.0 * turn + 180.0) % 360.0 - 180.0) <= SLANT
