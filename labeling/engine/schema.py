"""What a project asks: parsing the schema, and checking answers against it.

A schema names what is shown and which controls are answered. Types of controls are the rows of
`labeling.engine.controls.table.CONTROLS`, types of displays those of `DISPLAYS`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from labeling.engine.controls.base import AnswerError, Control, Given, SchemaError, all_differ, some, text
from labeling.engine.controls.choice import Choice
from labeling.engine.controls.rating import Preference, Rating
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.controls.table import CONTROLS

__all__ = ["AnswerError", "Choice", "Schema", "SchemaError", "labels_of", "parse_schema", "said_in", "validate_answer"]
MOST_CONTROLS = 20
MOST_DISPLAYS = 20
EXCERPT = 60
# Which fields a display reads: the keys of its JSON object.
DISPLAYS = {"text": ("field",), "markdown": ("field",), "image": ("field",), "pair": ("a", "b"), "value": ("field",)}
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Display:
    """One thing of the item that is shown.

    Attributes:
        type: A row of DISPLAYS: ``text`` as it is, ``markdown`` rendered, ``image``, ``pair`` two answers side by side,
            ``value`` one line with its title, such as a price.
        parts: The fields, by the key that the schema gives them under.
        title: What people read above it; may be empty.
        markdown: Whether the answers of a pair are rendered.
    """

    type: str
    parts: tuple[tuple[str, str], ...]
    title: str = ""
    markdown: bool = False

    @property
    def field(self) -> str:
        """The first field."""
        return self.parts[0][1]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that is read."""
        row: dict[str, Any] = {"type": self.type, **dict(self.parts), "title": self.title}
        return {**row, "markdown": self.markdown} if self.type == "pair" else row


