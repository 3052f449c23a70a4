"""Label Studio's XML and results beside ours; the examples of results are those of its documentation."""

import math
from typing import Any
from xml.etree import ElementTree

import pytest

from labeling.engine.controls.shapes import corners
from labeling.engine.label_studio.results import ResultError, read_prediction
from labeling.engine.label_studio.tags import control_tags, labeling_config
from labeling.engine.schema import Schema, parse_schema, validate_answer

TEXT = "Ann 👩‍👩‍👧 met Bob in Łódź"


def labels(*values: str) -> list[dict[str, str]]:
    return [{"value": value, "title": value.title()} for value in values]


def texts(*controls: dict[str, Any]) -> Schema:
    return parse_schema({"display": [{"type": "text", "field": "text"}], "controls": list(controls)})


def picture(*tools: str) -> Schema:
    control = {
        "name": "cells",
        "type": "shapes",
        "field": "image",
        "labels": labels("red", "white"),
        "tools": list(tools),
    }
    return parse_schema({"display": [{"type": "image", "field": "image"}], "controls": [control]})


CHOICE = {"name": "label", "type": "choice", "labels": labels("spam", "ham")}
SPANS = {"name": "names", "type": "spans", "field": "text", "labels": labels("PER", "LOC")}
RELATIONS = {"name": "ties", "type": "relations", "spans": "names", "labels": labels("met", "in")}


def read(schema: Schema, prediction: Any, data: dict[str, Any] | None = None) -> Any:
    found = read_prediction(schema, prediction, data or {"text": TEXT})
    return validate_answer(schema, found.answer, data or {"text": TEXT}, draft=True), found.confidence


def part(name: str, value: dict[str, Any], kind: str = "x", **more: Any) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": kind, "value": value, **more}


def test_every_control_has_a_tag_that_names_what_it_asks() -> None:
    schema = texts(CHOICE, SPANS, RELATIONS, {"name": "sum", "type": "text"}, {"name": "stars", "type": "rating"})
    root = ElementTree.fromstring(labeling_config(schema))
    found = {each.get("name"): (each.tag, each.get("toName")) for each in root if each.get("toName")}
    assert found == {
        "label": ("Choices", "text"),
        "names": ("Labels", "text"),
        "sum": ("TextArea", "text"),
        "stars": ("Rating", "text"),
    }
    assert [each.get("value") for each in root.iter("Choice")] == ["spam", "ham"]
    assert [each.get("value") for each in root.iter("Relation")] == ["met", "in"]
    (text,) = root.iter("Text")
    assert (text.get("name"), text.get("value")) == ("text", "$text")


def test_markup_in_labels_and_titles_stays_text() -> None:
    hostile = '"><script>alert(1)</script>&'
    schema = texts({**CHOICE, "title": hostile, "labels": labels(hostile, "ham")})
    root = ElementTree.fromstring(labeling_config(schema))
    assert [each.get("value") for each in root.iter("Choice")] == [hostile, "ham"]
    assert not list(root.iter("script"))


def test_names_of_fields_and_questions_never_meet() -> None:
    schema = parse_schema(
        {
            "display": [{"type": "pair", "a": "label", "b": "b"}],
            "controls": [
                CHOICE,
                {"name": "better", "type": "preference", "tie": False},
                {"name": "r", "type": "rating", "sides": True},
            ],
        }
    )
    root = ElementTree.fromstring(labeling_config(schema))
    names = [each.get("name") for each in root.iter() if each.get("name")]
    assert len(names) == len(set(names))
    assert {each.get("name"): each.get("toName") for each in root.iter("Rating")} == {"r_a": "label_shown", "r_b": "b"}
    (pair,) = root.iter("Pairwise")
    assert pair.get("toName") == "label_shown,b"


def test_choices_taxonomies_texts_and_ratings() -> None:
    schema = texts(
        {**CHOICE, "multiple": True, "required": False},
        {
            "name": "kind",
            "type": "taxonomy",
            "labels": [{"value": "shoes", "labels": labels("boots")}, {"value": "hats"}],
        },
        {"name": "sum", "type": "text"},
        {"name": "stars", "type": "rating"},
    )
    result = [
        part("label", {"choices": ["ham", "spam"]}, "choices", score=0.5),
        part("kind", {"taxonomy": [["shoes", "boots"]]}, "taxonomy", score=0.7),
        part("sum", {"text": ["One", "two"]}, "textarea"),
        part("stars", {"rating": 4}, "rating"),
    ]
    answer, sure = read(schema, {"result": result})
    assert answer == {"label": ["spam", "ham"], "kind": ["boots"], "sum": "One\ntwo", "stars": 4}
    assert sure == pytest.approx(0.6)
    assert read(schema, {"result": result, "score": 0.25})[1] == 0.25
    assert read(schema, result[2:])[1] is None
    assert read(schema, {"result": result, "score": math.nan})[1] == pytest.approx(0.6)


def span(start: int, end: int, label: str, **more: Any) -> dict[str, Any]:
    return part("names", {"start": start, "end": end, "labels": [label], **more.pop("value", {})}, "labels", **more)


