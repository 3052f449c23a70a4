"""What the offsets of a project of doccano count, found out from the project and from where its spans begin and end.

doccano's page takes the offsets of the browser's selection, which are UTF-16 units; in grapheme mode it turns them into
numbers of grapheme clusters (read from its page's own code, version 1.8.4). Programs that write its files count code
points as a rule, and doccano keeps these as they are. Where a text has none but plain characters all agree.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

import regex

# Characters from here on are of scripts without blanks between words, or stand alone as emoji do.
_WITHOUT_BLANKS = 0x2E80
_NAMED = {"utf16": "UTF-16 units", "graphemes": "what readers see as one character"}
# A text with the start and end of each of its spans.
Marked = tuple[str, list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Offsets:
    """Turns the offsets of one project into code points.

    Attributes:
        unit: ``points``, ``utf16`` or ``graphemes``.
    """

    unit: str

    @property
    def words(self) -> str:
        """What they count, for reports; empty for code points."""
        return _NAMED.get(self.unit, "")

    def place(self, text: str, start: int, end: int) -> tuple[int, int]:
        """Return start and end in code points; one beyond the text stays beyond it by as much."""
        if self.unit == "points" or _is_plain(text):
            return start, end
        ends = [0, *accumulate(map(len, _parts(text, self.unit)))]
        return _at(ends, start), _at(ends, end)


def offsets_of(marked: Iterable[Marked], *, graphemes: bool) -> Offsets:
    """Return what the spans of a project count: as its page does, or code points where more of them fit words so.

    Args:
        marked: Texts with their spans.
        graphemes: Whether the project is in grapheme mode.
    """
    page = "graphemes" if graphemes else "utf16"
    fits: Counter[str] = Counter()
    for text, spans in marked:
        if _is_plain(text):
            continue
        for unit in (page, "points"):
            counting = Offsets(unit)
            fits[unit] += sum(_is_word(text, *counting.place(text, start, end)) for start, end in spans)
    return Offsets("points" if fits["points"] > fits[page] else page)


def _is_plain(text: str) -> bool:
    """Tell whether every way of counting gives the same: letters that are one unit and one cluster each."""
    return text.isascii() and "\r\n" not in text


def _parts(text: str, unit: str) -> Iterator[str]:
    """Give the text in pieces of which each is one step of the offsets; a second half of a pair is an empty piece."""
    if unit == "graphemes":
        yield from regex.findall(r"\X", text)
        return
    for letter in text:
        yield letter
        if letter > "\uffff":
            yield ""


def _at(ends: list[int], offset: int) -> int:
    return ends[offset] if 0 <= offset < len(ends) else ends[-1] + max(0, offset - len(ends) + 1)


def _is_word(text: str, start: int, end: int) -> bool:
    """Tell whether a span lies in the text, begins and ends with something, and cuts no word."""
    if not 0 <= start < end <= len(text) or text[start].isspace() or text[end - 1].isspace():
        return False
    return not _cuts(text, start) and not _cuts(text, end)


def _cuts(text: str, place: int) -> bool:
    around = text[place - 1 : place + 1] if 0 < place < len(text) else ""
    return len(around) == 2 and all(letter.isalnum() and ord(letter) < _WITHOUT_BLANKS for letter in around)
