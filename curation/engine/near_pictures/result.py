"""What a search for near-duplicate pictures found."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.near.clusters import Clusters, clusters_of
from curation.engine.near.forest import components


@dataclass(frozen=True, slots=True)
class NearPictures:
    """Near-duplicate pictures at one threshold. Items with equal bytes share one picture; pairs are pairs of pictures.

    Attributes:
        threshold: Least score of a pair.
        group: int32 [items], the picture of each item; -1 for an item without a picture that can be read.
        left: int32 [p], a picture.
        right: int32 [p], a picture above `left`; pairs stand in rising order.
        score: float64 [p], `curation.engine.near_pictures.comparison.compare` says what it is.
        sizes: int32 [pictures, 2], width and height of each original.
        plain: How many pictures show too little to be compared with others.
        broken: Item → why its picture cannot be read.
        figures: Counts and seconds of the search.
    """

    threshold: float
    group: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    score: NDArray[np.float64]
    sizes: NDArray[np.int32]
    plain: int
    broken: dict[int, str]
    figures: dict[str, Any] = field(default_factory=dict)

    def clusters(self) -> Clusters:
        """Return what the pairs connect; items with equal bytes are together too."""
        return clusters_of(components(len(self.sizes), self.left, self.right), self.group)

    def areas(self) -> NDArray[np.int64]:
        """Return int64 [items], pixels of each item's picture; 0 where there is none."""
        area = self.sizes[:, 0].astype(np.int64) * self.sizes[:, 1]
        return np.where(self.group >= 0, area[self.group], 0) if len(area) else np.zeros(len(self.group), np.int64)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return pairs of items (first, second, score), first below second, in rising order; equal bytes score 1."""
        items = np.flatnonzero(self.group >= 0)
        order = items[np.argsort(self.group[items], kind="stable")]
        starts = np.searchsorted(self.group[order], np.arange(len(self.sizes) + 1))
        first, second, score = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        for picture in np.flatnonzero(np.diff(starts) > 1):
            members = order[starts[picture] : starts[picture + 1]]
            one, two = np.triu_indices(len(members), 1)
            _append(first, second, score, members[one], members[two], 1.0)
        for one, two, alike in zip(self.left.tolist(), self.right.tolist(), self.score.tolist(), strict=True):
            ones, twos = order[starts[one] : starts[one + 1]], order[starts[two] : starts[two + 1]]
            _append(first, second, score, np.repeat(ones, len(twos)), np.tile(twos, len(ones)), alike)
        a, b, c = (np.concatenate(parts) for parts in (first, second, score))
        low, high = np.minimum(a, b), np.maximum(a, b)
        ranks = np.lexsort((high, low))
        return low[ranks].astype(np.int64), high[ranks].astype(np.int64), c[ranks].astype(np.float64)


def _append(
    first: list[NDArray[np.int64]],
    second: list[NDArray[np.int64]],
    score: list[NDArray[np.float64]],
    one: NDArray[np.int64],
    two: NDArray[np.int64],
    alike: float,
) -> None:
    first.append(one)
    second.append(two)
    score.append(np.full(len(one), alike))
