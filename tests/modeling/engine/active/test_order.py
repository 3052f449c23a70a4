"""What is asked next, on vectors that can be looked at."""

import numpy as np
import pytest

from modeling.engine.active import METHODS, order
from modeling.engine.active.clusters import k_means
from modeling.engine.active.order import entropy, margin
from modeling.engine.errors import BadData


def rays(*degrees: float) -> np.ndarray:
    """Return vectors of length 1 at these angles."""
    turned = np.deg2rad(np.array(degrees))
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def groups(sizes: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Return groups of alike vectors in 8 dimensions, one group an axis."""
    random = np.random.default_rng(seed)
    rows = np.concatenate([np.eye(8)[axis] + random.normal(0, 0.05, (size, 8)) for axis, size in enumerate(sizes)])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


NOBODY = np.zeros(4, bool)
SHARES = np.array([[0.9, 0.05, 0.05], [0.5, 0.49, 0.01], [0.34, 0.33, 0.33], [0.6, 0.3, 0.1]])


def test_entropy_and_margin_are_what_they_are_called() -> None:
    assert entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(6).tolist() == [0.693147, 0.0]
    assert margin(SHARES).round(6).tolist() == [0.85, 0.01, 0.01, 0.3]


def test_uncertainty_asks_for_the_flattest_first() -> None:
    found = order(rays(0, 90, 180, 270), SHARES, NOBODY, "uncertainty")
    assert found.rows.tolist() == [2, 3, 1, 0]
    assert found.reasons == ("unsure",) * 4


def test_margin_asks_for_the_closest_call_first_and_leaves_labeled_rows_out() -> None:
    labeled = np.array([False, True, False, False])
    found = order(rays(0, 90, 180, 270), SHARES, labeled, "margin", count=2)
    assert found.rows.tolist() == [2, 3]
    assert found.reasons == ("close_call",) * 2


def test_diversity_always_asks_for_what_is_farthest_from_all_before() -> None:
    labeled = np.array([True, False, False, False, False])
    found = order(rays(0, 10, 170, 80, 100), None, labeled, "diversity")
    assert found.rows.tolist() == [2, 3, 4, 1]
    assert found.reasons == ("unlike",) * 4


def test_typical_asks_once_in_each_group_the_large_ones_first() -> None:
    vectors = groups((30, 10, 20))
    found = order(vectors, None, np.zeros(60, bool), "typical", count=3, batch=3)
    assert [int(row >= 30) + int(row >= 40) for row in found.rows] == [0, 2, 1]
    # The first is the one of its group that is nearest to the others.
    alike = vectors[:30] @ vectors[:30].T
    nearest = np.sort(np.sqrt(np.maximum(2 - 2 * alike, 0)), axis=1)[:, :21].sum(axis=1)
    assert found.rows[0] == nearest.argmin()


def test_typical_passes_over_groups_that_have_a_label() -> None:
    labeled = np.zeros(60, bool)
    labeled[[3, 45]] = True
    found = order(groups((30, 10, 20)), None, labeled, "typical", count=1, batch=1)
    assert 30 <= found.rows[0] < 40


def test_the_mix_starts_with_typical_rows_and_goes_on_where_most_doubt_is() -> None:
    vectors = groups((40, 40, 5))
    labeled = np.zeros(85, bool)
    labeled[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 41]] = True
    shares = np.tile([0.99, 0.01], (85, 1))
    shares[40:80] = [0.55, 0.45]
    cold = order(vectors, shares, labeled[::-1] & False, "mix", count=3, batch=3)
    assert cold.reasons == ("typical",) * 3
    warm = order(vectors, shares, labeled, "mix", count=4, batch=4)
    assert set(warm.rows.tolist()) <= set(range(40, 80))
    assert warm.reasons == ("close_call",) * 4


def test_a_reason_is_true_of_its_row() -> None:
    vectors = groups((40, 40, 40))
    labeled = np.zeros(120, bool)
    labeled[:20] = True
    shares = np.tile([0.9, 0.06, 0.04], (120, 1))
    shares[40:80] = [0.45, 0.15, 0.4]
    found = order(vectors, shares, labeled, "mix", batch=2)
    reasons = dict(zip(found.rows.tolist(), found.reasons, strict=True))
    assert {reasons[row] for row in range(40, 80)} == {"unsure"}
    assert {reasons[row] for row in range(80, 120)} == {"unlike"}
    assert {reasons[row] for row in range(20, 40)} <= {"typical", "unlike"}


@pytest.mark.parametrize("method", METHODS)
def test_every_order_names_each_free_row_once_and_is_the_same_again(method: str) -> None:
    vectors = groups((15, 9, 6), seed=3)
    shares = np.random.default_rng(1).dirichlet(np.ones(3), 30)
    labeled = np.arange(30) % 4 == 0
    first, again = (order(vectors, shares, labeled, method, seed=5) for _turn in range(2))
    assert sorted(first.rows.tolist()) == np.flatnonzero(~labeled).tolist()
    assert len(first.reasons) == len(first.rows)
    assert (first.rows.tolist(), first.reasons) == (again.rows.tolist(), again.reasons)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("same", [1, 40])
def test_equal_texts_and_a_single_one_have_an_order(method: str, same: int) -> None:
    shares = np.tile([0.5, 0.5], (same, 1))
    found = order(rays(*[30] * same), shares, np.zeros(same, bool), method)
    assert sorted(found.rows.tolist()) == list(range(same))


def test_nothing_left_is_an_empty_order() -> None:
    found = order(rays(0, 90), None, np.array([True, True]))
    assert (found.rows.tolist(), found.reasons) == ([], ())


def test_what_cannot_be_ordered_is_said() -> None:
    with pytest.raises(BadData, match="no order 'luck'"):
        order(rays(0), None, np.array([False]), "luck")
    with pytest.raises(BadData, match="needs the probabilities"):
        order(rays(0), None, np.array([False]), "margin")
    with pytest.raises(BadData, match="one row for each item"):
        order(rays(0, 1), None, np.array([False]))


def test_k_means_finds_groups_and_gives_each_vector_its_own_when_they_are_few() -> None:
    vectors = groups((20, 30, 10))
    which, centers = k_means(vectors, 3, seed=0)
    assert [len(set(which[part].tolist())) for part in (slice(0, 20), slice(20, 50), slice(50, 60))] == [1, 1, 1]
    assert len(set(which.tolist())) == len(centers) == 3
    alone, _centers = k_means(rays(0, 90), 5, seed=0)
    assert sorted(alone.tolist()) == [0, 1]
