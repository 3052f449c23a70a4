"""How good something is, on a scale; and which of two answers is better."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from labeling.engine.controls.base import AnswerError, Given, Label, control_name, flag, known_label, text, whole

SIDES = ("a", "b")


@dataclass(frozen=True)
class Rating:
    """A whole number from 1 to `steps`; for each of two answers when `sides` is set.

    Its answer is the number, or ``{"a": number, "b": number}``.

    Attributes:
        steps: The highest number, 2 to 10.
        low: What 1 means.
        high: What the highest number means.
        sides: Whether both answers of a pair are rated.
    """

    type: ClassVar[str] = "rating"
    classifies: ClassVar[bool] = False
    fields: ClassVar[tuple[str, ...]] = ()
    name: str
    steps: int = 5
    low: str = ""
    high: str = ""
    sides: bool = False
    required: bool = True
    title: str = ""

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a rating."""
        return cls(
            name=control_name(row, where),
            steps=whole(row, "steps", 5, 2, 10, where),
            low=text(row, "low", where),
            high=text(row, "high", where),
            sides=flag(row, "sides", False, where),
            required=flag(row, "required", True, where),
            title=text(row, "title", where),
        )

    def check(self, value: Any, given: Given) -> Any:
        """Return the number, or the number of each side in the order a, b."""
        if not self.sides:
            return self._step(value, self.name)
        if not isinstance(value, Mapping) or not set(value) <= set(SIDES):
            raise AnswerError(self.name, "This must rate both answers.", 'Send for example {"a": 4, "b": 2}.')
        found = {side: self._step(value[side], f"{self.name}.{side}") for side in SIDES if value.get(side) is not None}
        if self.required and len(found) == 1 and not given.draft:
            raise AnswerError(self.name, "Only one of the two answers is rated.", "Rate the other one too.")
        return found

    def _step(self, value: Any, where: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= self.steps:
            raise AnswerError(where, f"This must be a whole number from 1 to {self.steps}.", "Send for example 3.")
        return value

    def empty(self, value: Any) -> bool:
        """Tell whether nothing is rated."""
        return value is None or value == {}

    def counted(self, value: Any) -> Iterator[str]:
        """Give the number; of two answers each with its side."""
        if isinstance(value, Mapping):
            return (f"{side}: {number}" for side, number in value.items())
        return iter((str(value),))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "steps": self.steps,
            "low": self.low,
            "high": self.high,
            "sides": self.sides,
            "required": self.required,
        }


@dataclass(frozen=True)
class Preference:
    """Which of two answers is better. Its answer is ``a``, ``b``, ``tie`` or ``neither``.

    Attributes:
        tie: Whether both may be equally good.
        neither: Whether both may be called bad.
    """

    type: ClassVar[str] = "preference"
    classifies: ClassVar[bool] = True
    fields: ClassVar[tuple[str, ...]] = ()
    name: str
    tie: bool = True
    neither: bool = False
    required: bool = True
    title: str = ""

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """What can be said."""
        found = [Label("a", "A", "1"), Label("b", "B", "2")]
        found += [Label("tie", "tie", "0")] if self.tie else []
        found += [Label("neither", "neither", "9")] if self.neither else []
        return tuple(found)

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a preference."""
        return cls(
            name=control_name(row, where),
            tie=flag(row, "tie", True, where),
            neither=flag(row, "neither", False, where),
            required=flag(row, "required", True, where),
            title=text(row, "title", where),
        )

    def check(self, value: Any, given: Given) -> str:
        """Return the preference."""
        return known_label(value, {label.value: label for label in self.labels}, self.name)

    def empty(self, value: Any) -> bool:
        """Tell whether nothing is preferred yet."""
        return not value

    def counted(self, value: Any) -> Iterator[str]:
        """Give the preference."""
        yield value

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads; the labels are for the page, which shows their keys."""
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "tie": self.tie,
            "neither": self.neither,
            "required": self.required,
            "labels": [label.to_json() for label in self.labels],
        }
