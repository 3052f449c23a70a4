"""What every format is read into and written from: items with their answers, and the report of what was lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Answer = dict[str, Any]
# Rows of a report that are kept in words; above, they are counted by their code.
MOST_LISTED = 100_000


class FormatError(Exception):
    """A file that cannot be read as the format at all, or a project that a format cannot hold at all.

    Attributes:
        code: Stable name, snake_case.
        message: What is wrong, where, and how to mend it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Loss:
    """One object that was left out or changed on its way.

    Attributes:
        where: File, line, item or object that people can find, such as ``train.json: annotation 17``.
        code: Stable name, snake_case: a row of the format's loss table.
        reason: What became of it and why, as a sentence.
    """

    where: str
    code: str
    reason: str


@dataclass(slots=True)
class Losses:
    """The report of a reading or writing: every loss is counted, and the first MOST_LISTED are listed in words."""

    listed: list[Loss] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    # What is said once for a dataset and was said.
    said: set[str] = field(default_factory=set)

    def add(self, where: str, code: str, reason: str) -> None:
        """Note one loss."""
        self.counts[code] += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(Loss(where, code, reason))

    @property
    def total(self) -> int:
        """How many there are."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Said:
    """What one person, or one model, answered.

    Attributes:
        answer: By the names of the schema's controls, in the form of `labeling.engine.schema`.
        by: Name or address of the person, or of what made the prediction; empty where the format does not say.
        at: ISO 8601 with time zone; empty where the format does not say.
        skipped: Whether the person left the task out; then `answer` is empty.
        confidence: Of a model, 0 to 1; None of people, and where the format does not say.
        seconds: How long the person took; 0 where the format does not say.
    """

    answer: Answer
    by: str = ""
    at: str = ""
    skipped: bool = False
    confidence: float | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class Record:
    """One item with everything that was said about it.

    Attributes:
        name: How the format names it: the path of a picture, the id of a text. People find it by this in reports.
        fields: Columns of the item, texts and numbers, without the picture's.
        picture: Path in `Files` of its picture; empty for none.
        size: Width and height of the picture in pixels, upright; zeros where there is none.
        answers: What people answered, in order of time.
        predictions: What models answered.
        final: What counts of the answers; None where that was not decided.
    """

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    picture: str = ""
    size: tuple[int, int] = (0, 0)
    answers: list[Said] = field(default_factory=list)
    predictions: list[Said] = field(default_factory=list)
    final: Answer | None = None

    @property
    def counting(self) -> Answer | None:
        """What a format with one answer for each item holds: the final one, else the last that was given."""
        if self.final is not None:
            return self.final
        given = [said.answer for said in self.answers if not said.skipped]
        return given[-1] if given else None


@dataclass(frozen=True, slots=True)
class Reading:
    """A labeled dataset as it was found.

    Attributes:
        schema: What its project asks, as `labeling.engine.schema.parse_schema` reads it.
        records: Gives the items, in the same order each time; losses are noted as they are met.
        items: How many items there are; None where that is not known before reading.
    """

    schema: dict[str, Any]
    records: Callable[[], Iterator[Record]]
    items: int | None = None
