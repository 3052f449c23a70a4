"""Temperature, softmax and calibration error on numbers small enough to check by hand."""

import numpy as np
import pytest

from modeling.engine.calibration import expected_calibration_error, fit_temperature, log_loss, softmax


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
    logits = np.tile([6 * np.log(3), 0.0], (400, 1))
    truth = np.array([0] * 300 + [1] * 100)
    assert fit_temperature(logits, truth) == pytest.approx(6.0, rel=1e-3)


def test_temperature_of_a_perfect_model_stays_in_its_range():
    # Below about 0.14 the loss rounds to zero, so any temperature there is as good.
    assert 0.05 <= fit_temperature(np.array([[5.0, 0.0], [0.0, 5.0]]), np.array([0, 1])) < 0.2


def test_temperature_of_one_row_is_one():
    assert fit_temperature(np.array([[5.0, 0.0]]), np.array([0])) == 1.0
