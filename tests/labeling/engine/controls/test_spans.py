"""Spans and relations, without a database."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.engine.schema import labels_of, said_in, validate_answer
from tests.labeling.engine.controls.asking import PICTURE, answered, asking, broken, refused

LABELS = [{"value": "PER"}, {"value": "LOC"}]
NER = {"type": "spans", "field": "text", "labels": LABELS}
TIES = {"type": "relations", "name": "ties", "spans": "it", "labels": [{"value": "lives in"}]}
WORDS = "👩‍🚀 Ann 住在 Zürich"
DATA = {"text": WORDS}


def span(name: str, start: int, end: int, label: str = "PER", text: str | None = None) -> dict[str, Any]:
    return {"id": name, "start": start, "end": end, "label": label, "text": WORDS[start:end] if text is None else text}


def test_spans_are_sorted_and_quote_code_points() -> None:
    schema = asking(NER)
    ann, city = span("b", 4, 7), span("a", 11, 17, "LOC")
    assert (ann["text"], city["text"]) == ("Ann", "Zürich")
    found = answered(schema, [city, ann], DATA)
    assert found == [ann, city]
    assert labels_of(schema, {"it": found}) == [("it", "PER"), ("it", "LOC")]
    assert said_in(schema, {"it": [ann, span("c", 0, 3), city]}) == ["PER × 2", "LOC"]


def test_a_span_without_a_quote_gets_it_from_the_text() -> None:
    bare = {"id": "a", "start": 4, "end": 7, "label": "PER"}
    assert answered(asking(NER), [bare], DATA) == [span("a", 4, 7)]


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("x", "it"),
        ([1], "it.0"),
        ([{"id": "a"}], "it.0"),
        ([span("a", 7, 4, text="")], "it.0"),
        ([span("a", -1, 4, text="x")], "it.0"),
        ([{**span("a", 4, 7), "start": True}], "it.0"),
        ([{**span("a", 4, 7), "start": 4.0}], "it.0"),
        ([span("a", 4, 99, text="x")], "it.0.end"),
        ([span("a", 4, 7, text="nn ")], "it.0.text"),
        ([span("a", 4, 7, "ORG")], "it.0.label"),
        ([{**span("a", 4, 7), "label": ["PER"]}], "it.0.label"),
        ([span("", 4, 7)], "it.0.id"),
        ([span("<b>", 4, 7)], "it.0.id"),
        ([{**span("a", 4, 7), "colour": 1}], "it.0.colour"),
        ([span("a", 4, 7), span("a", 11, 17)], "it"),
        ([span("a", 4, 7), span("b", 4, 7)], "it"),
        ([span("a", 4, 7)] * 5001, "it"),
    ],
)
def test_a_wrong_span_is_refused_at_its_place(value: Any, where: str) -> None:
    assert refused(asking(NER), value, DATA) == where


def test_the_offsets_of_other_counters_are_found_out() -> None:
    utf16 = {"id": "a", "start": 6, "end": 9, "label": "PER", "text": "Ann"}
    assert refused(asking(NER), [utf16], DATA) == "it.0.text"


def test_an_item_without_text_has_no_spans() -> None:
    assert refused(asking(NER), [span("a", 4, 7)], {"text": None}) == "it.0.end"
    assert validate_answer(asking(NER), {"it": []}, {"text": None}) == {}


@pytest.mark.parametrize(
    ("places", "allow", "nest", "none"),
    [
        ([(0, 2), (2, 4)], True, True, True),
        ([(0, 4), (1, 3)], True, True, False),
        ([(0, 4), (0, 4)], True, True, False),
        ([(0, 9), (1, 3), (2, 3), (4, 8)], True, True, False),
        ([(0, 9), (1, 5), (4, 8)], True, False, False),
        ([(0, 5), (3, 8)], True, False, False),
    ],
)
def test_overlap_is_what_the_project_takes(places: list[tuple[int, int]], allow: bool, nest: bool, none: bool) -> None:
    spans = [span(f"s{n}", start, end, ("PER", "LOC")[n % 2]) for n, (start, end) in enumerate(places)]
    for overlap, taken in (("allow", allow), ("nest", nest), ("none", none)):
        schema = asking({**NER, "overlap": overlap})
        if taken:
            assert len(answered(schema, spans, DATA)) == len(spans)
        else:
            assert refused(schema, spans, DATA) == "it"


@given(st.text(min_size=1, max_size=40), st.data())
def test_every_stretch_of_any_text_can_be_marked(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    marked = {"id": "a", "start": start, "end": end, "label": "PER", "text": text[start:end]}
    assert answered(asking(NER), [marked], {"text": text}) == [marked]


def test_relations_tie_spans_of_the_same_answer() -> None:
    schema = asking(NER, TIES)
    spans = [span("z", 4, 7), span("a", 11, 17, "LOC")]
    tie = {"from": "z", "to": "a", "label": "lives in"}
    assert validate_answer(schema, {"it": spans, "ties": [tie, tie]}, DATA)["ties"] == [tie]


def test_a_relation_without_direction_starts_at_the_first_span() -> None:
    schema = asking(NER, {**TIES, "directed": False})
    spans = [span("z", 4, 7), span("a", 11, 17, "LOC")]
    tie = {"from": "a", "to": "z", "label": "lives in"}
    found = validate_answer(schema, {"it": spans, "ties": [tie]}, DATA)["ties"]
    assert found == [{"from": "z", "to": "a", "label": "lives in"}]


@pytest.mark.parametrize(
    "tie",
    [
        {"from": "z", "to": "gone", "label": "lives in"},
        {"from": "z", "to": "z", "label": "lives in"},
        {"from": "z", "to": "a", "label": "eats"},
        {"from": ["z"], "to": "a", "label": "lives in"},
        {"from": "z", "to": "a", "label": "lives in", "extra": 1},
    ],
)
def test_a_wrong_relation_is_refused(tie: dict[str, Any]) -> None:
    schema = asking({**NER, "name": "ner"}, {**TIES, "name": "it", "spans": "ner"})
    spans = [span("z", 4, 7), span("a", 11, 17, "LOC")]
    with pytest.raises(ValueError, match=r"it\.0"):
        validate_answer(schema, {"ner": spans, "it": [tie]}, DATA)


def test_a_schema_that_points_nowhere_is_refused() -> None:
    assert broken({**NER, "field": "title"}) == "controls.0.field"
    assert broken({**NER, "field": ""}) == "controls.0.field"
    assert broken({**NER, "labels": []}) == "controls.0.labels"
    assert broken({**NER, "overlap": "some"}) == "controls.0.overlap"
    assert broken({**NER, "field": "image"}, display=(PICTURE,)) == "controls.0.field"
    assert broken(TIES | {"name": "it", "spans": "ner"}) == "controls.0.spans"
    assert broken({**TIES, "spans": "ties", "name": "ties"}, NER) == "controls.0.spans"
