"""The tags that stand for displays and controls of a schema, and the XML that holds them."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from labeling.engine.controls.base import Control, Label
from labeling.engine.controls.choice import Choice
from labeling.engine.controls.form import Column, Form
from labeling.engine.controls.rating import Preference, Rating
from labeling.engine.controls.shapes import Shapes
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.controls.taxonomy import Taxonomy
from labeling.engine.schema import Display, Schema

# What one tool draws: its tag, and the key of its labels in a result.
SHAPE_TAGS = {
    "box": ("RectangleLabels", "rectanglelabels"),
    "rotated_box": ("RectangleLabels", "rectanglelabels"),
    "polygon": ("PolygonLabels", "polygonlabels"),
    "point": ("KeyPointLabels", "keypointlabels"),
}
_CELL_TAGS = {"integer": "Number", "number": "Number", "date": "DateTime", "choice": "Choices", "boolean": "Choices"}


@dataclass(frozen=True, slots=True)
class Tag:
    """A control tag of the XML.

    Attributes:
        name: Its ``name``, which results give as ``from_name``.
        element: Such as ``Choices``.
        control: Ours that it stands for.
        part: The side of a pair (``a``, ``b``), the field of a form, or the group of tools (``rectanglelabels``, …).
    """

    name: str
    element: str
    control: Control
    part: str = ""


def object_names(schema: Schema) -> dict[str, str]:
    """Return the ``name`` of the object tag of each field that is shown; names of controls are not taken again."""
    taken = {tag.name for tag in control_tags(schema)}
    found: dict[str, str] = {}
    for display in schema.display:
        for _key, field in display.parts:
            name = field if field not in taken else f"{field}_shown"
            found.setdefault(field, name)
    return found


def control_tags(schema: Schema) -> list[Tag]:
    """Return the control tags of a schema in its order."""
    return [tag for control in schema.controls for tag in _tags(control)]


def _tags(control: Control) -> Iterator[Tag]:
    name = control.name
    if isinstance(control, Shapes):
        kinds = dict.fromkeys(SHAPE_TAGS[tool] for tool in control.tools)
        for number, (element, key) in enumerate(kinds):
            yield Tag(name if not number else f"{name}_{key}", element, control, key)
    elif isinstance(control, Rating) and control.sides:
        yield from (Tag(f"{name}_{side}", "Rating", control, side) for side in ("a", "b"))
    elif isinstance(control, Form):
        for column in control.columns:
            if not column.locked:
                yield Tag(f"{name}_{column.field}", _CELL_TAGS.get(column.kind, "TextArea"), control, column.field)
    else:
        yield Tag(name, _ELEMENTS[control.type], control)


_ELEMENTS = {
    "choice": "Choices",
    "taxonomy": "Taxonomy",
    "spans": "Labels",
    "relations": "Relations",
    "text": "TextArea",
    "rating": "Rating",
    "preference": "Pairwise",
}


def labeling_config(schema: Schema) -> str:
    """Return the XML with which Label Studio would ask what a schema asks.

    A preference that may be a tie is ``Choices``, since ``Pairwise`` has no way to say so.
    """
    names = object_names(schema)
    view = Element("View")
    for display in schema.display:
        _show(view, display, names)
    shown = targets(schema)
    for tag in control_tags(schema):
        _ask(view, tag, shown[tag.name])
    indent(view)
    return tostring(view, encoding="unicode")


def targets(schema: Schema) -> dict[str, str]:
    """Return the ``toName`` of each control tag."""
    names = object_names(schema)
    first = names[schema.display[0].field]
    pair = next((display for display in schema.display if display.type == "pair"), None)
    sides = dict(pair.parts) if pair is not None else {}
    return {tag.name: _target(tag, names, sides, first) for tag in control_tags(schema)}


def _show(view: Element, display: Display, names: dict[str, str]) -> None:
    if display.title:
        SubElement(view, "Header", value=display.title)
    element = "Image" if display.type == "image" else "Text"
    for _key, field in display.parts:
        SubElement(view, element, name=names[field], value=f"${field}")


def _target(tag: Tag, names: dict[str, str], sides: dict[str, str], first: str) -> str:
    control = tag.control
    if isinstance(control, Spans | Shapes):
        return names[control.field]
    if isinstance(control, Preference):
        return ",".join(names[sides[side]] for side in ("a", "b"))
    if isinstance(control, Rating) and control.sides:
        return names[sides[tag.part]]
    return first


def _ask(view: Element, tag: Tag, target: str) -> None:
    control = tag.control
    if control.title:
        SubElement(view, "Header", value=control.title)
    if isinstance(control, Relations):
        element = SubElement(view, "Relations")
        for label in control.labels:
            SubElement(element, "Relation", value=label.value)
        return
    element = SubElement(view, tag.element, name=tag.name, toName=target)
    if control.required:
        element.set("required", "true")
    if isinstance(control, Taxonomy):
        _grow(element, control)
    elif isinstance(control, Choice | Spans | Shapes):
        _offer(element, control)
    elif isinstance(control, Rating):
        element.set("maxRating", str(control.steps))
    elif isinstance(control, Preference):
        _prefer(element, control, target)
    elif isinstance(control, Form):
        _cell(element, next(column for column in control.columns if column.field == tag.part))
    else:
        element.set("maxSubmissions", "1")


def _offer(element: Element, control: Choice | Spans | Shapes) -> None:
    if isinstance(control, Choice):
        element.set("choice", "multiple" if control.multiple else "single")
    _labels(element, "Choice" if isinstance(control, Choice) else "Label", control.labels)


def _labels(element: Element, name: str, labels: tuple[Label, ...]) -> None:
    for label in labels:
        made = SubElement(element, name, value=label.value)
        if label.title and label.title != label.value:
            made.set("hint", label.title)
        if label.color and name == "Label":
            made.set("background", label.color)


def _grow(element: Element, control: Taxonomy) -> None:
    if not control.multiple:
        element.set("maxUsages", "1")
    if control.leaves_only:
        element.set("leafsOnly", "true")
    made: dict[str, Element] = {"": element}
    for node, parent in control.nodes:
        made[node.value] = SubElement(made[parent], "Choice", value=node.value)


def _prefer(element: Element, control: Preference, target: str) -> None:
    if not (control.tie or control.neither):
        element.set("leftClass", "a")
        element.set("rightClass", "b")
        return
    element.tag = "Choices"
    element.set("choice", "single")
    element.set("toName", target.split(",", maxsplit=1)[0])
    _labels(element, "Choice", control.labels)


def _cell(element: Element, column: Column) -> None:
    options = ("true", "false") if column.kind == "boolean" else column.options
    for value in options:
        SubElement(element, "Choice", value=value)
    if not options and element.tag == "TextArea":
        element.set("maxSubmissions", "1")
