"""Texts as rows of an encoder: pieces, the words that they belong to, and long texts part by part with context."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .looks import CHARACTERS, characters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokenizers import Tokenizer

    from .words import Words

Array = np.ndarray[Any, Any]
# Pieces of context on either side of a part of a long text.
MARGIN = 48
_SURROGATE = re.compile("[\ud800-\udfff]")


def readable(text: str) -> str:
    """Return a text of the same length without lone surrogates, which no tokenizer takes."""
    return _SURROGATE.sub("\ufffd", text)


@dataclass(frozen=True)
class Window:
    """One row of the encoder.

    Attributes:
        text: Which text.
        ids: Pieces, with what the encoder wants before and after, int64 [t].
        word: The word that each piece is of, counted from `low`; -1 for none, int64 [t].
        first: For each word of the window its first piece, 0 where it has none, int64 [high - low].
        last: Its last piece.
        low: The first word, counted over all texts.
        high: One after the last word.
    """

    text: int
    ids: Array
    word: Array
    first: Array
    last: Array
    low: int
    high: int


class WindowCutter:
    """Cuts texts into rows of an encoder.

    Args:
        tokenizer: Of the encoder; it neither cuts nor fills up.
        longest: Pieces of a row, with what the encoder wants before and after.
    """

    def __init__(self, tokenizer: Tokenizer, longest: int) -> None:
        self.tokenizer = tokenizer
        frame = self.tokenizer.encode("").ids
        self.before, self.after = frame[:-1], frame[-1:]
        self.room = longest - len(frame)
        self.margin = min(MARGIN, self.room // 4)

    def cut(self, texts: Sequence[str], words: Words) -> list[Window]:
        """Return the rows of texts in order; each word is in exactly one of them, a text without words in none."""
        encodings = self.tokenizer.encode_batch(list(map(readable, texts)), add_special_tokens=False)
        return [window for number, one in enumerate(encodings) for window in self._of(number, one, words)]

    def _of(self, text: int, encoding: Any, words: Words) -> Iterator[Window]:
        low, high = int(words.first[text]), int(words.first[text + 1])
        if low == high:
            return
        ids = np.array(encoding.ids, np.int64)
        offsets = np.array(encoding.offsets, np.int64).reshape(-1, 2)
        # The first word that ends after a piece begins; a piece of blanks alone belongs to none.
        word = np.searchsorted(words.end[low:high], offsets[:, 0], "right")
        none = (word >= high - low) | (words.start[low:high][np.minimum(word, high - low - 1)] >= offsets[:, 1])
        ends = np.searchsorted(word, np.arange(high - low), "right")
        word = np.where(none, -1, word)
        for first, stop in self._parts(ends, high - low):
            begin = int(ends[first - 1]) if first else 0
            end = min(int(ends[stop - 1]), begin + self.room)
            yield self._row(text, ids, word, (low, first, stop), (begin, end))

    def _parts(self, ends: Array, count: int) -> Iterator[tuple[int, int]]:
        """Give words [first, stop) whose pieces fit into a row with context, at least one word each."""
        if ends[-1] <= self.room:
            yield 0, count
            return
        first, room = 0, self.room - 2 * self.margin
        while first < count:
            begin = int(ends[first - 1]) if first else 0
            stop = max(first + 1, int(np.searchsorted(ends, begin + room, "right")))
            yield first, min(stop, count)
            first = stop

    def _row(self, text: int, ids: Array, word: Array, at: tuple[int, int, int], pieces: tuple[int, int]) -> Window:
        low, first, stop = at
        begin, end = pieces
        spare = max(0, self.room - (end - begin)) // 2
        begin, end = max(0, begin - min(spare, self.margin)), end + min(spare, self.margin)
        own = word[begin:end] - first
        own[(own < 0) | (own >= stop - first)] = -1
        own = np.concatenate([np.full(len(self.before), -1), own, np.full(len(self.after), -1)])
        whole = np.concatenate([self.before, ids[begin:end], self.after]).astype(np.int64)
        starts, stops = np.zeros(stop - first, np.int64), np.zeros(stop - first, np.int64)
        places = np.flatnonzero(own >= 0)
        starts[own[places[::-1]]] = places[::-1]
        stops[own[places]] = places
        return Window(text, whole, own, starts, stops, low + first, low + stop)


def window_arrays(windows: Sequence[Window], forms: Sequence[str], traits: Array, pad: int) -> dict[str, Array]:
    """Return windows as arrays, padded to the longest.

    Args:
        windows: Rows.
        forms: Of all words of all texts.
        traits: Of all words, int64 [n, 3].
        pad: The piece of padding.

    Returns:
        `input_ids`, `attention_mask` int64 [b, t]; `word` [b, t], the place of a piece's word or -1; `first`, `last`
        [b, w]; `is_word` bool [b, w]; `traits` [b, w, 3]; `letters` [b, w, CHARACTERS].
    """
    rows = len(windows)
    longest, most = max(len(w.ids) for w in windows), max(w.high - w.low for w in windows)
    ids, word = np.full((rows, longest), pad, np.int64), np.full((rows, longest), -1, np.int64)
    mask = np.zeros((rows, longest), np.int64)
    first, last = np.zeros((rows, most), np.int64), np.zeros((rows, most), np.int64)
    is_word = np.zeros((rows, most), bool)
    looks = np.zeros((rows, most, traits.shape[1]), np.int64)
    letters = np.zeros((rows, most, CHARACTERS), np.int64)
    for row, window in enumerate(windows):
        pieces, words = len(window.ids), window.high - window.low
        ids[row, :pieces], word[row, :pieces], mask[row, :pieces] = window.ids, window.word, 1
        first[row, :words], last[row, :words], is_word[row, :words] = window.first, window.last, True
        looks[row, :words] = traits[window.low : window.high]
        letters[row, :words] = characters(forms[window.low : window.high])
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "word": word,
        "first": first,
        "last": last,
        "is_word": is_word,
        "traits": looks,
        "letters": letters,
    }
