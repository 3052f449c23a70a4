"""Writes Pascal VOC: ``Annotations/*.xml``, ``JPEGImages/``, ``ImageSets/Main/*.txt``.

Edges of boxes are counted from 0. A rotated box stands as ``robndbox`` (roLabelImg) and a polygon as ``polygon``
(Roboflow, supervision) beside the upright box around it, so that readers of boxes alone read that.
"""

import math
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import IO
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from labeling.engine.controls.shapes import Shapes, corners
from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.geometry import around
from labeling.engine.formats.markup import legal
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.scene_parts import Held, hold, plain_attributes, short, split_name, tell_of_unused
from labeling.engine.formats.target import Target
from labeling.engine.formats.voc import ALL, BACKGROUND, SILENT, take_turn
from labeling.engine.formats.voc_masks import palette
from labeling.engine.schema import Schema

TITLE = "Pascal VOC"
_OWN = ("difficult", "truncated", "occluded")
_WRITTEN = {"validation": "val"}
_PICTURES = "JPEGImages"


def holds(schema: Schema) -> str:
    """Return why a project cannot be written as Pascal VOC; empty when it can."""
    drawn = [control for control in schema.controls if isinstance(control, Shapes)]
    if not schema.picture or not any(set(control.tools) - {"point"} for control in drawn):
        return "Pascal VOC holds boxes and polygons on pictures, and the project asks for neither."
    return ""


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records and return how many there are; memory does not grow with them."""
    held = hold(schema, TITLE, target.losses)
    used: set[str] = set()
    written = 0
    with ExitStack() as stack:
        lists: dict[str, IO[str]] = {}
        for record in records:
            written += 1
            held.tell(record, unanswered=False)
            path = target.picture(record, _PICTURES)
            stem = PurePosixPath(path).stem
            split = split_name(record)
            name = _WRITTEN.get(split, split) or ALL
            if name not in lists:
                lists[name] = stack.enter_context(target.text(f"ImageSets/Main/{name}.txt"))
            lists[name].write(f"{stem}\n")
            if record.counting is not None:
                with target.text(f"Annotations/{stem}.xml") as out:
                    out.write(_document(held, record, PurePosixPath(path).name, used))
    tell_of_unused(held, used | _label_map(target, held))
    return written


def _label_map(target: Target, held: Held) -> set[str]:
    """Write ``labelmap.txt`` as CVAT and datumaro do, and return the labels in it: none with a colon can be."""
    labels = [name for name, _label, _control in held.labels]
    names = [name for name in labels if ":" not in name and not name.startswith("#") and name != BACKGROUND]
    colors = palette(len(names) + 1).tolist()
    with target.text("labelmap.txt") as out:
        out.write("# label:color_rgb:parts:actions\n")
        for name, color in zip([BACKGROUND, *names], colors, strict=True):
            out.write(f"{name}:{','.join(map(str, color))}::\n")
    return set(names)


def _document(held: Held, record: Record, file: str, used: set[str]) -> str:
    root = Element("annotation")
    _texts(root, {"folder": _PICTURES, "filename": legal(file)})
    _texts(SubElement(root, "source"), {"database": "Unknown"})
    width, height = record.size
    _texts(SubElement(root, "size"), {"width": str(width), "height": str(height), "depth": "3"})
    _texts(root, {"segmented": "0"})
    for where, name, shape in held.shapes(record):
        if shape["type"] == "point":
            held.losses.add(where, "shape_kind", f"{TITLE} has no place for a point. It is left out.")
            continue
        used.add(name)
        _object(root, name, shape, where, held.losses)
    indent(root)
    return tostring(root, encoding="unicode") + "\n"


def _object(root: Element, name: str, shape: Shape, where: str, losses: Losses) -> None:
    found = SubElement(root, "object")
    attributes = dict(plain_attributes(shape))
    if take_turn(dict(attributes)) is not None:
        del attributes["rotation"]
        reason = "A number called rotation says there how far a box is turned. The attribute is left out."
        losses.add(where, "attribute_taken", reason)
    pose = attributes.get("pose", "")
    # What means nothing in this format's own words stands among the pairs, as other words of its flags do.
    if pose.lower() not in SILENT:
        del attributes["pose"]
    _texts(found, {"name": legal(name), "pose": "Unspecified" if pose.lower() in SILENT else legal(pose)})
    for flag in _OWN:
        _texts(found, {flag: attributes.pop(flag) if attributes.get(flag) == "1" else "0"})
    left, top, right, bottom = around(corners(shape))
    edges = {"xmin": left, "ymin": top, "xmax": right, "ymax": bottom}
    _texts(SubElement(found, "bndbox"), {key: short(value) for key, value in edges.items()})
    if shape["type"] == "rotated_box":
        sides = {"cx": "x", "cy": "y", "w": "width", "h": "height"}
        numbers = {key: short(shape[own]) for key, own in sides.items()}
        _texts(SubElement(found, "robndbox"), {**numbers, "angle": f"{math.radians(shape['angle']):.8f}"})
    elif shape["type"] == "polygon":
        polygon = SubElement(found, "polygon")
        for place, (x, y) in enumerate(shape["points"], 1):
            _texts(polygon, {f"x{place}": short(x), f"y{place}": short(y)})
    if attributes:
        pairs = SubElement(found, "attributes")
        for key, value in attributes.items():
            _texts(SubElement(pairs, "attribute"), {"name": legal(key), "value": legal(value)})


def _texts(parent: Element, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        SubElement(parent, name).text = value
