"""Taxonomies, ratings, preferences, texts and forms, without a database."""

from typing import Any

import pytest

from labeling.engine.schema import labels_of, said_in, validate_answer
from tests.labeling.engine.controls.asking import PAIR, answered, asking, broken, refused

TREE = [
    {"value": "clothes", "labels": [{"value": "shoes", "labels": [{"value": "boots"}, {"value": "sandals"}]}]},
    {"value": "food"},
    {"value": "tea", "parent": "food"},
]
GOODS = {"type": "taxonomy", "labels": TREE}
FORM = {
    "type": "form",
    "columns": [
        {"field": "species", "kind": "choice", "options": ["Adelie", "Gentoo"], "required": True},
        {"field": "mass", "kind": "number", "least": 0, "most": 9000, "title": "Body mass (g)"},
        {"field": "year", "kind": "integer"},
        {"field": "seen", "kind": "date"},
        {"field": "female", "kind": "boolean"},
        {"field": "note"},
        {"field": "row", "kind": "integer", "locked": True},
    ],
}


def test_a_node_says_what_lies_above_it() -> None:
    schema = asking({**GOODS, "multiple": True})
    assert answered(schema, ["tea", "boots", "shoes", "clothes"]) == ["boots", "tea"]
    control = schema.controls[0]
    assert control.above("boots") == ["shoes", "clothes"]  # type: ignore[attr-defined]
    assert schema.classifier is control


def test_only_the_ends_of_the_tree_when_the_project_says_so() -> None:
    schema = asking({**GOODS, "leaves_only": True})
    assert answered(schema, ["sandals"]) == ["sandals"]
    assert refused(schema, ["shoes"]) == "it"
    assert answered(asking(GOODS), ["shoes"]) == ["shoes"]


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("tea", "it"),
        (["coffee"], "it.0"),
        (["tea", "boots"], "it"),
        ([["tea"]], "it.0"),
        ([], "it"),
        (["tea"] * 9, "it"),
    ],
)
def test_a_wrong_node_is_refused(value: Any, where: str) -> None:
    assert refused(asking(GOODS), value) == where


def test_a_broken_tree_is_refused_at_its_place() -> None:
    assert broken({**GOODS, "labels": [{"value": "a"}, {"value": "a"}]}) == "controls.0.labels"
    assert broken({**GOODS, "labels": [{"value": "a", "parent": "b"}, {"value": "b"}]}) == "controls.0.labels.0.parent"
    no_list = [{"value": "a", "labels": {"x": 1}}, {"value": "b"}]
    assert broken({**GOODS, "labels": no_list}) == "controls.0.labels.0.labels"
    deep: list[dict[str, Any]] = [{"value": "n0"}]
    for number in range(1, 20):
        deep = [{"value": f"n{number}", "labels": deep}]
    assert broken({**GOODS, "labels": deep}).startswith("controls.0.labels.0")


def test_a_rating_is_a_whole_number() -> None:
    schema = asking({"type": "rating", "steps": 3})
    assert answered(schema, 3) == 3
    assert labels_of(schema, {"it": 3}) == [("it", "3")]
    for value in (0, 4, 2.0, "2", True, None, [2]):
        assert refused(schema, value) == "it"


def test_both_answers_of_a_pair_are_rated() -> None:
    schema = asking({"type": "rating", "sides": True}, display=(PAIR,))
    assert answered(schema, {"b": 1, "a": 5}) == {"a": 5, "b": 1}
    assert refused(schema, {"a": 5}) == "it"
    assert refused(schema, {"a": 5, "c": 1}) == "it"
    assert refused(schema, {"a": 5, "b": 6}) == "it.b"
    assert answered(schema, {"a": 5}, draft=True) == {"a": 5}
    assert said_in(schema, {"it": {"a": 5, "b": 1}}) == ["a: 5", "b: 1"]
    assert broken({"type": "rating", "sides": True}) == "controls.0"


def test_a_preference_is_one_of_what_the_project_offers() -> None:
    schema = asking({"type": "preference"}, display=(PAIR,))
    assert [answered(schema, each) for each in ("a", "b", "tie")] == ["a", "b", "tie"]
    for value in ("neither", "", "A", None, ["a"]):
        assert refused(schema, value) == "it"
    assert answered(asking({"type": "preference", "neither": True}, display=(PAIR,)), "neither") == "neither"
    assert schema.fields == ["first", "second"]
    assert broken({"type": "preference"}) == "controls.0"


def test_a_text_is_kept_as_it_was_written() -> None:
    schema = asking({"type": "text", "most": 10, "least": 2})
    assert answered(schema, "  ja\r\nnein \n") == "ja\nnein"
    assert answered(schema, "👩‍🚀" * 3) == "👩‍🚀" * 3
    for value in ("a", "x" * 11, "a\0b", "\ud800a", 5, ["ab"], "   "):
        assert refused(schema, value) == "it"
    assert answered(schema, "a", draft=True) == "a"
    assert asking({"type": "text", "start_from": "draft"}).fields == ["text", "draft"]
    assert broken({"type": "text", "least": 5, "most": 4}) == "controls.0.least"


def test_a_form_has_a_value_of_its_kind_in_every_cell() -> None:
    row = {"species": "Gentoo", "mass": 4500.5, "year": 2007.0, "seen": "2007-11-11", "female": False, "note": " x "}
    found = answered(asking(FORM), row)
    assert found == {**row, "year": 2007, "note": "x"}
    assert isinstance(found["year"], int)
    assert answered(asking(FORM), {"species": "Adelie"}) == {
        "species": "Adelie", "mass": None, "year": None, "seen": None, "female": None, "note": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "where"),
    [
        ({"species": None}, "it.species"),
        ({"species": "Chinstrap"}, "it.species"),
        ({"mass": -1}, "it.mass"),
        ({"mass": float("nan")}, "it.mass"),
        ({"mass": "heavy"}, "it.mass"),
        ({"year": 2007.5}, "it.year"),
        ({"year": True}, "it.year"),
        ({"seen": "11.11.2007"}, "it.seen"),
        ({"seen": 20071111}, "it.seen"),
        ({"female": "no"}, "it.female"),
        ({"note": "a\0"}, "it.note"),
        ({"row": 4}, "it.row"),
        ({"wings": 2}, "it.wings"),
    ],
)
def test_a_wrong_cell_is_refused_at_its_place(cells: dict[str, Any], where: str) -> None:
    assert refused(asking(FORM), {"species": "Adelie", **cells}) == where


def test_a_draft_of_a_form_may_have_open_cells() -> None:
    assert answered(asking(FORM), {"mass": 1}, draft=True)["species"] is None


def test_a_broken_form_is_refused_at_its_place() -> None:
    for column, key in (
        ({"field": ""}, "field"),
        ({"field": "a", "kind": "colour"}, "kind"),
        ({"field": "a", "kind": "choice"}, "options"),
        ({"field": "a", "kind": "number", "least": 3, "most": 2}, "least"),
        ({"field": "a", "kind": "number", "most": "x"}, "most"),
    ):
        assert broken({"type": "form", "columns": [column]}) == f"controls.0.columns.0.{key}"
    assert broken({"type": "form", "columns": [{"field": "a"}, {"field": "a"}]}) == "controls.0.columns"


def test_a_schema_without_labels_classifies_nothing() -> None:
    schema = asking({"type": "text"})
    assert (schema.choice, schema.classifier, labels_of(schema, {"it": "x"})) == (None, None, [])
    assert said_in(schema, {"it": "y" * 80}) == ["y" * 60 + "…"]
    assert validate_answer(asking({"type": "text", "required": False}), {}) == {}
