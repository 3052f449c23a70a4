"""Spans of personal data, and which of two that overlap is believed."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# What a span rests on, the weakest first. A check digit or a range of numbers is proof that a pattern is not; a fixed
# format is stronger than words around a value; a guess from word lists and shapes is the weakest.
STRENGTHS = ("model", "context", "format", "checksum")
_RANK = {name: place for place, name in enumerate(STRENGTHS)}
# Of two with the same proof these are believed: a password in an address of the net is a password first.
_URGENT = frozenset(("SECRET", "PASSWORD"))


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text that is personal data.

    Attributes:
        start: First code point of the original text.
        end: Behind the last one.
        label: What it is, such as ``EMAIL``.
        score: How likely it is personal data of this kind, above 0 to 1: see `table.Recognizer`.
        why: What says so, one of `STRENGTHS`.
        source: Name of the recognizer.
    """

    start: int
    end: int
    label: str
    score: float
    why: str
    source: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return start, end, label, score and why; never the text."""
        return {"start": self.start, "end": self.end, "label": self.label, "score": self.score, "why": self.why}


def resolve(spans: Iterable[Span]) -> list[Span]:
    """Return spans without overlaps, in order of their start.

    Of two that overlap the one with the stronger proof stays (checksum, then format, context, model), then the longer,
    then the one with the higher score. Scores do not come first: a model that is sure of a person in a telephone number
    must not hide it (Microsoft's presidio with a spaCy model finds fewer structured values than without).
    """
    best = sorted(
        spans,
        key=lambda span: (
            -_RANK[span.why],
            span.label not in _URGENT,
            span.start - span.end,
            -span.score,
            span.start,
            span.label,
        ),
    )
    kept: list[Span] = []
    starts: list[int] = []
    for span in best:
        # What is kept lies in order without overlaps, so only the neighbours can be in the way.
        place = bisect_left(starts, span.start)
        behind = place < len(kept) and kept[place].start < span.end
        before = place > 0 and kept[place - 1].end > span.start
        if not behind and not before:
            kept.insert(place, span)
            starts.insert(place, span.start)
    return kept
