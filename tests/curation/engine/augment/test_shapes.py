from typing import Any

import numpy as np
import pytest

from curation.engine.augment.shapes import Lost, area_of, clipped, corners_of, covered_share, rebuilt
from curation.engine.augment.text import SpansError

SIZE = (100, 80)
BOX = {"type": "box", "x": 10, "y": 20, "width": 40, "height": 10, "label": "a"}
TURNED = {"type": "rotated_box", "x": 50, "y": 40, "width": 40, "height": 10, "angle": 90}


def moved(shape: dict[str, Any], x: float, y: float, least: float = 0.3) -> dict[str, Any] | Lost:
    return rebuilt(shape, [(a + x, b + y) for a, b in corners_of(shape)], SIZE, least)


def test_corners_are_those_that_people_draw() -> None:
    assert corners_of(BOX) == [(10, 20), (50, 20), (50, 30), (10, 30)]
    assert [(round(x), round(y)) for x, y in corners_of(TURNED)] == [(55, 20), (55, 60), (45, 60), (45, 20)]
    assert corners_of({"type": "point", "x": 3, "y": 4.5}) == [(3, 4.5)]
    assert corners_of({"type": "line", "points": [[0, 0], [5, 5]]}) == [(0, 0), (5, 5)]


@pytest.mark.parametrize("shape", [
    {}, {"type": "ellipse"}, {"type": "box", "x": 1}, {"type": "box", "x": "1", "y": 1, "width": 1, "height": 1},
    {"type": "polygon", "points": [[1, 1], [2, 2]]}, {"type": "polygon", "points": 7},
    {"type": "point", "x": float("nan"), "y": 1}, {"type": "rotated_box", "x": 1, "y": 1, "width": 2, "height": 2},
])  # fmt: skip
def test_what_is_no_shape_is_refused(shape: dict[str, Any]) -> None:
    with pytest.raises(SpansError, match="has no corners that can be read"):
        corners_of(shape)


def test_a_box_is_clipped_and_keeps_what_else_it_says() -> None:
    assert moved(BOX, 5, 5) == {**BOX, "x": 15, "y": 25}
    assert moved(BOX, -20, 0) == {**BOX, "x": 0, "y": 20, "width": 30}
    assert moved(BOX, 0, 55) == {**BOX, "x": 10, "y": 75, "height": 5}


def test_a_shape_of_which_too_little_is_left_goes_and_says_how_much_was() -> None:
    lost = moved(BOX, -40, 0)
    assert isinstance(lost, Lost)
    assert (lost.shape, lost.reason, lost.visible) == (BOX, "outside", 0.25)
    assert isinstance(moved(BOX, -40, 0, 0.2), dict)
    assert isinstance(moved(BOX, -500, 0, 0.0), Lost)


def test_a_rotated_box_may_stick_out_while_its_middle_is_inside() -> None:
    assert moved(TURNED, 0, 30) == {**TURNED, "y": 70}
    cut = moved(TURNED, 0, 50, 0.2)
    assert isinstance(cut, dict)
    assert (cut["x"], cut["y"], cut["width"], cut["height"], cut["angle"]) == (50, 75, 10, 10, 90)


def test_a_mirrored_rotated_box_is_turned_the_other_way() -> None:
    shape = {"type": "rotated_box", "x": 30, "y": 40, "width": 40, "height": 10, "angle": 30}
    made = rebuilt(shape, [(100 - x, y) for x, y in corners_of(shape)], SIZE, 0.3)
    assert isinstance(made, dict)
    assert (made["x"], made["y"], made["width"], made["height"]) == (70, 40, 40, 10)
    assert made["angle"] % 180 == 150


def test_a_polygon_is_cut_at_the_edge() -> None:
    triangle = {"type": "polygon", "points": [[-20, 10], [40, 10], [40, 70]]}
    made = rebuilt(triangle, corners_of(triangle), SIZE, 0.3)
    assert isinstance(made, dict)
    assert made["points"] == [[0, 30], [0, 10], [40, 10], [40, 70]]
    dented = [
        (90.0, 10.0),
        (120.0, 10.0),
        (120.0, 20.0),
        (95.0, 20.0),
        (95.0, 30.0),
        (120.0, 30.0),
        (120.0, 40.0),
        (90, 40),
    ]
    assert area_of(clipped(dented, SIZE)) == 10 * 10 + 5 * 10 + 10 * 10


def test_points_outside_go_and_lines_keep_their_longest_part() -> None:
    assert isinstance(moved({"type": "point", "x": 5, "y": 5}, -6, 0), Lost)
    assert moved({"type": "point", "x": 5, "y": 5}, -5, 0) == {"type": "point", "x": 0, "y": 5}
    line = {"type": "line", "points": [[-10, 10], [50, 10], [50, 100], [60, 100], [60, 50]]}
    made = rebuilt(line, corners_of(line), SIZE, 0.3)
    assert isinstance(made, dict)
    assert made["points"] == [[0, 10], [50, 10], [50, 80]]


def test_how_much_of_a_shape_is_covered() -> None:
    left = np.ones((80, 100), np.uint8)
    left[20:30, 10:30] = 0
    assert covered_share(BOX, left) == 0.5
    assert covered_share({"type": "point", "x": 15, "y": 25}, left) == 1.0
