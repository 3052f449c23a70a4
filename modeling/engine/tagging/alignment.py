"""Spans of code points to spans of words and back, with a count of what words cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modeling.engine.bundle.runtime.scheme import WordSpan
from modeling.engine.bundle.runtime.words import Words, cut
from modeling.engine.marks.words import stretches_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.data import Span


@dataclass(frozen=True)
class SpanFit:
    """How many spans words can say.

    Attributes:
        spans: All.
        exact: Those that begin and end where words do, and are kept.
        moved: Those whose borders lie inside a word or in blanks: learned as the words that they touch.
        overlapping: Those that overlap a longer one, which is learned in their place.
        empty: Those that touch no word.
    """

    spans: int
    exact: int
    moved: int
    overlapping: int
    empty: int

    @property
    def ceiling(self) -> float:
        """The F1 of a tagger without any error, in [0, 1]: exact spans against all, with the moved ones as errors."""
        said = self.exact + self.moved
        return 2 * self.exact / (said + self.spans) if said + self.spans else 1.0

    def to_dict(self) -> dict[str, float]:
        """Return the counts and the ceiling, JSON-ready."""
        return {**self.__dict__, "ceiling_f1": self.ceiling}


@dataclass(frozen=True)
class AlignedSpans:
    """Texts cut into words, with the spans of each text as spans of its own words (the first word is 0)."""

    words: Words
    spans: list[list[WordSpan]]
    fit: SpanFit


def align(texts: Sequence[str], spans: Sequence[Sequence[Span]], labels: Sequence[str]) -> AlignedSpans:
    """Cut texts into words and give each span the words that it touches.

    Of spans that share a word the longest in words stays (then the first): a word has one tag.

    Args:
        texts: The texts.
        spans: Of each text, with code points, end exclusive.
        labels: Names in the order of their places; spans of other labels are left out.
    """
    words = cut(texts)
    place = {name: number for number, name in enumerate(labels)}
    rows = [(text, span) for text, own in enumerate(spans) for span in own if span.label in place]
    at = stretches_at(
        words,
        np.array([text for text, _span in rows], np.int64),
        np.array([span.start for _text, span in rows], np.int64),
        np.array([span.end for _text, span in rows], np.int64),
    )
    found: list[list[tuple[WordSpan, bool]]] = [[] for _text in texts]
    empty = 0
    for (text, span), first, stop in zip(rows, at.start.tolist(), at.stop.tolist(), strict=True):
        if first == stop:
            empty += 1
            continue
        exact = words.start[first] == span.start and words.end[stop - 1] == span.end
        low = int(words.first[text])
        found[text].append((WordSpan(first - low, stop - low, place[span.label]), bool(exact)))
    kept = [_longest_apart(own) for own in found]
    exact_count = sum(exact for own in kept for _span, exact in own)
    many = sum(map(len, kept))
    fit = SpanFit(len(rows), exact_count, many - exact_count, len(rows) - empty - many, empty)
    return AlignedSpans(words, [[span for span, _exact in own] for own in kept], fit)


def _longest_apart(spans: list[tuple[WordSpan, bool]]) -> list[tuple[WordSpan, bool]]:
    """Return the longest of spans that share words, in order of place."""
    kept: list[tuple[WordSpan, bool]] = []
    for each in sorted(spans, key=lambda item: (item[0].first - item[0].stop, item[0].first)):
        if all(each[0].stop <= other.first or other.stop <= each[0].first for other, _exact in kept):
            kept.append(each)
    return sorted(kept, key=lambda item: item[0].first)
