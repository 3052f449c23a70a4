"""Checked columns and the seeded split."""

from collections import Counter

import numpy as np
import pytest

from modeling.engine.data import Examples, split_rows
from modeling.engine.errors import BadData

TEXTS = [f"text {i}" for i in range(100)]
LABELS = ["a"] * 70 + ["b"] * 30


def test_split_keeps_shares_by_class():
    data = split_rows(TEXTS, LABELS, seed=1)
    assert Counter(zip(data.answers, data.splits, strict=True)) == {
        ("a", "train"): 49,
        ("a", "validation"): 7,
        ("a", "test"): 14,
        ("b", "train"): 21,
        ("b", "validation"): 3,
        ("b", "test"): 6,
    }


def test_split_depends_on_the_seed_alone():
    assert split_rows(TEXTS, LABELS, seed=1).splits == split_rows(TEXTS, LABELS, seed=1).splits
    assert split_rows(TEXTS, LABELS, seed=1).splits != split_rows(TEXTS, LABELS, seed=2).splits


def test_split_drops_repeats_and_texts_with_two_labels():
    data = split_rows([*TEXTS, "text 0", "text 1"], [*LABELS, "a", "b"], seed=1)
    assert len(data.inputs) == 99
    assert "text 1" not in data.inputs


@pytest.mark.parametrize(
    ("texts", "labels", "splits", "sentence"),
    [
        (["x"], ["a", "b"], ["train"], "Columns differ"),
        (["x", "y"], ["a", "b"], ["train", "dev"], "'dev'"),
        (["v", "w", "x", "y", "z"], ["a"] * 5, ["train"] * 3 + ["validation", "test"], "two different labels"),
        (["x", "y"], ["a", "b"], ["train", "train"], "no validation rows"),
        (["w", "x", "y"], ["a", "b", "a"], ["train", "train", "validation"], "no test rows"),
        (["w", "x", "y", "z"], ["a", "b", "c", "a"], ["train", "train", "validation", "test"], "'c'"),
    ],
)
def test_bad_columns_are_refused_with_a_reason(texts, labels, splits, sentence):
    with pytest.raises(BadData) as refused:
        Examples.of("text-classification", texts, labels, splits)
    assert sentence in refused.value.detail


def test_content_hash_tells_columns_apart():
    first = Examples("text-classification", ("ab", "c"), ("x", "y"), ("train", "train"))
    second = Examples("text-classification", ("a", "bc"), ("x", "y"), ("train", "train"))
    assert first.content_hash() != second.content_hash()


def test_without_validation_rows_a_fifth_of_each_class_becomes_such():
    splits = ["train"] * 50 + ["test"] * 20 + ["train"] * 30
    data = Examples.of("text-classification", TEXTS, LABELS, splits)
    counts = Counter(zip(data.answers, data.splits, strict=True))
    assert counts[("a", "validation")] == 10
    assert counts[("b", "validation")] == 6
    assert data.part("test").inputs == tuple(TEXTS[50:70])


def test_people_who_disagree_become_shares():
    soft = np.array([[0.25, 0.75], [1.0, 0.0]])
    data = Examples("text-classification", ("x", "y"), ("b", "a"), ("train", "train"), ("1", "2"), soft)
    assert data.shares(("a", "b")).tolist() == [[0.25, 0.75], [1.0, 0.0]]
    assert data.rows([1]).shares(("a", "b")).tolist() == [[1.0, 0.0]]
    several = Examples("text-multilabel", ("x", "y"), (("a", "b"), ()), ("train", "train"))
    assert several.shares(("a", "b")).tolist() == [[1.0, 1.0], [0.0, 0.0]]
