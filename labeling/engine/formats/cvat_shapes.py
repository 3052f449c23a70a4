"""What CVAT draws, in its XML and in its backups, as shapes of ours."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.geometry import ellipse, upright
from labeling.engine.formats.masks import MOST_PIXELS, outlines
from labeling.engine.formats.record import Losses
from labeling.engine.formats.scenes import Scene


@dataclass(slots=True)
class Drawing:
    """One thing that CVAT draws.

    Attributes:
        kind: ``box``, ``polygon``, ``polyline``, ``points``, ``ellipse``, ``mask``, ``cuboid``, ``skeleton``.
        label: Its name.
        numbers: Box: left, top, right, bottom. Ellipse: centre and half axes. Mask: left, top, width, height, and its
            runs along the rows, background first. Others: x, y, x, y, …
        turn: Degrees, clockwise, around the centre.
        attributes: As words.
        level: Larger lies above smaller.
        parts: Points of a skeleton, by their own labels; those that are outside are left out.
    """

    kind: str
    label: str
    numbers: list[float]
    turn: float = 0.0
    attributes: dict[str, str] = field(default_factory=dict)
    level: int = 0
    parts: list["Drawing"] = field(default_factory=list)


def draw(scene: Scene, drawings: list[tuple[str, Drawing]], losses: Losses) -> None:
    """Add drawings to a picture, in the order in which they lie over one another.

    Args:
        scene: Of the picture.
        drawings: With their places.
        losses: The report.
    """
    for where, drawing in sorted(drawings, key=lambda each: each[1].level):
        try:
            for label, shape in list(_shapes(drawing, where, losses)):
                scene.add(where, label, shape, drawing.attributes)
        except (ValueError, IndexError, OverflowError) as error:
            losses.add(where, "shape_broken", f"Its {drawing.kind} cannot be read: {error}.")


def _shapes(drawing: Drawing, where: str, losses: Losses) -> Iterator[tuple[str, Shape]]:
    numbers, turn = drawing.numbers, drawing.turn % 360
    if drawing.kind == "box":
        left, top, right, bottom = numbers
        box = upright([(left, top), (right, bottom)])
        middle = {"x": (left + right) / 2, "y": (top + bottom) / 2}
        yield drawing.label, {**box, **middle, "type": "rotated_box", "angle": turn} if turn else box
    elif drawing.kind == "polygon":
        yield drawing.label, {"type": "polygon", "points": _pairs(numbers)}
    elif drawing.kind == "points":
        pairs = _pairs(numbers)
        if len(pairs) > 1:
            losses.add(where, "points_apart", f"Its {len(pairs)} points are points of their own.")
        for x, y in pairs:
            yield drawing.label, {"type": "point", "x": x, "y": y}
    elif drawing.kind == "ellipse":
        x, y, across, down = numbers
        losses.add(where, "ellipse", "An ellipse is a polygon of 64 corners here.")
        yield drawing.label, {"type": "polygon", "points": ellipse(x, y, across, down, turn)}
    elif drawing.kind == "mask":
        for points in _mask(numbers, where, losses):
            yield drawing.label, {"type": "polygon", "points": points}
    elif drawing.kind == "skeleton":
        losses.add(where, "skeleton", "Its points are points of their own; how they are joined is not kept.")
        for part in drawing.parts:
            for x, y in _pairs(part.numbers):
                yield f"{drawing.label}: {part.label}", {"type": "point", "x": x, "y": y}
    else:
        losses.add(where, "shape_kind", f"There is no {drawing.kind} here. It is left out.")


def _pairs(numbers: list[float]) -> list[list[float]]:
    if len(numbers) % 2:
        raise ValueError(f"it has {len(numbers)} numbers, and points have two each")
    return [[x, y] for x, y in zip(numbers[::2], numbers[1::2], strict=True)]


def _mask(numbers: list[float], where: str, losses: Losses) -> list[list[list[float]]]:
    left, top, width, height = (int(each) for each in numbers[:4])
    runs = [int(each) for each in numbers[4:]]
    if width < 1 or height < 1 or width * height > MOST_PIXELS or any(run < 0 for run in runs):
        raise ValueError(f"the mask claims {width} × {height} pixels")
    if sum(runs) != width * height:
        raise ValueError(f"the runs fill {sum(runs):,} pixels of {width} × {height}")
    filled = np.repeat(np.arange(len(runs)) % 2, runs).astype(np.uint8).reshape(height, width)
    parts, holes = outlines(filled)
    if holes:
        losses.add(where, "holes", f"Its mask has {holes} holes, which its polygons fill.")
    if len(parts) > 1:
        losses.add(where, "parts", f"Its {len(parts)} parts are polygons of their own.")
    return [[[x + left, y + top] for x, y in points] for points in parts]
