"""Matches as COCO makes them, beside pycocotools itself."""

from typing import NamedTuple

import numpy as np
import pytest

from modeling.engine.pictures.coco_judge import box_overlaps, judge, mask_overlaps
from modeling.engine.pictures.matching import curve, gather, match, match_all


class Drawn(NamedTuple):
    label: str
    kind: str
    points: tuple[tuple[float, float], ...]


class Found(NamedTuple):
    label: str
    kind: str
    points: tuple[tuple[float, float], ...]
    score: float


def scenes(masks: bool, pictures: int = 25) -> tuple[list[list[Found]], list[list[Drawn]]]:
    """Return found and drawn shapes: some found twice, some askew, some under a wrong label, some not at all."""
    generator = np.random.default_rng(7)
    found, drawn = [], []
    for _ in range(pictures):
        some, true = [], []
        for _ in range(generator.integers(0, 9)):
            middle, size = generator.uniform(100, 400, 2), generator.uniform(10, 60, 2)
            label = str(generator.choice(["cat", "dog", "owl"]))
            turns = np.sort(generator.uniform(0, 2 * np.pi, 9))
            points = middle + size * np.column_stack([np.cos(turns), np.sin(turns)])
            points = points if masks else np.array([middle - size, middle + size])
            kind = "polygon" if masks else "box"
            true.append(Drawn(label, kind, tuple(map(tuple, points.tolist()))))
            for _ in range(generator.integers(0, 4)):
                moved = points + generator.normal(0, 4, 2)
                said = label if generator.random() < 0.9 else "owl"
                some.append(Found(said, kind, tuple(map(tuple, moved.tolist())), float(generator.random())))
        found.append(some)
        drawn.append(true)
    return found, drawn


@pytest.mark.parametrize("masks", [False, True])
def test_figures_are_those_of_pycocotools(masks):
    found, drawn = scenes(masks)
    classes = ("cat", "dog", "owl", "yak")
    reference = judge(classes, found, drawn, masks=masks)
    overlap = mask_overlaps if masks else box_overlaps
    curves = [curve(gather(own)) for own in match_all(classes, found, drawn, overlap)]
    assert curves[3] is None
    assert reference.per_class[3] == (None, None)
    known = curves[:3]
    assert np.mean([each.precisions.mean() for each in known]) == pytest.approx(reference.map, abs=1e-12)
    assert np.mean([each.precisions[0].mean() for each in known]) == pytest.approx(reference.map50, abs=1e-12)
    assert np.mean([each.recall.mean() for each in known]) == pytest.approx(reference.recall, abs=1e-12)
    assert [each.precisions.mean() for each in known] == pytest.approx([own[0] for own in reference.per_class[:3]])
    assert 0.2 < reference.map < reference.map50 < 0.9


def test_pictures_that_are_drawn_twice_count_twice_as_in_pycocotools():
    found, drawn = scenes(False)
    rows = np.random.default_rng(1).integers(0, len(drawn), len(drawn))
    reference = judge(("cat", "dog"), [found[i] for i in rows], [drawn[i] for i in rows], masks=False)
    counts = np.bincount(rows, minlength=len(drawn))
    whole = [gather(own) for own in match_all(("cat", "dog"), found, drawn, box_overlaps)]
    mine = np.mean([curve(own, counts).precisions.mean() for own in whole])
    assert mine == pytest.approx(reference.map, abs=1e-12)


def test_the_better_score_takes_the_drawn_shape():
    made = match(np.array([0.3, 0.9]), np.array([[0.95], [0.8]]))
    assert made.order.tolist() == [1, 0]
    assert made.hits[0].tolist() == [True, False]
    # At an overlap of 0.85 only the other one fits.
    assert made.hits[7].tolist() == [False, True]
    assert made.partner.tolist() == [0, -1]


def test_pictures_without_anything_drawn_make_found_shapes_wrong():
    box = ((0.0, 0.0), (10.0, 10.0))
    found = [[Found("cat", "box", box, 0.9)], [Found("cat", "box", box, 0.8)]]
    drawn = [[], [Drawn("cat", "box", box)]]
    whole = gather(match_all(("cat",), found, drawn, box_overlaps)[0])
    assert curve(whole).precisions.mean() == pytest.approx(0.5)
    assert curve(whole, np.array([0, 1])).precisions.mean() == pytest.approx(1.0)
    assert curve(whole, np.array([1, 0])) is None


def test_masks_share_pixels_and_boxes_share_area():
    square = Drawn("a", "polygon", ((0, 0), (10, 0), (10, 10), (0, 10)))
    half = Drawn("a", "polygon", ((0, 0), (10, 0), (0, 10)))
    assert box_overlaps([half], [square])[0, 0] == 1.0
    assert mask_overlaps([half], [square])[0, 0] == pytest.approx(0.5, abs=0.06)
