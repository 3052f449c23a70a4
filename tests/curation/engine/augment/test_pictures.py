import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from curation.engine.augment.joined import mixed, mosaic
from curation.engine.augment.picture import PictureAugmenter, augment_picture, carry
from curation.engine.augment.pictures.table import PICTURES
from curation.engine.augment.policy import Policy, read_policy
from curation.engine.augment.scene import Scene
from curation.engine.augment.shapes import corners_of
from tests.curation.engine.augment.drawing import drawn, overlap, upright
from tests.curation.engine.pictures import scene

SIZE = (160, 120)
PICTURE = np.asarray(scene(*SIZE))
SHAPES: list[dict[str, Any]] = [
    {"type": "polygon", "points": [[40, 30], [90, 35], [100, 80], [60, 90], [45, 60]], "label": "p", "id": "1"},
    {"type": "box", "x": 50, "y": 40, "width": 40, "height": 30, "label": "b", "id": "2"},
    {"type": "rotated_box", "x": 80, "y": 60, "width": 50, "height": 24, "angle": 30, "label": "r", "id": "3"},
]
MOVING = [name for name, row in PICTURES.items() if row.moves and not row.partners]
STAYING = [name for name, row in PICTURES.items() if not row.moves and not row.covers and not row.partners]
# A rotated box under a slant or another view is no rectangle any more, and becomes the one around.
LOOSE = {"slant": 0.8, "perspective": 0.8}


def policy(use: str, **settings: Any) -> Policy:
    return read_policy(json.dumps({"version": 1, "steps": [{"use": use, **settings}]}))


@pytest.mark.parametrize("use", MOVING)
def test_shapes_lie_where_their_pixels_went(use: str) -> None:
    """The truth is the shape drawn as a mask and moved as a picture is, which knows nothing of corners."""
    masks = tuple(drawn(corners_of(shape), SIZE) for shape in SHAPES)
    seen = 0
    for seed in range(12):
        made, _lost = carry(Scene(PICTURE, SHAPES, {}, masks), PICTURES[use]({}), seed)
        height, width = made.pixels.shape[:2]
        for shape in made.shapes:
            truth = made.masks[int(shape["id"]) - 1]
            if shape["type"] == "box":
                truth = drawn(upright(truth), (width, height))
            least = LOOSE.get(use, 0.93) if shape["type"] == "rotated_box" else 0.93
            assert overlap(drawn(corners_of(shape), (width, height)), truth) >= least, (seed, shape)
            seen += 1
    assert seen > 30


@pytest.mark.parametrize("use", STAYING)
def test_where_nothing_moves_shapes_stay_and_pixels_change(use: str) -> None:
    made = augment_picture(PICTURE, SHAPES, policy(use), 1)
    assert made.shapes == SHAPES
    assert made.lost == []
    assert made.pixels.shape == PICTURE.shape
    assert made.pixels.dtype == np.uint8
    assert (made.pixels != PICTURE).any()


@pytest.mark.parametrize("use", [name for name, row in PICTURES.items() if not row.partners])
def test_equal_seeds_give_equal_pixels_and_the_picture_stays(use: str) -> None:
    before = PICTURE.copy()
    one, again, other = (augment_picture(PICTURE, SHAPES, policy(use), seed) for seed in (1, 1, 2))
    assert (one.pixels == again.pixels).all()
    assert one.shapes == again.shapes
    assert (before == PICTURE).all()
    many = [augment_picture(PICTURE, SHAPES, policy(use), seed).pixels for seed in range(6)]
    same = all(each.shape == other.pixels.shape and (each == other.pixels).all() for each in many)
    assert same == (use in {"mirror", "flip", "grey"})


def test_mirrored_edges_are_exact() -> None:
    """A box that touches the edge touches the other one: pixels are areas, not points."""
    shapes = [
        {"type": "box", "x": 0, "y": 0, "width": 10, "height": 20},
        {"type": "point", "x": 0.5, "y": 119.5},
    ]
    assert augment_picture(PICTURE, shapes, policy("mirror"), 0).shapes == [
        {"type": "box", "x": 150, "y": 0, "width": 10, "height": 20},
        {"type": "point", "x": 159.5, "y": 119.5},
    ]


