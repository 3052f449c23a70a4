"""Shapes of other tools on their way into a project: labels and attributes are gathered, coordinates made to fit."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labeling.engine.controls.base import LONGEST_VALUE, MOST_LABELS, AnswerError, Given
from labeling.engine.controls.shapes import MOST_ATTRIBUTES, MOST_SHAPES, OVERSHOOT, SMALLEST, TOOLS, Shapes, corners
from labeling.engine.formats.record import FormatError, Losses

MOST_OPTIONS = 50
CONTROL = "objects"
PICTURE = "image"
_NAME = re.compile(r"[^a-z0-9_]+")
Shape = dict[str, Any]


@dataclass(slots=True)
class Gathered:
    """What the shapes of a dataset need from a schema; filled while a file is read for the first time.

    Attributes:
        colors: Labels in the order in which they were met or declared, with their colour or "".
        tools: Types of shapes.
        options: Values of each attribute by its name as the file writes it.
        wearers: Labels whose shapes have the attribute.
    """

    colors: dict[str, str] = field(default_factory=dict)
    tools: set[str] = field(default_factory=set)
    options: dict[str, Counter[str]] = field(default_factory=dict)
    wearers: dict[str, set[str]] = field(default_factory=dict)

    def label(self, value: str, color: str = "") -> None:
        """Note a label."""
        self.colors.setdefault(value, color)

    def shape(self, tool: str, label: str, attributes: Mapping[str, str]) -> None:
        """Note a shape."""
        self.label(label)
        self.tools.add(tool)
        for name, value in attributes.items():
            self.options.setdefault(name, Counter())[value] += 1
            self.wearers.setdefault(name, set()).add(label)

    def declare(self, label: str, name: str, values: Iterable[str]) -> None:
        """Note an attribute that a label's shapes are asked, whether or not any has it."""
        self.options.setdefault(name, Counter()).update(dict.fromkeys(values, 0))
        self.wearers.setdefault(name, set()).add(label)

    def kept(self, losses: Losses) -> dict[str, str]:
        """Return the names of the attributes that a schema can ask by those of the file; the others are losses."""
        kept: dict[str, str] = {}
        for name, values in self.options.items():
            seen = f"attribute “{name[:60]}”"
            if len(values) > MOST_OPTIONS or any(len(value) > LONGEST_VALUE or not value for value in values):
                losses.add(
                    seen,
                    "attribute_free",
                    f"It has {len(values)} values, and an attribute offers at most {MOST_OPTIONS} short words. It is "
                    f"left out of {values.total()} shapes.",
                )
            elif len(kept) == MOST_ATTRIBUTES:
                losses.add(seen, "attribute_many", f"Shapes have at most {MOST_ATTRIBUTES} attributes. It is left out.")
            else:
                kept[name] = _free(control_name_of(name), set(kept.values()))
        return kept

    def control(self, kept: Mapping[str, str]) -> dict[str, Any]:
        """Return the control that asks for such shapes.

        Raises:
            FormatError: ``no_labels``, ``too_many_labels``.
        """
        if not self.colors:
            raise FormatError("no_labels", "The file has neither labels nor shapes, so there is nothing to ask for.")
        if len(self.colors) > MOST_LABELS:
            raise FormatError(
                "too_many_labels", f"There are {len(self.colors):,} labels; a project takes {MOST_LABELS:,}."
            )
        attributes = [
            {"name": name, "title": own, "options": _options(self.options[own]), "labels": self._wearing(own)}
            for own, name in kept.items()
        ]
        return {
            "name": CONTROL,
            "type": "shapes",
            "field": PICTURE,
            "tools": [tool for tool in TOOLS if tool in self.tools] or ["box"],
            "attributes": attributes,
            "labels": [{"value": value, "color": color} for value, color in self.colors.items()],
        }

    def _wearing(self, name: str) -> list[str]:
        """Return the labels that are asked; nothing where all are."""
        worn = self.wearers[name]
        return [] if len(worn) == len(self.colors) else [label for label in self.colors if label in worn]


def _options(values: Counter[str]) -> list[str]:
    """Return the values as people expect them: yes and no both where one was said, numbers by size, others by name."""
    if set(values) <= {"true", "false"}:
        return ["false", "true"]
    if set(values) <= {"0", "1"}:
        return ["0", "1"]
    try:
        return sorted(values, key=float)
    except ValueError:
        return sorted(values)


def control_name_of(name: str) -> str:
    """Return a name that a control or attribute can have, as near as can be to a free one."""
    plain = _NAME.sub("_", name.strip().lower()).strip("_")[:50]
    return plain if plain[:1].isalpha() else f"a_{plain}".rstrip("_")


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def as_option(value: Any) -> str | None:
    """Return an attribute's value as a word; None where it says nothing or is no single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def turned(shape: Shape, size: tuple[int, int], orientation: int) -> Shape:
    """Return a shape drawn on the picture as its file stores it, on the picture the right way up.

    Args:
        shape: With coordinates of the stored pixels.
        size: Of the picture the right way up.
        orientation: EXIF, 1 to 8.
    """
    if orientation == 1:
        return shape
    if shape["type"] == "rotated_box":
        x, y = _turn(shape["x"], shape["y"], size, orientation)
        # Its first side goes with the picture; so a mirrored box is still the same box.
        angle = math.radians(shape["angle"])
        beside = _turn(shape["x"] + math.cos(angle), shape["y"] + math.sin(angle), size, orientation)
        return {**shape, "x": x, "y": y, "angle": math.degrees(math.atan2(beside[1] - y, beside[0] - x)) % 360}
    if shape["type"] == "polygon":
        return {
            "id": shape["id"],
            "type": "polygon",
            "label": shape["label"],
            **({"attributes": shape["attributes"]} if "attributes" in shape else {}),
            "points": [_turn(x, y, size, orientation) for x, y in shape["points"]],
        }
    if shape["type"] == "point":
        x, y = _turn(shape["x"], shape["y"], size, orientation)
        return {**shape, "x": x, "y": y}
    across, down = zip(*(_turn(x, y, size, orientation) for x, y in corners(shape)), strict=True)
    left, top = min(across), min(down)
    return {**shape, "x": left, "y": top, "width": max(across) - left, "height": max(down) - top}


def _turn(x: float, y: float, size: tuple[int, int], orientation: int) -> list[float]:
    """Move a point of the stored pixels to where the orientation's flips and turns bring it (EXIF 2.32, tag 274)."""
    width, height = size
    return {
        2: [width - x, y],
        3: [width - x, height - y],
        4: [x, height - y],
        5: [y, x],
        6: [width - y, x],
        7: [width - y, height - x],
        8: [y, height - x],
    }.get(orientation, [x, y])


