"""One answer out of several people's, for everything that is no label of a classifier."""

from typing import Any

import pytest

from labeling.engine.agreed_answers import agreed_answers
from labeling.engine.agreed_parts import Thing, marks_in, one_part, things
from labeling.engine.schema import parse_schema


def _schema(*controls: dict[str, Any]) -> Any:
    display = [{"type": "image", "field": "image"}, {"type": "text", "field": "text"}]
    return parse_schema({"display": display, "controls": list(controls)})


SHAPES = {
    "name": "cells",
    "type": "shapes",
    "field": "image",
    "labels": [{"value": "red"}, {"value": "white"}],
    "tools": ["box", "rotated_box", "polygon", "point"],
    "attributes": [{"name": "cut", "options": ["yes", "no"]}],
}
SPANS = {"name": "names", "type": "spans", "field": "text", "labels": [{"value": "PER"}, {"value": "LOC"}]}
TIES = {"name": "ties", "type": "relations", "spans": "names", "labels": [{"value": "in"}]}


def box(x: float, y: float, size: float = 10, label: str = "red", **more: Any) -> dict[str, Any]:
    return {"id": f"b{x}{y}", "type": "box", "label": label, "x": x, "y": y, "width": size, "height": size, **more}


def span(start: int, end: int, label: str = "PER") -> dict[str, Any]:
    return {"id": f"n{start}-{end}", "start": start, "end": end, "label": label, "text": "x" * (end - start)}


def agreed(schema: Any, *answers: dict[str, Any], **options: Any) -> dict[str, Any]:
    said = [(f"p{number}", answer) for number, answer in enumerate(answers)]
    return agreed_answers(schema, [said], **options)[0]


def test_boxes_that_most_drew_in_one_place_become_one_in_the_middle() -> None:
    found = agreed(
        _schema(SHAPES),
        {"cells": [box(0, 0), box(50, 50, label="white")]},
        {"cells": [box(1, 0), box(90, 90)]},
        {"cells": [box(2, 0)]},
    )
    assert found["cells"] == [
        {"id": "s1", "type": "box", "label": "red", "x": 1.0, "y": 0.0, "width": 10.0, "height": 10.0}
    ]


def test_a_box_of_half_of_the_people_or_under_another_label_is_left_out() -> None:
    found = agreed(_schema(SHAPES), {"cells": [box(0, 0)]}, {"cells": [box(0, 0, label="white")]})
    assert found["cells"] == []


def test_one_answer_stays_as_it_is() -> None:
    shapes = [box(3, 4), {"id": "p", "type": "point", "label": "red", "x": 1, "y": 1}]
    assert agreed(_schema(SHAPES), {"cells": shapes})["cells"] == shapes


def test_polygons_of_different_corners_agree_on_the_one_most_others_are_near() -> None:
    def polygon(*points: tuple[float, float]) -> dict[str, Any]:
        return {"id": "p", "type": "polygon", "label": "red", "points": [list(point) for point in points]}

    square = polygon((0, 0), (10, 0), (10, 10), (0, 10))
    wider = polygon((0, 0), (11, 0), (11, 10), (5, 10), (0, 10))
    widest = polygon((0, 0), (14, 0), (14, 10), (0, 10))
    found = agreed(_schema(SHAPES), {"cells": [widest]}, {"cells": [wider]}, {"cells": [square]})
    assert [shape["points"] for shape in found["cells"]] == [wider["points"]]


def test_points_agree_within_two_hundredths_of_the_picture() -> None:
    def point(x: float) -> dict[str, Any]:
        return {"id": "k", "type": "point", "label": "red", "x": x, "y": 100.0}

    schema = _schema(SHAPES)
    near = agreed(schema, {"cells": [point(100)]}, {"cells": [point(110)]}, sizes={"cells": [1000.0]})
    far = agreed(schema, {"cells": [point(100)]}, {"cells": [point(130)]}, sizes={"cells": [1000.0]})
    assert near["cells"] == [{"id": "s1", "type": "point", "label": "red", "x": 105.0, "y": 100.0}]
    assert far["cells"] == []


