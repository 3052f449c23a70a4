"""From pairs with a probability to clusters."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# Rows of a cluster before it is looked at closely: all its pairs are compared, half a million for a thousand rows.
LARGEST = 1_000


def cluster_rows(
    rows: int,
    pairs: NDArray[np.int64],
    probability: NDArray[np.float64],
    threshold: float,
    score: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]],
) -> NDArray[np.int64]:
    """Return for each row the first row of its cluster, int64 [n].

    Rows that likely pairs tie together are only the beginning: a chain of likely pairs can end far from where it began.
    Inside it all pairs are compared, and average-linkage clustering (Sokal and Michener 1958) cuts where the mean
    probability between two parts falls below the threshold.

    Args:
        rows: n.
        pairs: ``smaller << 32 | larger``, int64 [p].
        probability: Of each pair, float64 [p].
        threshold: 0 to 1.
        score: Gives the probability of pairs of rows.
    """
    from curation.engine.linkage.kernels import block_pairs, capped_components, count_block_pairs  # slow import

    likely = probability >= threshold
    order = np.lexsort((pairs[likely], -probability[likely]))
    chosen = pairs[likely][order]
    root = capped_components(rows, chosen >> 32, chosen & 0xFFFFFFFF, LARGEST)
    members = np.lexsort((np.arange(rows), root))
    sizes = np.bincount(root, minlength=rows)
    # Two rows are settled by their one pair; three and more are looked at.
    members = members[sizes[root[members]] > 2]
    if not len(members):
        return np.asarray(root, np.int64)
    starts = np.flatnonzero(np.concatenate([[True], root[members][1:] != root[members][:-1], [True]]))
    inside = block_pairs(members, starts, LARGEST, count_block_pairs(starts, LARGEST))
    chances = score(inside >> 32, inside & 0xFFFFFFFF)
    place = 0
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        group, count = members[begin:end], (end - begin) * (end - begin - 1) // 2
        root[group] = _cut(group, chances[place : place + count], threshold)
        place += count
    return np.asarray(root, np.int64)


def _cut(group: NDArray[np.int64], chances: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Return the first row of each row's part, for rising rows and their pairs in the order of a condensed matrix."""
    from scipy.cluster.hierarchy import fcluster, linkage  # slow import

    parts = fcluster(linkage(1 - chances, "average"), 1 - threshold, "distance")
    _names, first, index = np.unique(parts, return_index=True, return_inverse=True)
    return np.asarray(group[first[index]], np.int64)
