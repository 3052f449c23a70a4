"""Shapes on a picture: boxes, rotated boxes, polygons and key points, each with a label and attributes.

Coordinates are pixels of the picture the right way up (EXIF orientation applied), origin top left, kept to a hundredth.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from labeling.engine.controls.base import (
    AnswerError,
    Given,
    Label,
    SchemaError,
    all_differ,
    control_name,
    field_name,
    flag,
    known_label,
    labels,
    mark,
    part,
    parts,
    some,
    text,
)

MOST_SHAPES = 5_000
MOST_POINTS = 2_000
MOST_ATTRIBUTES = 20
TOOLS = ("box", "rotated_box", "polygon", "point")
_COMMON = frozenset({"id", "type", "label", "attributes"})
_KEYS = {
    "box": _COMMON | {"x", "y", "width", "height"},
    "rotated_box": _COMMON | {"x", "y", "width", "height", "angle"},
    "polygon": _COMMON | {"points"},
    "point": _COMMON | {"x", "y"},
}
# A hand that pulls a box to the edge overshoots by parts of a pixel; that much is moved back without a word.
OVERSHOOT = 1.0
# Below this nobody sees the shape, and it is a slip of the hand.
SMALLEST = 1.0
Shape = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attribute:
    """What is asked of each shape, such as whether it is hidden in part.

    Attributes:
        name: Its key in the shape.
        title: What people read.
        options: What may be said.
        labels: Labels whose shapes are asked; all when empty.
    """

    name: str
    title: str
    options: tuple[str, ...]
    labels: tuple[str, ...] = ()
    required: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that is read."""
        return {
            "name": self.name,
            "title": self.title,
            "options": list(self.options),
            "labels": list(self.labels),
            "required": self.required,
        }


@dataclass(frozen=True)
class Shapes:
    """Labeled shapes on a picture.

    Its answer is a list of shapes in the order in which they were drawn, which is also the order in which they lie over
    one another: ``{"id", "type", "label", "attributes"?}`` and

    - box: ``x, y`` (top left), ``width, height``
    - rotated_box: ``x, y`` (centre), ``width, height``, ``angle`` in degrees, clockwise, 0 up to 360
    - polygon: ``points`` [[x, y], …], at least three
    - point: ``x, y``

    Attributes:
        field: The picture field.
        tools: Which types of shapes are taken.
    """

    type: ClassVar[str] = "shapes"
    classifies: ClassVar[bool] = False
    name: str
    field: str
    labels: tuple[Label, ...]
    tools: tuple[str, ...] = ("box",)
    attributes: tuple[Attribute, ...] = ()
    required: bool = False
    title: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The picture, and its size, which the coordinates are compared with."""
        return (self.field, f"{self.field}_width", f"{self.field}_height")

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(label.value for label in self.labels)

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a shape control. By default a picture may have no shape, since many show nothing of interest."""
        found = labels(row, where)
        return cls(
            name=control_name(row, where),
            field=field_name(row, "field", where),
            labels=found,
            tools=_tools(row, where),
            attributes=_attributes(row, {label.value for label in found}, where),
            required=flag(row, "required", False, where),
            title=text(row, "title", where),
        )

    def check(self, value: Any, given: Given) -> list[Shape]:
        """Return the shapes; each lies in the picture and has the attributes that its label asks."""
        size = _size(self, given.data)
        found = [
            self._shape(row, f"{self.name}.{number}", size, given.draft)
            for number, row in enumerate(parts(value, self.name, MOST_SHAPES))
        ]
        ids: set[str] = set()
        for shape in found:
            if shape["id"] in ids:
                raise AnswerError(
                    self.name, f"Two shapes have the id {shape['id']}.", "Give each shape an id of its own."
                )
            ids.add(shape["id"])
        return found

    def _shape(self, row: Any, where: str, size: tuple[float, float] | None, draft: bool) -> Shape:
        kind = row.get("type") if isinstance(row, Mapping) else None
        if not isinstance(kind, str) or kind not in self.tools:
            raise AnswerError(
                f"{where}.type", "This project does not take such a shape.", f"It takes {some(self.tools)}."
            )
        row = part(row, where, _KEYS[kind])
        name = known_label(row.get("label"), self._known, f"{where}.label")
        shape = {"id": mark(row, where), "type": kind, "label": name, **_GEOMETRY[kind](row, where, size)}
        attributes = self._attributes_of(row.get("attributes") or {}, name, where, draft)
        return {**shape, "attributes": attributes} if attributes else shape

    def _attributes_of(self, value: Any, name: str, where: str, draft: bool) -> dict[str, str]:
        asked = {each.name: each for each in self.attributes if not each.labels or name in each.labels}
        row = part(value, f"{where}.attributes", frozenset(asked))
        found = {}
        for key, attribute in asked.items():
            said = row.get(key)
            if said is None:
                if attribute.required and not draft:
                    raise AnswerError(
                        f"{where}.attributes.{key}",
                        "This must be answered.",
                        f"Choose one of {some(attribute.options)}.",
                    )
            elif said not in attribute.options:
                raise AnswerError(
                    f"{where}.attributes.{key}", "This is not offered.", f"Choose one of {some(attribute.options)}."
                )
            else:
                found[key] = said
        return found

    def empty(self, value: Any) -> bool:
        """Tell whether nothing is drawn."""
        return not value

    def counted(self, value: Any) -> Iterator[str]:
        """Give the label of each shape."""
        return (shape["label"] for shape in value)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "field": self.field,
            "tools": list(self.tools),
            "attributes": [attribute.to_json() for attribute in self.attributes],
            "required": self.required,
            "labels": [label.to_json() for label in self.labels],
        }


