import pyarrow as pa
import pytest

from curation.engine.plan import PlanError
from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts

ROWS = table(
    name=texts("a", "NA", "b", "b", None),
    size=pa.array([1, None, 4, 3, 100], pa.int64()),
    weight=pa.array([1.0, 2.0, None, float("nan"), 6.0]),
    empty=pa.array([None] * 5, pa.float64()),
)


def test_rows_go_and_cells_are_filled() -> None:
    result = Result(ROWS, step("missing_values", drop=["name"], median=["size"], mean=["weight"]))
    assert result.rows == [
        {"name": "a", "size": 1, "weight": 1.0, "empty": None},
        {"name": "b", "size": 4, "weight": 3.0, "empty": None},
        {"name": "b", "size": 3, "weight": 3.0, "empty": None},
    ]
    assert result.drops == [(2, "value_missing", "name"), (5, "value_missing", "name")]
    assert result.changed == 2


def test_mode_and_constant() -> None:
    result = Result(ROWS, step("missing_values", mode=["name", "size"], constant={"weight": "0.5"}))
    assert [tuple(row.values())[:3] for row in result.rows] == [
        ("a", 1, 1.0), ("b", 1, 2.0), ("b", 4, 0.5), ("b", 3, 0.5), ("b", 100, 6.0),
    ]  # fmt: skip
    # Of values that are equally frequent the smallest is filled in.
    assert result.notes["filled_with"] == {"weight": 0.5, "name": "b", "size": 1}


def test_a_column_without_values_is_left_as_it_is() -> None:
    result = Result(ROWS, step("missing_values", median=["empty"], mode=["name"]))
    assert result.table["empty"].null_count == 5
    assert result.notes["filled_with"] == {"name": "b"}


def test_columns_too_empty_go_but_never_one_with_a_role() -> None:
    chosen = step("missing_values", drop_columns_above=0.3)
    assert Result(ROWS, chosen).table.schema.names == ["item_id", "size"]
    assert Result(ROWS, chosen, {"label": "empty"}).notes["columns_left_out"] == ["name", "weight"]


def test_figures_come_from_the_training_part() -> None:
    whole = table(x=pa.array([1.0, 3.0, None, 1000.0]), split=texts("train", "train", "train", "test"))
    assert Result(whole, step("missing_values", median=["x"])).table["x"].to_pylist() == [1.0, 3.0, 2.0, 1000.0]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"median": ["name"]}, "The column name holds string, no numbers"),
        ({"constant": {"size": "many"}}, "The column size holds int64; 'many' is none"),
        ({"drop": ["colour"]}, "There is no column colour"),
        ({"drop": ["item_id"]}, "names the items"),
    ],
)
def test_a_mistake_is_named(params: dict, sentence: str) -> None:
    with pytest.raises(StepError, match=sentence):
        Result(ROWS, step("missing_values", **params))


def test_a_column_is_filled_in_one_way() -> None:
    with pytest.raises(PlanError, match="filled in two ways"):
        step("missing_values", mean=["x"], mode=["x"])
