"""Writes labelme's JSON, each file beside its picture, in a folder for each side of a split."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from labeling.engine.controls.choice import Choice
from labeling.engine.controls.shapes import Shapes, corners
from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.scene_parts import Held, fine, hold, plain_attributes, split_name, tell_of_unused
from labeling.engine.formats.target import Target
from labeling.engine.schema import Schema

TITLE = "labelme"
# The version whose form this is.
VERSION = "5.4.1"
_ALL = "images"


def holds(schema: Schema) -> str:
    """Return why a project cannot be written for labelme; empty when it can."""
    if not schema.picture or not any(isinstance(control, Shapes | Choice) for control in schema.controls):
        return "labelme holds shapes and flags of pictures, and the project asks for neither."
    return ""


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records and return how many there are; memory does not grow with them."""
    held = hold(schema, TITLE, target.losses, tags=True)
    if held.choice is not None and not held.choice.multiple:
        held.losses.add(f"question {held.choice.name}", "several_tags", "A picture may have several flags there.")
    used: set[str] = set()
    written = 0
    for record in records:
        written += 1
        split = split_name(record)
        held.tell(record)
        path = PurePosixPath(target.picture(record, split or _ALL))
        target.json(path.with_suffix(".json").as_posix(), _document(held, record, path.name, used))
    tell_of_unused(held, used)
    return written


def _document(held: Held, record: Record, name: str, used: set[str]) -> dict[str, Any]:
    shapes = []
    for where, label, shape in held.shapes(record):
        used.add(label)
        shapes.append(_shape(label, shape, where, held.losses))
    chosen = held.chosen(record)
    offered = held.choice.labels if held.choice is not None else ()
    return {
        "version": VERSION,
        "flags": {label.value: label.value in chosen for label in offered},
        "shapes": shapes,
        "imagePath": name,
        "imageData": None,
        "imageHeight": record.size[1],
        "imageWidth": record.size[0],
    }


def _shape(label: str, shape: Shape, where: str, losses: Losses) -> dict[str, Any]:
    kind = shape["type"]
    points = [[x, y] for x, y in corners(shape)]
    if kind == "box":
        points = [points[0], points[2]]
    elif kind == "rotated_box":
        losses.add(where, "as_polygon", "labelme has no rotated box; it is a polygon of its four corners.")
    attributes = dict(plain_attributes(shape))
    # labelme keeps members that it does not know, and flags are yes or no.
    flags = {name: value == "true" for name, value in attributes.items() if value in {"true", "false"}}
    others = {name: value for name, value in attributes.items() if name not in flags}
    return {
        "label": label,
        "points": [[fine(x), fine(y)] for x, y in points],
        "group_id": None,
        "description": "",
        "shape_type": {"box": "rectangle", "point": "point"}.get(kind, "polygon"),
        "flags": flags,
        **({"attributes": others} if others else {}),
    }
