"""Projects of pictures with answers, as hypothesis draws them, and what formats must make of them."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from labeling.engine.controls.base import AnswerError, Given
from labeling.engine.controls.shapes import TOOLS, Shapes
from labeling.engine.formats.record import Record, Said
from labeling.engine.schema import Schema, parse_schema

SIZES = ((64, 48), (333, 217), (1000, 1500))
_WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")), min_size=1, max_size=6)
_LABELS = st.lists(
    st.one_of(st.sampled_from(["cat", "狗", "red blood cell", "🙂", "0"]), _WORDS), min_size=1, max_size=4
)
# Names that formats have for what they hold themselves, and others.
_ATTRIBUTES = st.sampled_from(["occluded", "pose", "difficult", "iscrowd", "source", "group_id", "weather", "rotation"])
_OPTIONS = st.sampled_from(
    [["0", "1"], ["false", "true"], ["no", "yes"], ["wet", "dry", "湿"], ["Unspecified", "left"]]
)
_ANGLES = st.sampled_from([0, 30, 90, 123.45, 359.99])
_NAMES = ("a.png", "b.png", "sub/c.png", "d e.png", "猫.png", "a.PNG")


@dataclass
class Project:
    """A schema and its items."""

    schema: Schema
    records: list[Record]

    @property
    def drawn(self) -> list[Shapes]:
        """Questions that draw."""
        return [control for control in self.schema.controls if isinstance(control, Shapes)]


@cache
def picture(folder: Path, size: tuple[int, int]) -> Path:
    """Return a grey picture."""
    path = folder / f"{size[0]}x{size[1]}.png"
    Image.new("L", size, 128).save(path)
    return path


@st.composite
def shapes_control(draw: st.DrawFn, name: str) -> dict[str, Any]:
    labels = list(dict.fromkeys(label.strip() for label in draw(_LABELS)))
    attributes = [
        {"name": each, "options": draw(_OPTIONS), "labels": draw(st.sampled_from([[], labels[:1]]))}
        for each in draw(st.lists(_ATTRIBUTES, max_size=3, unique=True))
    ]
    return {
        "name": name,
        "type": "shapes",
        "field": "image",
        "tools": draw(st.lists(st.sampled_from(TOOLS), min_size=1, unique=True)),
        "labels": [{"value": label, "color": draw(st.sampled_from(["", "#b3261e"]))} for label in labels],
        "attributes": attributes,
    }


@st.composite
def _geometry(draw: st.DrawFn, kind: str, size: tuple[int, int]) -> dict[str, Any]:
    def within(least: float, most: float) -> float:
        return draw(st.integers(int(least * 100), int(most * 100))) / 100

    width, height = size
    if kind == "point":
        return {"x": within(0, width), "y": within(0, height)}
    if kind == "box":
        x, y = within(0, width - 2), within(0, height - 2)
        return {"x": x, "y": y, "width": within(1, width - x), "height": within(1, height - y)}
    if kind == "rotated_box":
        sides = {"width": within(4, width / 2), "height": within(4, height / 2)}
        return {
            "x": within(0, width),
            "y": within(0, height),
            **sides,
            "angle": draw(st.sampled_from([0, 30, 90, 359.99])),
        }
    count = draw(st.integers(3, 6))
    return {"points": [[within(0, width), within(0, height)] for _ in range(count)]}


@st.composite
def _answer(draw: st.DrawFn, controls: list[Any], size: tuple[int, int]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for control in controls:
        if not isinstance(control, Shapes):
            chosen = draw(st.lists(st.sampled_from([label.value for label in control.labels]), max_size=2, unique=True))
            found = control.check(chosen[: 2 if control.multiple else 1], Given(draft=True))
            answer |= {control.name: found} if found else {}
            continue
        drawn = []
        for number in range(draw(st.integers(0, 4))):
            label = draw(st.sampled_from(control.labels)).value
            kind = draw(st.sampled_from(control.tools))
            asked = [each for each in control.attributes if not each.labels or label in each.labels]
            said = {each.name: draw(st.sampled_from([None, *each.options])) for each in asked}
            shape = {"id": f"s{number}", "type": kind, "label": label, **draw(_geometry(kind, size))}
            attributes = {name: value for name, value in said.items() if value is not None}
            data = {"image": "", "image_width": size[0], "image_height": size[1]}
            try:
                drawn += control.check([{**shape, "attributes": attributes}], Given(data))
            except AnswerError:
                # A polygon without an area, as chance has it.
                continue
        answer |= {control.name: drawn} if drawn else {}
    return answer


@st.composite
def projects(draw: st.DrawFn, *, choice: bool = True, shapes: int = 2) -> Project:
    controls = [
        draw(shapes_control(f"objects_{number}")) for number in range(draw(st.integers(min(1, shapes), shapes)))
    ]
    if choice and (not controls or draw(st.booleans())):
        labels = draw(st.lists(st.sampled_from(["day", "night", "雨", "a/b", "train", "Day"]), min_size=2, unique=True))
        row = {"name": "scene", "type": "choice", "labels": [{"value": label} for label in labels], "required": False}
        controls.append({**row, "multiple": draw(st.booleans())})
    if draw(st.booleans()):
        controls.append({"name": "remark", "type": "text", "required": False})
    schema = parse_schema({"display": [{"type": "image", "field": "image"}], "controls": controls})
    asked = [control for control in schema.controls if control.type != "text"]
    records = []
    for name in draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4, unique=True)):
        size = draw(st.sampled_from(SIZES))
        record = Record(name, picture=f"{size[0]}x{size[1]}.png", size=size)
        split = draw(st.sampled_from([None, "train", "validation", "test", "val", "fold one"]))
        record.fields = ({} if split is None else {"split": split}) | draw(st.sampled_from([{}, {"source": "phone"}]))
        given = [Said(draw(_answer(asked, size)), by=f"p{place}") for place in range(draw(st.integers(0, 2)))]
        record.answers = [*given, *([Said({}, skipped=True)] if draw(st.booleans()) else [])]
        record.final = draw(st.sampled_from([None, given[0].answer])) if given else None
        record.predictions = draw(st.sampled_from([[], [Said({}, confidence=0.5)]]))
        records.append(record)
    return Project(schema, records)


@dataclass
class Report:
    """A loss report whose rows are taken off one after the other, so that in the end none may be left.

    Attributes:
        rows: (where, code) with how often it stands there.
    """

    rows: list[tuple[str, str]] = field(default_factory=list)

    def has(self, where: str, code: str) -> bool:
        """Tell whether a row stands there, and take it off."""
        if (where, code) in self.rows:
            self.rows.remove((where, code))
            return True
        return False
