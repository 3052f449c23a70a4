"""How pictures are changed while a model trains when no policy is given: moved, scaled, mirrored, lit otherwise.

The same row in the same epoch with the same seed is always changed in the same way, whatever was drawn before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.pictures.prepared import MEAN
from modeling.engine.data import Shape
from modeling.engine.errors import BadData
from modeling.engine.pictures.coco_judge import box_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shapes = Sequence[Any]
Changer = Callable[["NDArray[np.uint8]", Shapes, int, int], tuple["NDArray[np.uint8]", list[Any]]]
"""Called with pixels [h, w, 3], shapes in those pixels, a row and an epoch; returns both changed."""
Others = Callable[[int], tuple["NDArray[np.uint8]", Shapes]]
"""Gives the unchanged pixels of a row, and its shapes in them."""
# Of a box that the frame cuts, this share has to be left; less shows too little of the thing to learn it by.
LEFT = 0.35


@dataclass(frozen=True, slots=True)
class Ranges:
    """How far a picture is changed.

    Attributes:
        scale: Greatest factor up or down.
        turn: Greatest turn in degrees.
        shift: Greatest move as a share of a side; None moves anywhere within the frame.
        mirror: Whether half of the pictures are mirrored left to right.
        light: Greatest change of brightness (of 255) and contrast (share of 1).
    """

    scale: float = 1.25
    turn: float = 0.0
    shift: float | None = None
    mirror: bool = True
    light: tuple[float, float] = (20.0, 0.2)


# Whole things have to stay in sight, and letters and hands mean something else in a mirror.
FOR_CLASSES = Ranges(scale=1.15, turn=10.0, shift=0.08, mirror=False)
FOR_SHAPES = Ranges()
# Tiny pictures from scratch: a pixel is much.
FOR_TINY = Ranges(scale=1.1, turn=5.0, shift=0.07, mirror=False, light=(10.0, 0.1))


@dataclass(frozen=True)
class DefaultChanges:
    """Changes within ranges, seeded; shapes that leave the frame for the most part are left out."""

    ranges: Ranges
    seed: int

    def __call__(
        self, pixels: NDArray[np.uint8], shapes: Shapes, row: int, epoch: int
    ) -> tuple[NDArray[np.uint8], list[Any]]:
        """Return pixels of the same size, and the shapes moved with them and cut at the frame."""
        import cv2

        generator = np.random.default_rng((self.seed, row, epoch))
        height, width = pixels.shape[:2]
        matrix = self._matrix(generator, width, height)
        grey = (round(MEAN),) * 3
        moved = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=grey)
        light, contrast = self.ranges.light
        gain, offset = 1 + generator.uniform(-contrast, contrast), generator.uniform(-light, light)
        table = np.clip((np.arange(256) - MEAN) * gain + MEAN + offset, 0, 255).astype(np.uint8)
        return table[moved], moved_shapes(shapes, matrix, width, height)

    def _matrix(self, generator: np.random.Generator, width: int, height: int) -> NDArray[np.float64]:
        """Return the move of points, float64 [2, 3]."""
        ranges = self.ranges
        scale = np.exp(generator.uniform(-1, 1) * np.log(ranges.scale))
        turn = np.deg2rad(generator.uniform(-ranges.turn, ranges.turn))
        room = np.array([width, height]) * (abs(1 - scale) / 2 if ranges.shift is None else ranges.shift)
        linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array([width, height]) / 2
        offset = middle - linear @ middle + generator.uniform(-1, 1, 2) * room
        if ranges.mirror and generator.random() < 0.5:
            linear, offset = linear * np.array([[-1], [1]]), np.array([width - offset[0], offset[1]])
        return np.column_stack([linear, offset])


def moved_shapes(shapes: Shapes, matrix: NDArray[np.float64], width: int, height: int) -> list[Any]:
    """Return shapes moved by an affine map and cut at the frame, without those of which less than LEFT is left.

    A polygon's corners beyond the frame move to its edge; a box is the upright box around its moved corners.
    """
    found = []
    for shape in shapes:
        points = np.array(shape.points, np.float64)
        if shape.kind == "box":
            (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
            points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        moved = points @ matrix[:, :2].T + matrix[:, 2]
        cut = np.clip(moved, 0, (width, height))
        before, after = np.ptp(moved, axis=0).prod(), np.ptp(cut, axis=0).prod()
        if before <= 0 or after < LEFT * before:
            continue
        if shape.kind == "box":
            cut = np.array([cut.min(axis=0), cut.max(axis=0)])
        found.append(shape._replace(points=tuple(map(tuple, cut.tolist()))))
    return found


class PolicyChanges:
    """Changes by a policy of curation.engine.augment.

    Args:
        policy: As JSON or YAML would have it.
        seed: Of the training.
        others: Gives pixels and shapes of any training row, for steps that join pictures.
        rows: How many training rows there are.

    Raises:
        BadData: The policy cannot be read; the sentence says where.
    """

    def __init__(self, policy: Mapping[str, Any], seed: int, others: Others | None = None, rows: int = 0) -> None:
        from curation.engine.augment import PolicyError, read_policy
        from curation.engine.augment.picture import PictureAugmenter
        from curation.engine.augment.scene import Scene

        def partners(generator: np.random.Generator, count: int) -> list[Any]:
            assert others is not None
            drawn = [(int(row), *others(int(row))) for row in generator.integers(0, rows, count)]
            return [Scene.of(pixels, [as_answer(shape) for shape in shapes], str(row)) for row, pixels, shapes in drawn]

        try:
            # JSON is YAML, which is what policies are written in.
            read = read_policy(json.dumps(policy))
            self._augmenter = PictureAugmenter(read, seed, partners if others is not None else None)
        except (PolicyError, ValueError) as error:
            raise BadData(f"The augmentation cannot be used: {error}") from None

    def __call__(
        self, pixels: NDArray[np.uint8], shapes: Shapes, row: int, epoch: int
    ) -> tuple[NDArray[np.uint8], list[Any]]:
        """Return the picture as this epoch has it, with the shapes that are left."""
        changed, moved, _rows = self.mixed(pixels, shapes, row, epoch)
        return changed, moved

    def mixed(
        self, pixels: NDArray[np.uint8], shapes: Shapes, row: int, epoch: int
    ) -> tuple[NDArray[np.uint8], list[Any], dict[int, float]]:
        """Return the same, and how much of each row's picture is in it; the shares add up to 1."""
        answers = [as_answer(shape) for shape in shapes]
        # The label of a picture is its row: behind mixup the shares then say whose answers it has.
        made = self._augmenter(pixels, answers, row=row, epoch=epoch, label=str(row))
        shares = {int(name): share for name, share in made.labels.items()}
        return made.pixels, [as_shape(shape) for shape in made.shapes], shares


def as_answer(shape: Any) -> dict[str, Any]:
    """Return a box or polygon as people's answers have it."""
    if shape.kind == "polygon":
        return {"type": "polygon", "label": shape.label, "points": [list(point) for point in shape.points]}
    left, top, right, bottom = box_of(shape)
    return {"type": "box", "label": shape.label, "x": left, "y": top, "width": right - left, "height": bottom - top}


def as_shape(answer: Mapping[str, Any]) -> Shape:
    """Return a box or polygon of an answer as examples have it."""
    if answer["type"] == "polygon":
        return Shape(answer["label"], "polygon", tuple((float(x), float(y)) for x, y in answer["points"]))
    left, top = float(answer["x"]), float(answer["y"])
    return Shape(answer["label"], "box", ((left, top), (left + answer["width"], top + answer["height"])))


def changer(
    policy: Mapping[str, Any] | None, ranges: Ranges, seed: int, others: Others | None = None, rows: int = 0
) -> Changer:
    """Return what changes pictures: a policy, or the default changes when there is none.

    Raises:
        BadData: as `PolicyChanges`.
    """
    return DefaultChanges(ranges, seed) if policy is None else PolicyChanges(policy, seed, others, rows)
