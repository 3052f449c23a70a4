"""Figures of numbers."""

import numpy as np
import pytest

from modeling.engine.data import Examples
from modeling.engine.errors import BadData
from modeling.engine.tasks.regression import TableRegression


def test_figures_of_numbers() -> None:
    data = Examples("table-regression", ({}, {}, {}, {}), (1.0, 2.0, 3.0, 4.0), ("test",) * 4)
    made = np.array([1.0, 2.0, 3.0, 6.0])
    figures = TableRegression().figures(made, data, ())
    assert figures["r2"] == 1 - 4 / 5
    assert (figures["mean_absolute_error"], figures["median_absolute_error"]) == (0.5, 0.0)
    assert (figures["root_mean_squared_error"], figures["within"]) == (1.0, 0.75)
    assert figures["mean_absolute_error_of_median"] == 1.0
    assert TableRegression().losses(made, data, ()).tolist() == [0, 0, 0, 2]
    assert TableRegression().scorer(made, data, ())(np.array([0, 0])) == 1.0


@pytest.mark.parametrize("answer", ["3", None, float("nan"), True])
def test_answers_that_are_no_numbers(answer: object) -> None:
    with pytest.raises(BadData, match=r"Row 1: .* is no number"):
        Examples.of("table-regression", [{}] * 4, [1, answer, 2, 3], ["train", "train", "validation", "test"])
