"""Clusters of near-duplicates, and which text of each stays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KEEP = ("first", "longest", "newest", "labeled_first")


@dataclass(frozen=True, slots=True)
class Clusters:
    """Texts that are tied together by pairs, directly or through others.

    Attributes:
        label: int32 [texts], the cluster of each text, numbered from 0 in order of their first texts; -1 for a text
            that is like no other.
        count: How many clusters there are; each has two texts at least.
    """

    label: NDArray[np.int32]
    count: int

    def sizes(self) -> NDArray[np.int64]:
        """Return int64 [count], texts in each cluster."""
        return np.bincount(self.label[self.label >= 0], minlength=self.count)

    def members(self) -> NDArray[np.int64]:
        """Return the texts of all clusters, cluster by cluster, each in the order of the input."""
        texts = np.flatnonzero(self.label >= 0)
        return texts[np.argsort(self.label[texts], kind="stable")]

    def keep(self, *scores: NDArray[np.generic]) -> NDArray[np.int64]:
        """Return for each text the one of its cluster that stays; a text without cluster stays itself.

        Args:
            scores: [texts] each, most important first: the text with the highest stays. Ties go to the first text, and
                without any score the first text stays.

        Returns:
            int64 [texts], the place of a text.
        """
        texts = np.flatnonzero(self.label >= 0)
        stays = np.arange(len(self.label), dtype=np.int64)
        # The last key counts most; reversed, so that the best stands last in its cluster and the first text wins ties.
        keys = [-texts, *(score[texts] for score in reversed(scores)), self.label[texts]]
        order = texts[np.lexsort(keys)]
        label = self.label[order]
        last = np.flatnonzero(np.append(label[1:] != label[:-1], True)) if len(order) else np.empty(0, np.int64)
        best = np.full(self.count, -1, np.int64)
        best[label[last]] = order[last]
        stays[texts] = best[self.label[texts]]
        return stays


def clusters_of(root: NDArray[np.int32], group: NDArray[np.int32]) -> Clusters:
    """Return the clusters of texts.

    Args:
        root: int32 [sets], the component of each set.
        group: int32 [texts], the set of each text, -1 for none.
    """
    of_text = np.where(group >= 0, root[group] if len(root) else -1, -1)
    known = of_text >= 0
    many = np.bincount(of_text[known], minlength=len(root)) > 1
    texts = np.flatnonzero(known & many[of_text] if len(root) else known)
    roots, first, inverse = np.unique(of_text[texts], return_index=True, return_inverse=True)
    rank = np.empty(len(roots), np.int32)
    rank[np.argsort(first)] = np.arange(len(roots), dtype=np.int32)
    label = np.full(len(group), -1, np.int32)
    label[texts] = rank[inverse]
    return Clusters(label, len(roots))
