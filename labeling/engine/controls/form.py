"""A row of a table as a form: the values as they ought to be."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from labeling.engine.controls.base import (
    AnswerError,
    Given,
    SchemaError,
    all_differ,
    control_name,
    field_name,
    flag,
    one_of,
    part,
    some,
    storable,
    text,
)

MOST_COLUMNS = 100
LONGEST_CELL = 10_000
KINDS = ("text", "integer", "number", "boolean", "date", "choice")


@dataclass(frozen=True, slots=True)
class Column:
    """One value of the form.

    Attributes:
        field: The column of the version; its value stands in the form at first.
        title: What people read.
        kind: A row of KINDS.
        options: What a choice may be.
        least: Smallest number, or None.
        most: Largest number, or None.
        required: Whether it may not stay empty.
        locked: Whether it is only shown.
    """

    field: str
    title: str
    kind: str = "text"
    options: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    required: bool = False
    locked: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that is read."""
        return {
            "field": self.field,
            "title": self.title,
            "kind": self.kind,
            "options": list(self.options),
            "least": self.least,
            "most": self.most,
            "required": self.required,
            "locked": self.locked,
        }

    def check(self, value: Any, where: str, *, draft: bool) -> Any:
        """Return a value of this column's kind; None for nothing."""
        if value is None or value == "":
            if self.required and not draft:
                raise AnswerError(where, f"{self.title} must be filled in.", "Write a value, or skip the task.")
            return None
        found = _CHECKS[self.kind](self, value, where)
        for limit, bad in ((self.least, lambda each, edge: each < edge), (self.most, lambda each, edge: each > edge)):
            if limit is not None and self.kind in ("integer", "number") and bad(found, limit):
                raise AnswerError(where, f"{self.title} is {found:g}.", f"It must lie in {_range(self)}.")
        return found


@dataclass(frozen=True)
class Form:
    """Typed values of a row. Its answer is an object of field to value, columns that are not locked, null for none."""

    type: ClassVar[str] = "form"
    classifies: ClassVar[bool] = False
    name: str
    columns: tuple[Column, ...]
    required: bool = True
    title: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns of the version."""
        return tuple(column.field for column in self.columns)

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a form."""
        rows = row.get("columns")
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_COLUMNS:
            raise SchemaError(f"{where}.columns", f"must be a list of 1 to {MOST_COLUMNS} columns.")
        columns = tuple(_column(each, f"{where}.columns.{number}") for number, each in enumerate(rows))
        all_differ([column.field for column in columns], f"{where}.columns", "field")
        return cls(
            name=control_name(row, where),
            columns=columns,
            required=flag(row, "required", True, where),
            title=text(row, "title", where),
        )

    def check(self, value: Any, given: Given) -> dict[str, Any]:
        """Return all values of the form; a column that was not sent is empty."""
        asked = {column.field: column for column in self.columns if not column.locked}
        row = part(value, self.name, frozenset(asked))
        return {
            field: column.check(row.get(field), f"{self.name}.{field}", draft=given.draft)
            for field, column in asked.items()
        }

    def empty(self, value: Any) -> bool:
        """Tell whether the form was not filled in; a form of empty cells is an answer."""
        return value is None

    def counted(self, value: Any) -> Iterator[str]:
        """Give nothing: cells are not counted."""
        return iter(())

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "required": self.required,
            "columns": [column.to_json() for column in self.columns],
        }


def _text(column: Column, value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_CELL or not storable(value):
        raise AnswerError(where, f"{column.title} must be a text of at most {LONGEST_CELL} characters.", "Shorten it.")
    return value.strip()


def _integer(column: Column, value: Any, where: str) -> int:
    found = _number(column, value, where)
    if found != int(found) or abs(found) > 2**53:
        raise AnswerError(where, f"{column.title} must be a whole number.", "Write it without a fraction.")
    return int(found)


def _number(column: Column, value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise AnswerError(where, f"{column.title} must be a number.", "Write it as 12.5.")
    return value


def _boolean(column: Column, value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise AnswerError(where, f"{column.title} must be true or false.", "Choose one of the two.")
    return value


def _date(column: Column, value: Any, where: str) -> str:
    try:
        return dt.date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise AnswerError(where, f"{column.title} must be a date.", "Write it as 2024-05-31.") from None


def _choice(column: Column, value: Any, where: str) -> str:
    if not isinstance(value, str) or value not in column.options:
        raise AnswerError(where, f"{column.title} does not offer this.", f"Choose one of {some(column.options)}.")
    return value


_CHECKS = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "choice": _choice,
}


def _range(column: Column) -> str:
    least = "any" if column.least is None else f"{column.least:g}"
    most = "any" if column.most is None else f"{column.most:g}"
    return f"{least} to {most}"


def _column(row: Any, where: str) -> Column:
    if not isinstance(row, Mapping):
        raise SchemaError(where, "must be an object with a field.")
    field = field_name(row, "field", where)
    kind = one_of(row, "kind", "text", KINDS, where)
    options = row.get("options") or []
    if kind == "choice" and (not isinstance(options, list) or not 1 <= len(options) <= 1000):
        raise SchemaError(f"{where}.options", "must be a list of 1 to 1000 words.")
    read = tuple(text({"option": each}, "option", f"{where}.options") for each in options) if kind == "choice" else ()
    all_differ(list(read), f"{where}.options", "option")
    least, most = _limit(row, "least", where), _limit(row, "most", where)
    if least is not None and most is not None and least > most:
        raise SchemaError(f"{where}.least", "must not be above most.")
    return Column(
        field,
        text(row, "title", where) or field,
        kind,
        read,
        least,
        most,
        flag(row, "required", False, where),
        flag(row, "locked", False, where),
    )


def _limit(row: Mapping[str, Any], key: str, where: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise SchemaError(f"{where}.{key}", "must be a number.")
    return value
