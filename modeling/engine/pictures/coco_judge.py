"""Figures of found shapes by pycocotools, the reference of detection benchmarks (Lin et al. 2014)."""

from __future__ import annotations

import contextlib
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class CocoFigures:
    """Figures in [0, 1]; a class that no picture shows has None.

    Attributes:
        map: Average precision, mean over overlaps .5 to .95 and classes.
        map50: At an overlap of 0.5.
        map75: At an overlap of 0.75.
        recall: Average recall with at most 100 shapes a class and picture.
        per_class: Average precision and that at 0.5, for each class.
    """

    map: float
    map50: float
    map75: float
    recall: float
    per_class: list[tuple[float | None, float | None]]


def judge(
    classes: Sequence[str], found: Sequence[Sequence[Any]], drawn: Sequence[Sequence[Any]], *, masks: bool
) -> CocoFigures:
    """Return what pycocotools says of shapes with `label`, `points`, `kind`, and `score` where they were found.

    Args:
        classes: Labels; shapes of others are left out.
        found: Of each picture.
        drawn: Of each picture.
        masks: Whether areas are compared (boxes count as rectangles), or the boxes around the shapes.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    number = {label: place for place, label in enumerate(classes, start=1)}
    sides = [canvas_of([*some, *true]) for some, true in zip(found, drawn, strict=True)]
    with contextlib.redirect_stdout(io.StringIO()):
        sets = COCO(), COCO()
        for each, shapes in zip(sets, (drawn, found), strict=True):
            rows = _rows(shapes, sides, number, masks)
            each.dataset = {
                "images": [{"id": image, "height": side, "width": side} for image, side in enumerate(sides, start=1)],
                "annotations": [{"id": place, **row} for place, row in enumerate(rows, start=1)],
                "categories": [{"id": place, "name": label} for label, place in number.items()],
            }
            each.createIndex()
        run = COCOeval(*sets, "segm" if masks else "bbox")
        run.evaluate()
        run.accumulate()
    return _figures(run.eval["precision"][:, :, :, 0, -1], run.eval["recall"][:, :, 0, -1])


def _rows(
    shapes: Sequence[Sequence[Any]], sides: Sequence[int], number: dict[str, int], masks: bool
) -> list[dict[str, Any]]:
    """Return the shapes of all pictures as pycocotools has them after loading, without those that are of no class."""
    rows = []
    for image, (own, side) in enumerate(zip(shapes, sides, strict=True), start=1):
        for shape in own:
            if shape.label not in number:
                continue
            left, top, right, bottom = box_of(shape)
            row: dict[str, Any] = {
                "image_id": image,
                "category_id": number[shape.label],
                "iscrowd": 0,
                "bbox": [left, top, right - left, bottom - top],
                "area": (right - left) * (bottom - top),
            }
            if masks:
                row["segmentation"] = run_lengths([shape], side)[0]
            if hasattr(shape, "score"):
                row["score"] = shape.score
            rows.append(row)
    return rows


def _figures(precision: Array, recall: Array) -> CocoFigures:
    """Return figures from precisions [10, 101, k] and recalls [10, k], -1 where a class has nothing drawn."""

    def mean(values: Array) -> float | None:
        known = values[values > -1]
        return float(known.mean()) if known.size else None

    return CocoFigures(
        mean(precision) or 0.0,
        mean(precision[0]) or 0.0,
        mean(precision[5]) or 0.0,
        mean(recall) or 0.0,
        [(mean(precision[:, :, place]), mean(precision[0, :, place])) for place in range(precision.shape[2])],
    )


def box_of(shape: Any) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a shape's points."""
    across, down = [point[0] for point in shape.points], [point[1] for point in shape.points]
    return min(across), min(down), max(across), max(down)


def outline_of(shape: Any) -> list[tuple[float, float]]:
    """Return the corners of a polygon, or of a box."""
    if shape.kind == "box":
        left, top, right, bottom = box_of(shape)
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    return list(shape.points)


def canvas_of(shapes: Sequence[Any]) -> int:
    """Return the side of a square in pixels on which shapes of one picture fit."""
    return 1 + max((math.ceil(max(max(point) for point in shape.points)) for shape in shapes), default=0)


def run_lengths(shapes: Sequence[Any], canvas: int) -> list[dict[str, Any]]:
    """Return the areas of shapes as pycocotools' run lengths on a square; fewer than three corners have no area."""
    from pycocotools import mask

    found = []
    for shape in shapes:
        flat = [coordinate for point in outline_of(shape) for coordinate in point]
        if len(flat) > 4:
            found.append(mask.frPyObjects([flat], canvas, canvas)[0])
        else:
            found.append(mask.frPyObjects({"size": [canvas, canvas], "counts": [canvas * canvas]}, canvas, canvas))
    return found


def mask_overlaps(first: Sequence[Any], second: Sequence[Any]) -> Array:
    """Return intersection over union of the areas of shapes, float64 [n, m]."""
    from pycocotools import mask

    canvas = canvas_of([*first, *second])
    result: Array = mask.iou(run_lengths(first, canvas), run_lengths(second, canvas), [0] * len(second))
    return result


def box_overlaps(first: Sequence[Any], second: Sequence[Any]) -> Array:
    """Return intersection over union of the boxes around shapes, float64 [n, m]."""
    from modeling.engine.bundle.runtime.boxes import overlaps

    return overlaps(np.array([box_of(each) for each in first]), np.array([box_of(each) for each in second]))
