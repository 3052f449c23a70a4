import pyarrow as pa
import pytest

from curation.engine.plan import PlanError
from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts

PEOPLE = table(sex=texts("M", "female ", "女", None, "?"), age=pa.array([20, -1, None, 150, 30], pa.int64()))
SEXES = {"sex": {"M": "male", "女": "female", "female": "female"}}


def test_values_are_replaced_and_the_others_stay() -> None:
    result = Result(PEOPLE, step("map_values", mapping=SEXES | {"age": {"-1": ""}}))
    assert result.table["sex"].to_pylist() == ["male", "female", "female", None, "?"]
    assert result.table["age"].to_pylist() == [20, None, None, 150, 30]
    assert (result.changed, result.drops, result.found) == (3, [], [])


@pytest.mark.parametrize(
    ("others", "ids", "last", "drops", "found"),
    [
        ("missing", [1, 2, 3, 4, 5], None, [], []),
        ("drop", [1, 2, 3, 4], None, [(5, "value_unmapped", "sex: ?")], []),
        ("find", [1, 2, 3, 4, 5], "?", [], [(5, "value_unmapped", "sex: ?")]),
    ],
)
def test_what_happens_to_values_that_the_table_does_not_name(
    others: str, ids: list, last: str | None, drops: list, found: list
) -> None:
    result = Result(PEOPLE, step("map_values", mapping=SEXES, others=others))
    assert (result.ids, result.rows[-1]["sex"], result.drops, result.found) == (ids, last, drops, found)


def test_a_value_must_fit_the_column() -> None:
    with pytest.raises(StepError, match="The column age holds int64; 'old' is none"):
        Result(PEOPLE, step("map_values", mapping={"age": {"150": "old"}}))


LIMITS = {"minimum": {"age": 0}, "maximum": {"age": 120.5}, "allowed": {"sex": ["M", "女"]}}


def test_values_out_of_range_are_found_each_for_its_reason() -> None:
    result = Result(PEOPLE, step("value_range", **LIMITS))
    assert result.found == [
        (2, "value_below", "age: -1"),
        (2, "value_not_allowed", "sex: female"),
        (4, "value_above", "age: 150"),
        (5, "value_not_allowed", "sex: ?"),
    ]
    assert result.ids == [1, 2, 3, 4, 5]


def test_or_dropped_once_each() -> None:
    result = Result(PEOPLE, step("value_range", **LIMITS, action="drop"))
    assert (result.ids, [drop[0] for drop in result.drops]) == ([1, 3], [2, 4, 5])


def test_or_clipped_to_what_the_column_can_hold() -> None:
    result = Result(PEOPLE, step("value_range", **LIMITS, action="clip"))
    assert result.table["age"].to_pylist() == [20, 0, None, 120, 30]
    assert result.table["sex"].to_pylist() == ["M", None, "女", None, None]
    assert result.changed == 3


def test_infinite_and_missing_numbers() -> None:
    whole = table(x=pa.array([float("inf"), float("-inf"), float("nan"), None, 1.0]))
    result = Result(whole, step("value_range", minimum={"x": 0}, maximum={"x": 5}, action="clip"))
    assert [str(value) for value in result.table["x"].to_pylist()] == ["5.0", "0.0", "nan", "None", "1.0"]


def test_mistakes_are_named() -> None:
    with pytest.raises(StepError, match=r"The column sex holds string, no numbers\. Put the step infer_types"):
        Result(PEOPLE, step("value_range", minimum={"sex": 1}))
    with pytest.raises(PlanError, match=r"the minimum of age is 5.0, above its maximum 1.0"):
        step("value_range", minimum={"age": 5}, maximum={"age": 1})
    with pytest.raises(PlanError, match="it must be an object of objects of texts"):
        step("map_values", mapping=["M"])
    with pytest.raises(PlanError, match='minimum, age is "low"; it must be a number'):
        step("value_range", minimum={"age": "low"})
