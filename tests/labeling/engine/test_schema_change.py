"""What becomes of each answer when the questions change."""

from typing import Any

import pytest

from labeling.engine.controls.base import SchemaError
from labeling.engine.schema import Schema, parse_schema
from labeling.engine.schema_change import SchemaChange, gone_labels, move_answer, new_musts

TEXT = [{"type": "text", "field": "text"}]
DATA = {"text": "👩‍🚀 Ada lives in 上海."}


def schema(*controls: dict[str, Any]) -> Schema:
    return parse_schema({"display": TEXT, "controls": list(controls)})


def choice(*values: str, **more: Any) -> dict[str, Any]:
    return {"name": "label", "type": "choice", "labels": [{"value": value} for value in values], **more}


def spans(*values: str, **more: Any) -> dict[str, Any]:
    return {"name": "names", "type": "spans", "field": "text", "labels": [{"value": v} for v in values], **more}


def span(name: str, start: int, end: int, label: str) -> dict[str, Any]:
    return {"id": name, "start": start, "end": end, "label": label, "text": DATA["text"][start:end]}


def test_an_answer_that_fits_stays_as_it_is() -> None:
    change = SchemaChange(schema(choice("ham", "spam")), schema(choice("spam", "ham", "other")))
    moved = move_answer(change, {"label": ["spam"]})
    assert (moved.kind, moved.answer, moved.lost) == ("kept", {"label": ["spam"]}, ())


def test_labels_are_renamed_left_out_or_asked_again() -> None:
    old, new = schema(choice("a", "b", "c", "d", multiple=True)), schema(choice("d", "A", multiple=True))
    assert gone_labels(old, new) == [("label", "a"), ("label", "b"), ("label", "c")]
    change = SchemaChange(old, new, {("label", "a"): "A"}, frozenset({("label", "b")}))
    assert move_answer(change, {"label": ["a", "d"]}).answer == {"label": ["d", "A"]}
    assert move_answer(change, {"label": ["a", "d"]}).kind == "renamed"
    reduced = move_answer(change, {"label": ["a", "c"]})
    assert (reduced.kind, reduced.answer, reduced.lost) == ("reduced", {"label": ["A"]}, ("label",))
    again = move_answer(change, {"label": ["b", "d"]})
    assert (again.kind, again.answer) == ("reopened", {"label": ["d"]})
    # Nothing is left of what must be answered.
    assert move_answer(change, {"label": ["c"]}).kind == "incomplete"


def test_two_labels_that_become_one_stand_there_once() -> None:
    old, new = schema(choice("a", "b", "c", multiple=True)), schema(choice("c", "x", multiple=True))
    change = SchemaChange(old, new, {("label", "a"): "x", ("label", "b"): "x"})
    assert move_answer(change, {"label": ["a", "b"]}).answer == {"label": ["x"]}
    marks = SchemaChange(schema(spans("A", "B")), schema(spans("X")), {("names", "A"): "X", ("names", "B"): "X"})
    both = {"names": [span("s1", 4, 7, "A"), span("s2", 4, 7, "B"), span("s3", 17, 19, "B")]}
    assert move_answer(marks, both, DATA).answer == {"names": [span("s1", 4, 7, "X"), span("s3", 17, 19, "X")]}


def test_spans_go_with_their_label_and_take_their_relations_along() -> None:
    ties = {"name": "ties", "type": "relations", "spans": "names", "labels": [{"value": "in"}]}
    change = SchemaChange(schema(spans("PER", "LOC"), ties), schema(spans("PER", "ORG"), ties))
    answer = {
        "names": [span("s1", 4, 7, "PER"), span("s2", 17, 19, "LOC")],
        "ties": [{"from": "s1", "to": "s2", "label": "in"}],
    }
    moved = move_answer(change, answer, DATA)
    assert (moved.kind, moved.answer, moved.lost) == (
        "reduced",
        {"names": [span("s1", 4, 7, "PER")]},
        ("names", "ties"),
    )


def test_a_new_question_that_must_be_answered_makes_answers_incomplete_and_keeps_them() -> None:
    rating = {"name": "quality", "type": "rating"}
    change = SchemaChange(schema(choice("a", "b")), schema(choice("a", "b"), rating))
    assert new_musts(change.old, change.new) == ["quality"]
    moved = move_answer(change, {"label": ["a"]})
    assert (moved.kind, moved.answer, moved.lost) == ("incomplete", {"label": ["a"]}, ())


def test_a_question_that_goes_or_becomes_another_type_takes_its_part_along() -> None:
    rating = {"name": "quality", "type": "rating"}
    words = {"name": "quality", "type": "text", "required": False}
    answer = {"label": ["a"], "quality": 4}
    gone = move_answer(SchemaChange(schema(choice("a", "b"), rating), schema(choice("a", "b"))), answer)
    assert (gone.kind, gone.answer, gone.lost) == ("reduced", {"label": ["a"]}, ("quality",))
    other = move_answer(SchemaChange(schema(choice("a", "b"), rating), schema(choice("a", "b"), words)), answer)
    assert (other.kind, other.answer) == ("reduced", {"label": ["a"]})


def test_a_shape_stays_when_only_what_is_asked_of_it_changes() -> None:
    def shapes(*options: str) -> dict[str, Any]:
        asked = [{"name": "cut", "options": list(options)}] if options else []
        return {"name": "cells", "type": "shapes", "field": "p", "labels": [{"value": "RBC"}], "attributes": asked}

    def of(control: dict[str, Any]) -> Schema:
        return parse_schema({"display": [{"type": "image", "field": "p"}], "controls": [control]})

    box = {"id": "b", "type": "box", "label": "RBC", "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}
    answer = {"cells": [{**box, "attributes": {"cut": "yes"}}]}
    moved = move_answer(SchemaChange(of(shapes("yes", "no")), of(shapes("whole", "part"))), answer, {"p": "x"})
    assert moved.answer == {"cells": [box]}


@pytest.mark.parametrize(
    ("renamed", "reopened", "where"),
    [
        ({("label", "ham"): "spam"}, set(), "label.ham"),
        ({("label", "old"): "none"}, set(), "label.old"),
        ({("label", "old"): "ham"}, {("label", "old")}, "label.old"),
        ({}, {("nothing", "x")}, "nothing.x"),
    ],
)
def test_a_mapping_that_names_what_is_not_there_is_refused(renamed: Any, reopened: Any, where: str) -> None:
    with pytest.raises(SchemaError) as caught:
        SchemaChange(schema(choice("ham", "old")), schema(choice("ham", "spam")), renamed, frozenset(reopened))
    assert caught.value.where == where