def corners(shape: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return the corners of a shape, clockwise from the top left as it was drawn; a point has one."""
    if shape["type"] == "polygon":
        return [(x, y) for x, y in shape["points"]]
    x, y = shape["x"], shape["y"]
    if shape["type"] == "point":
        return [(x, y)]
    width, height = shape["width"], shape["height"]
    if shape["type"] == "box":
        return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    turn = math.radians(shape["angle"])
    across, down = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
    return [
        (
            x + dx * width / 2 * across[0] + dy * height / 2 * down[0],
            y + dx * width / 2 * across[1] + dy * height / 2 * down[1],
        )
        for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _box(row: Mapping[str, Any], where: str, size: tuple[float, float] | None) -> Shape:
    left, top = _number(row, "x", where), _number(row, "y", where)
    right, bottom = left + _length(row, "width", where), top + _length(row, "height", where)
    left, right = _inside(left, 0, size, where), _inside(right, 0, size, where)
    top, bottom = _inside(top, 1, size, where), _inside(bottom, 1, size, where)
    # Compared as they are kept: 1.89 - 0.89 is a hair below 1.
    width, height = _fine(right - left), _fine(bottom - top)
    if width < SMALLEST or height < SMALLEST:
        raise AnswerError(where, "The box is smaller than a pixel.", "Draw it larger or leave it out.")
    return {"x": _fine(left), "y": _fine(top), "width": width, "height": height}


def _rotated(row: Mapping[str, Any], where: str, size: tuple[float, float] | None) -> Shape:
    # Its corners may stick out: a slanted thing at the edge of the picture is cut off there.
    x, y = _inside(_number(row, "x", where), 0, size, where), _inside(_number(row, "y", where), 1, size, where)
    width, height = _fine(_length(row, "width", where)), _fine(_length(row, "height", where))
    if width < SMALLEST or height < SMALLEST:
        raise AnswerError(where, "The box is smaller than a pixel.", "Draw it larger or leave it out.")
    # A tiny negative angle is 360 once rounded, which is written 0.
    angle = _fine(_number(row, "angle", where) % 360) % 360
    return {"x": _fine(x), "y": _fine(y), "width": width, "height": height, "angle": angle}


def _polygon(row: Mapping[str, Any], where: str, size: tuple[float, float] | None) -> Shape:
    points = row.get("points")
    if not isinstance(points, list) or not 3 <= len(points) <= MOST_POINTS:
        raise AnswerError(
            f"{where}.points", f"A polygon has 3 to {MOST_POINTS} points.", "Send for example [[1, 1], [9, 1], [5, 8]]."
        )
    found: list[list[float]] = []
    for number, point in enumerate(points):
        place = f"{where}.points.{number}"
        if not isinstance(point, list) or len(point) != 2:
            raise AnswerError(place, "A point is a list of two numbers.", "Send for example [12.5, 40].")
        pair = [_fine(_inside(_finite(each, place), axis, size, place)) for axis, each in enumerate(point)]
        if not found or found[-1] != pair:
            found.append(pair)
    if len(found) > 1 and found[0] == found[-1]:
        found.pop()
    if len(found) < 3 or _fine(abs(_area(found))) < SMALLEST:
        raise AnswerError(f"{where}.points", "The polygon has no area.", "Draw at least three corners that lie apart.")
    return {"points": found}


def _point(row: Mapping[str, Any], where: str, size: tuple[float, float] | None) -> Shape:
    x, y = _number(row, "x", where), _number(row, "y", where)
    return {"x": _fine(_inside(x, 0, size, where)), "y": _fine(_inside(y, 1, size, where))}


_GEOMETRY = {"box": _box, "rotated_box": _rotated, "polygon": _polygon, "point": _point}


def _area(points: list[list[float]]) -> float:
    """Return the signed area of a polygon (shoelace formula)."""
    return sum(x * v - u * y for (x, y), (u, v) in zip(points, [*points[1:], points[0]], strict=True)) / 2


def _size(control: Shapes, data: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """Return width and height of the picture; None where they are not known."""
    if data is None:
        return None
    found = [data.get(name) for name in control.fields[1:]]
    return (found[0], found[1]) if all(isinstance(each, int | float) and each > 0 for each in found) else None  # type: ignore[return-value]


def _inside(value: float, axis: int, size: tuple[float, float] | None, where: str) -> float:
    """Return a coordinate that lies in the picture, moving it back when it is hardly outside."""
    most = math.inf if size is None else size[axis]
    if value < -OVERSHOOT or value > most + OVERSHOOT:
        edge = f"{some(size)} pixels" if size is not None else "0"
        raise AnswerError(
            where,
            f"The shape leaves the picture: {'xy'[axis]} is {value:g}, the picture has {edge}.",
            "Coordinates are pixels of the picture the right way up, from its top left corner.",
        )
    return min(max(value, 0.0), most)


def _number(row: Mapping[str, Any], key: str, where: str) -> float:
    return _finite(row.get(key), f"{where}.{key}")


def _length(row: Mapping[str, Any], key: str, where: str) -> float:
    value = _number(row, key, where)
    if value <= 0:
        raise AnswerError(f"{where}.{key}", "This must be above 0.", "Send the size in pixels.")
    return value


def _finite(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or abs(value) > 1e9:
        raise AnswerError(where, "This must be a number.", "Send pixels such as 12.5.")
    return float(value)


def _fine(value: float) -> float:
    return round(value, 2)


def _tools(row: Mapping[str, Any], where: str) -> tuple[str, ...]:
    found = row.get("tools", ["box"])
    if not isinstance(found, list) or not found or not set(map(str, found)) <= set(TOOLS):
        raise SchemaError(f"{where}.tools", f"must be a list of {some(TOOLS)}.")
    return tuple(tool for tool in TOOLS if tool in found)


def _attributes(row: Mapping[str, Any], known: set[str], where: str) -> tuple[Attribute, ...]:
    rows = row.get("attributes") or []
    if not isinstance(rows, list) or len(rows) > MOST_ATTRIBUTES:
        raise SchemaError(f"{where}.attributes", f"must be a list of at most {MOST_ATTRIBUTES}.")
    found = tuple(_attribute(each, known, f"{where}.attributes.{number}") for number, each in enumerate(rows))
    all_differ([each.name for each in found], f"{where}.attributes", "name")
    return found


def _attribute(row: Any, known: set[str], where: str) -> Attribute:
    if not isinstance(row, Mapping):
        raise SchemaError(where, "must be an object with name and options.")
    options, asked = row.get("options"), row.get("labels") or []
    if not isinstance(options, list) or not 1 <= len(options) <= 50:
        raise SchemaError(f"{where}.options", "must be a list of 1 to 50 words.")
    read = tuple(text({"option": each}, "option", f"{where}.options") for each in options)
    all_differ(list(read), f"{where}.options", "option")
    if not all(read):
        raise SchemaError(f"{where}.options", "must not have an empty word.")
    if not isinstance(asked, list) or not set(map(str, asked)) <= known:
        raise SchemaError(f"{where}.labels", "must be labels of this control.")
    name = control_name(row, where)
    return Attribute(name, text(row, "title", where) or name, read, tuple(asked), flag(row, "required", False, where))
