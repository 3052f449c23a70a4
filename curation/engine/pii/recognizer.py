"""What a recognizer is: a row that says how one kind of personal data looks and what proves it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from curation.engine.pii.spans import STRENGTHS

# Gives start, end and score of values in a text.
Finder = Callable[[str], Iterable[tuple[int, int, float]]]
# Code points before and behind a value that are searched for words about it.
BEFORE, BEHIND = 48, 16


@dataclass(frozen=True, slots=True)
class Recognizer:
    """One way to find one kind of personal data.

    Attributes:
        name: Unique, such as ``us_ssn``.
        label: What it finds, such as ``US_SSN``.
        pattern: An expression of `re`, with ASCII classes; the group ``v`` is the value if there is one. Every
            repetition is bounded, so that a hostile text costs no more than its length times a constant.
        needs: Expressions of RE2. A row without a match of every one is not looked at: they run over whole columns.
        why: What a match rests on, one of `spans.STRENGTHS`.
        score: How likely a match is what the label says. 0.99 for a check digit over at least 9 digits with a fixed
            format, 0.95 and 0.9 for formats that little else has, 0.85 for a value behind a word that names it, lower
            where the shape is common. ``bench/pii.py`` prints the share that was right beside each score.
        check: Returns how many characters of a match are the value, 0 for none: see `checks`.
        words: An expression that must match within 48 code points before or 16 behind the value.
        doubtful: Score when `words` are given and do not match; 0 refuses the value then.
        against: An expression that refuses the value when it matches within 48 code points before it, up to its start.
        languages: Languages it is for; empty for all.
        find: A function in place of a pattern.
        source: Where the format is published, or which project has the rule.
    """

    name: str
    label: str
    pattern: str = ""
    needs: tuple[str, ...] = ()
    why: str = "format"
    score: float = 0.9
    check: Callable[[str], int] | None = None
    words: str = ""
    doubtful: float = 0.0
    against: str = ""
    languages: tuple[str, ...] = ()
    find: Finder | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A recognizer ready to search."""

    row: Recognizer
    _pattern: re.Pattern[str] = field(init=False)
    _words: re.Pattern[str] | None = field(init=False)
    _against: re.Pattern[str] | None = field(init=False)

    def __post_init__(self) -> None:
        if self.row.why not in STRENGTHS:
            raise ValueError(f"{self.row.name}: why is {self.row.why!r}; it is one of {', '.join(STRENGTHS)}")
        for name, text in (("_pattern", self.row.pattern), ("_words", self.row.words), ("_against", self.row.against)):
            object.__setattr__(self, name, re.compile(text, re.ASCII) if text or name == "_pattern" else None)

    def search(self, text: str) -> Iterable[tuple[int, int, float]]:
        """Give start, end and score of every value in a text; values of one recognizer do not overlap."""
        if self.row.find is not None:
            yield from self.row.find(text)
            return
        group = "v" if "v" in self._pattern.groupindex else 0
        for match in self._pattern.finditer(text):
            start, end = match.span(group)
            if start < 0:
                continue
            if self.row.check is not None:
                end = start + self.row.check(text[start:end])
            score = self._judge(text, start, end) if end > start else 0.0
            if score:
                yield start, end, score

    def _judge(self, text: str, start: int, end: int) -> float:
        before = text[max(0, start - BEFORE) : start]
        if self._against is not None and self._against.search(before):
            return 0.0
        if self._words is None or self._words.search(before) or self._words.search(text[end : end + BEHIND]):
            return self.row.score
        return self.row.doubtful
