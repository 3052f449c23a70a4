"""Spans of words as one tag a word: begin, inside, end, single and outside, and which tag may follow which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

Array = np.ndarray[Any, Any]
OUTSIDE = 0
# Tags of a label, in order, of each scheme.
PARTS = {"bio": "BI", "bioes": "BIES"}


class WordSpan(NamedTuple):
    """A span of words: first word, one after the last, and the place of its label."""

    first: int
    stop: int
    label: int


@dataclass(frozen=True)
class TagScheme:
    """The tags of some labels: 0 is outside, then for each label its parts in the order of `PARTS[kind]`.

    `bio` marks where a span begins; `bioes` marks where it ends too, and a span of one word by a tag of its own.
    """

    labels: int
    kind: str = "bioes"

    @property
    def parts(self) -> str:
        """The parts of a label."""
        return PARTS[self.kind]

    @property
    def size(self) -> int:
        """How many tags there are."""
        return 1 + self.labels * len(self.parts)

    def tag(self, label: int, part: str) -> int:
        """Return the number of a tag."""
        return 1 + label * len(self.parts) + self.parts.index(part)

    def encode(self, spans: Iterable[WordSpan], words: int) -> Array:
        """Return the tag of each word, int64 [words], of spans that do not overlap."""
        tags = np.zeros(words, np.int64)
        for first, stop, label in spans:
            tags[first:stop] = self.tag(label, "I")
            tags[first] = self.tag(label, "B")
            if self.kind == "bioes":
                tags[stop - 1] = self.tag(label, "E" if stop - first > 1 else "S")
        return tags

    def decode(self, tags: Array) -> list[WordSpan]:
        """Return the spans of tags that follow the rules of `follows`, in order."""
        spans, first = [], -1
        values = tags.tolist()
        for place, tag in enumerate(values):
            if tag == OUTSIDE:
                continue
            label, part = divmod(tag - 1, len(self.parts))
            if self.parts[part] in "BS":
                first = place
            following = values[place + 1] if place + 1 < len(values) else OUTSIDE
            if not self._goes_on[tag, following]:
                spans.append(WordSpan(first, place + 1, label))
        return spans

    @cached_property
    def _goes_on(self) -> Array:
        """Whether the span of a tag goes on at the next word, bool [size, size]."""
        goes_on = np.zeros((self.size, self.size), bool)
        for label in range(self.labels):
            open_parts = [self.tag(label, part) for part in "BI"]
            inner = [self.tag(label, part) for part in ("I" if self.kind == "bio" else "IE")]
            goes_on[np.ix_(open_parts, inner)] = True
        return goes_on

    @cached_property
    def begins(self) -> Array:
        """Which tags may stand at the first word, bool [size]."""
        allowed = np.zeros(self.size, bool)
        allowed[OUTSIDE] = True
        for label in range(self.labels):
            for part in set("BS") & set(self.parts):
                allowed[self.tag(label, part)] = True
        return allowed

    @cached_property
    def ends(self) -> Array:
        """Which tags may stand at the last word, bool [size]."""
        allowed = np.zeros(self.size, bool)
        allowed[OUTSIDE] = True
        for label in range(self.labels):
            for part in self.parts if self.kind == "bio" else "ES":
                allowed[self.tag(label, part)] = True
        return allowed

    @cached_property
    def follows(self) -> Array:
        """Which tag may follow which, bool [size, size]: [before, after]."""
        # Either the span goes on, or it may end here and the next tag may begin.
        return self._goes_on | (self.ends[:, None] & self.begins[None, :])
