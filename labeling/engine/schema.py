"""What a project asks: parsing the schema, and checking answers against it.

A schema names what is shown and which controls are answered. Control types are the rows of ``CONTROLS``; a new type is
a new class with ``parse`` and ``check`` and one row.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self

LONGEST_VALUE = 200
MOST_LABELS = 1000
MOST_CONTROLS = 20
MOST_DISPLAYS = 20
_name = re.compile(r"[a-z][a-z0-9_]{0,59}")
_color = re.compile(r"#[0-9a-fA-F]{6}")
Answer = dict[str, Any]


class SchemaError(ValueError):
    """A schema that cannot be used; `where` is a path such as ``controls.0.labels.2.hotkey``."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class AnswerError(ValueError):
    """An answer that does not fit its schema.

    Attributes:
        where: Path into the answer, such as ``label.0``; empty for the answer as a whole.
        what: What is wrong, as a sentence.
        mend: What to do about it, as a sentence.
    """

    def __init__(self, where: str, what: str, mend: str) -> None:
        super().__init__(f"{where}: {what} {mend}".strip(": "))
        self.where = where
        self.what = what
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Label:
    """One value that can be chosen; `value` is what versions carry, `title` is what people read."""

    value: str
    title: str
    hotkey: str = ""
    color: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the form that the page and the database hold."""
        return {"value": self.value, "title": self.title, "hotkey": self.hotkey, "color": self.color}


class Control(Protocol):
    """One question of a schema."""

    type: ClassVar[str]

    @property
    def name(self) -> str:
        """The key of this control in an answer."""

    @property
    def required(self) -> bool:
        """Whether an answer without it is refused."""

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read the control from its JSON object or raise SchemaError."""

    def check(self, value: Any, data: Mapping[str, Any] | None) -> Any:
        """Return the answer in its one normal form or raise AnswerError."""

    def empty(self, value: Any) -> bool:
        """Tell whether a checked value answers nothing."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""


@dataclass(frozen=True)
class Choice:
    """One or several labels for the whole item. Its answer is a list of values in the schema's order."""

    type: ClassVar[str] = "choice"
    name: str
    labels: tuple[Label, ...]
    multiple: bool = False
    required: bool = True

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each value stands in the schema."""
        return {label.value: number for number, label in enumerate(self.labels)}

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a choice; there must be at least two labels, with values and keys that differ."""
        rows = row.get("labels")
        if not isinstance(rows, list) or not 2 <= len(rows) <= MOST_LABELS:
            raise SchemaError(f"{where}.labels", f"must be a list of 2 to {MOST_LABELS} labels.")
        labels = tuple(_label(item, f"{where}.labels.{number}") for number, item in enumerate(rows))
        _all_differ([label.value for label in labels], f"{where}.labels", "value")
        _all_differ([label.hotkey for label in labels if label.hotkey], f"{where}.labels", "hotkey")
        return cls(
            name=_control_name(row, where),
            labels=labels,
            multiple=_flag(row, "multiple", False, where),
            required=_flag(row, "required", True, where),
        )

    def check(self, value: Any, data: Mapping[str, Any] | None) -> list[str]:
        """Return the chosen values, each once, in the schema's order."""
        if not isinstance(value, list):
            raise AnswerError(self.name, "This must be a list of labels.", 'Send for example ["spam"].')
        if len(value) > len(self.labels):
            raise AnswerError(self.name, "There are more labels than the project has.", "Send each label once.")
        for number, item in enumerate(value):
            if not isinstance(item, str) or item not in self.positions:
                raise AnswerError(
                    f"{self.name}.{number}",
                    "This label is not in the project.",
                    f"Choose one of {_some([label.value for label in self.labels])}.",
                )
        chosen = sorted(set(value), key=self.positions.__getitem__)
        if len(chosen) > 1 and not self.multiple:
            raise AnswerError(self.name, "This takes one label only.", "Send a list with one label.")
        return chosen

    def empty(self, value: Any) -> bool:
        """Tell whether no label is chosen."""
        return not value

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {
            "name": self.name,
            "type": self.type,
            "multiple": self.multiple,
            "required": self.required,
            "labels": [label.to_json() for label in self.labels],
        }


CONTROLS: dict[str, type[Choice]] = {"choice": Choice}
# An image is shown by the hash that its field holds.
DISPLAYS = ("text", "image")


@dataclass(frozen=True, slots=True)
class Display:
    """One field of the item that is shown; `type` is a row of DISPLAYS."""

    type: str
    field: str


