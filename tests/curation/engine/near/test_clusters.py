import numpy as np

from curation.engine.near.clusters import Clusters, clusters_of
from curation.engine.near.forest import components

LABEL = np.array([0, -1, 1, 0, 1, 0], np.int32)


def test_components_do_not_depend_on_the_order_of_pairs() -> None:
    left, right = np.array([4, 1, 2], np.int32), np.array([5, 4, 3], np.int32)
    assert components(7, left, right).tolist() == [0, 1, 2, 2, 1, 1, 6]
    assert components(7, right[::-1], left[::-1]).tolist() == [0, 1, 2, 2, 1, 1, 6]


def test_clusters_are_numbered_by_their_first_texts_and_hold_two_at_least() -> None:
    group = np.array([3, -1, 0, 3, 1, 2], np.int32)
    root = np.array([0, 0, 2, 3], np.int32)
    clusters = clusters_of(root, group)
    assert (clusters.label.tolist(), clusters.count) == ([0, -1, 1, 0, 1, -1], 2)
    assert clusters.sizes().tolist() == [2, 2]
    assert clusters.members().tolist() == [0, 3, 2, 4]


def test_the_highest_score_stays_and_ties_go_to_the_first() -> None:
    clusters = Clusters(LABEL, 2)
    assert clusters.keep().tolist() == [0, 1, 2, 0, 2, 0]
    assert clusters.keep(np.array([1, 9, 5, 7, 5, 7])).tolist() == [3, 1, 2, 3, 2, 3]
    assert Clusters(np.array([2, -1, 2], np.int32), 4).keep().tolist() == [0, 1, 0]
    labeled, length = np.array([False, True, False, False, True, True]), np.array([9, 9, 9, 9, 1, 1])
    assert clusters.keep(labeled, length).tolist() == [5, 1, 4, 5, 4, 5]
