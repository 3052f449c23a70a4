"""Stretches of texts: from a word to before another, so that any of them is two numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modeling.engine.bundle.runtime.words import Places, Words


@dataclass(frozen=True)
class Stretches:
    """Stretches of texts, from a word to before another.

    Attributes:
        start: First word, int64 [n].
        stop: One after the last word, int64 [n].
    """

    start: Places
    stop: Places

    def __len__(self) -> int:
        return len(self.start)

    def at(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Stretches":
        """Return some of them."""
        return Stretches(self.start[rows], self.stop[rows])


def stretches_at(words: Words, text: Places, start: Places, end: Places) -> Stretches:
    """Return the stretches of words that spans touch; one that touches no word is empty (stop is start).

    Args:
        words: Of the texts.
        text: Which text each span is of, int64 [n].
        start: First code point, int64 [n].
        end: One after the last code point, int64 [n].
    """
    # One number that orders words by text and place in it.
    wide = int(max(words.end.max(initial=0), end.max(initial=0))) + 1
    begin = np.searchsorted(words.text * wide + words.end, text * wide + start, "right")
    stop = np.searchsorted(words.text * wide + words.start, text * wide + end, "left")
    return Stretches(begin, np.maximum(begin, stop))


def stretches_in(words: Words, texts: slice, longest: int) -> Stretches:
    """Return every stretch of some texts of at most `longest` words that begins and ends with letters or digits."""
    low, high = int(words.first[texts.start]), int(words.first[texts.stop])
    starts, stops = [], []
    for length in range(1, longest + 1):
        start = np.arange(low, high - length + 1)
        last = start + length - 1
        fits = (words.text[start] == words.text[last]) & words.is_name[start] & words.is_name[last]
        starts.append(start[fits])
        stops.append(start[fits] + length)
    return Stretches(np.concatenate(starts), np.concatenate(stops))