@dataclass(frozen=True)
class Schema:
    """What is shown and what is asked."""

    display: tuple[Display, ...]
    controls: tuple[Control, ...]

    @cached_property
    def by_name(self) -> dict[str, Control]:
        """The controls by the key that answers use."""
        return {control.name: control for control in self.controls}

    @cached_property
    def fields(self) -> list[str]:
        """The item's fields that a page needs, each once."""
        shown = [field for display in self.display for field in _fields(display)]
        return list(dict.fromkeys([*shown, *self.pointed]))

    @cached_property
    def needed(self) -> list[str]:
        """The fields that a version must have; the size of a picture is only compared with where it is known."""
        sizes = {size for display in self.display if display.type == "image" for size in _fields(display)[1:]}
        return [field for field in self.fields if field not in sizes]

    @property
    def picture(self) -> str:
        """The field of the first picture; empty for none."""
        return next((display.field for display in self.display if display.type == "image"), "")

    @property
    def learns_from(self) -> str:
        """What a quick model reads of an item: ``texts``, or ``picture`` where no text is shown; empty for neither."""
        return "texts" if self.texts else "picture" if self.picture else ""

    @property
    def texts(self) -> list[str]:
        """The fields that can be read, each once."""
        read = [field for display in self.display if display.type != "image" for _key, field in display.parts]
        return list(dict.fromkeys(read))

    @cached_property
    def pointed(self) -> list[str]:
        """The fields that answers point into; without any, an answer can be checked without its task."""
        return list(dict.fromkeys(field for control in self.controls for field in control.fields))

    @property
    def choice(self) -> Choice | None:
        """The first choice, which a quick classifier learns; None when labels are not what is asked."""
        return next((control for control in self.controls if isinstance(control, Choice)), None)

    @property
    def classifier(self) -> Control | None:
        """The control whose answer is the label column of a version; None when none classifies."""
        return next((control for control in self.controls if control.classifies), None)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse_schema` reads."""
        return {
            "display": [display.to_json() for display in self.display],
            "controls": [control.to_json() for control in self.controls],
        }


def parse_schema(value: Any) -> Schema:
    """Read a schema from JSON.

    Raises:
        SchemaError: names the place and what must stand there.
    """
    if not isinstance(value, Mapping):
        raise SchemaError("schema", "must be an object with display and controls.")
    displays, controls = value.get("display"), value.get("controls")
    if not isinstance(displays, list) or not 1 <= len(displays) <= MOST_DISPLAYS:
        raise SchemaError("display", f"must be a list of 1 to {MOST_DISPLAYS} fields to show.")
    if not isinstance(controls, list) or not 1 <= len(controls) <= MOST_CONTROLS:
        raise SchemaError("controls", f"must be a list of 1 to {MOST_CONTROLS} controls.")
    shown = tuple(_display(row, f"display.{number}") for number, row in enumerate(displays))
    asked = tuple(_control(row, f"controls.{number}") for number, row in enumerate(controls))
    all_differ([control.name for control in asked], "controls", "name")
    _refer(shown, asked)
    return Schema(shown, asked)


def _refer(shown: tuple[Display, ...], asked: tuple[Control, ...]) -> None:
    """Refuse controls that point at something that is not shown or not asked before them."""
    texts = {display.field for display in shown if display.type == "text"}
    pictures = {display.field for display in shown if display.type == "image"}
    paired = any(display.type == "pair" for display in shown)
    spans: set[str] = set()
    for number, control in enumerate(asked):
        where = f"controls.{number}"
        if isinstance(control, Spans):
            _shown(control.field, texts, "text", where)
            spans.add(control.name)
        elif control.type == "shapes":
            _shown(control.fields[0], pictures, "image", where)
        elif isinstance(control, Relations) and control.spans not in spans:
            raise SchemaError(f"{where}.spans", "must be the name of a control of type spans that stands before it.")
        elif (isinstance(control, Preference) or (isinstance(control, Rating) and control.sides)) and not paired:
            raise SchemaError(where, "compares two answers, so display needs an entry of type pair.")


def _shown(field: str, known: set[str], kind: str, where: str) -> None:
    if field not in known:
        raise SchemaError(f"{where}.field", f"must be a field that display shows as {kind}.")


def validate_answer(
    schema: Schema, answer: Any, data: Mapping[str, Any] | None = None, *, draft: bool = False
) -> Answer:
    """Return an answer in its normal form: every control of the schema that was answered, and no other key.

    Args:
        schema: What was asked.
        answer: JSON as it came.
        data: The task's fields, for controls that point into them: needed where `Schema.pointed` has any.
        draft: Accept an answer in which required controls are still open.

    Raises:
        AnswerError: the first thing that is wrong.
    """
    if not isinstance(answer, Mapping):
        raise AnswerError("", "The answer must be an object.", 'Send for example {"label": ["spam"]}.')
    for name in answer:
        if name not in schema.by_name:
            raise AnswerError(str(name)[:60], "The project does not ask this.", f"It asks {some(schema.by_name)}.")
    checked: Answer = {}
    for control in schema.controls:
        given = answer.get(control.name)
        value = None if given is None else control.check(given, Given(data, checked, draft))
        if given is not None and not control.empty(value):
            checked[control.name] = value
        elif control.required and not draft:
            raise AnswerError(control.name, "This must be answered.", "Answer it, or skip the task.")
    return checked


def labels_of(schema: Schema, answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (control, value) for each label of a checked answer, for counting."""
    return [
        (control.name, value)
        for control in schema.controls
        if control.name in answer
        for value in control.counted(answer[control.name])
    ]


def said_in(schema: Schema, answer: Mapping[str, Any]) -> list[str]:
    """Return short words for what an answer says, for lists: labels with how often, numbers, beginnings of texts."""
    words: list[str] = []
    for control in schema.controls:
        value = answer.get(control.name)
        if value is None:
            continue
        counts = Counter(control.counted(value))
        words += [name if count == 1 else f"{name} × {count}" for name, count in counts.items()]
        if isinstance(value, str) and not counts:
            words.append(value if len(value) <= EXCERPT else value[:EXCERPT] + "…")
        if isinstance(value, Mapping) and not counts:
            words += [f"{key}: {each}"[:EXCERPT] for key, each in value.items() if each is not None]
    return words


def _fields(display: Display) -> list[str]:
    own = [field for _key, field in display.parts]
    return [*own, f"{own[0]}_width", f"{own[0]}_height"] if display.type == "image" else own


def _display(row: Any, where: str) -> Display:
    kind = row.get("type") if isinstance(row, Mapping) else None
    if not isinstance(kind, str) or kind not in DISPLAYS:
        raise SchemaError(f"{where}.type", f"must be one of {some(DISPLAYS)}.")
    parts = []
    for key in DISPLAYS[kind]:
        field = text(row, key, where)
        if not field:
            raise SchemaError(f"{where}.{key}", "must name a column of the version.")
        parts.append((key, field))
    markdown = row.get("markdown", kind == "pair")
    if not isinstance(markdown, bool):
        raise SchemaError(f"{where}.markdown", "must be true or false.")
    return Display(kind, tuple(parts), text(row, "title", where), markdown and kind == "pair")


def _control(row: Any, where: str) -> Control:
    kind = row.get("type") if isinstance(row, Mapping) else None
    if not isinstance(kind, str) or kind not in CONTROLS:
        raise SchemaError(f"{where}.type", f"must be one of {some(CONTROLS)}.")
    return CONTROLS[kind].parse(row, where)
