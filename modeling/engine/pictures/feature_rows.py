"""Training pictures as the frozen lower part of the backbone sees them, in a few changed variants, made once each.

The lower part takes most of the backbone's time and never learns, so its maps are kept in half precision while they
fit: from the second time round an epoch costs a fraction of the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from modeling.engine.bundle.runtime.boxes import areas
from modeling.engine.bundle.runtime.pixels import normalised, on_canvas, whole_steps
from modeling.engine.pictures.coco_judge import box_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from modeling.engine.pictures.backbone import Stem
    from modeling.engine.pictures.changing import Changer
    from modeling.engine.pictures.loading import PictureStore

Array = np.ndarray[Any, Any]
# Bytes of maps that are kept: 200 pictures of 512 x 384 in four variants take 0.5 GB.
KEPT_BYTES = 2 << 30
# Smallest side in input pixels of a box that can be learned.
SMALLEST = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One variant of a training picture.

    Attributes:
        fourth: Map of stride 4, float16 [24, h/4, w/4].
        eighth: Map of stride 8, float16 [40, h/8, w/8].
        boxes: In input pixels, float32 [n, 4].
        labels: Class indices, int64 [n].
        outlines: Corners of each shape in input pixels, float32 [corners, 2].
    """

    fourth: Tensor
    eighth: Tensor
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    outlines: tuple[NDArray[np.float32], ...]


def resized(shapes: Sequence[Any], scale: tuple[float, float]) -> list[Any]:
    """Return shapes with their points multiplied along x and y."""
    return [shape._replace(points=tuple((x * scale[0], y * scale[1]) for x, y in shape.points)) for shape in shapes]


def shape_arrays(
    shapes: Sequence[Any], classes: Sequence[str], width: int, height: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], tuple[NDArray[np.float32], ...]]:
    """Return boxes, class indices and corners of shapes cut at a frame, without those that are too small to learn."""
    place = {label: number for number, label in enumerate(classes)}
    boxes = np.array([box_of(shape) for shape in shapes], np.float32).reshape(-1, 4)
    boxes = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
    usable = np.flatnonzero((boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) >= SMALLEST)
    usable = usable[areas(boxes[usable]) > 0]
    labels = np.array([place[shapes[row].label] for row in usable.tolist()], np.int64)
    outlines = tuple(np.array(shapes[row].points, np.float32) for row in usable.tolist())
    return boxes[usable], labels, outlines


class FeatureRows:
    """Training rows by number and variant; the variant 0 is the picture as it is.

    Args:
        pictures: Of the training rows.
        answers: Shapes of each in pixels of the original.
        classes: Labels.
        stem: The frozen lower part.
        change: What variants are made with.
        device: Where the stem runs.
        variants: How many there are.
        keep_fourth: Whether the map of stride 4 is wanted, which takes most of the memory.
    """

    def __init__(
        self,
        pictures: PictureStore,
        answers: Sequence[Sequence[Any]],
        classes: Sequence[str],
        stem: Stem,
        change: Changer,
        device: torch.device,
        *,
        variants: int,
        keep_fourth: bool = False,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self.pictures, self.answers, self.classes = pictures, answers, classes
        self.stem, self.change, self.device = stem, change, device
        self.variants, self.keep_fourth, self._left = variants, keep_fourth, kept_bytes
        self._kept: dict[tuple[int, int], Seen] = {}
        sizes = [pictures.size(row) for row in range(len(pictures.paths))]
        self.canvas = whole_steps(max(size[0] for size in sizes)), whole_steps(max(size[1] for size in sizes))

    def seen(self, row: int, epoch: int) -> Seen:
        """Return a row's variant for an epoch."""
        key = row, epoch % self.variants
        found = self._kept.get(key)
        if found is None:
            found = self._look(*key)
            size = 2 * (found.fourth.numel() + found.eighth.numel())
            if size <= self._left:
                self._left -= size
                self._kept[key] = found
        return found

    def _look(self, row: int, variant: int) -> Seen:
        loaded = self.pictures[row]
        pixels = on_canvas(loaded.pixels, *self.canvas)
        shapes = resized(self.answers[row], loaded.scale)
        if variant:
            pixels, shapes = self.change(pixels, shapes, row, variant)
            # A policy may give another size.
            pixels, shapes = fitted(pixels, shapes, *self.canvas)
        fourth, eighth = look(self.stem, pixels, self.device)
        boxes, labels, outlines = shape_arrays(shapes, self.classes, self.canvas[1], self.canvas[0])
        if not self.keep_fourth:
            fourth = torch.empty(0, dtype=torch.float16)
        return Seen(fourth, eighth, boxes, labels, outlines)


def look(stem: Stem, pixels: NDArray[np.uint8], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return one picture's maps of strides 4 and 8, float16 on the CPU."""
    fourth, eighth = stem(torch.from_numpy(normalised(pixels[None])).to(device))
    return fourth[0].half().cpu(), eighth[0].half().cpu()


def fitted(
    pixels: NDArray[np.uint8], shapes: Sequence[Any], height: int, width: int
) -> tuple[NDArray[np.uint8], list[Any]]:
    """Return a picture of another size scaled onto a canvas, with its shapes."""
    if pixels.shape[:2] == (height, width):
        return pixels, list(shapes)
    import cv2

    scale = min(height / pixels.shape[0], width / pixels.shape[1])
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    across, down = size[0] / pixels.shape[1], size[1] / pixels.shape[0]
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return on_canvas(small, height, width), resized(shapes, (across, down))
