"""Shapes on a picture of 640 x 480, without a database."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.engine.controls.shapes import corners
from labeling.engine.schema import labels_of
from tests.labeling.engine.controls.asking import PICTURE, answered, asking, broken, refused

DATA = {"image": "ab" * 32, "image_width": 640, "image_height": 480}
CELLS = {
    "type": "shapes",
    "field": "image",
    "tools": ["box", "rotated_box", "polygon", "point"],
    "labels": [{"value": "RBC"}, {"value": "WBC"}],
    "attributes": [
        {"name": "cut", "options": ["yes", "no"]},
        {"name": "kind", "options": ["B", "T"], "labels": ["WBC"], "required": True},
    ],
}
BOX = {"id": "s1", "type": "box", "label": "RBC", "x": 10, "y": 20, "width": 30, "height": 40}
SLANT = {"id": "s2", "type": "rotated_box", "label": "RBC", "x": 600, "y": 20, "width": 90, "height": 40, "angle": -30}
RING = {"id": "s3", "type": "polygon", "label": "RBC", "points": [[0, 0], [10, 0], [10, 10.123], [0, 0]]}
SPOT = {"id": "s4", "type": "point", "label": "RBC", "x": 640, "y": 480}


def cells(**changes: Any) -> Any:
    return asking({**CELLS, **changes}, display=(PICTURE,))


def test_shapes_have_one_normal_form() -> None:
    schema = cells()
    found = answered(schema, [SLANT, BOX, RING, SPOT], DATA)
    assert [shape["id"] for shape in found] == ["s2", "s1", "s3", "s4"]
    assert found[0]["angle"] == 330
    assert found[2]["points"] == [[0.0, 0.0], [10.0, 0.0], [10.0, 10.12]]
    assert labels_of(schema, {"it": found}) == [("it", "RBC")] * 4
    assert answered(schema, found, DATA) == found
    assert schema.fields == ["image", "image_width", "image_height"]
    assert schema.needed == ["image"]


def test_an_overshoot_of_a_pixel_is_moved_back() -> None:
    box = {**BOX, "x": -0.6, "y": 0, "width": 641.4, "height": 480}
    found = answered(cells(), [box], DATA)[0]
    assert (found["x"], found["width"], found["height"]) == (0.0, 640.0, 480.0)


@pytest.mark.parametrize(
    ("shape", "where"),
    [
        (5, "it.0.type"),
        ({**BOX, "type": "circle"}, "it.0.type"),
        ({**BOX, "label": "dog"}, "it.0.label"),
        ({**BOX, "x": math.nan}, "it.0.x"),
        ({**BOX, "x": math.inf}, "it.0.x"),
        ({**BOX, "x": "1"}, "it.0.x"),
        ({**BOX, "x": True}, "it.0.x"),
        ({**BOX, "width": 0}, "it.0.width"),
        ({**BOX, "width": -3}, "it.0.width"),
        ({**BOX, "width": 0.4}, "it.0"),
        ({**BOX, "x": 700}, "it.0"),
        ({**BOX, "width": 700}, "it.0"),
        ({**BOX, "x": -40}, "it.0"),
        ({**BOX, "angle": 3}, "it.0.angle"),
        ({**BOX, "id": "a b"}, "it.0.id"),
        ({**SLANT, "angle": None}, "it.0.angle"),
        ({**SLANT, "y": 481.5}, "it.0"),
        ({**RING, "points": [[0, 0], [1, 1]]}, "it.0.points"),
        ({**RING, "points": [[0, 0], [5, 5], [9, 9]]}, "it.0.points"),
        ({**RING, "points": [[0, 0], [0, 0], [5, 5], [5, 5]]}, "it.0.points"),
        ({**RING, "points": [[0, 0], [5, 5], [9]]}, "it.0.points.2"),
        ({**RING, "points": [[0, 0], [5, 5], [9, math.nan]]}, "it.0.points.2"),
        ({**RING, "points": [[0, 0], [5, 5], [9, 999]]}, "it.0.points.2"),
        ({**SPOT, "x": 642}, "it.0"),
        ({**BOX, "attributes": {"cut": "perhaps"}}, "it.0.attributes.cut"),
        ({**BOX, "attributes": {"kind": "B"}}, "it.0.attributes.kind"),
        ({**BOX, "label": "WBC"}, "it.0.attributes.kind"),
        ({**BOX, "attributes": [1]}, "it.0.attributes"),
    ],
)
def test_a_wrong_shape_is_refused_at_its_place(shape: Any, where: str) -> None:
    assert refused(cells(), [shape], DATA) == where


def test_attributes_are_those_that_the_label_asks() -> None:
    shape = {**BOX, "label": "WBC", "attributes": {"kind": "T", "cut": "no"}}
    assert answered(cells(), [shape], DATA)[0]["attributes"] == {"cut": "no", "kind": "T"}
    assert "attributes" not in answered(cells(), [BOX], DATA)[0]
    unfinished = {**BOX, "label": "WBC"}
    assert "attributes" not in answered(cells(), [unfinished], DATA, draft=True)[0]


def test_only_the_tools_of_the_project_are_taken() -> None:
    assert refused(cells(tools=["box"]), [SPOT], DATA) == "it.0.type"


def test_two_shapes_need_two_ids() -> None:
    assert refused(cells(), [BOX, {**SPOT, "id": "s1"}], DATA) == "it"


def test_a_picture_of_unknown_size_takes_any_place_that_is_not_negative() -> None:
    assert answered(cells(), [{**SPOT, "x": 5000}], {"image": "x"})[0]["x"] == 5000
    assert refused(cells(), [{**SPOT, "x": -5}], {"image": "x"}) == "it.0"


@given(st.floats(0, 359), st.floats(2, 200), st.floats(2, 200))
def test_the_corners_of_a_rotated_box_lie_at_its_size(angle: float, width: float, height: float) -> None:
    box = {"type": "rotated_box", "x": 50.0, "y": 60.0, "width": width, "height": height, "angle": angle}
    first, second, third, fourth = corners(box)
    assert math.dist(first, second) == pytest.approx(width)
    assert math.dist(second, third) == pytest.approx(height)
    assert math.dist(third, fourth) == pytest.approx(width)
    assert (first[0] + third[0]) / 2 == pytest.approx(50)
    assert (first[1] + third[1]) / 2 == pytest.approx(60)


def test_corners_turn_clockwise_on_the_screen() -> None:
    box = {"type": "rotated_box", "x": 0.0, "y": 0.0, "width": 4.0, "height": 2.0, "angle": 90.0}
    assert [(round(x, 9), round(y, 9)) for x, y in corners(box)] == [(1, -2), (1, 2), (-1, 2), (-1, -2)]
    assert corners({"type": "point", "x": 1, "y": 2}) == [(1, 2)]


def test_a_broken_schema_is_refused_at_its_place() -> None:
    assert broken(CELLS) == "controls.0.field"
    for change, where in (
        ({"tools": []}, "tools"),
        ({"tools": ["lasso"]}, "tools"),
        ({"attributes": [{"name": "a"}]}, "attributes.0.options"),
        ({"attributes": [{"name": "a", "options": ["x", "x"]}]}, "attributes.0.options"),
        ({"attributes": [{"name": "a", "options": ["x", "y"], "labels": ["dog"]}]}, "attributes.0.labels"),
        ({"attributes": [{"name": "a", "options": ["x", "y"]}] * 2}, "attributes"),
    ):
        assert broken({**CELLS, **change}, display=(PICTURE,)) == f"controls.0.{where}"
