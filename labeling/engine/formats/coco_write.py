"""Writes COCO's format: ``annotations/instances.json``, one file for each side of a split, and ``images/``."""

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any

from labeling.engine.controls.base import Label
from labeling.engine.controls.shapes import Shapes, corners
from labeling.engine.controls.words import Words
from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.leaving import tell_of_answers, tell_of_controls
from labeling.engine.formats.record import Record
from labeling.engine.formats.scene_parts import SPLIT, place_of, split_name, tell_of_joining, tell_of_split, unturned
from labeling.engine.formats.target import Target, as_line
from labeling.engine.schema import Schema

HELD = (Shapes, Words)
_CHUNK = 1 << 20


def holds(schema: Schema) -> str:
    """Return why a project cannot be written as COCO; empty when it can."""
    if not any(isinstance(control, HELD) for control in schema.controls) or not schema.picture:
        return "COCO holds shapes on pictures and captions, and the project asks for neither."
    return ""


@dataclass(slots=True)
class _Part:
    """One JSON file on its way: images and annotations go to files of their own while the records pass.

    Attributes:
        name: Such as ``instances_train``.
    """

    name: str
    images: IO[str]
    annotations: IO[str]
    rows: int = 0
    pictures: int = 0

    def image(self, row: Mapping[str, Any]) -> int:
        """Add an image and return its id."""
        self.pictures += 1
        _append(self.images, {"id": self.pictures, **row}, first=self.pictures == 1)
        return self.pictures

    def annotation(self, row: Mapping[str, Any]) -> None:
        """Add an annotation."""
        self.rows += 1
        _append(self.annotations, {"id": self.rows, **row}, first=self.rows == 1)


@dataclass(slots=True)
class _Writing:
    target: Target
    schema: Schema
    stack: ExitStack
    parts: dict[str, _Part] = field(default_factory=dict)

    def part(self, split: str) -> _Part:
        """Return the file of a side of the split, opening it at the first item."""
        if split not in self.parts:
            name = f"instances_{split}" if split else "instances"
            opened = (self.target.text(f"annotations/{name}.{member}") for member in ("images", "annotations"))
            images, annotations = (self.stack.enter_context(each) for each in opened)
            self.parts[split] = _Part(name, images, annotations)
        return self.parts[split]


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records and return how many there are; memory does not grow with them."""
    drawn = [control for control in schema.controls if isinstance(control, Shapes)]
    words = [control for control in schema.controls if isinstance(control, Words)]
    held = {control.name for control in drawn} | {control.name for control in words[:1]}
    tell_of_controls(schema, held, target.losses, "COCO")
    tell_of_joining(drawn, target.losses, "COCO")
    ids = {(control.name, label.value): number for number, (control, label) in enumerate(_labels(drawn), 1)}
    written = 0
    with ExitStack() as stack:
        writing = _Writing(target, schema, stack)
        for record in records:
            written += 1
            tell_of_answers(record, target.losses, "COCO")
            if record.counting is None:
                reason = "Nobody answered it. COCO cannot say so: it is a picture without annotations there."
                target.losses.add(record.name, "unanswered", reason)
            _write(writing, record, drawn, words[:1], ids)
        if not written:
            writing.part("")
    for part in writing.parts.values():
        _join(target, part, drawn, ids)
    return written


def _write(
    writing: _Writing, record: Record, drawn: list[Shapes], words: list[Words], ids: Mapping[tuple[str, str], int]
) -> None:
    split = split_name(record)
    tell_of_split(record, writing.target.losses)
    part = writing.part(split)
    path = writing.target.picture(record).removeprefix("images/")
    own = {name: value for name, value in record.fields.items() if not (name == SPLIT and split) and value is not None}
    width, height = record.size
    image = part.image({**own, "file_name": path, "width": width, "height": height})
    answer = record.counting or {}
    for control in drawn:
        for shape in answer.get(control.name, []):
            category = ids[control.name, shape["label"]]
            where = place_of(record, drawn, control, shape)
            plain = unturned(shape, where, writing.target.losses)
            if plain["type"] == "rotated_box" and "rotation" in plain.get("attributes", {}):
                reason = "An attribute called rotation says there how far a box is turned. What was chosen is left out."
                writing.target.losses.add(where, "attribute_taken", reason)
            part.annotation({"image_id": image, "category_id": category, **_written(plain)})
    for written in words:
        if written.name in answer:
            part.annotation({"image_id": image, "caption": answer[written.name]})


def _labels(drawn: list[Shapes]) -> list[tuple[Shapes, Label]]:
    return [(control, label) for control in drawn for label in control.labels]


def _append(stream: IO[str], row: Mapping[str, Any], *, first: bool) -> None:
    stream.write(("" if first else ",\n") + as_line(row))


def _written(shape: Shape) -> dict[str, Any]:
    """Return a shape as COCO has it; attributes stand beside it, as CVAT and datumaro write them."""
    attributes: dict[str, Any] = dict(shape.get("attributes", {}))
    crowd = int(attributes.get("iscrowd") == "1")
    if crowd:
        del attributes["iscrowd"]
    places = corners(shape)
    across, down = [x for x, _y in places], [y for _x, y in places]
    box = [min(across), min(down), max(across) - min(across), max(down) - min(down)]
    row: dict[str, Any] = {"bbox": box, "area": box[2] * box[3], "segmentation": [], "iscrowd": crowd}
    if shape["type"] == "polygon":
        ends = [*places[1:], places[0]]
        area = abs(sum(x * v - u * y for (x, y), (u, v) in zip(places, ends, strict=True)) / 2)
        row |= {"segmentation": [[each for place in places for each in place]], "area": area}
    elif shape["type"] == "rotated_box":
        # As CVAT has it: the upright box before it is turned, and by how much among the attributes.
        width, height = shape["width"], shape["height"]
        row |= {"bbox": [shape["x"] - width / 2, shape["y"] - height / 2, width, height], "area": width * height}
        row["segmentation"] = [[each for place in places for each in place]]
        attributes["rotation"] = shape["angle"]
    elif shape["type"] == "point":
        row |= {"keypoints": [shape["x"], shape["y"], 2], "num_keypoints": 1}
    return {**row, "attributes": attributes} if attributes else row


def _join(target: Target, part: _Part, drawn: list[Shapes], ids: Mapping[tuple[str, str], int]) -> None:
    """Put categories and the two lists into one file."""
    categories = []
    for control, label in _labels(drawn):
        name = label.value if len(drawn) == 1 else f"{control.name}: {label.value}"
        pointed = {"keypoints": [name], "skeleton": []} if "point" in control.tools else {}
        categories.append({"id": ids[control.name, label.value], "name": name, "supercategory": "", **pointed})
    with target.text(f"annotations/{part.name}.json") as out:
        out.write('{"info": {"description": "Written by Assay"}, "licenses": [], "categories": ')
        json.dump(categories, out, ensure_ascii=False)
        for member in ("images", "annotations"):
            place = target.folder / "annotations" / f"{part.name}.{member}"
            out.write(f', "{member}": [\n')
            with place.open(encoding="utf-8") as lines:
                while piece := lines.read(_CHUNK):
                    out.write(piece)
            out.write("\n]")
            place.unlink()
        out.write("}\n")
