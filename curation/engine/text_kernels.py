"""Compiled loops that measure texts. Only `text_measures` calls them; importing this compiles nothing yet.

All take the two buffers of an Arrow string array: `data` (UTF-8 bytes) and `offsets` (row r lies in `data` from
offsets[r] to offsets[r + 1]), and count Unicode code points, never bytes. Arrow guarantees valid UTF-8, so decoding
checks nothing.
"""

from typing import Any

import numpy as np
from numba import njit

from curation.engine.compiling import compiled

# What a code point may be; `text_measures.flags` fills the table.
SPACE, LETTER, WORD, CJK, TERMINAL, CLOSER, BULLET, WIDE = 1, 2, 4, 8, 16, 32, 64, 128
# Columns of `count`'s result.
COUNTS = (
    "chars",
    "cjk",
    "tokens",
    "words",
    "word_chars",
    "alphabetic",
    "hashes",
    "ellipses",
    "newlines",
    "lines",
    "bullet_lines",
    "ellipsis_lines",
    "terminal_lines",
    "short_lines",
    "letters",
    "longest",
)
_NEWLINE, _DOT, _HASH, _ELLIPSIS = 10, 46, 35, 0x2026


@njit(inline="always")
def _decode(data: Any, place: int) -> tuple[Any, int]:
    """Return the code point at a byte and the byte after it."""
    first = data[place]
    if first < 0x80:
        return np.int64(first), place + 1
    if first < 0xE0:
        return np.int64(first & 0x1F) << 6 | np.int64(data[place + 1] & 0x3F), place + 2
    if first < 0xF0:
        high = np.int64(first & 0x0F) << 12 | np.int64(data[place + 1] & 0x3F) << 6
        return high | np.int64(data[place + 2] & 0x3F), place + 3
    high = np.int64(first & 0x07) << 18 | np.int64(data[place + 1] & 0x3F) << 12
    return high | np.int64(data[place + 2] & 0x3F) << 6 | np.int64(data[place + 3] & 0x3F), place + 4


@compiled
def count(data: Any, offsets: Any, flags: Any, short_columns: int) -> Any:
    """Return the columns of `COUNTS` for each row (int64, rows x columns)."""
    rows = len(offsets) - 1
    out = np.zeros((rows, len(COUNTS)), np.int64)
    for row in range(rows):
        _count_tokens(data, offsets[row], offsets[row + 1], flags, out[row])
        _count_lines(data, offsets[row], offsets[row + 1], flags, short_columns, out[row])
    return out


@compiled
def _count_tokens(data: Any, place: int, end: int, flags: Any, out: Any) -> None:
    """Count code points and tokens: runs without white space, a CJK character apart from its neighbours.

    The length of a word is that from its first to its last letter or digit: quotes and commas around it do not count.
    Signs that touch a CJK character are no token of their own, as the comma after a word is none.
    """
    token = word = trimmed = letter = dots = 0
    beside = False
    while place < end:
        point, place = _decode(data, place)
        flag = flags[point]
        out[0] += 1
        if flag & LETTER:
            out[14] += 1
        if flag & (SPACE | CJK):
            if token:
                _end_token(token, trimmed, letter, beside or (flag & CJK) > 0, out)
                token = word = trimmed = letter = 0
            beside = (flag & CJK) > 0
            out[1] += (flag & CJK) > 0
            out[8] += point == _NEWLINE
        else:
            token += 1
            if flag & WORD:
                word = word + 1 if word else 1
                trimmed = word
                letter |= (flag & LETTER) > 0
            elif word:
                word += 1
        out[6] += point == _HASH
        dots = dots + 1 if point == _DOT else 0
        if dots == 3 or point == _ELLIPSIS:
            out[7] += 1
            dots = 0
    if token:
        _end_token(token, trimmed, letter, beside, out)


@compiled
def _end_token(token: int, trimmed: int, letter: int, beside: bool, out: Any) -> None:
    out[2] += trimmed > 0 or not beside
    out[3] += trimmed > 0
    out[4] += trimmed
    out[5] += letter
    out[15] = max(out[15], token)


@compiled
def _count_lines(data: Any, place: int, end: int, flags: Any, short_columns: int, out: Any) -> None:
    """Count the lines that are not blank: by their first and last visible character, and by their width in columns."""
    while place < end:
        columns = width = dots = 0
        first: Any = np.int64(-1)
        last: Any = np.int64(-1)
        closed: Any = True
        while place < end:
            point, place = _decode(data, place)
            if point == _NEWLINE:
                break
            flag = flags[point]
            columns += 2 if flag & WIDE else 1
            if flag & SPACE:
                continue
            if first < 0:
                first = point
                columns = 2 if flag & WIDE else 1
            width = columns
            dots = dots + 1 if point == _DOT else 0
            # A quote or bracket after the full stop does not open the sentence again.
            closed = (flag & TERMINAL) > 0 or (closed and last >= 0 and (flag & CLOSER) > 0)
            last = point
        if first < 0:
            continue
        out[9] += 1
        out[10] += (flags[first] & BULLET) > 0
        out[11] += last == _ELLIPSIS or dots >= 3
        out[12] += closed
        out[13] += width <= short_columns


@compiled
def count_stop_words(data: Any, offsets: Any, flags: Any, stops: Any, bounds: Any) -> Any:
    """Return how many different stop words each row holds; at most 64 of them, as bytes with their bounds."""
    rows = len(offsets) - 1
    out = np.zeros(rows, np.int64)
    for row in range(rows):
        place, end = offsets[row], offsets[row + 1]
        seen = np.uint64(0)
        start: Any = np.int64(-1)
        stop: Any = np.int64(-1)
        while place < end:
            before = place
            point, place = _decode(data, place)
            flag = flags[point]
            if flag & SPACE:
                if start >= 0:
                    seen |= _which(data, start, stop, stops, bounds)
                start = np.int64(-1)
            elif flag & WORD:
                start = before if start < 0 else start
                stop = place
        if start >= 0:
            seen |= _which(data, start, stop, stops, bounds)
        while seen:
            seen &= seen - np.uint64(1)
            out[row] += 1
    return out


@compiled
def _which(data: Any, start: int, stop: int, stops: Any, bounds: Any) -> Any:
    for number in range(len(bounds) - 1):
        low = bounds[number]
        if bounds[number + 1] - low == stop - start:
            same = 0
            while same < stop - start and data[start + same] == stops[low + same]:
                same += 1
            if same == stop - start:
                return np.uint64(1) << np.uint64(number)
    return np.uint64(0)
