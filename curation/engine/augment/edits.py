"""Edits of a text and what they do to labeled spans: a span is moved by what was edited, never looked for.

Offsets are Unicode code points, end exclusive. An edit lies outside of a span or inside of it; one that would cross a
border of any span, or stand on one, is refused, and so are deletions that would leave nothing of a span.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

# Start and end.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edit:
    """Some characters of a text that others take the place of.

    Attributes:
        start: First code point that goes.
        end: Behind the last one; equal to `start` where characters are put in.
        new: What comes.
    """

    start: int
    end: int
    new: str

    def tight(self, text: str) -> "Edit":
        """Return the edit without what is equal at both ends of the old and the new characters."""
        old, new = text[self.start : self.end], self.new
        shorter = min(len(old), len(new))
        head = next((place for place in range(shorter) if old[place] != new[place]), shorter)
        rest = shorter - head
        tail = next((place for place in range(rest) if old[-1 - place] != new[-1 - place]), rest)
        return Edit(self.start + head, self.end - tail, new[head : len(new) - tail])


class Borders:
    """The borders of spans, looked up in logarithmic time."""

    def __init__(self, spans: Sequence[Place]) -> None:
        self._starts = sorted(start for start, _end in spans)
        self._ends = sorted(end for _start, end in spans)
        self._all = sorted({*self._starts, *self._ends})

    def allow(self, edit: Edit) -> bool:
        """Tell whether no border lies within the edit, nor at the place where it only puts characters in."""
        if edit.start == edit.end:
            place = bisect_left(self._all, edit.start)
            return place == len(self._all) or self._all[place] != edit.start
        return bisect_right(self._all, edit.start) == bisect_left(self._all, edit.end)

    def cover(self, place: int) -> bool:
        """Tell whether the code point at a place lies in a span."""
        return bisect_right(self._starts, place) > bisect_right(self._ends, place)


def fitting(text: str, edits: Sequence[Edit], borders: Borders) -> list[Edit]:
    """Return the edits that change something and cross no border, in order, none over another.

    An edit that crosses a border is tried once more without what is equal at its ends: a letter inside of a span may
    change although the span ends within the word.
    """
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        if text[edit.start : edit.end] == edit.new:
            continue
        fit = edit if borders.allow(edit) else edit.tight(text)
        clear = not kept or fit.start >= kept[-1].end
        if clear and borders.allow(fit):
            kept.append(fit)
    return kept


def carried(text: str, spans: Sequence[Place], edits: Sequence[Edit]) -> tuple[str, list[Place], list[Edit]]:
    """Return the new text, where the spans are in it, and the edits that were made.

    Deletions inside of a span are taken back where they would leave nothing of it, or blanks at an end that had none.

    Args:
        text: The text.
        spans: Start and end of each span.
        edits: From `fitting`.
    """
    made = list(edits)
    while True:
        changed, moved = _changed(text, made), _moved(spans, made)
        hurt = [old for old, new in zip(spans, moved, strict=True) if _is_hurt(text, old, changed, new)]
        if not hurt:
            return changed, moved, made
        made = [edit for edit in made if not any(start <= edit.start and edit.end <= end for start, end in hurt)]


def _is_hurt(text: str, old: Place, changed: str, new: Place) -> bool:
    before, after = text[old[0] : old[1]], changed[new[0] : new[1]]
    if before == after:
        return False
    left = after.strip()
    ragged = (after[:1].isspace() and not before[:1].isspace()) or (after[-1:].isspace() and not before[-1:].isspace())
    return ragged or (not left and bool(before.strip()))


def _changed(text: str, edits: Sequence[Edit]) -> str:
    pieces, done = [], 0
    for edit in edits:
        pieces += [text[done : edit.start], edit.new]
        done = edit.end
    return "".join([*pieces, text[done:]])


def _moved(spans: Sequence[Place], edits: Sequence[Edit]) -> list[Place]:
    """Return the spans moved by the edits before each border; no edit may cross one."""
    ends = [edit.end for edit in edits]
    shifts = [0, *accumulate(len(edit.new) - (edit.end - edit.start) for edit in edits)]
    return [(start + shifts[bisect_right(ends, start)], end + shifts[bisect_right(ends, end)]) for start, end in spans]
