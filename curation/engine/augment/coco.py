"""Pictures with boxes, polygons and key points in COCO's JSON: read, changed by a policy, and written with copies.

Of COCO's fields these are understood: images (id, file_name), annotations (id, image_id, category_id, bbox,
segmentation as polygons, keypoints, iscrowd); all others go along as they are. A picture with a mask in run lengths, or
with a crowd, gets no copies: what could not be moved with it would be missing on the copy.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from curation.engine.augment.picture import AugmentedPicture, augment_picture
from curation.engine.augment.policy import Policy
from curation.engine.augment.shapes import area_of, around
from curation.engine.augment.text import SpansError
from curation.engine.pictures.blurring import as_file, whole
from curation.engine.pictures.decode import BYTE_LIMIT, PictureError
from curation.engine.pictures.kinds import HEAD_BYTES, kind_of

Row = dict[str, Any]
# Which annotation a shape is of, and which part of it; no label of COCO has these names.
_OF, _PART, _PLACE = "\0annotation", "\0part", "\0place"
PICTURES, ANNOTATIONS = "images", "annotations.json"


@dataclass(slots=True)
class Done:
    """What became of a set.

    Attributes:
        pictures: Pictures that were read.
        copies: Copies that were made.
        lost: Shapes that were given up on copies.
        refused: What was left out, and why, in sentences.
    """

    pictures: int = 0
    copies: int = 0
    lost: int = 0
    refused: list[str] = field(default_factory=list)


def augment_coco(
    source: Path,
    pictures: Path,
    target: Path,
    policy: Policy,
    progress: Callable[[int, int, str], None] = lambda _done, _total, _stage: None,
) -> Done:
    """Write a set with its changed copies: ``images`` and ``annotations.json`` in a folder.

    Args:
        source: The JSON file.
        pictures: Folder that its file names are in.
        target: Folder to write to; made when missing.
        policy: Of pictures, without steps that join several.
        progress: Called with pictures done, pictures in all, and what is going on.

    Raises:
        ValueError: The file is no COCO, with the reason.
    """
    data = read_coco(source)
    own: dict[Any, list[Row]] = {}
    for row in data["annotations"]:
        own.setdefault(row.get("image_id"), []).append(row)
    (target / PICTURES).mkdir(parents=True, exist_ok=True)
    writing = _Writing(data, target / PICTURES, policy)
    images = list(data["images"])
    for number, image in enumerate(images):
        progress(number, len(images), "Augment pictures")
        writing.add(image, own.get(image.get("id"), []), pictures)
    progress(len(images), len(images), "")
    part = target / f"{ANNOTATIONS}.part"
    part.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    part.replace(target / ANNOTATIONS)
    return writing.done


def read_coco(source: Path) -> dict[str, Any]:
    """Read a COCO file.

    Raises:
        ValueError: It is no JSON, or has no lists of images and annotations.
    """
    try:
        data = json.loads(source.read_text("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{source} is no JSON: {str(error)[:200]}") from None
    listed = isinstance(data, dict) and all(
        isinstance(data.get(name), list) and all(isinstance(row, dict) for row in data[name])
        for name in ("images", "annotations")
    )
    if not listed:
        raise ValueError(f"{source} is no COCO: it needs images and annotations, both lists of objects.")
    return data  # type: ignore[no-any-return]


class _Writing:
    """Adds copies to a set, one picture after the other."""

    def __init__(self, data: dict[str, Any], folder: Path, policy: Policy) -> None:
        self.done = Done()
        self._data, self._folder, self._policy = data, folder, policy
        self._image = _highest(data["images"]) + 1
        self._annotation = _highest(data["annotations"]) + 1

    def add(self, image: Row, annotations: list[Row], pictures: Path) -> None:
        """Keep a picture, and its copies where all that is drawn on it can be moved."""
        name = str(image.get("file_name"))
        try:
            data = _read(pictures, name)
            opened = whole(data)
        except PictureError as error:
            self.done.refused.append(f"{name}: {error.message}")
            return
        self.done.pictures += 1
        kept = self._folder / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(data)
        try:
            shapes = [shape for number, row in enumerate(annotations) for shape in _shapes(row, number)]
            made = [self._changed(opened, shapes, f"{image.get('id')}/{copy}") for copy in range(self._policy.copies)]
        except SpansError as error:
            self.done.refused.append(f"{name}: {error}; no copies")
            return
        for copy, one in enumerate(made):
            if one.used:
                self._keep(image, annotations, one, Path(name), copy, kind_of(data[:HEAD_BYTES]))

    def _changed(self, opened: Image.Image, shapes: list[Row], seed: str) -> AugmentedPicture:
        return augment_picture(np.asarray(opened), shapes, self._policy, seed)

    def _keep(
        self, image: Row, annotations: list[Row], made: AugmentedPicture, name: Path, copy: int, kind: str
    ) -> None:
        ending = ".jpg" if kind == "JPEG" else ".png"
        # Two pictures of one stem with other endings must not meet.
        stem = f"{name.stem}-{name.suffix[1:]}-augmented-{copy + 1}"
        new = name.with_name(stem + ending)
        (self._folder / new).write_bytes(as_file(Image.fromarray(made.pixels), kind))
        height, width = made.pixels.shape[:2]
        facts = {"id": self._image, "file_name": new.as_posix(), "width": width, "height": height}
        origin = {"augmented_from": image.get("id"), "augmented_by": ", ".join(made.used)}
        self._data["images"].append({**image, **facts, **origin})
        for row in _annotations(annotations, made):
            self._data["annotations"].append({**row, "id": self._annotation, "image_id": self._image})
            self._annotation += 1
        self._image += 1
        self.done.copies += 1
        self.done.lost += len(made.lost)


def _highest(rows: list[Row]) -> int:
    return max((row["id"] for row in rows if type(row.get("id")) is int), default=0)


def _read(folder: Path, name: str) -> bytes:
    """Return the bytes of a file in a folder.

    Raises:
        PictureError: The name leads out of it or to nothing, or the file is too large or cannot be read.
    """
    path = (folder / name).resolve()
    if ".." in Path(name).parts or not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise PictureError("file_missing", "The file is not in the folder of the pictures.")
    try:
        if path.stat().st_size > BYTE_LIMIT:
            raise PictureError("picture_too_large", f"The file is larger than {BYTE_LIMIT >> 20} MB. Scale it down.")
        return path.read_bytes()
    except OSError as error:
        raise PictureError("file_unreadable", f"The file cannot be read: {error.strerror}.") from None


def _shapes(row: Row, number: int) -> Iterator[Row]:
    """Give box, polygons and key points of an annotation.

    Raises:
        SpansError: It holds something that cannot be moved.
    """
    mark: Row = {_OF: number}
    where = f"annotation {row.get('id')}"
    segments = row.get("segmentation") or []
    if row.get("iscrowd") or isinstance(segments, Mapping):
        raise SpansError(f"{where} is a crowd or a mask in run lengths, which cannot be moved")
    try:
        if row.get("bbox"):
            x, y, width, height = row["bbox"]
            yield {**mark, _PART: "bbox", "type": "box", "x": x, "y": y, "width": width, "height": height}
        for place, flat in enumerate(segments):
            points = list(zip(flat[::2], flat[1::2], strict=True))
            yield {**mark, _PART: "segmentation", _PLACE: place, "type": "polygon", "points": points}
        keys = row.get("keypoints") or []
        for place in range(0, len(keys), 3):
            x, y, seen = keys[place : place + 3]
            if seen:
                yield {**mark, _PART: "keypoints", _PLACE: place, "type": "point", "x": x, "y": y}
    except (TypeError, ValueError):
        raise SpansError(f"{where} has a bbox, segmentation or keypoints that cannot be read") from None


def _annotations(rows: list[Row], made: AugmentedPicture) -> Iterator[Row]:
    """Give the annotations of which something is left; the box is that around the polygons where there are some."""
    parts: dict[int, list[Row]] = {}
    for shape in made.shapes:
        parts.setdefault(shape[_OF], []).append(shape)
    for number, row in enumerate(rows):
        own = parts.get(number, [])
        polygons = [[tuple(point) for point in shape["points"]] for shape in own if shape[_PART] == "segmentation"]
        box = next((shape for shape in own if shape[_PART] == "bbox"), None)
        points = [shape for shape in own if shape[_PART] == "keypoints"]
        new = dict(row)
        if polygons:
            new["segmentation"] = [[each for point in polygon for each in point] for polygon in polygons]
            (left, top), _corner, (right, bottom), _other = around([point for each in polygons for point in each])
            new["bbox"] = [left, top, round(right - left, 2), round(bottom - top, 2)]
            new["area"] = round(sum(area_of(polygon) for polygon in polygons), 2)
        elif box is not None and not row.get("segmentation"):
            new["bbox"] = [box["x"], box["y"], box["width"], box["height"]]
            new["area"] = round(box["width"] * box["height"], 2)
        elif not points:
            continue
        if row.get("keypoints"):
            keys = [0] * len(row["keypoints"])
            for shape in points:
                place = shape[_PLACE]
                keys[place : place + 3] = [shape["x"], shape["y"], row["keypoints"][place + 2]]
            new |= {"keypoints": keys, "num_keypoints": len(points)}
        yield new
