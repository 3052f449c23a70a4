"""The quick head on points with a known answer."""

import numpy as np
import pytest

from modeling.engine.errors import BadData
from modeling.engine.heads import QuickHead, fit


def clouds(count: int, spread: float = 0.05) -> tuple[np.ndarray, list[str]]:
    """Return points around three corners of the unit cube, and their names."""
    generator = np.random.default_rng(0)
    corners = {"red": [1, 0, 0], "green": [0, 1, 0], "blue": [0, 0, 1]}
    points = [np.array(c) + generator.normal(0, spread, 3) for c in corners.values() for _ in range(count)]
    return np.array(points, dtype=np.float32), [name for name in corners for _ in range(count)]


def test_clear_clouds_are_told_apart_with_confidence():
    points, names = clouds(8)
    head = fit(points, names, seed=1)
    labels, confidence = head.predict(points)
    assert labels == names
    assert head.calibrated
    assert confidence.min() > 0.9


def test_mixed_clouds_are_not_claimed_with_confidence():
    points, names = clouds(60, spread=0.8)
    head = fit(points, names, seed=1)
    labels, confidence = head.predict(points)
    right = np.mean([a == b for a, b in zip(labels, names, strict=True)])
    assert confidence.mean() == pytest.approx(right, abs=0.1)


def test_one_example_a_class_gives_an_uncalibrated_head():
    points, names = clouds(1)
    head = fit(points, names)
    assert head.predict(points)[0] == names
    assert (head.temperature, head.calibrated) == (1.0, False)


def test_two_classes_give_probabilities_that_sum_to_one():
    points, names = clouds(5)
    head = fit(points[:10], names[:10])
    assert head.labels == ("green", "red")
    assert head.probabilities(points).sum(axis=1) == pytest.approx(np.ones(15))


def test_one_label_is_refused():
    with pytest.raises(BadData, match="two different labels"):
        fit(np.zeros((3, 2)), ["a", "a", "a"])


def test_saved_head_predicts_the_same(tmp_path):
    points, names = clouds(4)
    head = fit(points, names)
    head.save(tmp_path)
    again = QuickHead.load(tmp_path)
    assert np.array_equal(again.probabilities(points), head.probabilities(points))
    assert again.labels == head.labels


def test_nothing_to_predict():
    points, names = clouds(2)
    labels, confidence = fit(points, names).predict(np.zeros((0, 3)))
    assert (labels, confidence.shape) == ([], (0,))
