"""Checked columns and the seeded split."""

from collections import Counter

import pytest

from modeling.engine.data import LabeledTexts, split_rows
from modeling.engine.errors import BadData

TEXTS = [f"text {i}" for i in range(100)]
LABELS = ["a"] * 70 + ["b"] * 30


def test_split_keeps_shares_by_class():
    data = split_rows(TEXTS, LABELS, seed=1)
    assert Counter(zip(data.labels, data.splits, strict=True)) == {
        ("a", "train"): 49,
        ("a", "validation"): 7,
        ("a", "test"): 14,
        ("b", "train"): 21,
        ("b", "validation"): 3,
        ("b", "test"): 6,
    }


def test_split_depends_on_the_seed_alone():
    assert split_rows(TEXTS, LABELS, seed=1) == split_rows(TEXTS, LABELS, seed=1)
    assert split_rows(TEXTS, LABELS, seed=1) != split_rows(TEXTS, LABELS, seed=2)


def test_split_drops_repeats_and_texts_with_two_labels():
    data = split_rows([*TEXTS, "text 0", "text 1"], [*LABELS, "a", "b"], seed=1)
    assert len(data.texts) == 99
    assert "text 1" not in data.texts


@pytest.mark.parametrize(
    ("texts", "labels", "splits", "sentence"),
    [
        (["x"], ["a", "b"], ["train"], "Columns differ"),
        (["x", "y"], ["a", "b"], ["train", "dev"], "'dev'"),
        (["x", "y"], ["a", "a"], ["train", "train"], "two different labels"),
        (["x", "y"], ["a", "b"], ["train", "train"], "no validation rows"),
        (["x", "y", "z"], ["a", "b", "c"], ["train", "train", "validation"], "'c'"),
    ],
)
def test_bad_columns_are_refused_with_a_reason(texts, labels, splits, sentence):
    with pytest.raises(BadData) as refused:
        LabeledTexts.of(texts, labels, splits)
    assert sentence in refused.value.detail


def test_content_hash_tells_columns_apart():
    first = LabeledTexts(("ab", "c"), ("x", "y"), ("train", "train"))
    second = LabeledTexts(("a", "bc"), ("x", "y"), ("train", "train"))
    assert first.content_hash() != second.content_hash()
