"""Weights of words."""

from collections.abc import Sequence

import numpy as np
import pytest

from modeling.engine.bundle.runtime.words import WORD
from modeling.engine.explain.texts import attribute_span, attribute_text, parts_of, without
from modeling.engine.tasks.spans import ScoredSpan

ODDS = {"good": 2.0, "bad": -3.0, "very": 0.5, "好": 1.0, "不": -2.0}


def say(texts: Sequence[str]) -> np.ndarray:
    """A model whose log odds are a sum over words, less .25."""
    odds = np.array(
        [sum(ODDS.get(found.group().lower(), 0.0) for found in WORD.finditer(text)) - 0.25 for text in texts]
    )
    chances = 1 / (1 + np.exp(-odds))
    return np.stack([1 - chances, chances], axis=1)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("A very good book, not bad!", [0, 0.5, 2, 0, 0, -3]),
        ("good", [2]),
        ("good bad", [2, -3]),
        ("good bad good", [2, -3, 2]),
        ("不好", [-2, 1]),
        ("?!", []),
        ("", []),
    ],
)
def test_a_sum_over_words_is_found_again(text: str, weights: list[float]) -> None:
    found = attribute_text(say, text, 1)
    np.testing.assert_allclose([weight.weight for weight in found.weights], weights, atol=1e-9)
    assert found.base + sum(weight.weight for weight in found.weights) == pytest.approx(found.whole)
    assert found.fidelity == pytest.approx(1)
    assert [text[start:end] for start, end, _weight in found.weights] == [text[a:b] for a, b in parts_of(text, 96)]


def test_words_that_act_together_are_told_by_a_low_fidelity() -> None:
    def either(texts: Sequence[str]) -> np.ndarray:
        chances = np.array([0.9 if ("not" in text) != ("good" in text) else 0.1 for text in texts])
        return np.stack([1 - chances, chances], axis=1)

    found = attribute_text(either, "this is not good at all", 1)
    assert found.fidelity < 0.5
    assert found.base + sum(weight.weight for weight in found.weights) == pytest.approx(found.whole)


def test_long_texts_are_explained_by_stretches() -> None:
    asked = 0

    def counted(texts: Sequence[str]) -> np.ndarray:
        nonlocal asked
        asked += len(texts)
        return say(texts)

    found = attribute_text(counted, " ".join(["word"] * 500) + " good", 1, most_parts=20)
    assert len(found.weights) == 20
    assert found.weights[-1].weight == pytest.approx(2)
    assert asked < 100


def test_words_go_with_their_blank() -> None:
    assert without("a good, old book", [(2, 6), (8, 11)]) == "a , book"
    assert without("good old", [(0, 4)]) == "old"


def test_what_a_span_rests_on() -> None:
    def find(texts: Sequence[str]) -> list[list[ScoredSpan]]:
        """Find Paris after `in` with .9, elsewhere with .4."""
        out = []
        for text in texts:
            at = text.find("Paris")
            score = 0.9 if text[max(0, at - 3) : at] == "in " else 0.4
            out.append([ScoredSpan(at, at + 5, "LOC", score)] if at >= 0 else [])
        return out

    text = "She lives in Paris now"
    found = attribute_span(find, text, find([text])[0][0])
    assert [(text[start:end], weight) for start, end, weight in found] == [
        ("She", 0.0), ("lives", 0.0), ("in", 0.5), ("Paris", 0.9), ("now", 0.0),
    ]  # fmt: skip
