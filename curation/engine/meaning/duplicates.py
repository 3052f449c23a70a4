"""Which items go when pairs of them mean the same: each that goes is near one that stays, never only through others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.engine.meaning.pairs import Pairs


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays for each item.

    Attributes:
        stays: int64 [n], the item that stays for it; itself when it stays.
        cosine: float32 [n], how near that is; 1 for itself.
    """

    stays: NDArray[np.int64]
    cosine: NDArray[np.float32]

    def dropped(self) -> NDArray[np.int64]:
        """Return the items that go, ascending."""
        return np.flatnonzero(self.stays != np.arange(len(self.stays)))


def keep_one(count: int, pairs: Pairs, score: NDArray[np.generic] | None = None) -> Kept:
    """Decide which items stay: in the order of their score, an item goes when one that stays is paired with it.

    So no two items that stay are a pair, and whoever goes is in a pair with the item that stays for it (the nearest
    such). Connected components, which other tools drop by, let a chain of small steps drop texts that mean different
    things.

    Args:
        count: Items.
        pairs: All pairs at or above the threshold.
        score: [count], higher stays first; ties and None: the first item.
    """
    rank = np.arange(count) if score is None else np.lexsort((np.arange(count), -np.asarray(score, np.float64)))
    left = np.concatenate([pairs.left, pairs.right])
    right = np.concatenate([pairs.right, pairs.left])
    cosine = np.concatenate([pairs.cosine, pairs.cosine])
    order = np.lexsort((right, -cosine, left))
    left, right, cosine = left[order], right[order], cosine[order]
    starts = np.searchsorted(left, np.arange(count + 1))
    stays, near = np.arange(count), np.ones(count, np.float32)
    staying = np.zeros(count, np.bool_)
    paired = np.diff(starts) > 0
    staying[~paired] = True
    for item in rank[paired[rank]].tolist():
        others = right[starts[item] : starts[item + 1]]
        known = np.flatnonzero(staying[others])
        if len(known):
            # Sorted by cosine: the first is the nearest.
            stays[item], near[item] = others[known[0]], cosine[starts[item] + known[0]]
        else:
            staying[item] = True
    return Kept(stays, near)
