import pyarrow as pa
import pytest

from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts

HEIGHTS = table(
    height=pa.array([1.0, 2.0, 3.0, 4.0, 5.0, 100.0, None]),
    label=texts("a", "a", "a", "a", "a", "b", None),
)


def test_quartiles() -> None:
    # Quartiles 2.25 and 4.75: 1.5 times their distance reaches from -1.5 to 8.5.
    result = Result(HEIGHTS, step("outliers"))
    assert result.found == [(6, "outlier", "height: 100 is outside -1.5 to 8.5")]
    assert Result(HEIGHTS, step("outliers", iqr_factor=40)).found == []


def test_median_absolute_deviation() -> None:
    # Median 3.5, deviations 2.5 1.5 0.5 0.5 1.5 96.5 with median 1.5: 3.5 × 1.4826 × 1.5 = 7.78.
    result = Result(HEIGHTS, step("outliers", method="mad", action="drop"))
    assert result.drops == [(6, "outlier", "height: 100 is outside -4.28365 to 11.2836")]
    assert result.ids == [1, 2, 3, 4, 5, 7]


def test_groups_have_their_own_limits_and_small_ones_none() -> None:
    assert Result(HEIGHTS, step("outliers", group_column="label"), {"label": "label"}).found == []


def test_more_than_half_equal_falls_back_to_the_mean_deviation() -> None:
    whole = table(x=pa.array([5.0] * 9 + [6.0, 500.0]))
    assert [item for item, _code, _detail in Result(whole, step("outliers", method="mad")).found] == [11]
    # All equal, or nothing but missing values: no outlier, and no warning.
    assert Result(table(x=pa.array([5.0] * 9)), step("outliers", method="mad")).found == []
    assert Result(table(x=pa.array([None] * 9, pa.float64())), step("outliers")).found == []


def test_infinite_is_always_outside_and_limits_come_from_training() -> None:
    whole = table(
        x=pa.array([1.0, 2.0, 3.0, 4.0, 5.0, float("inf"), 7.0, 70.0]),
        split=texts(*["train"] * 6, "test", "test"),
    )
    result = Result(whole, step("outliers"))
    assert [item for item, _code, _detail in result.found] == [6, 8]
    assert result.notes == {"limits": {"x": {"": [-1.0, 7.0]}}}


def test_a_column_of_text_is_refused() -> None:
    with pytest.raises(StepError, match="The column label holds string"):
        Result(HEIGHTS, step("outliers", columns=["label"]))
