"""Items without labels teach too: scikit-learn's digits, of which few have a label."""

from typing import Any

import numpy as np
import pytest

from modeling.engine.heads.held_out import judge_held_out
from modeling.engine.heads.learn import learn
from modeling.engine.heads.quick import QuickHead, fit_plain
from modeling.engine.heads.spread import ENOUGH, fit_spread, may_spread, spread

Array = np.ndarray[Any, Any]


def digits(each: int) -> tuple[Array, list[str], Array, Array]:
    """Return vectors of so many digits of each kind with their labels, and all others with what they are."""
    from sklearn.datasets import load_digits

    data = load_digits()
    vectors = data.data / np.linalg.norm(data.data, axis=1, keepdims=True)
    mixed = np.random.default_rng(1).permutation(len(vectors))
    known = np.concatenate([mixed[data.target[mixed] == digit][:each] for digit in range(10)])
    rest = np.setdiff1d(mixed, known)
    labels = [str(digit) for digit in data.target[known]]
    return vectors[known].astype(np.float32), labels, vectors[rest].astype(np.float32), data.target[rest]


def accuracy(head: QuickHead, vectors: Array, truth: Array) -> float:
    named, _sure = head.predict(vectors)
    return float(np.mean(np.array(named, int) == truth))


def test_few_labels_go_further_with_items_that_have_none() -> None:
    known, labels, others, truth = digits(4)
    pool, unseen = others[:1200], others[1200:]
    plain, both = fit_plain(known, labels), fit_spread(known, labels, pool)
    assert accuracy(both, unseen, truth[1200:]) > accuracy(plain, unseen, truth[1200:]) + 0.05
    assert (both.trained_on, both.unlabeled) == (40, 1200)


def test_the_better_head_is_chosen_by_what_was_held_out_and_calibrated() -> None:
    known, labels, others, truth = digits(4)
    head = learn(known, labels, [str(number) for number in range(40)], others)
    assert head.unlabeled > 0
    assert head.calibrated
    assert head.accuracy is not None
    shares = head.probabilities(others)
    assert abs(shares.max(axis=1).mean() - accuracy(head, others, truth)) < 0.1


def test_enough_labels_need_no_others() -> None:
    known, labels, others, _truth = digits(ENOUGH)
    assert not may_spread(labels, len(others))
    assert learn(known, labels, labels, others).unlabeled == 0
    assert not may_spread(labels[:4], 10)


def test_one_example_of_a_label_is_no_obstacle() -> None:
    known, labels, others, _truth = digits(2)
    labels[0] = "alone"
    head = learn(known, labels, [str(number) for number in range(20)], others)
    assert "alone" in head.labels


def test_held_out_items_are_judged_by_heads_that_learn_alike() -> None:
    known, labels, others, truth = digits(4)
    texts = [str(number) for number in range(40)]
    _sure, right = judge_held_out(known, labels, texts, others=others)
    _sure, plain = judge_held_out(known, labels, texts)
    assert right.mean() > plain.mean()
    assert right.mean() == pytest.approx(accuracy(fit_spread(known, labels, others), others, truth), abs=0.12)


def test_labels_reach_only_what_is_linked_to_them() -> None:
    near, far = np.eye(2, dtype=np.float32).repeat(12, axis=0)[:12], np.eye(2, dtype=np.float32).repeat(12, axis=0)[12:]
    mass = spread(np.concatenate([near, far]), np.array([0]), 1)
    assert (mass[:12] > 0).all()
    assert mass[12:].max() == 0
    # An item that nothing links to a label teaches nothing.
    both = fit_spread(np.concatenate([near[:1], near[:1]]), ["a", "b"], far)
    assert both.unlabeled == 0
