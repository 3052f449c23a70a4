"""Marked stretches of a text, and what ties them together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from labeling.engine.controls.base import (
    AnswerError,
    Given,
    Label,
    SchemaError,
    control_name,
    field_name,
    flag,
    known_label,
    labels,
    mark,
    one_of,
    part,
    parts,
    some,
    text,
)

MOST_SPANS = 5_000
MOST_RELATIONS = 5_000
OVERLAPS = ("allow", "nest", "none")
_SPAN = frozenset({"id", "start", "end", "label", "text"})
_RELATION = frozenset({"from", "to", "label"})
Span = dict[str, Any]


@dataclass(frozen=True)
class Spans:
    """Labeled stretches of a text field.

    Its answer is a list of ``{"id", "start", "end", "label", "text"}`` sorted by start, end and label. Offsets count
    Unicode code points, end exclusive; ``text`` is the quoted stretch, so that a reader that counts otherwise is found
    out at once. The id is the page's, unique in the answer, for relations to refer to.

    Attributes:
        field: The text field.
        overlap: ``allow`` any, ``nest`` only spans that lie inside one another, or ``none``.
        snap: Whether the page widens a selection to whole words.
    """

    type: ClassVar[str] = "spans"
    classifies: ClassVar[bool] = False
    name: str
    field: str
    labels: tuple[Label, ...]
    overlap: str = "allow"
    snap: bool = True
    required: bool = False
    title: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The text field."""
        return (self.field,)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(label.value for label in self.labels)

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a span control. By default an item may have no span, since many texts name nothing."""
        return cls(
            name=control_name(row, where),
            field=field_name(row, "field", where),
            labels=labels(row, where),
            overlap=one_of(row, "overlap", "allow", OVERLAPS, where),
            snap=flag(row, "snap", True, where),
            required=flag(row, "required", False, where),
            title=text(row, "title", where),
        )

    def check(self, value: Any, given: Given) -> list[Span]:
        """Return the spans in their one order; each lies in the text, quotes it rightly and stands there once."""
        source = None if given.data is None else given.data.get(self.field)
        whole = None if given.data is None else source if isinstance(source, str) else ""
        rows = parts(value, self.name, MOST_SPANS)
        found = [self._span(row, f"{self.name}.{number}", whole) for number, row in enumerate(rows)]
        found.sort(key=_place)
        self._each_once(found)
        if self.overlap != "allow":
            self._refuse_overlap(found)
        return found

    def _span(self, row: Any, where: str, whole: str | None) -> Span:
        row = part(row, where, _SPAN)
        start, end = row.get("start"), row.get("end")
        if not _offset(start) or not _offset(end) or start >= end:
            raise AnswerError(
                where, "start and end must be whole numbers with start below end.", "They count code points, from 0."
            )
        quote = row.get("text")
        if whole is not None:
            if end > len(whole):
                raise AnswerError(
                    f"{where}.end",
                    f"The text has {len(whole)} characters and the span ends at {end}.",
                    "Offsets count Unicode code points, end exclusive.",
                )
            stands = whole[start:end]
            if quote is not None and quote != stands:
                raise AnswerError(
                    f"{where}.text",
                    f"At {start} to {end} the text reads {stands[:60]!r}, which is not what the span quotes.",
                    "Offsets count Unicode code points, not bytes and not UTF-16 units.",
                )
            quote = stands
        if not isinstance(quote, str) or len(quote) != end - start:
            raise AnswerError(f"{where}.text", "This must quote the marked text.", "Send the text from start to end.")
        name = known_label(row.get("label"), self._known, f"{where}.label")
        return {"id": mark(row, where), "start": start, "end": end, "label": name, "text": quote}

    def _each_once(self, found: list[Span]) -> None:
        ids: set[str] = set()
        for before, span in zip([None, *found], found, strict=False):
            if span["id"] in ids:
                raise AnswerError(self.name, f"Two spans have the id {span['id']}.", "Give each span an id of its own.")
            ids.add(span["id"])
            if before is not None and _place(before)[:3] == _place(span)[:3]:
                raise AnswerError(
                    self.name, f"The span {span['start']} to {span['end']} stands there twice.", "Send it once."
                )

    def _refuse_overlap(self, found: list[Span]) -> None:
        # The ends of the spans that the present one lies in, the innermost last.
        around: list[int] = []
        for span in found if self.overlap == "none" else sorted(found, key=lambda each: (each["start"], -each["end"])):
            while around and around[-1] <= span["start"]:
                around.pop()
            if around and (self.overlap == "none" or span["end"] > around[-1]):
                raise AnswerError(
                    self.name,
                    f"The span {span['start']} to {span['end']} overlaps another one.",
                    "This project takes spans that lie apart."
                    + (" or inside one another." if self.overlap == "nest" else ""),
                )
            around.append(span["end"])

    def empty(self, value: Any) -> bool:
        """Tell whether nothing is marked."""
        return not value

    def counted(self, value: Any) -> Iterator[str]:
        """Give the label of each span."""
        return (span["label"] for span in value)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "field": self.field,
            "overlap": self.overlap,
            "snap": self.snap,
            "required": self.required,
            "labels": [label.to_json() for label in self.labels],
        }


@dataclass(frozen=True)
class Relations:
    """Labeled ties between two spans of one answer.

    Its answer is a list of ``{"from", "to", "label"}`` with ids of spans, sorted; a label that has no direction is
    stored from the span that comes first.

    Attributes:
        spans: Name of the control whose spans are tied.
        directed: Whether from and to may not be exchanged.
    """

    type: ClassVar[str] = "relations"
    classifies: ClassVar[bool] = False
    fields: ClassVar[tuple[str, ...]] = ()
    name: str
    spans: str
    labels: tuple[Label, ...]
    directed: bool = True
    required: bool = False
    title: str = ""

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a relation control; its spans must be asked before it."""
        spans = text(row, "spans", where)
        if not spans:
            raise SchemaError(f"{where}.spans", "must be the name of a control of type spans.")
        return cls(
            name=control_name(row, where),
            spans=spans,
            labels=labels(row, where),
            directed=flag(row, "directed", True, where),
            required=flag(row, "required", False, where),
            title=text(row, "title", where),
        )

    def check(self, value: Any, given: Given) -> list[dict[str, str]]:
        """Return the relations, each once and sorted; both ends must be spans of this answer."""
        order = {span["id"]: number for number, span in enumerate(given.answer.get(self.spans) or ())}
        known = frozenset(label.value for label in self.labels)
        found = set()
        for number, sent in enumerate(parts(value, self.name, MOST_RELATIONS)):
            where = f"{self.name}.{number}"
            row = part(sent, where, _RELATION)
            ends = [self._end(row.get(key), f"{where}.{key}", order) for key in ("from", "to")]
            if ends[0] == ends[1]:
                raise AnswerError(where, "A span cannot be tied to itself.", "Choose two spans.")
            if not self.directed:
                ends.sort(key=order.__getitem__)
            found.add((ends[0], ends[1], known_label(row.get("label"), known, f"{where}.label")))
        rows = sorted(found, key=lambda each: (order[each[0]], order[each[1]], each[2]))
        return [{"from": start, "to": end, "label": name} for start, end, name in rows]

    def _end(self, value: Any, where: str, order: Mapping[str, int]) -> str:
        if not isinstance(value, str) or value not in order:
            raise AnswerError(
                where, "This is not the id of a span of this answer.", f"The spans are {some(order) or 'none'}."
            )
        return value

    def empty(self, value: Any) -> bool:
        """Tell whether nothing is tied."""
        return not value

    def counted(self, value: Any) -> Iterator[str]:
        """Give the label of each relation."""
        return (row["label"] for row in value)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "spans": self.spans,
            "directed": self.directed,
            "required": self.required,
            "labels": [label.to_json() for label in self.labels],
        }


def _place(span: Span) -> tuple[int, int, str, str]:
    return span["start"], span["end"], span["label"], span["id"]


def _offset(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
