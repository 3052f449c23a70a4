import pyarrow as pa
import pytest

from curation.engine.leakage import exact_match
from curation.engine.plan import PlanError
from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts

ROWS = table(
    text=texts("Hello  World", "hello world", "other", "ＯＴＨＥＲ", "third", "", None, "third!", "你好 🙂"),
    split=texts("train", "test", "train", "validation", "train", "train", "test", "test", "train"),
    bench=texts(None, None, None, None, "你好  🙂", None, None, "", None),
)
ROLES = {"text": "text"}


def test_training_items_that_the_other_sides_hold() -> None:
    result = Result(ROWS, step("split_leakage"), ROLES)
    assert result.found == [
        (1, "in_held_out", "item 2, similarity 1.000"),
        (3, "in_held_out", "item 4, similarity 1.000"),
    ]
    assert result.ids == list(range(1, 10))


def test_a_benchmark_and_dropping() -> None:
    result = Result(ROWS, step("split_leakage", benchmark_column="bench", action="drop"), ROLES)
    assert result.drops == [
        (1, "in_held_out", "item 2, similarity 1.000"),
        (3, "in_held_out", "item 4, similarity 1.000"),
        (9, "in_benchmark", "the row of item 5, similarity 1.000"),
    ]
    assert result.ids == [2, 4, 5, 6, 7, 8]


def test_columns_of_a_table_are_compared_together() -> None:
    whole = table(a=texts("x", "x", "y"), b=pa.array([1, 2, 1]), split=texts("test", "train", "train"))
    assert Result(whole, step("split_leakage", columns=["a"])).found == [(2, "in_held_out", "item 1, similarity 1.000")]
    assert Result(whole, step("split_leakage", columns=["a", "b"])).found == []


def test_the_matcher_gives_the_first_of_equal_ones() -> None:
    found = exact_match(texts("b", "a", ""), texts("A", "a", "", "b "))
    assert (found.left.tolist(), found.right.tolist(), found.similarity.tolist()) == ([0, 1], [3, 0], [1.0, 1.0])
    assert len(exact_match(texts("a"), texts()).left) == 0


def test_mistakes_are_named() -> None:
    with pytest.raises(StepError, match="There is no column side"):
        Result(ROWS, step("split_leakage", split_column="side"), ROLES)
    with pytest.raises(PlanError, match="method is 'magic'; choose one of exact"):
        step("split_leakage", method="magic")
