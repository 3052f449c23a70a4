"""Masks of Pascal VOC: pictures whose colours are objects and classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from labeling.engine.formats.files import Files
from labeling.engine.formats.masks import MOST_PIXELS, outlines
from labeling.engine.formats.record import Losses
from labeling.engine.formats.scenes import Scene

_OBJECTS, _CLASSES = "SegmentationObject", "SegmentationClass"
# The borders of objects, and what nobody decided (VOC2012 development kit, 2.2).
_VOID = 255
_VOC = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


def palette(size: int = 256) -> NDArray[np.uint8]:
    """Return the colours of the development kit (its function VOCcolormap): the bits of a number, spread out."""
    number = np.arange(size)
    colors = np.zeros((size, 3), dtype=np.uint8)
    for bit in range(8):
        for channel in range(3):
            colors[:, channel] |= (((number >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return colors


@dataclass(frozen=True)
class Masks:
    """The masks of a dataset, by the names of their pictures."""

    files: Files

    @cached_property
    def _by_stem(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {_OBJECTS: {}, _CLASSES: {}}
        for path in self.files.pictures:
            folder = PurePosixPath(path).parent.name
            if folder in found:
                found[folder][PurePosixPath(path).stem] = path
        return found

    @cached_property
    def _names(self) -> dict[int, str]:
        """Return names by the number that a colour stands for: of ``labelmap.txt``, or those of the challenge."""
        if not self.declared:
            return dict(enumerate(_VOC))
        known = {tuple(color): place for place, color in enumerate(palette().tolist())}
        return {known[color]: name for name, color in self.declared.items() if color in known}

    @cached_property
    def declared(self) -> dict[str, tuple[int, ...]]:
        """Labels of ``labelmap.txt`` with their colours, which CVAT and datumaro write."""
        listed = self.files.named("labelmap.txt")
        found = {}
        for line in self.files.text(listed[0]).splitlines() if listed else ():
            name, color, *_rest = [*line.split(":"), ""]
            if name.startswith("#"):
                continue
            try:
                found[name.strip()] = tuple(int(each) for each in color.split(","))
            except ValueError:
                found[name.strip()] = ()
        return found

    def is_mask(self, path: str) -> bool:
        """Tell whether a picture is a mask and no item."""
        return PurePosixPath(path).parent.name in self._by_stem

    def add_to(self, scene: Scene, objects: Sequence[str], losses: Losses) -> None:
        """Add the polygons around the objects of a picture's mask.

        Args:
            scene: Of the picture.
            objects: Names of the objects in its XML; the mask numbers them from 1.
            losses: The report.
        """
        stem = PurePosixPath(scene.picture).stem
        path = self._by_stem[_OBJECTS].get(stem)
        if path is None:
            if stem in self._by_stem[_CLASSES]:
                losses.add(
                    self._by_stem[_CLASSES][stem], "class_mask", "A mask of classes alone tells no objects apart."
                )
            return
        try:
            numbers = self._numbers(path)
            classes = self._numbers(self._by_stem[_CLASSES][stem]) if stem in self._by_stem[_CLASSES] else None
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            losses.add(path, "mask_broken", f"The mask cannot be read: {error}.")
            return
        scene.answered = True
        for number in np.unique(numbers):
            if number not in {0, _VOID}:
                self._add(scene, f"{path}: object {number}", numbers == number, classes, objects, int(number), losses)

    def _add(
        self,
        scene: Scene,
        where: str,
        mask: NDArray[np.bool_],
        classes: NDArray[np.uint8] | None,
        objects: Sequence[str],
        number: int,
        losses: Losses,
    ) -> None:
        name = objects[number - 1] if number <= len(objects) else ""
        if classes is not None and classes.shape == mask.shape:
            counts = np.bincount(classes[mask], minlength=256)
            counts[[0, _VOID]] = 0
            name = self._names.get(int(counts.argmax()), name) if counts.any() else name
        if not name:
            losses.add(where, "mask_nameless", "Neither the mask of classes nor the XML says what it is.")
            return
        parts, holes = outlines(mask.astype(np.uint8))
        if holes:
            losses.add(where, "holes", f"Its mask has {holes} holes, which its polygons fill.")
        if len(parts) > 1:
            losses.add(where, "parts", f"Its {len(parts)} parts are polygons of their own.")
        for points in parts:
            scene.add(where, name, {"type": "polygon", "points": points}, {})

    def _numbers(self, path: str) -> NDArray[np.uint8]:
        """Return the numbers that the colours of a mask stand for, shape (height, width)."""
        with Image.open(self.files.paths[path], formats=["PNG"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"it has {image.width} × {image.height} pixels")
            if image.mode in {"P", "L"}:
                return np.asarray(image, dtype=np.uint8)
            rgb = np.asarray(image.convert("RGB"), dtype=np.uint8)
        known = palette()
        codes = known[:, 0].astype(np.int32) << 16 | known[:, 1].astype(np.int32) << 8 | known[:, 2]
        order = np.argsort(codes)
        own = rgb[..., 0].astype(np.int32) << 16 | rgb[..., 1].astype(np.int32) << 8 | rgb[..., 2]
        place = np.clip(np.searchsorted(codes[order], own), 0, len(order) - 1)
        found = np.where(codes[order][place] == own, order[place], _VOID)
        return found.astype(np.uint8)
