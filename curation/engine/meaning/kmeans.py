"""Clusters of directions: spherical k-means (Dhillon and Modha 2001), seeded and bounded in time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Vectors from which centres are learnt, for each centre; faiss warns below 39 and above 256.
LEARNT_EACH = 64
ROUNDS = 12
# Rows compared with all centres at once: 40 MB for a thousand centres.
BLOCK = 8192


@dataclass(frozen=True, slots=True)
class Clusters:
    """Vectors by their nearest centre.

    Attributes:
        centres: float32 [k, width], each of length 1.
        label: int32 [n], the nearest centre of each vector.
        cosine: float32 [n], how near it is, -1 to 1.
    """

    centres: NDArray[np.float32]
    label: NDArray[np.int32]
    cosine: NDArray[np.float32]

    def sizes(self) -> NDArray[np.int64]:
        """Return int64 [k]."""
        return np.bincount(self.label, minlength=len(self.centres))


def cluster(vectors: NDArray[np.floating], count: int, *, seed: int = 0, rounds: int = ROUNDS) -> Clusters:
    """Return clusters of vectors of length 1; at most `count`, fewer when there are fewer different vectors.

    Centres are learnt from at most 64 vectors each, chosen by the seed; then every vector is assigned. Empty clusters
    are left out, and the rest are numbered from the largest.

    Args:
        vectors: float16 or float32 [n, width].
        count: Clusters wanted, at least 1.
        seed: Decides the sample and the first centres.
        rounds: At most so many; it ends when no vector changes its cluster.
    """
    dice = np.random.default_rng(seed)
    chosen = np.arange(len(vectors))
    if len(vectors) > count * LEARNT_EACH:
        chosen = np.sort(dice.choice(len(vectors), count * LEARNT_EACH, replace=False))
    taught = np.asarray(vectors[chosen], np.float32)
    centres = _first_centres(taught, min(count, len(taught)), dice)
    held = np.full(len(taught), -1, np.int32)
    for _round in range(rounds):
        label, _cosine = nearest(taught, centres)
        if np.array_equal(label, held):
            break
        held = label
        centres = _means(taught, label, centres)
    label, cosine = nearest(vectors, centres)
    return _by_size(centres, label, cosine)


def nearest(
    vectors: NDArray[np.floating], centres: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the nearest centre of each vector and its cosine, int32 and float32 [n]."""
    label, cosine = np.empty(len(vectors), np.int32), np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), BLOCK):
        near = np.asarray(vectors[start : start + BLOCK], np.float32) @ centres.T
        best = near.argmax(axis=1)
        label[start : start + BLOCK] = best
        cosine[start : start + BLOCK] = near[np.arange(len(best)), best]
    return label, cosine


def _first_centres(taught: NDArray[np.float32], count: int, dice: np.random.Generator) -> NDArray[np.float32]:
    """Return far-apart first centres: k-means++ (Arthur and Vassilvitskii 2007) while that is cheap, else a sample."""
    if count > 256:
        return taught[np.sort(dice.choice(len(taught), count, replace=False))].copy()
    centres = [taught[int(dice.integers(len(taught)))]]
    far = (1 - taught @ centres[0]).clip(min=0)
    for _more in range(count - 1):
        total = far.sum()
        if total <= 1e-9:
            break
        place = int(np.searchsorted(np.cumsum(far), dice.random() * total).clip(max=len(taught) - 1))
        centres.append(taught[place])
        far = np.minimum(far, (1 - taught @ centres[-1]).clip(min=0))
    return np.array(centres, np.float32)


def _means(taught: NDArray[np.float32], label: NDArray[np.int32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean direction of each cluster; an empty one keeps its centre."""
    order = np.argsort(label, kind="stable")
    known, starts = np.unique(label[order], return_index=True)
    moved = centres.copy()
    sums = np.add.reduceat(taught[order], starts, axis=0)
    moved[known] = sums / np.linalg.norm(sums, axis=1, keepdims=True).clip(min=1e-12)
    return moved


def _by_size(centres: NDArray[np.float32], label: NDArray[np.int32], cosine: NDArray[np.float32]) -> Clusters:
    sizes = np.bincount(label, minlength=len(centres))
    order = np.lexsort((np.arange(len(sizes)), -sizes))
    order = order[sizes[order] > 0]
    place = np.full(len(sizes), -1, np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return Clusters(centres[order], place[label], cosine)
