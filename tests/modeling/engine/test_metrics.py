"""Figures against values worked out by hand and, for macro-F1, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from modeling.engine.metrics import (
    average_precision,
    classification_figures,
    confusion_matrix,
    macro_f1,
    mcnemar_of,
    multilabel_figures,
    precision_recall_curves,
    reliability,
)

TRUTH = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 0, 2])


def test_confusion_rows_are_the_truth():
    assert confusion_matrix(TRUTH, PREDICTED, 3).tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_macro_f1_is_the_mean_over_classes():
    assert macro_f1(TRUTH, PREDICTED, 3) == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)


def test_macro_f1_leaves_out_a_class_that_never_occurs():
    assert macro_f1(np.array([0, 1]), np.array([0, 1]), 3) == 1.0


def test_macro_f1_agrees_with_scikit_learn_on_random_answers():
    generator = np.random.default_rng(5)
    truth, predicted = generator.integers(0, 4, 300), generator.integers(0, 4, 300)
    assert macro_f1(truth, predicted, 4) == pytest.approx(f1_score(truth, predicted, average="macro"))


def test_figures_of_a_small_split():
    figures = classification_figures(np.eye(3)[PREDICTED], TRUTH, ["a", "b", "c"])
    assert figures["accuracy"] == pytest.approx(4 / 6)
    first = figures["per_class"][0]
    assert (first["label"], first["support"]) == ("a", 3)
    assert [first[name] for name in ("precision", "recall", "f1")] == pytest.approx([2 / 3] * 3)
    assert first["f1_low"] <= 2 / 3 <= first["f1_high"]
    assert figures["confusion"] == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert figures["calibration_error"] == pytest.approx(2 / 6)


def test_mcnemar_counts_rows_that_one_model_alone_has_right():
    first, second = np.ones(10, bool), np.array([False] * 6 + [True] * 4)
    # Six of six discordant rows on one side: 2 * (1/2)^6.
    assert mcnemar_of(first, second) == {"only_first": 6, "only_second": 0, "p_value": 2 / 64}


def test_mcnemar_of_equal_models_is_one():
    assert mcnemar_of(TRUTH == PREDICTED, TRUTH == PREDICTED)["p_value"] == 1.0


def test_intervals_hold_the_figures_and_repeat():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 300)
    made = np.where(generator.random(300) < 0.8, truth, generator.integers(0, 3, 300))
    figures = classification_figures(np.eye(3)[made], truth, ["a", "b", "c"])
    for name in ("accuracy", "macro_f1"):
        low, high = figures[f"{name}_interval"]
        assert low < figures[name] < high < low + 0.12
    for row in figures["per_class"]:
        assert row["f1_low"] < row["f1"] < row["f1_high"] < row["f1_low"] + 0.2
    assert figures == classification_figures(np.eye(3)[made], truth, ["a", "b", "c"])


def test_average_precision_agrees_with_scikit_learn():
    generator = np.random.default_rng(3)
    truth = generator.random(200) < 0.3
    scores = np.round(truth * 0.3 + generator.random(200), 1)  # many equal scores
    assert average_precision(scores, truth) == pytest.approx(average_precision_score(truth, scores))
    assert average_precision(scores, np.zeros(200, bool)) is None


def test_a_curve_is_the_best_precision_at_each_recall():
    truth, scores = np.array([[True], [False], [True], [False]]), np.array([[0.9], [0.8], [0.7], [0.1]])
    (curve,) = precision_recall_curves(scores, truth, ["a"], points=3)
    assert curve["precision"] == [1.0, 1.0, 0.6667]


def test_figures_of_several_labels_worked_by_hand():
    truth = np.array([[True, False], [True, True], [False, False]])
    made = np.array([[0.9, 0.6], [0.9, 0.4], [0.2, 0.1]])
    figures = multilabel_figures(made, truth, ["a", "b"])
    # Given: a, b | a | nothing. Hits 2, false 1, missed 1.
    assert figures["micro_f1"] == pytest.approx(4 / 6)
    assert figures["macro_f1"] == pytest.approx(0.5)
    assert figures["exact"] == pytest.approx(1 / 3)
    assert [row["support"] for row in figures["per_class"]] == [2, 1]


def test_reliability_counts_every_row_once():
    bins = reliability(np.array([[0.9, 0.1], [0.6, 0.4], [0.95, 0.05]]), np.array([0, 1, 0]))
    assert [row["rows"] for row in bins] == [1, 1, 1]
    assert [row["right"] for row in bins] == [0.0, 1.0, 1.0]
