"""Items of one set of texts that are in another, such as training items that a test holds too.

How alike two texts must be is a matter of the matcher. `exact_match` finds equal ones; a near-duplicate engine joins by
adding a row to `MATCHERS`: a function of two arrays that gives the same `Matches`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text, fold, hash64


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


# (texts to look at, texts they must not match, least similarity) → matches
Matcher = Callable[[pa.Array, pa.Array, float], Matches]


def exact_match(texts: pa.Array, others: pa.Array, _threshold: float = 1.0) -> Matches:
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


MATCHERS: dict[str, Matcher] = {"exact": exact_match}
