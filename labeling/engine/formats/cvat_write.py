"""Writes CVAT's XML 1.1 for images: ``annotations.xml`` and ``images/``."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from labeling.engine.controls.base import Label
from labeling.engine.controls.choice import Choice
from labeling.engine.controls.shapes import Attribute, Shapes
from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.markup import legal
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.scene_parts import Held, fine, hold, plain_attributes, short, split_name, unturned
from labeling.engine.formats.target import Target
from labeling.engine.schema import Schema

TITLE = "CVAT"
# CVAT's name for what is on no side.
NO_SIDE = "default"
_IMAGES = "annotations.images"
_CHUNK = 1 << 20
_TYPES = {("box",): "rectangle", ("rotated_box",): "rectangle", ("box", "rotated_box"): "rectangle"}
_TYPES |= {("polygon",): "polygon", ("point",): "points"}


def holds(schema: Schema) -> str:
    """Return why a project cannot be written for CVAT; empty when it can."""
    if not schema.picture or not any(isinstance(control, Shapes | Choice) for control in schema.controls):
        return "CVAT holds shapes and labels of pictures, and the project asks for neither."
    return ""


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records and return how many there are; memory does not grow with them."""
    held = hold(schema, TITLE, target.losses, tags=True)
    # The head names the sides, which are known once all items have passed; they wait in a file of their own.
    sides: dict[str, None] = {}
    written = 0
    with target.text(_IMAGES) as images:
        for record in records:
            held.tell(record)
            path = PurePosixPath(target.picture(record))
            side = split_name(record) or NO_SIDE
            sides[side] = None
            images.write(_text(_image(held, record, written, path.name, side)))
            written += 1
    with target.text("annotations.xml") as out:
        out.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n')
        out.write(_text(_meta(held, list(sides))))
        place = target.folder / _IMAGES
        with place.open(encoding="utf-8", newline="") as lines:
            while piece := lines.read(_CHUNK):
                out.write(piece)
        place.unlink()
        out.write("</annotations>\n")
    return written


def _text(element: Element) -> str:
    indent(element)
    return tostring(element, encoding="unicode") + "\n"


def _meta(held: Held, sides: Sequence[str]) -> Element:
    """Return the head of a project with a task for each side, as CVAT exports projects."""
    meta = Element("meta")
    project = SubElement(meta, "project")
    SubElement(project, "name").text = "Assay"
    tasks = SubElement(project, "tasks")
    for side in sides:
        task = SubElement(tasks, "task")
        SubElement(task, "name").text = side
        SubElement(task, "mode").text = "annotation"
        SubElement(task, "subset").text = side
    labels = SubElement(project, "labels")
    drawn = {name for name, _label, _control in held.labels}
    for name, label, control in held.labels:
        kind = kind_of_label(control)
        asked = [each for each in control.attributes if not each.labels or label.value in each.labels]
        _label(labels, name, label.color, kind, asked)
    for label in tell_of_tags(held, drawn):
        _label(labels, label.value, label.color, "tag", [])
    return meta


def kind_of_label(control: Shapes) -> str:
    """Return CVAT's type of the labels of a question."""
    return _TYPES.get(control.tools, "any")


def tell_of_tags(held: Held, drawn: Collection[str]) -> Iterator[Label]:
    """Give the labels of whole pictures that are no labels of shapes, telling what they lose.

    Args:
        held: What is held of the project.
        drawn: Names of the labels of shapes.
    """
    if held.choice is None:
        return
    if not held.choice.multiple:
        reason = "A picture may have several tags there."
        held.losses.add(f"question {held.choice.name}", "several_tags", reason)
    for label in held.choice.labels:
        if label.value in drawn:
            reason = "Shapes and pictures have a label of this name, and it is one label there."
            held.losses.add(f"label {label.value}", "label_shared", reason)
        else:
            yield label


def _label(labels: Element, name: str, color: str, kind: str, asked: Sequence[Attribute]) -> None:
    found = SubElement(labels, "label")
    SubElement(found, "name").text = legal(name)
    if color:
        SubElement(found, "color").text = color
    SubElement(found, "type").text = kind
    attributes = SubElement(found, "attributes")
    for each in asked:
        row = SubElement(attributes, "attribute")
        yes_no = set(each.options) == {"false", "true"}
        SubElement(row, "name").text = legal(each.name)
        SubElement(row, "mutable").text = "False"
        SubElement(row, "input_type").text = "checkbox" if yes_no else "select"
        SubElement(row, "default_value").text = legal(each.options[0])
        SubElement(row, "values").text = legal("\n".join(each.options))


def _image(held: Held, record: Record, number: int, name: str, side: str) -> Element:
    width, height = record.size
    image = Element("image", id=str(number), name=legal(name), width=str(width), height=str(height))
    image.set("subset", side)
    for where, label, shape in held.shapes(record):
        _shape(image, label, unturned(shape, where, held.losses), where, held.losses)
    for chosen in held.chosen(record):
        SubElement(image, "tag", label=legal(chosen), source="manual")
    return image


def _shape(image: Element, label: str, shape: Shape, where: str, losses: Losses) -> None:
    attributes = plain_attributes(shape)
    common = {"label": legal(label), "source": "manual", "z_order": "0"}
    common["occluded"] = "1" if attributes.get("occluded") in {"1", "true"} else "0"
    kind = shape["type"]
    if kind in {"box", "rotated_box"}:
        # A rotated box stands there as it was before it was turned around its centre.
        middle = kind == "rotated_box"
        left = shape["x"] - shape["width"] / 2 if middle else shape["x"]
        top = shape["y"] - shape["height"] / 2 if middle else shape["y"]
        edges = {"xtl": left, "ytl": top, "xbr": left + shape["width"], "ybr": top + shape["height"]}
        found = SubElement(image, "box", common | {key: short(fine(value)) for key, value in edges.items()})
        if middle:
            found.set("rotation", short(shape["angle"]))
    else:
        points = shape["points"] if kind == "polygon" else [(shape["x"], shape["y"])]
        text = ";".join(f"{short(x)},{short(y)}" for x, y in points)
        found = SubElement(image, "polygon" if kind == "polygon" else "points", common, points=text)
    for name, value in attributes.items():
        SubElement(found, "attribute", name=legal(name)).text = legal(value)
