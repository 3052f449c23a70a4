"""What a search for near-duplicates found, ready for the next question."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from curation.engine.near import listing
from curation.engine.near.clusters import Clusters, clusters_of
from curation.engine.near.forest import components
from curation.engine.near.joining import verify
from curation.engine.near.ranking import Ranked
from curation.engine.near.shingles import Shingles, exact_threshold


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Pairs of texts by place, in rising order of the first and then of the second.

    Attributes:
        first: int64 [p].
        second: int64 [p], above `first`.
        jaccard: float64 [p], similarity of the two sets, from above 0 to 1.
        total: How many pairs there are; more than p when a limit cut the list.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    total: int


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Near-duplicate texts at one threshold. Texts with equal sets share one set; pairs are pairs of sets.

    Attributes:
        shingles: What sets are made of.
        threshold: Least Jaccard similarity of a pair.
        method: ``exact`` or ``minhash``; the pairs of both are verified.
        recall: Share of all pairs that were found: 1.0 by construction when exact, else measured on a sample; None
            when the sample held no pair.
        listed: Whether all pairs are there. Otherwise they were too many, and `left` and `right` hold just enough of
            them to connect what is connected: clusters are right, lists of pairs are refused.
        group: int32 [texts], the set of each text; -1 for a text without tokens.
        sizes: int32 [sets], shingles of each set.
        left: int32 [p], a set.
        right: int32 [p], a set above `left`; pairs stand in rising order.
        overlap: int32 [p], shingles in common.
        ranked: The sets that may have partners, for `similarity`.
        figures: Counts and seconds of the search.
    """

    shingles: Shingles
    threshold: Fraction
    method: str
    recall: float | None
    listed: bool
    group: NDArray[np.int32]
    sizes: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    overlap: NDArray[np.int32]
    ranked: Ranked = field(repr=False)
    figures: dict[str, Any] = field(default_factory=dict)

    def jaccard(self) -> NDArray[np.float64]:
        """Return float64 [p], the similarity of each pair of sets."""
        both = self.sizes[self.left].astype(np.int64) + self.sizes[self.right]
        return self.overlap / (both - self.overlap)

    def rethreshold(self, threshold: float) -> Self:
        """Return the result at a higher threshold, without comparing anything again.

        Raises:
            ValueError: It is below the one that was searched at, or not all pairs are listed.
        """
        wanted = exact_threshold(threshold)
        self._need_list()
        if wanted < self.threshold:
            raise ValueError(f"threshold is {threshold}, below {float(self.threshold)}; search again to go down")
        both = self.sizes[self.left].astype(np.int64) + self.sizes[self.right] - self.overlap
        stay = self.overlap.astype(np.int64) * wanted.denominator >= wanted.numerator * both
        return replace(self, threshold=wanted, left=self.left[stay], right=self.right[stay], overlap=self.overlap[stay])

    def clusters(self) -> Clusters:
        """Return what the pairs connect; texts with one set are together too."""
        return clusters_of(components(len(self.sizes), self.left, self.right), self.group)

    def duplicate_share(self) -> float:
        """Return the share of texts, 0 to 1, that would go if one text of each cluster stayed."""
        clusters = self.clusters()
        clustered = int((clusters.label >= 0).sum())
        return (clustered - clusters.count) / len(self.group) if len(self.group) else 0.0

    def least_similar(self, count: int = 10) -> TextPairs:
        """Return the pairs of sets nearest to the threshold, each by its first texts; the place to judge it by eye."""
        self._need_list()
        jaccard = self.jaccard()
        order = np.lexsort((self.right, self.left, jaccard))[:count]
        first = self._first_texts()
        one, two = first[self.left[order]], first[self.right[order]]
        return TextPairs(one, two, jaccard[order], len(self.left))

    def pair_count(self) -> int:
        """Return how many pairs of texts there are, those with equal sets included."""
        self._need_list()
        rows = np.bincount(self.group[self.group >= 0], minlength=len(self.sizes)).astype(np.int64)
        return int((rows[self.left] * rows[self.right]).sum() + (rows * (rows - 1) // 2).sum())

    def text_pairs(self, limit: int | None = None) -> TextPairs:
        """Return pairs of texts; of more than `limit` the first ones, by first and then by second text.

        Raises:
            ValueError: Not all pairs are listed.
        """
        kept: list[listing.Block] = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
        kept += self.blocks_of_pairs(limit)
        first, second, jaccard = (np.concatenate(parts) for parts in zip(*kept, strict=True))
        return TextPairs(first, second, jaccard, self.pair_count())

    def blocks_of_pairs(self, limit: int | None = None) -> Iterator[listing.Block]:
        """Give the pairs of `text_pairs` in blocks (first, second, jaccard), in bounded memory.

        Raises:
            ValueError: Not all pairs are listed.
        """
        self._need_list()
        left = self.pair_count() if limit is None else limit
        for block in listing.text_pairs(self.group, len(self.sizes), self.left, self.right, self.jaccard()):
            if left <= 0:
                break
            yield block if len(block[0]) <= left else (block[0][:left], block[1][:left], block[2][:left])
            left -= len(block[0])

    def similarity(self, one: NDArray[np.int64], two: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the Jaccard similarity of texts in some cluster with others of it, whether a pair or not.

        Args:
            one: Places of texts.
            two: Places of other texts, as many.
        """
        place = np.full(len(self.sizes), -1, np.int32)
        place[self.ranked.number] = np.arange(len(self.ranked.number), dtype=np.int32)
        a, b = self.group[one], self.group[two]
        overlap = self.sizes[a].copy()
        differ = np.flatnonzero(a != b)
        left, right = place[a[differ]], place[b[differ]]
        common = np.empty(len(differ), np.int32)
        ranked = self.ranked
        verify(left, right, ranked.tokens, ranked.begins, ranked.ends, ranked.size, 0, 1, common)
        overlap[differ] = common
        result: NDArray[np.float64] = overlap / (self.sizes[a].astype(np.int64) + self.sizes[b] - overlap)
        return result

    def _first_texts(self) -> NDArray[np.int64]:
        texts = np.flatnonzero(self.group >= 0)
        first = np.full(len(self.sizes), -1, np.int64)
        first[self.group[texts[::-1]]] = texts[::-1]
        return first

    def _need_list(self) -> None:
        if not self.listed:
            raise ValueError(
                "There are too many pairs to list; raise the threshold or the limit. The clusters are complete."
            )
