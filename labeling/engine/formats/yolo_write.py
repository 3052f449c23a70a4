"""Writes YOLO's formats as Ultralytics reads them: ``data.yaml``, ``images/<side>/``, ``labels/<side>/``.

A dataset is of one kind. Where polygons may be drawn all shapes are polygons, else where rotated boxes may be drawn all
are oriented boxes, since its readers take a row of another kind for what it is not.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import yaml

from labeling.engine.controls.shapes import Shapes, corners
from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.geometry import flat
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.scene_parts import Held, hold, split_name, tell_of_attributes
from labeling.engine.formats.target import Target
from labeling.engine.formats.yolo import BOX, OBB, SEGMENT
from labeling.engine.schema import Schema

TITLE = "YOLO"
# The folder of pictures on no side.
ALL = "all"
_WRITTEN = {"validation": "val"}
# Ultralytics leaves out a picture with a corner that is outside by more (its verify_image_label).
_OUTSIDE = 0.01
# Hundredths of a pixel come back from so many decimals on pictures of any size.
_DECIMALS = 10


def holds(schema: Schema) -> str:
    """Return why a project cannot be written as YOLO; empty when it can."""
    drawn = [control for control in schema.controls if isinstance(control, Shapes)]
    if not schema.picture or not any(set(control.tools) - {"point"} for control in drawn):
        return "YOLO holds boxes, rotated boxes or polygons on pictures, and the project asks for none of them."
    return ""


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records and return how many there are; memory does not grow with them."""
    held = hold(schema, TITLE, target.losses)
    tell_of_attributes(held)
    tools = {tool for control in held.drawn for tool in control.tools}
    kind = SEGMENT if "polygon" in tools else OBB if "rotated_box" in tools else BOX
    numbers = {name: number for number, (name, _label, _control) in enumerate(held.labels)}
    sides: dict[str, None] = {}
    written = 0
    for record in records:
        written += 1
        held.tell(record)
        split = split_name(record)
        side = _WRITTEN.get(split, split) or ALL
        sides[side] = None
        path = target.picture(record, f"images/{side}")
        with target.text(f"labels/{side}/{PurePosixPath(path).stem}.txt") as out:
            for where, name, shape in held.shapes(record):
                row = _numbers(shape, kind, record.size, where, target.losses)
                if row:
                    out.write(" ".join([str(numbers[name]), *row]) + "\n")
    _about(target, held, kind, numbers, list(sides))
    return written


def _about(target: Target, held: Held, kind: str, numbers: Mapping[str, int], sides: list[str]) -> None:
    """Write data.yaml. Ultralytics asks for train and val, so a side that is missing is another one's folder."""
    if len(sides) > 1 and ALL in sides:
        reason = "Its pictures have no side; they lie in images/all, which no training reads."
        held.losses.add(f"images/{ALL}", "no_side", reason)
    folders = {side: f"images/{side}" for side in sides if side != ALL}
    first = next(iter(folders.values()), f"images/{ALL}")
    document = {
        "path": ".",
        **{side: folders.pop(side, first) for side in ("train", "val")},
        **folders,
        "task": kind,
        "names": {number: name for name, number in numbers.items()},
    }
    with target.text("data.yaml") as out:
        yaml.safe_dump(document, out, allow_unicode=True, sort_keys=False, width=1000)


def _numbers(shape: Shape, kind: str, size: tuple[int, int], where: str, losses: Losses) -> list[str]:
    """Return the numbers of a row behind the class; none where this kind cannot hold the shape."""
    width, height = size
    if shape["type"] == "point":
        losses.add(where, "shape_kind", "A YOLO dataset of this kind has no place for a point. It is left out.")
        return []
    if kind == BOX:
        across, down = shape["width"], shape["height"]
        numbers = [(shape["x"] + across / 2) / width, (shape["y"] + down / 2) / height, across / width, down / height]
        return [_written(each) for each in numbers]
    if kind == SEGMENT and shape["type"] != "polygon":
        losses.add(where, "as_polygon", f"In a dataset of polygons this {shape['type'].replace('_', ' ')} is one.")
    if kind == OBB and shape["type"] == "box":
        losses.add(where, "as_rotated_box", "In a dataset of oriented boxes this box is one that is not turned.")
    parts = [each / (width, height)[place % 2] for place, each in enumerate(flat(corners(shape)))]
    # A polygon is cut where people draw it; the corners of a rotated box may stick out.
    if min(parts) < -_OUTSIDE or max(parts) > 1 + _OUTSIDE:
        losses.add(
            where, "corner_moved", "A corner stuck out of the picture, which Ultralytics refuses; it is moved in."
        )
        parts = [min(max(each, 0.0), 1.0) for each in parts]
    return [_written(each) for each in parts]


def _written(part: float) -> str:
    return f"{part:.{_DECIMALS}f}".rstrip("0").rstrip(".") or "0"
