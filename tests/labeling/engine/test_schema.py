"""Schemas and answers, without a database."""

from typing import Any

import pytest

from labeling.engine.consensus import canonical, majority
from labeling.engine.schema import AnswerError, SchemaError, labels_of, parse_schema, validate_answer


def schema(**control: Any) -> dict[str, Any]:
    labels = [{"value": "ham", "hotkey": "1"}, {"value": "spam", "hotkey": "2"}, {"value": "maybe"}]
    return {
        "display": [{"type": "text", "field": "text"}],
        "controls": [{"name": "label", "type": "choice", "labels": labels, **control}],
    }


def test_a_schema_reads_what_it_writes() -> None:
    parsed = parse_schema(schema(multiple=True))
    assert parse_schema(parsed.to_json()) == parsed
    assert parsed.fields == ["text"]
    assert parsed.choice.labels[2].title == "maybe"


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (None, "schema"),
        ({"display": [], "controls": []}, "display"),
        ({**schema(), "controls": {}}, "controls"),
        (schema(type="slider"), "controls.0.type"),
        (schema(name="Label!"), "controls.0.name"),
        (schema(labels=[{"value": "ham"}]), "controls.0.labels"),
        (schema(labels=[{"value": "a"}, {"value": "a"}]), "controls.0.labels"),
        (schema(labels=[{"value": "a", "hotkey": "1"}, {"value": "b", "hotkey": "1"}]), "controls.0.labels"),
        (schema(labels=[{"value": "a"}, {"value": "b", "hotkey": "12"}]), "controls.0.labels.1.hotkey"),
        (schema(labels=[{"value": "a"}, {"value": "b", "color": "red"}]), "controls.0.labels.1.color"),
        (schema(labels=[{"value": "a"}, {"value": "b\0"}]), "controls.0.labels.1.value"),
        (schema(labels=[{"value": "a"}, {"value": "\ud800"}]), "controls.0.labels.1.value"),
        (schema(labels=[{"value": "a"}, {"value": "x" * 201}]), "controls.0.labels.1.value"),
        (schema(labels=[{"value": "a"}, "b"]), "controls.0.labels.1"),
        (schema(required="yes"), "controls.0.required"),
    ],
)
def test_a_broken_schema_is_refused_at_its_place(broken: Any, where: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_schema(broken)
    assert caught.value.where == where


def test_an_answer_has_one_normal_form() -> None:
    parsed = parse_schema(schema(multiple=True))
    assert validate_answer(parsed, {"label": ["maybe", "ham", "ham"]}) == {"label": ["ham", "maybe"]}
    assert labels_of(parsed, {"label": ["ham", "maybe"]}) == [("label", "ham"), ("label", "maybe")]


@pytest.mark.parametrize(
    ("answer", "where"),
    [
        (None, ""),
        ([], ""),
        ({}, "label"),
        ({"label": []}, "label"),
        ({"label": "ham"}, "label"),
        ({"label": ["ham", "spam"]}, "label"),
        ({"label": ["eggs"]}, "label.0"),
        ({"label": [float("nan")]}, "label.0"),
        ({"label": [["ham"]]}, "label.0"),
        ({"label": ["ham"] * 4}, "label"),
        ({"label": ["ham"], "extra": 1}, "extra"),
    ],
)
def test_a_wrong_answer_is_refused_at_its_place(answer: Any, where: str) -> None:
    with pytest.raises(AnswerError) as caught:
        validate_answer(parse_schema(schema()), answer)
    assert caught.value.where == where


def test_a_draft_may_leave_required_controls_open() -> None:
    assert validate_answer(parse_schema(schema()), {"label": []}, draft=True) == {}


def test_a_control_that_is_not_required_may_stay_open() -> None:
    assert validate_answer(parse_schema(schema(required=False)), {}) == {}


@pytest.mark.parametrize(
    ("answers", "label", "agreement", "tied"),
    [
        ([], None, None, ()),
        (["a"], "a", 1.0, ()),
        (["a", "b", "a"], "a", 2 / 3, ()),
        (["b", "a"], None, 0.5, ("a", "b")),
        (["c", "b", "a", "b", "c"], None, 0.4, ("b", "c")),
    ],
)
def test_the_majority_decides_and_a_tie_decides_nothing(
    answers: list[str], label: str | None, agreement: float | None, tied: tuple[str, ...]
) -> None:
    found = majority(answers)
    assert (found.label, found.agreement, found.tied) == (label, agreement, tied)
    assert majority(answers[::-1]) == found


def test_equal_sets_of_labels_vote_together() -> None:
    assert canonical(["b", "a"]) == canonical(["a", "b"]) == "a|b"
    assert canonical(["a"]) == "a"
    assert canonical([]) == ""
