"""Figures of preferences."""

import numpy as np
import pytest

from modeling.engine.data import Examples, Pair
from modeling.engine.errors import BadData
from modeling.engine.tasks.preference import Preference


def examples(answers: tuple[int, ...] = (0, 0, 1, 1)) -> Examples:
    """Return four pairs; the longer answer is the first, the second, alike, the second."""
    pairs = (Pair("p", "aa", "b"), Pair("p", "a", "bb"), Pair("p", "a", "b"), Pair("p", "a", "bb"))
    return Examples("preference", pairs, answers, ("test",) * 4, ("0", "1", "2", "3"))


def test_accuracy_and_the_longer_answer() -> None:
    figures = Preference().figures(np.array([0.9, 0.4, 0.2, 0.5]), examples(), ("first", "second"))
    assert figures["accuracy"] == (1 + 0 + 1 + 0.5) / 4
    assert figures["longer_wins_accuracy"] == (1 + 0 + 0.5 + 1) / 4
    assert figures["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.8, 0.5]).mean())
    assert figures["per_class"] == [
        {"label": "first", "recall": 0.5, "support": 2}, {"label": "second", "recall": 0.75, "support": 2},
    ]  # fmt: skip
    assert [row["rows"] for row in figures["by_margin"]] == [1, 1, 1, 1]


def test_swapped_answers_give_swapped_probabilities() -> None:
    task = Preference()
    facts = task.calibrate(np.array([2.0, -1.0, -3.0, 0.5]), examples(), ())
    made = task.finish(np.array([2.0, -2.0, 0.0]), facts)
    assert made[0] == pytest.approx(1 - made[1], abs=1e-15)
    assert made[2] == 0.5
    assert task.row_prediction(0.3, ("first", "second")) == {"answer": "second", "confidence": 0.7}


def test_other_answers_are_refused() -> None:
    with pytest.raises(BadData, match="Row 2: 5 is neither 0"):
        Examples.of("preference", examples().inputs[:3], [0, 1, 5], ["train", "validation", "test"])
