"""Free text: a summary, a translation, a better answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from labeling.engine.controls.base import AnswerError, Given, SchemaError, control_name, flag, storable, text, whole

LONGEST = 100_000


@dataclass(frozen=True)
class Words:
    """A text that people write. Its answer is a string without blanks at its ends.

    Attributes:
        least: Fewest code points of an answer that is not empty.
        most: Most code points.
        lines: How many lines the page shows of it at first.
        start_from: A field whose text stands there to be rewritten; empty for none.
    """

    type: ClassVar[str] = "text"
    classifies: ClassVar[bool] = False
    name: str
    least: int = 0
    most: int = 10_000
    lines: int = 3
    start_from: str = ""
    required: bool = True
    title: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The field that is rewritten, if any."""
        return (self.start_from,) if self.start_from else ()

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a text control."""
        found = cls(
            name=control_name(row, where),
            least=whole(row, "least", 0, 0, LONGEST, where),
            most=whole(row, "most", 10_000, 1, LONGEST, where),
            lines=whole(row, "lines", 3, 1, 40, where),
            start_from=text(row, "start_from", where),
            required=flag(row, "required", True, where),
            title=text(row, "title", where),
        )
        if found.least > found.most:
            raise SchemaError(f"{where}.least", "must not be above most.")
        return found

    def check(self, value: Any, given: Given) -> str:
        """Return the text with line ends as \\n and without blanks at its ends."""
        if not isinstance(value, str):
            raise AnswerError(self.name, "This must be a text.", 'Send for example "…".')
        if not storable(value):
            raise AnswerError(self.name, "The text has characters that cannot be stored.", "Leave out NUL and halves.")
        found = value.replace("\r\n", "\n").replace("\r", "\n").strip()
        if len(found) > self.most:
            raise AnswerError(self.name, f"The text has {len(found)} characters; {self.most} are taken.", "Shorten it.")
        if found and len(found) < self.least and not given.draft:
            raise AnswerError(
                self.name, f"The text has {len(found)} characters; at least {self.least} are asked.", "Write more."
            )
        return found

    def empty(self, value: Any) -> bool:
        """Tell whether nothing is written."""
        return not value

    def counted(self, value: Any) -> Iterator[str]:
        """Give nothing: texts are not counted."""
        return iter(())

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "least": self.least,
            "most": self.most,
            "lines": self.lines,
            "start_from": self.start_from,
            "required": self.required,
        }