def test_shapes_that_leave_are_said() -> None:
    corner = [{"type": "box", "x": 0, "y": 0, "width": 4, "height": 4, "label": "b"}]
    made = [augment_picture(PICTURE, corner, policy("crop", share=0.3), seed) for seed in range(20)]
    lost = [one.lost for one in made if one.lost]
    assert len(lost) > 10
    assert {(each[0].shape["label"], each[0].reason) for each in lost} == {("b", "outside")}


def test_what_is_mostly_covered_goes() -> None:
    small = [{"type": "box", "x": 70, "y": 50, "width": 10, "height": 10}, SHAPES[1]]
    chosen = policy("cutout", holes=10, size=0.5, visible=0.5)
    made = [augment_picture(PICTURE, small, chosen, seed) for seed in range(10)]
    lost = [each for one in made for each in one.lost]
    assert {each.reason for each in lost} == {"covered"}
    assert all(each.visible < 0.5 for each in lost)
    assert any(len(one.shapes) == 2 for one in [augment_picture(PICTURE, small, policy("cutout"), 3)])


def partners(rng: np.random.Generator, count: int) -> Sequence[Scene]:
    seeds = rng.integers(100, size=count)
    return [Scene.of(np.asarray(scene(80, 100, int(seed))), [SHAPES[1]], "other") for seed in seeds]


def test_a_mosaic_has_the_shapes_of_four_pictures_where_their_pixels_are() -> None:
    box = {"type": "box", "x": 20, "y": 40, "width": 40, "height": 20}
    flat = [Scene.of(np.full((100, 100, 3), shade, np.uint8), [box]) for shade in (10, 20, 30, 40)]
    made, lost = mosaic(flat, (0.6, 0.5), 0.3)
    assert lost == []
    assert made.pixels.shape == (100, 100, 3)
    assert [int(made.pixels[y, x, 0]) for x, y in ((40, 25), (70, 20), (40, 75), (70, 70))] == [10, 20, 30, 40]
    assert [(s["x"], s["y"], s["width"], s["height"]) for s in made.shapes] == [
        (20, 20, 20, 10), (68, 26, 16, 8), (20, 70, 20, 10), (68, 66, 16, 8),
    ]  # fmt: skip


def test_mixup_makes_labels_soft() -> None:
    light, dark = (Scene.of(np.full((8, 8, 3), shade, np.uint8), [], name) for shade, name in ((200, "a"), (0, "b")))
    made = mixed(light, dark, 0.25)
    assert made.labels == {"a": 0.75, "b": 0.25}
    assert int(made.pixels[0, 0, 0]) == 150
    assert mixed(light, light, 0.25).labels == {"a": 1.0}


def test_joining_on_the_fly_draws_partners_by_row_and_epoch() -> None:
    augment = PictureAugmenter(policy("mosaic"), seed=3, partners=partners)
    one, again, other = (augment(PICTURE, SHAPES, row=1, epoch=epoch) for epoch in (0, 0, 1))
    assert (one.pixels == again.pixels).all()
    assert (one.pixels != other.pixels).any()
    assert {shape["label"] for shape in one.shapes} == {"p", "b", "r"}
    mixed_up = PictureAugmenter(policy("mixup"), partners=partners)(PICTURE, row=1, label="own")
    assert sum(mixed_up.labels.values()) == pytest.approx(1.0)
    assert max(mixed_up.labels, key=lambda name: mixed_up.labels[name]) == "own"
    with pytest.raises(ValueError, match="mosaic joins pictures; give it partners"):
        augment_picture(PICTURE, SHAPES, policy("mosaic"), 0)
    with pytest.raises(ValueError, match="needs 3 other pictures and got 0"):
        PictureAugmenter(policy("mosaic"), partners=lambda _rng, _count: [])(PICTURE, row=1)


def test_grey_pictures_are_taken_and_others_refused() -> None:
    assert augment_picture(PICTURE[..., 0], [], policy("mirror"), 0).pixels.shape == (120, 160, 3)
    with pytest.raises(ValueError, match="a picture is uint8"):
        augment_picture(PICTURE.astype(np.float32), [], policy("mirror"), 0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="this policy changes texts"):
        augment_picture(PICTURE, [], policy("ocr"), 0)


def test_the_smallest_picture_goes_through_all() -> None:
    for name, row in PICTURES.items():
        if not row.partners:
            assert augment_picture(np.zeros((4, 4, 3), np.uint8), [], policy(name), 0).used == (name,)
            assert augment_picture(np.zeros((1, 9, 3), np.uint8), [], policy(name), 0).used == ()
