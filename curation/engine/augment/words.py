"""The words of a text: what an augmentation may change. Han and kana have no blanks between: there a character is one.

Addresses, mentions, tags, placeholders and words with digits are no words here: changing them changes what is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import regex

from curation.engine.augment.edits import Borders, Edit, Place

_WIDE = r"\p{Han}\p{Hiragana}\p{Katakana}"
_APART = regex.compile(rf"[{_WIDE}]\p{{M}}*|[^\s{_WIDE}]+")
_LETTERS = regex.compile(r"[\p{L}\p{M}]+(?:['’\-][\p{L}\p{M}]+)*")
_LEFT_ALONE = regex.compile(r"://|@|^#|^www\.|\p{N}|_|^[\[<{].*[\]>}]$")
_HAN = regex.compile(rf"[{_WIDE}]\p{{M}}*")


def is_wide(word: str) -> bool:
    """Tell whether a word is a Han or kana character."""
    return _HAN.fullmatch(word) is not None


def find_words(text: str) -> Iterator[Place]:
    """Give start and end of each word that may be changed, in order."""
    for piece in _APART.finditer(text):
        chunk = piece.group()
        if is_wide(chunk):
            yield piece.span()
        elif not _LEFT_ALONE.search(chunk):
            for word in _LETTERS.finditer(chunk):
                yield piece.start() + word.start(), piece.start() + word.end()


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, for counting."""
    return [text[start:end].lower() for start, end in find_words(text)]


@dataclass(frozen=True)
class Words:
    """A text with its words and its labeled spans.

    Attributes:
        text: The text.
        spans: Start and end of each labeled span.
        inside: Whether words inside of spans may be changed.
    """

    text: str
    spans: Sequence[Place]
    inside: bool = True

    @cached_property
    def borders(self) -> Borders:
        """The borders of the spans."""
        return Borders(self.spans)

    @cached_property
    def places(self) -> list[Place]:
        """Start and end of each word that may be changed, in order."""
        return [place for place in find_words(self.text) if self.inside or not self._touches(place)]

    def word(self, place: Place) -> str:
        """Return the word at a place."""
        return self.text[place[0] : place[1]]

    def without(self, place: Place) -> list[Edit]:
        """Return the ways to take a word out with one of the blanks beside it, the better one first.

        The blank before it goes; where that one is another's (of a span's border, or the text's start), the one behind;
        where there is none, as between Han characters, the word alone.
        """
        start, end = place
        before = start > 0 and self.text[start - 1].isspace()
        behind = end < len(self.text) and self.text[end].isspace()
        ways = []
        if before and (behind or end == len(self.text) or not self.text[end].isalnum()):
            ways.append(Edit(start - 1, end, ""))
        if behind and (before or start == 0):
            ways.append(Edit(start, end + 1, ""))
        if is_wide(self.text[start:end]):
            ways.append(Edit(start, end, ""))
        return ways

    def _touches(self, place: Place) -> bool:
        """Tell whether a span covers or begins within the word."""
        start, end = place
        return self.borders.cover(start) or not self.borders.allow(Edit(start, end, ""))


def in_case_of(old: str, new: str) -> str:
    """Return a word in the case of another: all capitals, a capital first, or as it is."""
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new
