import cv2
import numpy as np
import pytest

from labeling.engine.agreement.shapes import box_overlaps, polygon_overlap


def _square(x: float, y: float, side: float) -> list[tuple[float, float]]:
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]


def test_spans_and_boxes_share_what_both_cover() -> None:
    spans = box_overlaps(np.array([[0.0, 4]]), np.array([[2.0, 6], [4, 8], [0, 4]]))
    boxes = box_overlaps(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 1, 3, 3], [5, 5, 6, 6]]))

    assert spans.tolist() == [pytest.approx([2 / 6, 0, 1])]
    assert boxes.tolist() == [pytest.approx([1 / 7, 0])]


def test_points_overlap_only_themselves() -> None:
    point = np.array([[3.0, 4, 3, 4]])

    assert box_overlaps(point, np.array([[3.0, 4, 3, 4], [3, 5, 3, 5]])).tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (_square(1, 1, 2), 1 / 7),
        (_square(0, 0, 2), 1),
        (_square(0, 0, 2)[::-1], 1),
        (_square(2, 0, 2), 0),
        ([(1, -1), (3, 1), (1, 3), (-1, 1)], 0.5),
        ([(0, 0), (1, 1)], 0),
    ],
)
def test_polygons_share_what_both_cover(other: list[tuple[float, float]], expected: float) -> None:
    assert polygon_overlap(_square(0, 0, 2), other) == pytest.approx(expected)


def test_a_hole_of_a_corner_is_not_covered() -> None:
    corner = [(0, 0), (4, 0), (4, 1), (1, 1), (1, 4), (0, 4)]

    assert polygon_overlap(corner, _square(0, 0, 4)) == pytest.approx(7 / 16)
    assert polygon_overlap(corner, _square(2, 2, 2)) == 0


def test_polygons_that_cross_themselves_are_what_is_drawn() -> None:
    """OpenCV fills by the same rule; its picture is off by half a point at the edges."""
    random = np.random.default_rng(2)
    for _case in range(5):
        shapes = [random.random((count, 2)) * 200 + 5 for count in (5, 8)]
        drawn = []
        for shape in shapes:
            canvas = np.zeros((2100, 2100), np.uint8)
            drawn.append(cv2.fillPoly(canvas, [np.round(shape * 10).astype(np.int32)], 1).astype(bool))
        expected = (drawn[0] & drawn[1]).sum() / (drawn[0] | drawn[1]).sum()

        assert polygon_overlap(*shapes) == pytest.approx(expected, abs=0.006)
