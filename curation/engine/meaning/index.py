"""Similar-item search in a file: inverted lists (Sivic and Zisserman 2003; Jegou and others 2011).

Vectors lie list by list, so that a question reads a few stretches of a memory-mapped file. Small sets have one list and
are searched in full. Why not pgvector: see docs/explanation/meaning.md and bench/embeddings.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.engine.meaning.kmeans import cluster

# Up to here one list holds everything, and a search misses nothing; it takes some milliseconds (bench/embeddings.py).
FULL_SEARCH = 5_000
# Lists looked at by a question; recall of the ten nearest is above .97 with them (bench/embeddings.py).
PROBES = 24
# Up to here the neighbours of all rows are compared in full.
FULL_NEIGHBOURS = 30_000
LIST_PROBES = 16
BLOCK = 1024


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """Vectors in the order of their lists.

    Attributes:
        vectors: float32 [n, width], list after list; half floats work and are ten times slower.
        numbers: int64 [n], which vector of the input each is.
        starts: int64 [lists + 1], where each list begins.
        centres: float32 [lists, width].
    """

    vectors: NDArray[np.floating]
    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]
    centres: NDArray[np.float32]

    def search(
        self, query: NDArray[np.floating], limit: int = 10, *, probes: int = PROBES
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the numbers of the nearest vectors and their cosines, nearest first; ties by number.

        Args:
            query: [width], of length 1.
            limit: Vectors at most.
            probes: Lists to look at; all when it is at least their number, and then nothing is missed.
        """
        query = np.asarray(query, np.float32)
        numbers, near = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        for chosen in np.sort(_best(self.centres @ query, probes)).tolist():
            part = slice(int(self.starts[chosen]), int(self.starts[chosen + 1]))
            cosine = np.asarray(self.vectors[part], np.float32) @ query
            best = _best(cosine, limit)
            numbers.append(self.numbers[part][best])
            near.append(cosine[best])
        found, cosine = np.concatenate(numbers), np.concatenate(near)
        order = np.lexsort((found, -cosine))[:limit]
        return found[order], cosine[order].clip(-1.0, 1.0)

    def place_of(self, number: int) -> int:
        """Return where a vector of the input lies, -1 when it is not there."""
        places = np.flatnonzero(self.numbers == number)
        return int(places[0]) if len(places) else -1


def build(vectors: NDArray[np.floating], *, seed: int = 0) -> VectorIndex:
    """Return an index over vectors of length 1, [n, width]; equal input and seed give an equal index.

    Time: 3 s for 10^5 and about a minute for 10^6 vectors of 384 numbers. Memory: a copy of the vectors.
    """
    count = len(vectors)
    if count <= FULL_SEARCH:
        width = vectors.shape[1]
        starts = np.array([0, count], np.int64)
        return VectorIndex(vectors, np.arange(count), starts, np.zeros((1, width), np.float32))
    found = cluster(vectors, round(count**0.5), seed=seed, rounds=6)
    order = np.argsort(found.label, kind="stable")
    starts = np.concatenate([[0], np.cumsum(found.sizes())]).astype(np.int64)
    return VectorIndex(vectors[order], order.astype(np.int64), starts, found.centres)


def neighbours(
    index: VectorIndex, count: int, *, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the nearest others of every vector.

    Compared in full up to 30,000 vectors; above, each list with the 16 nearest lists.

    Args:
        index: The vectors.
        count: Neighbours of each; fewer when there are fewer others.
        progress: Called with vectors done and in all; may raise.

    Returns:
        int64 and float32 [n, count] in the input's order: numbers and cosines, nearest first.
    """
    total = len(index.numbers)
    count = max(0, min(count, total - 1))
    numbers = np.zeros((total, count), np.int64)
    near = np.full((total, count), -1.0, np.float32)
    if total <= FULL_NEIGHBOURS:
        everything = [(slice(0, total), [slice(0, total)])]
    else:
        everything = [
            (_stretch(index, chosen), [_stretch(index, other) for other in others])
            for chosen, others in enumerate(_near_lists(index))
        ]
    done = 0
    for mine, others in everything:
        places = np.concatenate([np.arange(part.start, part.stop) for part in others])
        wide = np.concatenate([np.asarray(index.vectors[part], np.float32) for part in others])
        for start in range(mine.start, mine.stop, BLOCK):
            rows = np.arange(start, min(start + BLOCK, mine.stop))
            cosine = np.asarray(index.vectors[rows[0] : rows[-1] + 1], np.float32) @ wide.T
            cosine[np.searchsorted(rows, places[_mine(places, rows)]), np.flatnonzero(_mine(places, rows))] = -2.0
            best, values = _best_rows(cosine, count)
            numbers[index.numbers[rows], : best.shape[1]] = index.numbers[places[best]]
            near[index.numbers[rows], : best.shape[1]] = values
            done += len(rows)
            progress(done, total)
    return numbers, near


def _mine(places: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which places are among rows, which stand in a row."""
    return np.asarray((places >= rows[0]) & (places <= rows[-1]))


def _stretch(index: VectorIndex, number: int) -> slice:
    return slice(int(index.starts[number]), int(index.starts[number + 1]))


def _near_lists(index: VectorIndex) -> NDArray[np.int64]:
    """Return the lists nearest to each, itself among them, ascending, int64 [lists, up to 16]."""
    near = index.centres @ index.centres.T
    np.fill_diagonal(near, 2.0)
    count = min(LIST_PROBES, len(near))
    return np.sort(np.argpartition(-near, count - 1, axis=1)[:, :count], axis=1)


def _best(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the places of the largest values, in no order."""
    if count >= len(values):
        return np.arange(len(values))
    return np.argpartition(-values, count - 1)[:count]


def _best_rows(values: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return places and values of the largest of each row, largest first."""
    count = min(count, values.shape[1])
    if not count:
        return np.empty((len(values), 0), np.int64), np.empty((len(values), 0), np.float32)
    places = np.argpartition(-values, count - 1, axis=1)[:, :count]
    found = np.take_along_axis(values, places, axis=1)
    order = np.lexsort((places, -found), axis=1)
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(found, order, axis=1)