@dataclass(slots=True)
class Fitting:
    """Makes shapes fit a control, one picture after the other, and says what had to be changed or left out.

    Attributes:
        control: What the project asks.
        losses: The report.
    """

    control: Shapes
    losses: Losses

    def fit(self, shapes: list[tuple[str, Shape]], size: tuple[int, int], picture: str) -> list[Shape]:
        """Return the shapes that a picture takes, each with an id of its own.

        Args:
            shapes: With the place where each stands, for the report. An id of "" gets one.
            size: Of the picture in pixels; zeros where it is not known.
            picture: Its name, for the report.
        """
        found: list[Shape] = []
        taken: set[str] = set()
        for where, shape in shapes:
            if len(found) == MOST_SHAPES:
                rest = len(shapes) - MOST_SHAPES
                self.losses.add(
                    picture, "too_many_shapes", f"A picture takes {MOST_SHAPES:,} shapes; {rest:,} are left out."
                )
                break
            fitted = self._fitted(where, shape, size)
            if fitted is not None:
                fitted["id"] = _free(str(shape.get("id") or f"s{len(found) + 1}"), taken)
                taken.add(fitted["id"])
                found.append(fitted)
        return found

    def _fitted(self, where: str, shape: Shape, size: tuple[int, int]) -> Shape | None:
        shape = {**shape, "id": str(shape.get("id") or "s")}
        field_, wide, high = self.control.fields
        data = {field_: "", wide: size[0], high: size[1]} if all(size) else None
        inside = shape if data is None else self._clipped(where, shape, size)
        if inside is None:
            return None
        try:
            (checked,) = self.control.check([inside], Given(data, {}, draft=True))
        except AnswerError as error:
            self.losses.add(where, "shape_refused", f"{error.what} The shape is left out.")
            return None
        return dict(checked)

    def _clipped(self, where: str, shape: Shape, size: tuple[int, int]) -> Shape | None:
        """Cut what sticks out of the picture by more than a hand's slip; None where nothing is left."""
        outside = _outside(shape, size)
        if not all(math.isfinite(each) for each in outside):
            self.losses.add(where, "shape_refused", "A coordinate is no number. The shape is left out.")
            return None
        if max(outside) <= OVERSHOOT:
            return shape
        cut = _cut(shape, size)
        if cut is None:
            self.losses.add(
                where, "shape_outside", f"It lies outside the picture of {size[0]} × {size[1]}. It is left out."
            )
            return None
        self.losses.add(
            where,
            "shape_cut",
            f"It stuck out of the picture of {size[0]} × {size[1]} by {max(outside):g} pixels and was cut.",
        )
        return cut


def _outside(shape: Shape, size: tuple[int, int]) -> tuple[float, ...]:
    """Return by how much a shape leaves the picture at each edge; of a rotated box its centre alone counts."""
    places = [(shape["x"], shape["y"])] if shape["type"] == "rotated_box" else corners(shape)
    across, down = [x for x, _y in places], [y for _x, y in places]
    return -min(across), -min(down), max(across) - size[0], max(down) - size[1]


def _cut(shape: Shape, size: tuple[int, int]) -> Shape | None:
    width, height = size
    if shape["type"] == "box":
        left, top = max(shape["x"], 0.0), max(shape["y"], 0.0)
        right, bottom = min(shape["x"] + shape["width"], width), min(shape["y"] + shape["height"], height)
        if right - left < SMALLEST or bottom - top < SMALLEST:
            return None
        return {**shape, "x": left, "y": top, "width": right - left, "height": bottom - top}
    if shape["type"] == "polygon":
        points = _cut_polygon([(x, y) for x, y in shape["points"]], width, height)
        return {**shape, "points": [list(point) for point in points]} if len(points) >= 3 else None
    return None


def _cut_polygon(points: list[tuple[float, float]], width: int, height: int) -> list[tuple[float, float]]:
    """Cut a polygon at the four edges of a picture (I. E. Sutherland and G. W. Hodgman, 1974)."""
    for axis, edge, sign in ((0, 0, 1), (0, width, -1), (1, 0, 1), (1, height, -1)):
        kept: list[tuple[float, float]] = []
        for one, other in zip(points, [*points[1:], *points[:1]], strict=True):
            inside, other_inside = sign * (one[axis] - edge) >= 0, sign * (other[axis] - edge) >= 0
            if inside:
                kept.append(one)
            if inside != other_inside:
                part = (edge - one[axis]) / (other[axis] - one[axis])
                crossing = [one[each] + part * (other[each] - one[each]) for each in (0, 1)]
                crossing[axis] = edge
                kept.append((crossing[0], crossing[1]))
        points = kept
    return points
