import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labeling.engine.formats.masks import decode, outlines

PACKED = "5220003"


def test_run_lengths_go_down_the_columns_and_begin_with_background() -> None:
    mask = decode({"size": [3, 2], "counts": [1, 2, 3]})

    assert mask.tolist() == [[0, 0], [1, 0], [1, 0]]


def test_packed_run_lengths_are_those_of_pycocotools() -> None:
    # pycocotools.mask.encode of a 4 × 5 picture with rows 1 to 2 and columns 1 to 3 set.
    mask = decode({"size": [4, 5], "counts": PACKED})

    assert mask.tolist() == [[0] * 5, [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0] * 5]


def _packed(lengths: list[int]) -> str:
    """Pack as rleToString does."""
    text = ""
    for place, length in enumerate(lengths):
        value = length - (lengths[place - 2] if place > 2 else 0)
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            text += chr((bits | 0x20 if more else bits) + 48)
    return text


@pytest.mark.parametrize(
    ("segmentation", "says"),
    [
        ({"size": [3, 2], "counts": [1, 2]}, "the runs fill 3 pixels of 3 × 2"),
        ({"size": [3], "counts": [3]}, "“size” must be"),
        ({"size": [10**6, 10**6], "counts": [10**12]}, "the mask claims"),
        ({"size": [3, 2], "counts": [-1, 7]}, "“counts” must be lengths"),
        ({"size": [3, 2], "counts": "é"}, "a character that pycocotools does not write"),
        ({"size": [3, 2], "counts": "P"}, "ends in the middle of a number"),
        ({"counts": [6]}, "“size” must be"),
    ],
)
def test_run_lengths_that_are_wrong_are_told(segmentation: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        decode(segmentation)


def test_a_pixel_is_a_square_and_a_hole_is_counted() -> None:
    one = np.zeros((3, 3), np.uint8)
    one[1, 1] = 1

    assert outlines(one) == ([[[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0]]], 0)
    ring = 1 - one
    parts, holes = outlines(ring)
    assert (parts, holes) == ([[[0.0, 0.0], [3.0, 0.0], [3.0, 3.0], [0.0, 3.0]]], 1)


def test_pixels_that_touch_at_a_corner_are_two_parts() -> None:
    parts, holes = outlines(np.array([[1, 0], [0, 1]], np.uint8))

    assert (len(parts), holes) == (2, 0)


@given(arrays(np.uint8, (6, 7), elements=st.integers(0, 1)))
def test_run_lengths_of_any_mask_come_back(mask: np.ndarray) -> None:
    flat = mask.T.ravel().tolist()
    lengths, last = [0], 0
    for value in flat:
        if value != last:
            lengths.append(0)
            last = value
        lengths[-1] += 1
    size = list(mask.shape)

    assert (decode({"size": size, "counts": lengths}) == mask).all()
    assert (decode({"size": size, "counts": _packed(lengths)}) == mask).all()


@given(arrays(np.uint8, (6, 7), elements=st.integers(0, 1)))
def test_outlines_have_the_area_of_their_pixels_and_holes(mask: np.ndarray) -> None:
    parts, _holes = outlines(mask)

    assert sum(map(_filled, parts)) >= mask.sum()
    inside = np.zeros_like(mask)
    for points in parts:
        inside |= _inside(points, mask.shape)
    assert (inside[mask == 1] == 1).all()


def _filled(points: list[list[float]]) -> float:
    ends = [*points[1:], points[0]]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(points, ends, strict=True)) / 2)


def _inside(points: list[list[float]], shape: tuple[int, ...]) -> np.ndarray:
    """Return the pixels whose middle is inside, by the crossings of a line to the right."""
    found = np.zeros(shape, np.uint8)
    ends = [*points[1:], points[0]]
    for row, column in np.ndindex(*shape):
        crossings = sum(
            x > column + 0.5 and min(y, v) < row + 0.5 < max(y, v) for (x, y), (_u, v) in zip(points, ends, strict=True)
        )
        found[row, column] = crossings % 2
    return found
