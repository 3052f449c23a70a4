"""Mosaic and mixup: several scenes made one."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from curation.engine.augment.pictures.base import FILL, PictureAugmentation, Pixels
from curation.engine.augment.scene import Scene
from curation.engine.augment.shapes import OUTSIDE, Lost, corners_of, rebuilt


def joined(
    augmentation: PictureAugmentation, scene: Scene, others: Sequence[Scene], rng: np.random.Generator
) -> tuple[Scene, list[Lost]]:
    """Return one scene made of several, of the size of the first, and the shapes that went.

    Raises:
        ValueError: There are not as many others as the augmentation needs.
    """
    if len(others) != augmentation.partners:
        raise ValueError(f"{augmentation.name} needs {augmentation.partners} other pictures and got {len(others)}")
    if augmentation.name == "mixup":
        return mixed(scene, others[0], float(rng.beta(augmentation.given["alpha"], augmentation.given["alpha"]))), []
    off = float(augmentation.given["middle"])
    middle = (0.5 + off * float(rng.uniform(-1, 1)), 0.5 + off * float(rng.uniform(-1, 1)))
    return mosaic([scene, *others], middle, float(augmentation.given["visible"]))


def mixed(scene: Scene, other: Scene, share: float) -> Scene:
    """Return two pictures over one another, and their labels with their shares; the larger share is the first's.

    The other is brought to the size of the first. Shapes are those of the first: mixup is for labels of the whole.
    """
    share = max(share, 1 - share)
    size = (scene.pixels.shape[1], scene.pixels.shape[0])
    pixels = cv2.addWeighted(scene.pixels, share, cv2.resize(other.pixels, size), 1 - share, 0.0)
    labels: Counter[str] = Counter()
    for each, part in ((scene, share), (other, 1 - share)):
        for label, weight in each.labels.items():
            labels[label] += weight * part  # type: ignore[assignment]
    return Scene(np.asarray(pixels, np.uint8), scene.shapes, dict(labels))


def mosaic(scenes: Sequence[Scene], middle: tuple[float, float], least: float) -> tuple[Scene, list[Lost]]:
    """Return four pictures around a point, each scaled down whole into its corner, with all their shapes.

    Args:
        scenes: Four; the first decides the size of the whole.
        middle: The point, as shares of width and height.
        least: Least share of a shape that must be left.
    """
    height, width = scenes[0].pixels.shape[:2]
    x, y = (min(max(1, round(part * side)), side) for part, side in zip(middle, (width, height), strict=True))
    cells = ((0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height))
    whole = np.full((height, width, 3), FILL, np.uint8)
    shapes: list[dict[str, Any]] = []
    lost: list[Lost] = []
    for scene, cell in zip(scenes, cells, strict=True):
        for made in _placed(scene, cell, whole, least):
            (lost if isinstance(made, Lost) else shapes).append(made)  # type: ignore[arg-type]
    return Scene(whole, shapes, {}), lost


def _placed(scene: Scene, cell: tuple[int, int, int, int], whole: Pixels, least: float) -> list[dict[str, Any] | Lost]:
    """Draw a scene into a cell, in the corner that touches the middle of the whole, and return its shapes there."""
    left, top, right, bottom = cell
    wide, high = right - left, bottom - top
    height, width = scene.pixels.shape[:2]
    if not (wide and high):
        return [Lost(shape, OUTSIDE, 0.0) for shape in scene.shapes]
    scale = min(wide / width, high / height)
    size = (min(wide, max(1, round(width * scale))), min(high, max(1, round(height * scale))))
    x = right - size[0] if left == 0 else left
    y = bottom - size[1] if top == 0 else top
    whole[y : y + size[1], x : x + size[0]] = cv2.resize(scene.pixels, size, interpolation=cv2.INTER_AREA)
    across, down = size[0] / width, size[1] / height
    limits = (whole.shape[1], whole.shape[0])
    return [
        rebuilt(shape, [(x + u * across, y + v * down) for u, v in corners_of(shape)], limits, least)
        for shape in scene.shapes
    ]