@dataclass(frozen=True)
class Schema:
    """What is shown and what is asked."""

    display: tuple[Display, ...]
    controls: tuple[Control, ...]

    @cached_property
    def by_name(self) -> dict[str, Control]:
        """The controls by the key that answers use."""
        return {control.name: control for control in self.controls}

    @property
    def fields(self) -> list[str]:
        """The item's fields that a page needs, each once."""
        return list(dict.fromkeys(display.field for display in self.display))

    @property
    def texts(self) -> list[str]:
        """The fields that are shown as text, each once: what a model of texts can learn from."""
        return list(dict.fromkeys(display.field for display in self.display if display.type == "text"))

    @property
    def choice(self) -> Choice:
        """The first choice: its label is what a classifier learns and a version's label column carries."""
        return next(control for control in self.controls if isinstance(control, Choice))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse_schema` reads."""
        return {
            "display": [{"type": display.type, "field": display.field} for display in self.display],
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
    _all_differ([control.name for control in asked], "controls", "name")
    return Schema(shown, asked)


def validate_answer(
    schema: Schema, answer: Any, data: Mapping[str, Any] | None = None, *, draft: bool = False
) -> Answer:
    """Return an answer in its normal form: every control of the schema that was answered, and no other key.

    Args:
        schema: What was asked.
        answer: JSON as it came.
        data: The task's fields, for controls that point into them; choices need none.
        draft: Accept an answer in which required controls are still open.

    Raises:
        AnswerError: the first thing that is wrong.
    """
    if not isinstance(answer, Mapping):
        raise AnswerError("", "The answer must be an object.", 'Send for example {"label": ["spam"]}.')
    for name in answer:
        if name not in schema.by_name:
            raise AnswerError(
                str(name)[:60], "The project does not ask this.", f"It asks {_some(list(schema.by_name))}."
            )
    checked: Answer = {}
    for control in schema.controls:
        given = answer.get(control.name)
        value = None if given is None else control.check(given, data)
        if given is not None and not control.empty(value):
            checked[control.name] = value
        elif control.required and not draft:
            raise AnswerError(control.name, "This must be answered.", "Choose a label, or skip the task.")
    return checked


def labels_of(schema: Schema, answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (control, value) for each label of a checked answer, for counting."""
    return [
        (control.name, value)
        for control in schema.controls
        if isinstance(control, Choice)
        for value in answer.get(control.name, ())
    ]


def _label(row: Any, where: str) -> Label:
    if not isinstance(row, Mapping):
        raise SchemaError(where, "must be an object with a value.")
    value = _text(row, "value", where)
    if not value:
        raise SchemaError(f"{where}.value", "must not be empty.")
    hotkey = _text(row, "hotkey", where)
    if len(hotkey) > 1 or hotkey.isspace():
        raise SchemaError(f"{where}.hotkey", "must be one character.")
    color = _text(row, "color", where)
    if color and not _color.fullmatch(color):
        raise SchemaError(f"{where}.color", "must read like #b3261e.")
    return Label(value, _text(row, "title", where) or value, hotkey.lower(), color)


def _display(row: Any, where: str) -> Display:
    if not isinstance(row, Mapping) or row.get("type") not in DISPLAYS:
        raise SchemaError(f"{where}.type", f"must be one of {_some(list(DISPLAYS))}.")
    field = _text(row, "field", where)
    if not field:
        raise SchemaError(f"{where}.field", "must name a column of the version.")
    return Display(str(row["type"]), field)


def _control(row: Any, where: str) -> Control:
    kind = row.get("type") if isinstance(row, Mapping) else None
    if not isinstance(kind, str) or kind not in CONTROLS:
        raise SchemaError(f"{where}.type", f"must be one of {_some(list(CONTROLS))}.")
    return CONTROLS[kind].parse(row, where)


def _control_name(row: Mapping[str, Any], where: str) -> str:
    name = row.get("name")
    if not isinstance(name, str) or not _name.fullmatch(name):
        raise SchemaError(f"{where}.name", "must be lower-case letters, digits and underscores, such as label.")
    return name


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key, "")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or not _storable(value):
        raise SchemaError(f"{where}.{key}", f"must be a text of at most {LONGEST_VALUE} characters.")
    return value.strip()


def _storable(value: str) -> bool:
    # PostgreSQL holds neither NUL nor half of a surrogate pair.
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _flag(row: Mapping[str, Any], key: str, default: bool, where: str) -> bool:
    value = row.get(key, default)
    if not isinstance(value, bool):
        raise SchemaError(f"{where}.{key}", "must be true or false.")
    return value


def _all_differ(values: list[str], where: str, what: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise SchemaError(where, f"the {what} {value!r} stands there twice.")
        seen.add(value)


def _some(values: list[str]) -> str:
    """Name up to eight values."""
    return ", ".join(values[:8]) + (f" and {len(values) - 8} more" if len(values) > 8 else "")
