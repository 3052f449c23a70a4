"""Items of one set of texts that are in another, such as training items that a test holds too.

How alike two texts must be is a matter of the matcher: a row in `MATCHERS`. `exact_match` finds equal texts,
`near_match` those whose sets of shingles are alike, by the exact join of `curation.engine.near`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text, fold, hash64
from curation.engine.near.shingles import Shingles

if TYPE_CHECKING:
    from curation.engine.near.result import NearDuplicates


@dataclass(frozen=True, slots=True)
class Matches:
    """Texts of one set with one text each of another that they match; k matches, rising by `left`.

    Attributes:
        left: Place in the first set, int64 [k]; each place at most once.
        right: Place of the best match in the second set, the first of equally good ones, int64 [k].
        similarity: 0 to 1, float64 [k]; 1 is equal.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    similarity: NDArray[np.float64]


# (texts to look at, texts they must not match, least similarity, shingles) → matches
Matcher = Callable[[pa.Array, pa.Array, float, str], Matches]


class TooManyMatches(ValueError):
    """So many texts are alike that their pairs cannot be listed."""


def exact_match(texts: pa.Array, others: pa.Array, _threshold: float = 1.0, _shingles: str = "auto") -> Matches:
    """Return the texts that equal one of the others once folded (NFKC, lower case, blanks); empty ones match none.

    A 64-bit hash finds candidates and the folded texts decide.
    """
    left, right = fold(as_text(texts)), fold(as_text(others))
    first, second = hash64(left), hash64(right)
    keys, place = np.unique(second, return_index=True)
    if not len(keys):
        return Matches(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    spot = np.minimum(np.searchsorted(keys, first), len(keys) - 1)
    rows = np.flatnonzero(keys[spot] == first)
    partner = place[spot[rows]]
    same = pc.equal(left.take(pa.array(rows)), right.take(pa.array(partner)))
    filled = pc.not_equal(left.take(pa.array(rows)), "")
    sure = pc.fill_null(pc.and_(same, filled), False).to_numpy(zero_copy_only=False)
    return Matches(rows[sure], partner[sure], np.ones(int(sure.sum())))


def near_match(texts: pa.Array, others: pa.Array, threshold: float = 0.8, shingles: str = "auto") -> Matches:
    """Return the texts whose sets of shingles are like those of one of the others, by Jaccard similarity.

    Every pair at or above the threshold is found (`curation.engine.near`, an exact set-similarity join); the best one
    is given for each text. Texts without a token match none.

    Args:
        texts: Large strings.
        others: Large strings.
        threshold: Least similarity, above 0 to 1.
        shingles: ``auto`` (characters for Chinese and Japanese text, words for other), ``word:K`` or ``char:K``.

    Raises:
        TooManyMatches: There are more pairs of different texts than fit in memory.
    """
    # The compiler is slow to import, and the web process reads plans without running them.
    from curation.engine.near.search import Search, suited_shingles

    both = [others, texts]
    chosen = suited_shingles(both) if shingles == "auto" else Shingles.parse(shingles)
    # Only the exact join, whose recall is 1: one leak that a sample missed is one too many.
    found = Search(chosen, threshold, "exact").run(array for array in both if len(array))
    if not found.listed:
        raise TooManyMatches("Too many texts are alike to list their pairs. Raise the threshold.")
    partner, likeness = _best_others(found, len(others))
    own = found.group[len(others) :]
    place = np.where(own >= 0, partner[own] if len(partner) else -1, -1)
    rows = np.flatnonzero(place >= 0)
    return Matches(rows, place[rows], likeness[own[rows]])


def _best_others(found: "NearDuplicates", count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each set the place of the most similar of the first `count` texts, -1 for none, and how similar.

    Of equally similar ones it is the first. A set that one of these texts has itself is as similar as can be.
    """
    sets = len(found.sizes)
    first = np.full(sets, -1, np.int64)
    there = np.flatnonzero(found.group[:count] >= 0)[::-1]
    first[found.group[there]] = there
    source = np.concatenate([found.left, found.right])
    target = np.concatenate([found.right, found.left])
    alike = np.tile(found.jaccard(), 2)
    use = np.flatnonzero((first[target] >= 0) & (first[source] < 0))
    # Last in this order, and so what stays: the highest similarity, then the first place.
    use = use[np.lexsort((-first[target[use]], alike[use]))]
    partner, likeness = first.copy(), np.where(first >= 0, 1.0, 0.0)
    partner[source[use]] = first[target[use]]
    likeness[source[use]] = alike[use]
    return partner, likeness


MATCHERS: dict[str, Matcher] = {"exact": exact_match, "near": near_match}