def test_attributes_are_what_most_said() -> None:
    shapes = [box(0, 0, attributes={"cut": said}) for said in ("yes", "no", "yes")]
    found = agreed(_schema(SHAPES), *({"cells": [shape]} for shape in shapes))
    assert found["cells"][0]["attributes"] == {"cut": "yes"}
    split = agreed(_schema(SHAPES), *({"cells": [shape]} for shape in shapes[:2]))
    assert "attributes" not in split["cells"][0]


def test_spans_are_voted_on_by_their_very_place() -> None:
    schema = _schema(SPANS, TIES)
    found = agreed(
        schema,
        {"names": [span(0, 4), span(9, 12, "LOC")], "ties": [{"from": "n0-4", "to": "n9-12", "label": "in"}]},
        {"names": [span(9, 12, "LOC"), span(0, 4)], "ties": [{"from": "n0-4", "to": "n9-12", "label": "in"}]},
        {"names": [span(0, 5)], "ties": []},
    )
    assert [(row["id"], row["start"], row["end"]) for row in found["names"]] == [("s1", 0, 4), ("s2", 9, 12)]
    # The third person marked none of the two, and so has no say in what ties them.
    assert found["ties"] == [{"from": "s1", "to": "s2", "label": "in"}]


def test_what_a_model_found_counts_until_an_answer_changed() -> None:
    schema = _schema(SPANS)
    answers = ({"names": [span(0, 4)]}, {"names": [span(0, 5)]})
    model = [Thing(0.8, (("p1", 0), ("p0", 0)))]
    assert [row["end"] for row in agreed(schema, *answers, known={"names": [model]})["names"]] == [5]
    gone = [Thing(0.8, (("p1", 3), ("p0", 0)))]
    assert agreed(schema, *answers, known={"names": [gone]})["names"] == []


@pytest.mark.parametrize(("overlap", "kept"), [("allow", 3), ("nest", 2), ("none", 1)])
def test_spans_keep_to_what_the_questions_allow(overlap: str, kept: int) -> None:
    schema = _schema({**SPANS, "overlap": overlap})
    spans = [span(0, 10), span(2, 5), span(8, 12)]
    model = [Thing(0.9 - place / 10, (("p0", place),)) for place in range(3)]
    found = agreed(schema, {"names": spans}, {"names": []}, known={"names": [model]})
    assert len(found["names"]) == kept
    assert found["names"][0]["end"] == 10


def test_fields_of_a_form_are_settled_one_by_one() -> None:
    columns = [{"field": "sex"}, {"field": "mass"}]
    schema = _schema({"name": "row", "type": "form", "columns": columns})
    rows = ({"sex": "f", "mass": "3"}, {"sex": "f", "mass": "4"}, {"sex": "m", "mass": "5"})
    assert agreed(schema, *({"row": row} for row in rows))["row"] == {"sex": "f"}


def test_the_confidence_of_an_item_is_that_of_its_least_sure_decision() -> None:
    answered = [
        {"a": marks_in([box(0, 0)]), "b": marks_in([box(0, 0)]), "c": marks_in([])},
        {"a": marks_in([box(0, 0)])},
        {"a": [], "b": []},
    ]
    found, sure, method = things(answered, "majority")
    assert [[thing.members for thing in row] for row in found] == [[(("a", 0), ("b", 0))], [(("a", 0),)], []]
    assert sure.tolist() == pytest.approx([2 / 3, 1, 1])
    assert method == "majority"


def test_the_kind_that_most_chose_is_kept() -> None:
    turned = {"id": "r", "type": "rotated_box", "label": "red", "x": 5, "y": 5, "width": 10, "height": 10, "angle": 0.0}
    assert one_part([turned, box(0, 0), box(1, 1)])["type"] == "box"
    assert one_part([turned, box(0, 0)])["type"] == "rotated_box"
