"""What every control is: it is read from JSON, checks answers, and gives each answer one normal form."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

LONGEST_VALUE = 200
MOST_LABELS = 1000
_name = re.compile(r"[a-z][a-z0-9_]{0,59}")
_color = re.compile(r"#[0-9a-fA-F]{6}")
_mark = re.compile(r"[A-Za-z0-9_-]{1,40}")


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
class Given:
    """What a control may know beside its own value.

    Attributes:
        data: The task's fields; None where the caller has none, and then nothing that points into them is compared.
        answer: The checked values of the controls before this one.
        draft: Whether the answer is still being written, so that what is missing may be missing.
    """

    data: Mapping[str, Any] | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)
    draft: bool = False


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
    """One question of a schema.

    Attributes:
        type: Its row in `labeling.engine.controls.table.CONTROLS`.
        classifies: Whether its answer, as one text, can be what a classifier learns.
    """

    type: ClassVar[str]
    classifies: ClassVar[bool]

    @property
    def name(self) -> str:
        """The key of this control in an answer."""

    @property
    def title(self) -> str:
        """What people read above it; may be empty."""

    @property
    def required(self) -> bool:
        """Whether an answer without it is refused."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the task that its answers point into."""

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read the control from its JSON object or raise SchemaError."""

    def check(self, value: Any, given: Given) -> Any:
        """Return the answer in its one normal form or raise AnswerError."""

    def empty(self, value: Any) -> bool:
        """Tell whether a checked value answers nothing."""

    def counted(self, value: Any) -> Iterator[str]:
        """Give the labels in a checked value, for counting."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""


def label(row: Any, where: str) -> Label:
    """Read one label."""
    if not isinstance(row, Mapping):
        raise SchemaError(where, "must be an object with a value.")
    value = text(row, "value", where)
    if not value:
        raise SchemaError(f"{where}.value", "must not be empty.")
    hotkey = text(row, "hotkey", where)
    if len(hotkey) > 1 or hotkey.isspace():
        raise SchemaError(f"{where}.hotkey", "must be one character.")
    color = text(row, "color", where)
    if color and not _color.fullmatch(color):
        raise SchemaError(f"{where}.color", "must read like #b3261e.")
    return Label(value, text(row, "title", where) or value, hotkey.lower(), color)


def labels(row: Mapping[str, Any], where: str, *, least: int = 1) -> tuple[Label, ...]:
    """Read the labels of a control: values and keys must differ."""
    rows = row.get("labels")
    if not isinstance(rows, list) or not least <= len(rows) <= MOST_LABELS:
        raise SchemaError(f"{where}.labels", f"must be a list of {least} to {MOST_LABELS} labels.")
    found = tuple(label(item, f"{where}.labels.{number}") for number, item in enumerate(rows))
    all_differ([each.value for each in found], f"{where}.labels", "value")
    all_differ([each.hotkey for each in found if each.hotkey], f"{where}.labels", "hotkey")
    return found


def control_name(row: Mapping[str, Any], where: str) -> str:
    """Read the name of a control, which is its key in answers."""
    name = row.get("name")
    if not isinstance(name, str) or not _name.fullmatch(name):
        raise SchemaError(f"{where}.name", "must be lower-case letters, digits and underscores, such as label.")
    return name


def field_name(row: Mapping[str, Any], key: str, where: str) -> str:
    """Read the name of a field that must be given."""
    found = text(row, key, where)
    if not found:
        raise SchemaError(f"{where}.{key}", "must name a column of the version.")
    return found


def text(row: Mapping[str, Any], key: str, where: str) -> str:
    """Read a short text; nothing is an empty one."""
    value = row.get(key, "")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or not storable(value):
        raise SchemaError(f"{where}.{key}", f"must be a text of at most {LONGEST_VALUE} characters.")
    return value.strip()


def flag(row: Mapping[str, Any], key: str, default: bool, where: str) -> bool:
    """Read true or false."""
    value = row.get(key, default)
    if not isinstance(value, bool):
        raise SchemaError(f"{where}.{key}", "must be true or false.")
    return value


def whole(row: Mapping[str, Any], key: str, default: int, least: int, most: int, where: str) -> int:
    """Read a whole number within limits."""
    value = row.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise SchemaError(f"{where}.{key}", f"must be a whole number from {least} to {most}.")
    return value


def one_of(row: Mapping[str, Any], key: str, default: str, allowed: tuple[str, ...], where: str) -> str:
    """Read one of a few words."""
    value = row.get(key, default)
    if not isinstance(value, str) or value not in allowed:
        raise SchemaError(f"{where}.{key}", f"must be one of {some(allowed)}.")
    return value


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(value: str) -> bool:
    """Tell whether PostgreSQL can hold the text: neither NUL nor half of a surrogate pair."""
    return _UNSTORABLE.search(value) is None


def made_storable(value: str) -> str:
    """Return the text without what PostgreSQL cannot hold."""
    return _UNSTORABLE.sub("", value)


def all_differ(values: list[str], where: str, what: str) -> None:
    """Refuse a value that stands in a list twice."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise SchemaError(where, f"the {what} {value!r} stands there twice.")
        seen.add(value)


def some(values: Any) -> str:
    """Name up to eight values."""
    found = [str(value) for value in values]
    return ", ".join(found[:8]) + (f" and {len(found) - 8} more" if len(found) > 8 else "")


def mark(row: Mapping[str, Any], where: str) -> str:
    """Read the id of a part of an answer, such as one span; other parts may refer to it."""
    value = row.get("id")
    if not isinstance(value, str) or not _mark.fullmatch(value):
        raise AnswerError(
            f"{where}.id", "Each part needs an id of 1 to 40 letters and digits.", 'Send for example "s1".'
        )
    return value


def known_label(value: Any, known: Collection[str], where: str) -> str:
    """Return a label that the control has."""
    if not isinstance(value, str) or value not in known:
        raise AnswerError(where, "This label is not in the project.", f"Choose one of {some(known)}.")
    return value


def chosen_labels(value: Any, known: Collection[str], where: str, example: str) -> set[str]:
    """Return the labels that an answer lists, all of which the control has; `example` is one to show in an error."""
    if not isinstance(value, list):
        raise AnswerError(where, "This must be a list of labels.", f'Send for example ["{example}"].')
    if len(value) > len(known):
        raise AnswerError(where, "There are more labels than the project has.", "Send each label once.")
    return {known_label(item, known, f"{where}.{number}") for number, item in enumerate(value)}


def one_label_only(chosen: list[str], where: str) -> None:
    """Refuse more than one label."""
    if len(chosen) > 1:
        raise AnswerError(where, "This takes one label only.", "Send a list with one label.")


def part(row: Any, where: str, keys: frozenset[str]) -> Mapping[str, Any]:
    """Return one part of an answer, an object that has only known keys."""
    if not isinstance(row, Mapping):
        raise AnswerError(where, "This must be an object.", f"Send an object with {some(sorted(keys))}.")
    for key in row:
        if key not in keys:
            raise AnswerError(
                f"{where}.{str(key)[:60]}", "This is not known here.", f"Leave it out; known are {some(sorted(keys))}."
            )
    return row


def parts(value: Any, where: str, most: int) -> list[Any]:
    """Return the parts of an answer, a list within a limit."""
    if not isinstance(value, list):
        raise AnswerError(where, "This must be a list.", "Send [] for none.")
    if len(value) > most:
        raise AnswerError(where, f"There are {len(value)} parts; at most {most} are taken.", "Leave some out.")
    return value
