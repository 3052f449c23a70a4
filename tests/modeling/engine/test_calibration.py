"""Temperature, softmax and calibration error on numbers small enough to check by hand."""

import numpy as np
import pytest

from modeling.engine.calibration import (
    expected_calibration_error,
    fit_sigmoid_temperature,
    fit_temperature,
    log_loss,
    softmax,
)


def test_softmax_of_equal_and_of_huge_logits():
    assert softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist() == [[0.5, 0.5], [1.0, 0.0]]


def test_log_loss_is_the_mean_negative_logarithm_of_the_true_class():
    probabilities = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert log_loss(probabilities, np.array([0, 1])) == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)


def test_calibration_error_is_the_gap_between_confidence_and_share_right():
    # Ten rows at confidence 0.8 of which six are right: one bin, gap 0.2.
    probabilities = np.tile([0.8, 0.2], (10, 1))
    truth = np.array([0] * 6 + [1] * 4)
    assert expected_calibration_error(probabilities, truth) == pytest.approx(0.2)


def test_temperature_undoes_overconfidence():
    # 75 % right with logit gap g is calibrated at gap ln 3; a gap of 6 ln 3 needs temperature 6.
    logits = np.tile([6 * np.log(3), 0.0], (40_000, 1))
    truth = np.array([0] * 30_000 + [1] * 10_000)
    assert fit_temperature(logits, truth) == pytest.approx(6.0, rel=1e-3)


@pytest.mark.parametrize("rows", [2, 4, 40])
def test_rows_that_are_all_right_leave_as_much_doubt_as_their_number(rows: int):
    # After n hits of n the rate is (n + 1/2) / (n + 1): of 4 rows .9, so that a gap of 10 becomes ln 9.
    logits = np.tile([10.0, 0.0], (rows, 1))
    temperature = fit_temperature(logits, np.zeros(rows, int))
    assert softmax(logits / temperature)[0, 0] == pytest.approx((rows + 0.5) / (rows + 1), abs=1e-4)


def test_doubt_is_shared_among_the_other_classes():
    logits = np.tile([10.0, 0.0, 0.0, 0.0], (4, 1))
    shares = softmax(logits / fit_temperature(logits, np.zeros(4, int)))
    assert shares[0] == pytest.approx([0.9, 0.1 / 3, 0.1 / 3, 0.1 / 3], abs=1e-4)


def test_one_temperature_of_several_answers_doubts_what_is_rare_more():
    # Of 40 answers 4 are yes: yes is wanted with .9, no with 1 - .5 / 37, as the mean of losses weighs them.
    logits, truth = np.full((10, 4), -10.0), np.zeros((10, 4), bool)
    logits[:4, 0], truth[:4, 0] = 10.0, True
    chance = 1 / (1 + np.exp(-10.0 / fit_sigmoid_temperature(logits, truth)))
    assert chance == pytest.approx((4 * 0.9 + 36 * (1 - 0.5 / 37)) / 40, abs=1e-4)


def test_temperature_of_one_row_is_one():
    assert fit_temperature(np.array([[5.0, 0.0]]), np.array([0])) == 1.0
