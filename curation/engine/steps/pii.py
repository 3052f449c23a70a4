"""Finds personal data and secrets, and masks, replaces or drops them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa

from curation.engine.folding import as_text
from curation.engine.pii.configuration import read_recognizers
from curation.engine.pii.pseudonyms import Pseudonyms
from curation.engine.pii.scan import LANGUAGES, Scanner, scanner_of
from curation.engine.pii.spans import Span
from curation.engine.pii.uncertain import CODE, Doubt, Doubts, mask
from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Replaced, Step, StepError

ACTIONS = ("flag", "mask", "pseudonym", "drop", "leave")


@dataclass(frozen=True, slots=True)
class PersonalData(Step):
    """Finds personal data and secrets in texts and table cells; each type has its own action.

    ``flag`` makes a finding, ``mask`` puts ``[EMAIL]`` in the place, ``pseudonym`` puts a stand-in there that is the
    same for the same value in the whole dataset, ``drop`` drops the item, ``leave`` does nothing. Spans with a score
    from `low` to below `high` are not touched but asked about. Findings say where, never what.
    """

    name: ClassVar[str] = "pii"
    title: ClassVar[str] = "Personal data"
    reasons: ClassVar[dict[str, str]] = {
        "pii_found": "The item holds personal data of a type that is only flagged.",
        CODE: "A part of the item may be personal data; a person decides.",
        "pii_dropped": "The item holds personal data of a type whose items are dropped.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS, "language": LANGUAGES}
    action: str = "flag"
    actions: dict[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    language: str = "auto"
    low: float = 0.5
    high: float = 0.8
    recognizers: str = ""

    def __post_init__(self) -> None:
        for name, action in (("action", self.action), *self.actions.items()):
            if action not in ACTIONS:
                raise ValueError(f"{name} is {action!r}; choose one of {', '.join(ACTIONS)}")
        if not 0 <= self.low <= self.high <= 1:
            raise ValueError("low and high are shares from 0 to 1, and low is not above high")
        extra = read_recognizers(self.recognizers)
        Scanner(self.language, (*self.types, *self.actions), extra)

    def prepare(self, batches: Batches, context: Context) -> "_State":
        """Check columns and key before the first row is changed."""
        columns = self.columns or (context.column("text"),)
        names = next(iter(batches())).schema.names
        if missing := [name for name in columns if name not in names]:
            raise StepError(f"There is no column {missing[0]}. There are {', '.join(names[1:])}.")
        pseudonyms = None
        if "pseudonym" in {self.action, *self.actions.values()}:
            if not context.key:
                raise StepError(
                    "Pseudonyms need a key. On the service each dataset has one; in the shell put 32 random bytes into "
                    "a file and name it with --key."
                )
            pseudonyms = Pseudonyms(context.key)
        scanner = scanner_of(self.language, self.types, read_recognizers(self.recognizers))
        return _State(columns, scanner, pseudonyms)

    def notes(self, state: Any) -> dict[str, Any]:
        """Return how many spans of each type were found and what was done with them."""
        return {"columns": list(state.columns)}

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Find, replace and note the rows of one batch."""
        work = _Batch(self, state, table)
        for column in state.columns:
            work.scan(column)
        return work.outcome()

    def action_of(self, label: str) -> str:
        """Return what is done with a type."""
        return self.actions.get(label, self.action)

    @property
    def writes(self) -> bool:
        """Tell whether the step may change a text."""
        return bool({"mask", "pseudonym"} & {self.action, *self.actions.values()})


@dataclass(slots=True)
class _State:
    columns: tuple[str, ...]
    scanner: Scanner
    pseudonyms: Pseudonyms | None