def test_offsets_of_python_and_of_javascript_mark_the_same_words() -> None:
    schema = texts(SPANS)
    start = TEXT.index("Bob")
    shift = len(TEXT[:start].encode("utf-16-le")) // 2 - start
    assert shift == 3
    for moved in (0, shift):
        found, _sure = read(schema, [span(start + moved, start + moved + 3, "PER", value={"text": "Bob"}, id="r-1")])
        assert found["names"] == [{"id": "r-1", "start": start, "end": start + 3, "label": "PER", "text": "Bob"}]
    with pytest.raises(ResultError, match="does not read 'Bob'"):
        read(schema, [span(start + 1, start + 4, "PER", value={"text": "Bob"})])


def test_relations_find_their_spans_whatever_their_ids_look_like() -> None:
    bob = TEXT.index("Bob")
    ends = [span(0, 3, "PER", id="gHt/7+=="), span(bob, bob + 3, "PER", id="x" * 60)]
    tie = {"type": "relation", "from_id": "x" * 60, "to_id": "gHt/7+==", "direction": "left", "labels": ["met"]}
    answer, _sure = read(texts(SPANS, RELATIONS), [*ends, tie])
    first, second = (each["id"] for each in answer["names"])
    assert answer["ties"] == [{"from": first, "to": second, "label": "met"}]


SIZE = {"image": "0" * 64, "image_width": 200, "image_height": 100}


def test_shapes_are_pixels_and_turn_about_their_middle() -> None:
    schema = picture("box", "rotated_box", "polygon", "point")
    names = {tag.part: tag.name for tag in control_tags(schema)}
    assert names == {
        "rectanglelabels": "cells",
        "polygonlabels": "cells_polygonlabels",
        "keypointlabels": "cells_keypointlabels",
    }
    box = {"x": 10, "y": 20, "width": 30, "height": 40, "rectanglelabels": ["red"]}
    rows = [
        part("cells", {**box, "rotation": 0}, "rectanglelabels"),
        part("cells", {**box, "rotation": 90, "x": 50}, "rectanglelabels"),
        part("cells_polygonlabels", {"points": [[0, 0], [50, 0], [50, 50]], "polygonlabels": ["white"]}),
        part("cells_keypointlabels", {"x": 50, "y": 50, "width": 1, "keypointlabels": ["red"]}),
    ]
    answer, _sure = read(schema, rows, SIZE)
    upright, turned, polygon, point = answer["cells"]
    assert [upright[key] for key in ("type", "x", "y", "width", "height")] == ["box", 20, 20, 60, 40]
    assert (turned["type"], turned["angle"]) == ("rotated_box", 90)
    # Its top left corner stays where the result has it: what was right of it is below it now.
    assert corners(turned)[0] == pytest.approx((100, 20))
    assert corners(turned)[1] == pytest.approx((100, 80))
    assert polygon["points"] == [[0, 0], [100, 0], [100, 50]]
    assert (point["x"], point["y"]) == (100, 50)


def test_a_size_that_only_the_result_knows_serves() -> None:
    row = part("cells", {"x": 50, "y": 50, "width": 10, "height": 10, "rectanglelabels": ["red"]})
    sizes = {"original_width": 400, "original_height": 300}
    answer, _sure = read(picture("box"), [{**row, **sizes}], {"image": "0" * 64})
    assert (answer["cells"][0]["x"], answer["cells"][0]["y"]) == (200, 150)
    with pytest.raises(ResultError, match="size of the picture is not known"):
        read(picture("box"), [row], {"image": "0" * 64})
    with pytest.raises(ResultError, match="upright boxes"):
        read(picture("box"), [part("cells", {**row["value"], "rotation": 5})], SIZE)


def test_pairs_and_rows_of_tables() -> None:
    columns = [
        {"field": "mass", "kind": "integer"},
        {"field": "sex", "kind": "choice", "options": ["f", "m"]},
        {"field": "ok", "kind": "boolean"},
    ]
    schema = parse_schema(
        {
            "display": [{"type": "pair", "a": "one", "b": "two"}],
            "controls": [{"name": "better", "type": "preference"}, {"name": "row", "type": "form", "columns": columns}],
        }
    )
    rows = [
        part("better", {"choices": ["tie"]}),
        part("row_mass", {"number": 3750.0}),
        part("row_sex", {"choices": ["f"]}),
        part("row_ok", {"choices": ["false"]}),
    ]
    data = {"one": "x", "two": "y", "mass": 1, "sex": "m", "ok": True}
    answer, _sure = read(schema, rows, data)
    assert answer == {"better": "tie", "row": {"mass": 3750, "sex": "f", "ok": False}}
    assert read(schema, [part("better", {"selected": "left"})], data)[0]["better"] == "a"


@pytest.mark.parametrize(
    ("prediction", "said"),
    [
        ({"result": "no"}, "must be a list"),
        ([7], "Part 0 of the result is no object"),
        ([part("other", {"choices": ["spam"]})], "“other”, which is not asked"),
        ([part("label", {"choices": 3})], "Part 0 of “label” cannot be read"),
        ([{"from_name": "label", "value": None}], "Part 0 has no “value”"),
        ([span(0, 3, "PER", value={"start": None})], "cannot be read"),
        ([span(0, 3, "PER", value={"start": 1e400})], "cannot be read"),
        ([{"type": "relation", "from_id": "a", "to_id": "b", "labels": ["odd"]}], "'odd', which is not asked"),
        ([{}] * 10_001, "at most 10000 parts"),
    ],
)
def test_what_is_no_answer_is_named(prediction: Any, said: str) -> None:
    with pytest.raises(ResultError, match=said):
        read(texts(CHOICE, SPANS, RELATIONS), prediction)
