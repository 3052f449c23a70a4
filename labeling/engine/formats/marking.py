"""Marked texts of other tools on their way into a project: labels are gathered, offsets turned, answers made to fit."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labeling.engine.controls.base import (
    LONGEST_VALUE,
    MOST_LABELS,
    AnswerError,
    Control,
    Given,
    made_storable,
)
from labeling.engine.controls.shapes import Shapes
from labeling.engine.controls.spans import MOST_SPANS, Relations, Spans
from labeling.engine.formats.drawing import Fitting
from labeling.engine.formats.record import Answer, FormatError, Losses
from labeling.engine.schema import Schema

# What offsets may count, in the order of likelihood where a file gives no sign.
UNITS = ("points", "utf16", "bytes")
_NAMED = {"utf16": "UTF-16 units", "bytes": "bytes"}
_CODECS = {"utf16": ("utf-16-le", 2), "bytes": ("utf-8", 1)}
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
Span = dict[str, Any]


def label_of(value: Any) -> str:
    """Return a label as a schema can hold it: without blanks at its ends, NUL and halves of pairs, not too long."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return made_storable(str(value)).strip()[:LONGEST_VALUE].rstrip()


@dataclass(slots=True)
class Labels:
    """Labels in the order in which they were declared or met, with how they look."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, value: Any, *, title: str = "", color: str = "", hotkey: str = "") -> str:
        """Note a label and return it as a schema holds it; empty for one that says nothing."""
        name = label_of(value)
        if name and name not in self.rows:
            row = {"value": name}
            if title and label_of(title) != name:
                row["title"] = label_of(title)
            if _COLOR.fullmatch(color):
                row["color"] = color
            if len(hotkey) == 1 and not hotkey.isspace() and not self._takes(hotkey):
                row["hotkey"] = hotkey.lower()
            self.rows[name] = row
        return name

    def _takes(self, hotkey: str) -> bool:
        return any(row.get("hotkey") == hotkey.lower() for row in self.rows.values())

    def to_json(self, losses: Losses, where: str, *, least: int = 1) -> list[dict[str, str]]:
        """Return the labels for a schema; one alone gets a companion where a control needs two.

        Raises:
            FormatError: ``no_labels``, ``too_many_labels``.
        """
        if not self.rows:
            raise FormatError("no_labels", f"{where} has no labels, so there is nothing to ask for.")
        if len(self.rows) > MOST_LABELS:
            raise FormatError(
                "too_many_labels", f"{where} has {len(self.rows):,} labels; a project takes {MOST_LABELS:,}."
            )
        rows = list(self.rows.values())
        if len(rows) < least:
            value = label_of(f"not {rows[0]['value']}")
            losses.add(where, "label_added", f"A choice needs two labels, so that {value!r} was added.")
            rows.append({"value": value})
        return rows


@dataclass(slots=True)
class Counting:
    """Which units the offsets of a file count, found out from the stretches that it quotes.

    Attributes:
        prefer: The units where nothing tells, one of UNITS.
        fits: How many telling spans fit each unit.
    """

    prefer: str = "points"
    fits: Counter[str] = field(default_factory=Counter)

    def see(self, text: str, start: Any, end: Any, quote: Any) -> None:
        """Note a span with the words that it quotes, before anything is placed."""
        if text.isascii() or not isinstance(quote, str) or not (_whole(start) and _whole(end)):
            return
        fitting = [unit for unit in UNITS if _quotes(text, start, end, quote, unit)]
        if len(fitting) < len(UNITS):
            self.fits.update(fitting)

    @property
    def unit(self) -> str:
        """What most of the telling spans count."""
        return max(UNITS, key=lambda unit: (self.fits[unit], unit == self.prefer))

    def place(self, text: str, start: int, end: int, quote: Any = None) -> tuple[int, int, str] | None:
        """Return start and end in code points, and in which units they came; None where the quoted words do not stand.

        Without quoted words the units of the file are believed.
        """
        if not isinstance(quote, str):
            return *_in_points(text, start, end, self.unit), self.unit
        for unit in sorted(UNITS, key=lambda each: each != self.unit):
            if _quotes(text, start, end, quote, unit):
                return *_in_points(text, start, end, unit), unit
        return None


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _in_points(text: str, start: int, end: int, unit: str) -> tuple[int, int]:
    """Return offsets in code points; one beyond the text stays beyond it by as much."""
    if unit == "points" or text.isascii() or (unit == "utf16" and max(text, default="") <= "\uffff"):
        return start, end
    codec, width = _CODECS[unit]
    data = text.encode(codec, "surrogatepass")

    def point(offset: int) -> int:
        beyond = max(0, offset - len(data) // width)
        return len(data[: width * offset].decode(codec, "ignore")) + beyond

    return point(start), point(end)


def _quotes(text: str, start: int, end: int, quote: str, unit: str) -> bool:
    first, last = _in_points(text, start, end, unit)
    return text[first:last] == quote


def tell_of_units(unit: str, losses: Losses, path: str) -> None:
    """Note, once for each file, that offsets were turned into code points."""
    said = f"{path}: {unit}"
    if unit != "points" and said not in losses.said:
        losses.said.add(said)
        losses.add(path, "offsets_turned", f"Its offsets count {_NAMED[unit]}. They are code points now.")


@dataclass(slots=True)
class Answering:
    """Makes answers fit a schema, one after the other, and says what had to be changed or left out.

    Attributes:
        schema: What the project asks.
        losses: The report.
    """

    schema: Schema
    losses: Losses

    def fit(
        self, answer: Mapping[str, Any], data: Mapping[str, Any], where: str, size: tuple[int, int] = (0, 0)
    ) -> Answer:
        """Return what the project can hold of an answer.

        Args:
            answer: By names of controls. Parts of spans and shapes may lack ids.
            data: The fields of the item.
            where: For the report.
            size: Of the item's picture in pixels; zeros for none.
        """
        found: Answer = {}
        ids: dict[str, dict[str, str]] = {}
        for control in self.schema.controls:
            given = answer.get(control.name)
            if given is None:
                continue
            if isinstance(control, Spans):
                value: Any = self._marked(control, given, data, where, ids)
            elif isinstance(control, Relations):
                value = self._tied(control, given, found, where, ids.get(control.spans, {}))
            elif isinstance(control, Shapes):
                rows = [(where, {**row, "id": _own_id(row.get("id"))}) for row in given]
                value = Fitting(control, self.losses).fit(rows, size, where) if rows else []
            else:
                value = self._checked(control, given, data, found, where)
            if value is not None and not control.empty(value):
                found[control.name] = value
        return found

    def _checked(self, control: Control, given: Any, data: Mapping[str, Any], found: Answer, where: str) -> Any:
        try:
            return control.check(given, Given(data, found, draft=True))
        except AnswerError as error:
            self.losses.add(where, "answer_refused", f"{control.name}: {error.what} It is left out.")
            return None

    def _marked(
        self, control: Spans, rows: list[Span], data: Mapping[str, Any], where: str, ids: dict[str, dict[str, str]]
    ) -> list[Span]:
        source = data.get(control.field)
        text = source if isinstance(source, str) else ""
        renamed = ids.setdefault(control.name, {})
        # By place and label: the id that the first of doubled spans keeps.
        kept: dict[tuple[int, int, str], str] = {}
        taken = {row.get("id") for row in rows if _own_id(row.get("id"))}
        found: list[Span] = []
        for number, row in enumerate(rows, 1):
            old, said = row.get("id"), f"{where}: span {row.get('start')} to {row.get('end')}"
            reason = self._fault(control, row, text)
            if reason:
                self.losses.add(said, *reason)
                continue
            key = (row["start"], row["end"], row["label"])
            if key in kept:
                self.losses.add(said, "span_double", "It stands there twice and is kept once.")
                renamed.setdefault(str(old), kept[key])
                continue
            if len(found) == MOST_SPANS:
                self.losses.add(where, "too_many_spans", f"A text takes {MOST_SPANS:,} spans; others are left out.")
                break
            made = _own_id(old) if str(old) not in renamed else ""
            made = made or _free(f"s{number}", taken)
            taken.add(made)
            kept[key] = renamed[str(old)] = made
            found.append({"id": made, "start": row["start"], "end": row["end"], "label": row["label"]})
        return self._apart(control, found, data, where)

    def _fault(self, control: Spans, row: Span, text: str) -> tuple[str, str] | None:
        start, end = row.get("start"), row.get("end")
        if not _whole(start) or not _whole(end):
            return "span_broken", "Its offsets are no whole numbers. It is left out."
        assert isinstance(start, int)
        assert isinstance(end, int)
        if start >= end:
            return "span_empty", "It marks nothing and is left out."
        if end > len(text):
            return "span_outside", f"The text has {len(text):,} characters. It is left out."
        if not any(label.value == row.get("label") for label in control.labels):
            return "label_unknown", f"The label {str(row.get('label'))[:60]!r} is not asked. It is left out."
        return None

    def _apart(self, control: Spans, rows: list[Span], data: Mapping[str, Any], where: str) -> list[Span]:
        """Leave out the spans that overlap where the project takes none that do."""
        given = Given(data, {}, draft=True)
        try:
            return control.check(rows, given)
        except AnswerError:
            pass
        fitting: list[Span] = []
        for row in sorted(rows, key=lambda each: (each["start"], -each["end"])):
            try:
                control.check([*fitting, row], given)
                fitting.append(row)
            except AnswerError as error:
                self.losses.add(f"{where}: span {row['start']} to {row['end']}", "span_crossing", error.what)
        return control.check(fitting, given)

    def _tied(
        self, control: Relations, rows: list[Mapping[str, Any]], found: Answer, where: str, ids: Mapping[str, str]
    ) -> list[dict[str, str]]:
        known = {span["id"] for span in found.get(control.spans, ())}
        ties: list[dict[str, str]] = []
        for row in rows:
            ends = [ids.get(str(row.get(key)), "") for key in ("from", "to")]
            tie = {"from": ends[0], "to": ends[1], "label": str(row.get("label"))}
            if not known.issuperset(ends):
                self.losses.add(where, "relation_end", f"A relation {tie['label']!r} ties a span that is not there.")
            elif self._checked(control, [tie], {}, found, where) is not None:
                ties.append(tie)
        return self._checked(control, ties, {}, found, where) or []


def _own_id(value: Any) -> str:
    """Return an id that a part of an answer can keep, else ""."""
    plain = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return plain if _ID.fullmatch(plain) else ""


def _free(name: str, taken: set[Any]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