class _Batch:
    """The work on one batch: rows go through each column, notes are made when all columns are known."""

    def __init__(self, step: PersonalData, state: _State, table: pa.Table) -> None:
        self.step, self.state, self.table = step, state, table
        self.ids = table["item_id"].to_pylist()
        self.flagged: dict[int, Counter[str]] = {}
        self.dropped: dict[int, Counter[str]] = {}
        self.doubts: dict[int, list[Doubt]] = {}
        self.lengths: dict[int, dict[str, int]] = {}
        self.replaced: list[Replaced] = []
        self.changed: set[int] = set()

    def scan(self, column: str) -> None:
        texts = as_text(self.table[column])
        found = self.state.scanner.scan(texts)
        fresh: dict[int, str] = {}
        for row, spans in enumerate(found):
            kept = [one for one in spans if one.score >= self.step.low and self.step.action_of(one.label) != "leave"]
            if kept:
                text = texts[row].as_py()
                after = self._row(row, column, text, kept)
                if after != text:
                    fresh[row] = after
        self._write(column, texts, fresh)

    def _row(self, row: int, column: str, text: str, spans: Sequence[Span]) -> str:
        """Note the spans of one cell; return its text with what is replaced."""
        doubtful = [one for one in spans if one.score < self.step.high]
        # What cannot be asked about, because the finding is full, is treated as certain: rather masked than missed.
        room = Doubts(
            (*self.doubts.get(row, []), *(self._doubt(column, one, 0) for one in doubtful)),
            {**self.lengths.get(row, {}), column: len(text)},
        ).fitting() - len(self.doubts.get(row, []))
        asked = set(doubtful[: max(0, room)])
        parts, shift, done = [], 0, 0
        for one in spans:
            action = self.step.action_of(one.label)
            if one in asked:
                self.doubts.setdefault(row, []).append(self._doubt(column, one, shift))
                continue
            if action in {"flag", "drop"}:
                notes = self.flagged if action == "flag" else self.dropped
                notes.setdefault(row, Counter())[one.label] += 1
                continue
            stand_in = self._replace(row, column, text, one, action)
            parts += [text[done : one.start], stand_in]
            shift += len(stand_in) - (one.end - one.start)
            done = one.end
        after = "".join([*parts, text[done:]])
        if row in self.doubts:
            self.lengths.setdefault(row, {})[column] = len(after)
        return after

    def _doubt(self, column: str, span: Span, shift: int) -> Doubt:
        action = self.step.action_of(span.label)
        return Doubt(column, span.start + shift, span.end + shift, span.label, span.score, action)

    def _replace(self, row: int, column: str, text: str, span: Span, action: str) -> str:
        value = text[span.start : span.end]
        stand_in = mask(span.label, value)
        if action == "pseudonym" and self.state.pseudonyms is not None:
            stand_in = self.state.pseudonyms.stand_in(span.label, value)
        kept = value if action == "pseudonym" else ""
        place = (self.ids[row], column, span.start, span.end, span.label, action, span.score, span.why)
        self.replaced.append(Replaced(*place, kept, stand_in if kept else ""))
        self.changed.add(row)
        return stand_in

    def _write(self, column: str, texts: pa.Array, fresh: dict[int, str]) -> None:
        place = self.table.schema.get_field_index(column)
        kind = self.table.schema.field(place).type
        written = kind if pa.types.is_string(kind) or pa.types.is_large_string(kind) else pa.string()
        # A column of numbers becomes text in every batch, also in one where nothing is replaced.
        if not fresh and (written == kind or not self.step.writes):
            return
        values = texts.to_pylist()
        for row, text in fresh.items():
            values[row] = text
        self.table = self.table.set_column(place, column, pa.array(values, written))

    def outcome(self) -> Outcome:
        found = [Found(self.ids[row], "pii_found", counted(self.flagged[row])) for row in sorted(self.flagged)]
        for row in sorted(self.doubts):
            detail = Doubts(tuple(self.doubts[row]), self.lengths[row]).to_detail()
            found.append(Found(self.ids[row], CODE, detail))
        gone = sorted(self.dropped)
        drops = [Drop(self.ids[row], "pii_dropped", counted(self.dropped[row])) for row in gone]
        if gone:
            lost = {self.ids[row] for row in gone}
            found = [one for one in found if one.item_id not in lost]
            keep = pa.array([row not in self.dropped for row in range(self.table.num_rows)])
            self.table = self.table.filter(keep)
        return Outcome(self.table, drops, found, len(self.changed), self.replaced)


def counted(labels: Counter[str]) -> str:
    """Return types with how often each was found: "EMAIL 2, PHONE 1"."""
    return ", ".join(f"{label} {count}" for label, count in sorted(labels.items()))
