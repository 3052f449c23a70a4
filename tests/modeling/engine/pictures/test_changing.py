"""Changes of training pictures: shapes stay on their things."""

import numpy as np
import pytest

from modeling.engine.data import Shape
from modeling.engine.errors import BadData
from modeling.engine.pictures.changing import (
    FOR_CLASSES,
    FOR_SHAPES,
    DefaultChanges,
    PolicyChanges,
    Ranges,
    changer,
    moved_shapes,
)


def scene() -> tuple[np.ndarray, Shape]:
    pixels = np.full((60, 80, 3), 127, np.uint8)
    pixels[20:40, 10:30] = (255, 0, 0)
    return pixels, Shape("red", "box", ((10.0, 20.0), (30.0, 40.0)))


def test_a_box_stays_around_its_thing():
    pixels, shape = scene()
    for epoch in range(1, 12):
        changed, (box,) = DefaultChanges(FOR_SHAPES, 0)(pixels, [shape], 3, epoch)
        rows, columns = np.nonzero(changed[..., 0].astype(int) - changed[..., 1] > 120)
        (left, top), (right, bottom) = box.points
        assert abs(columns.min() - left) <= 1.5
        assert abs(rows.min() - top) <= 1.5
        assert abs(columns.max() + 1 - right) <= 1.5
        assert abs(rows.max() + 1 - bottom) <= 1.5


def test_the_same_row_and_epoch_change_in_the_same_way():
    pixels, shape = scene()
    change = DefaultChanges(FOR_CLASSES, 5)
    first, second, other = change(pixels, [shape], 1, 1), change(pixels, [shape], 1, 1), change(pixels, [shape], 1, 2)
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1]
    assert not np.array_equal(first[0], other[0])


def test_no_change_is_none():
    pixels, shape = scene()
    still = Ranges(scale=1.0, turn=0.0, shift=0.0, mirror=False, light=(0.0, 0.0))
    changed, shapes = DefaultChanges(still, 0)(pixels, [shape], 0, 0)
    assert np.array_equal(changed, pixels)
    assert shapes == [shape]


def test_what_leaves_the_frame_is_cut_and_what_has_left_it_is_gone():
    box = Shape("a", "box", ((0.0, 0.0), (10.0, 10.0)))
    triangle = Shape("b", "polygon", ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0)))

    def right_by(pixels: float) -> np.ndarray:
        return np.array([[1.0, 0, pixels], [0, 1, 0]])

    assert moved_shapes([box], right_by(5), 10, 10) == [Shape("a", "box", ((5.0, 0.0), (10.0, 10.0)))]
    assert moved_shapes([box], right_by(7), 10, 10) == []
    assert moved_shapes([triangle], right_by(4), 10, 10)[0].points == ((4.0, 0.0), (10.0, 0.0), (10.0, 10.0))


def test_a_policy_changes_pictures_and_shapes_together():
    pixels, box = scene()
    triangle = Shape("blue", "polygon", ((10.0, 20.0), (30.0, 20.0), (30.0, 40.0)))
    change = changer({"version": 1, "steps": [{"use": "mirror", "chance": 1.0}]}, FOR_SHAPES, 0)
    changed, shapes = change(pixels, [box, triangle], 0, 1)
    assert np.array_equal(changed, pixels[:, ::-1])
    assert shapes[0] == Shape("red", "box", ((50.0, 20.0), (70.0, 40.0)))
    assert set(shapes[1].points) == {(70.0, 20.0), (50.0, 20.0), (50.0, 40.0)}


def test_a_policy_that_joins_pictures_takes_other_training_rows():
    pixels, box = scene()
    asked: list[int] = []

    def others(row: int) -> tuple[np.ndarray, list[Shape]]:
        asked.append(row)
        return pixels, [box]

    change = changer({"version": 1, "steps": [{"use": "mosaic", "chance": 1.0}]}, FOR_SHAPES, 0, others, 7)
    changed, shapes = change(pixels, [box], 0, 1)
    assert changed.shape == pixels.shape
    assert {shape.label for shape in shapes} == {"red"}
    assert len(asked) == 3
    assert set(asked) <= set(range(7))


def test_a_policy_that_cannot_be_read_is_refused_with_its_place():
    with pytest.raises(BadData, match=r"The augmentation cannot be used: .*juggle"):
        changer({"version": 1, "steps": [{"use": "juggle"}]}, FOR_SHAPES, 0)


def test_a_policy_keeps_boxes_on_their_things():
    pixels, shape = scene()
    policy = {"version": 1, "steps": [{"use": "mirror", "chance": 0.5}, {"use": "zoom"}, {"use": "brightness"}]}
    change = PolicyChanges(policy, 3)
    for epoch in range(1, 12):
        changed, (box,) = change(pixels, [shape], 3, epoch)
        again, same = change(pixels, [shape], 3, epoch)
        assert np.array_equal(changed, again)
        assert same == [box]
        rows, columns = np.nonzero(changed[..., 0].astype(int) - changed[..., 1] > 100)
        found = np.array([(columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)])
        assert np.abs(found - np.array(box.points)).max() <= 2


def test_a_mosaic_holds_the_things_of_other_rows():
    pixels, shape = scene()
    policy = {"version": 1, "steps": [{"use": "mosaic", "middle": 0.0}]}
    change = PolicyChanges(policy, 0, lambda _row: (pixels, [shape]), 5)
    changed, shapes = change(pixels, [shape], 0, 1)
    assert changed.shape == pixels.shape
    assert sorted(found.points for found in shapes) == [
        ((5.0, 10.0), (15.0, 20.0)),
        ((5.0, 40.0), (15.0, 50.0)),
        ((45.0, 10.0), (55.0, 20.0)),
        ((45.0, 40.0), (55.0, 50.0)),
    ]


def test_mixed_pictures_say_whose_they_are():
    light, dark = np.full((8, 8, 3), 200, np.uint8), np.zeros((8, 8, 3), np.uint8)
    change = PolicyChanges({"version": 1, "steps": [{"use": "mixup", "alpha": 10.0}]}, 0, lambda _row: (dark, ()), 1)
    changed, _shapes, shares = change.mixed(light, (), 7, 1)
    assert set(shares) == {7, 0}
    assert sum(shares.values()) == pytest.approx(1.0)
    assert int(changed[0, 0, 0]) == round(200 * shares[7])
