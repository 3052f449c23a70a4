"""Copies of rows with texts: the text changed by a policy, its spans moved with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from curation.engine.augment.learnt import Learnt
from curation.engine.augment.marks import read_marks, write_marks
from curation.engine.augment.policy import Policy
from curation.engine.augment.text import LONGEST, SpansError, augment_text

SPANS_UNFIT, TOO_LONG = "spans_unfit", "text_too_long_to_augment"


@dataclass(frozen=True, slots=True)
class Copy:
    """A changed copy of an item.

    Attributes:
        number: Which of the copies of the item, from 0.
        cells: New values by column.
        used: The steps of the policy that changed it.
    """

    number: int
    cells: dict[str, Any]
    used: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an item gets no copies.

    Attributes:
        code: The finding.
        detail: What is wrong.
    """

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class TextCopies:
    """Makes the copies of rows with a text.

    Attributes:
        policy: Of texts.
        text: Column of the text.
        spans: Columns of spans in it.
        learnt: What the policy's steps learnt.
    """

    policy: Policy
    text: str
    spans: Sequence[str] = ()
    learnt: Learnt = field(default_factory=Learnt)

    def of(self, item: int, row: Mapping[str, Any]) -> list[Copy] | Refused:
        """Return the copies of an item that differ from it and from each other, or why there are none.

        Args:
            item: Its id, which decides the draws.
            row: Its cells.
        """
        text = row[self.text]
        if not isinstance(text, str) or not text.strip():
            return []
        if len(text) > LONGEST:
            return Refused(TOO_LONG, f"{len(text)} characters, at most {LONGEST}")
        try:
            marks = {name: read_marks(row[name]) for name in self.spans}
            found = [self._copy(item, number, text, marks) for number in range(self.policy.copies)]
        except SpansError as error:
            return Refused(SPANS_UNFIT, str(error))
        seen = {text}
        copies = []
        for copy in found:
            if copy is not None and copy.cells[self.text] not in seen:
                seen.add(copy.cells[self.text])
                copies.append(copy)
        return copies

    def _copy(self, item: int, number: int, text: str, marks: Mapping[str, list[dict[str, Any]]]) -> Copy | None:
        """Return one copy; all columns of spans are moved by the same edits."""
        together = [span for spans in marks.values() for span in spans]
        made = augment_text(text, together, self.policy, f"{item}/{number}", self.learnt)
        if not made.edits:
            return None
        moved = iter(made.spans)
        cells = {name: write_marks([next(moved) for _span in spans]) for name, spans in marks.items() if spans}
        return Copy(number, {self.text: made.text, **cells}, tuple(step.use for step in made.edits))
