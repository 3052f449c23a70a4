import numpy as np
import pytest

from modeling.engine.active import learning_curve
from modeling.engine.active.curve import fit_power_law


def cloud(count: int, spread: float, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Return two overlapping classes of vectors of length 1 in 16 dimensions."""
    random = np.random.default_rng(seed)
    side = random.integers(0, 2, count)
    rows = random.normal(0, spread, (count, 16))
    rows[:, 0] += 2 * side - 1
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), [f"class {one}" for one in side]


def test_the_fit_finds_the_law_that_made_the_points() -> None:
    counts = np.array([20, 40, 80, 160, 320])
    limit, scale, exponent = fit_power_law(counts, 0.9 - 1.5 * counts**-0.6)
    assert (round(limit, 3), round(scale, 2), round(exponent, 2)) == (0.9, 1.5, 0.6)


def test_the_fit_never_promises_more_than_all_and_never_falls() -> None:
    counts = np.array([10, 20, 40, 80])
    limit, scale, exponent = fit_power_law(counts, np.array([0.5, 0.6, 0.7, 0.8]))
    assert limit <= 1
    assert scale > 0
    assert exponent > 0
    flat, slope, _exponent = fit_power_law(counts, np.array([0.9, 0.88, 0.86, 0.84]))
    assert slope == 0
    assert 0.84 < flat < 0.9


def test_a_curve_rises_with_labels_and_says_what_the_next_ones_bring() -> None:
    vectors, labels = cloud(200, 0.9)
    curve = learning_curve(vectors, labels)
    assert curve is not None
    assert [point.labels for point in curve.points] == [10, 19, 38, 76, 150]
    assert all(point.low <= point.accuracy <= point.high for point in curve.points)
    assert curve.points[-1].accuracy > curve.points[0].accuracy
    assert curve.gain == pytest.approx(curve.at(300) - curve.at(200))
    assert learning_curve(vectors, labels) == curve


def test_an_easy_task_is_done_early() -> None:
    curve = learning_curve(*cloud(400, 0.1))
    assert curve is not None
    assert curve.points[-1].accuracy == 1
    assert not curve.pays


def test_what_the_curve_foretells_comes_true() -> None:
    # The gain that 100 labels foretell for the next 100 against what those bring, over ten draws.
    foretold, came = [], []
    for seed in range(10):
        vectors, labels = cloud(4_000, 0.8, seed)
        curve = learning_curve(vectors[:100], labels[:100], seed=seed)
        assert curve is not None
        foretold.append(curve.at(200))
        fuller = learning_curve(vectors[:267], labels[:267], seed=seed)
        assert fuller is not None
        came.append(fuller.points[-1].accuracy)
    assert abs(np.mean(foretold) - np.mean(came)) < 0.03


def test_too_few_labels_or_one_kind_have_no_curve() -> None:
    vectors, labels = cloud(39, 0.5)
    assert learning_curve(vectors, labels) is None
    vectors, labels = cloud(60, 0.5)
    assert learning_curve(vectors, ["ham"] * 60) is None


def test_a_class_of_one_label_does_no_harm() -> None:
    vectors, labels = cloud(60, 0.5)
    curve = learning_curve(vectors, ["rare", *labels[1:]])
    assert curve is not None
    assert len(curve.points) > 2
