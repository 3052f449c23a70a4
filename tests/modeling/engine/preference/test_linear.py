"""What is counted of an answer, and rewards learned from it."""

import numpy as np
import pytest

from modeling.engine.bundle.runtime.counts import NAMES, counted_features
from modeling.engine.data import Pair
from modeling.engine.preference.linear import (
    blocks_of,
    differences_of,
    fit_bradley_terry,
    scales_of,
    texts_of,
)  # fmt: skip


def test_what_is_counted() -> None:
    rows = counted_features(["Say the blue word"] * 2, ["The blue blue sky.\n- a 1", ""])
    found = dict(zip(NAMES, rows[0], strict=True))
    assert found["words"] == pytest.approx(np.log1p(6))
    assert (found["from_prompt"], found["of_prompt"]) == (3 / 6, 2 / 4)
    assert (found["different_words"], found["most_frequent"]) == (5 / 6, 2 / 6)
    assert (found["list_lines"], found["lines"], found["empty"]) == (0.5, pytest.approx(np.log(3)), 0)
    empty = dict(zip(NAMES, rows[1], strict=True))
    assert (empty["empty"], empty["words"], empty["copies_prompt"], empty["shorter_than_prompt"]) == (1, 0, 0, 1)


def test_weights_follow_preferences_and_ties() -> None:
    differences = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    weights = fit_bradley_terry(differences, np.array([0.75, 0.25, 0.5, 0.5]), 1e6)
    np.testing.assert_allclose(weights, [np.log(3), 0.0], atol=1e-3)


def test_both_answers_of_a_pair_stand_side_by_side() -> None:
    prompts, answers = texts_of([Pair("p", "a", "b"), Pair("q", "c", "d")])
    assert (prompts, answers) == (["p", "p", "q", "q"], ["a", "b", "c", "d"])
    assert differences_of(np.array([[3.0], [1.0], [0.0], [5.0]])).tolist() == [[2.0], [-5.0]]
    vectors = np.array([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
    blocks = blocks_of(np.ones((2, 1)), vectors, vectors[::-1])
    assert [block.shape[1] for block in blocks] == [1, 2, 2, 2, 2, 2]
    assert blocks[1].tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert len(scales_of(blocks)) == 11
