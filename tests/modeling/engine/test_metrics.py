"""Figures against values worked out by hand and, for macro-F1, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from modeling.engine.metrics import (
    bootstrap_f1_difference,
    classification_figures,
    confusion_matrix,
    macro_f1,
    mcnemar_exact,
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
    assert figures["per_class"][0] == {
        "label": "a",
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(2 / 3),
        "support": 3,
    }
    assert figures["confusion"] == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert figures["calibration_error"] == pytest.approx(2 / 6)


def test_mcnemar_counts_rows_that_one_model_alone_has_right():
    truth = np.zeros(10, dtype=int)
    first = np.array([0] * 10)
    second = np.array([1] * 6 + [0] * 4)
    # Six of six discordant rows on one side: 2 * (1/2)^6.
    assert mcnemar_exact(truth, first, second) == {"only_first": 6, "only_second": 0, "p_value": 2 / 64}


def test_mcnemar_of_equal_models_is_one():
    assert mcnemar_exact(TRUTH, PREDICTED, PREDICTED)["p_value"] == 1.0


def test_bootstrap_interval_holds_the_difference_and_repeats():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, 200)
    first, second = truth.copy(), truth.copy()
    first[:10], second[:60] = 1 - first[:10], 1 - second[:60]
    result = bootstrap_f1_difference(truth, first, second, 2, seed=4, resamples=300)
    assert 0.1 < result["low"] < result["difference"] < result["high"] < 0.4
    assert result == bootstrap_f1_difference(truth, first, second, 2, seed=4, resamples=300)
