"""Compiled loops that measure repetition inside a text. Only `text_measures` calls them.

Equality is decided by comparing bytes and numbers; hashes only say where to look.
"""

from typing import Any

import numpy as np

from curation.engine.compiling import compiled
from curation.engine.text_kernels import CJK, SPACE, _decode

# Columns of `repetition`'s result before those of the n-grams.
REPEATS = ("chars", "lines", "line_repeats", "line_repeat_chars", "paragraphs", "paragraph_repeats", "paragraph_chars")
_NEWLINE = 10
_PRIME = np.uint64(0x100000001B3)
_BASIS = np.uint64(0xCBF29CE484222325)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@compiled
def repetition(data: Any, offsets: Any, flags: Any, tops: Any, dups: Any, cjk_tops: Any, cjk_dups: Any) -> Any:
    """Return `REPEATS`, then the characters in the most frequent n-gram for each of `tops`, then those of `dups`.

    Rows of which more than half of the tokens are CJK characters take the n of `cjk_tops` and `cjk_dups`.
    """
    rows = len(offsets) - 1
    out = np.zeros((rows, len(REPEATS) + len(tops) + len(dups)), np.int64)
    longest = 0
    for row in range(rows):
        longest = max(longest, offsets[row + 1] - offsets[row])
    room = longest // 2 + 2
    starts, ends, sizes = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room + 1, np.int32)
    same, counts = np.empty(room, np.int32), np.empty(room, np.int32)
    table = np.empty(_power(room), np.int32)
    for row in range(rows):
        text = data[offsets[row] : offsets[row + 1]]
        result = out[row]
        found = _lines(text, flags, starts, ends, sizes, result)
        result[1] = found
        _repeats(text, found, starts, ends, sizes, same, table, result, 2)
        found = _paragraphs(text, flags, starts, ends, sizes)
        result[4] = found
        _repeats(text, found, starts, ends, sizes, same, table, result, 5)
        found, cjk = _tokens(text, flags, starts, ends, sizes)
        _same(text, found, starts, ends, same, table)
        dense = 2 * cjk > found
        _sum_up(sizes, found)
        for number in range(len(tops)):
            n = cjk_tops[number] if dense else tops[number]
            result[7 + number] = _top(same, found, n, sizes, 0 if dense else 1, counts, table)
        for number in range(len(dups)):
            n = cjk_dups[number] if dense else dups[number]
            result[7 + len(tops) + number] = _repeated(same, found, n, sizes, table)
    return out


@compiled
def _power(room: int) -> int:
    """Return a power of two that is at least twice as large, so that a table is never more than half full."""
    size = 4
    while size < 2 * room:
        size *= 2
    return size


@compiled
def _lines(text: Any, flags: Any, starts: Any, ends: Any, sizes: Any, out: Any) -> int:
    """Note the trimmed lines that are not blank and count the text's code points; return how many lines there are."""
    place = found = 0
    while place < len(text):
        start = stop = -1
        points = size = 0
        while place < len(text):
            before = place
            point, place = _decode(text, place)
            out[0] += 1
            if point == _NEWLINE:
                break
            points += 1
            if flags[point] & SPACE:
                continue
            if start < 0:
                start = before
                points = 1
            stop = place
            size = points
        if start >= 0:
            starts[found], ends[found], sizes[found] = start, stop, size
            found += 1
    return found


@compiled
def _paragraphs(text: Any, flags: Any, starts: Any, ends: Any, sizes: Any) -> int:
    """Note the runs of text between blank lines; return how many there are."""
    place = found = points = size = breaks = 0
    start = stop = -1
    while place < len(text):
        before = place
        point, place = _decode(text, place)
        points += 1
        if flags[point] & SPACE:
            breaks += point == _NEWLINE
            continue
        if breaks > 1 and start >= 0:
            starts[found], ends[found], sizes[found] = start, stop, size
            found += 1
            start = -1
        if start < 0:
            start = before
            points = 1
        breaks = 0
        stop = place
        size = points
    if start >= 0:
        starts[found], ends[found], sizes[found] = start, stop, size
        found += 1
    return found


@compiled
def _tokens(text: Any, flags: Any, starts: Any, ends: Any, sizes: Any) -> tuple[int, int]:
    """Note the tokens; return how many there are and how many of them are CJK characters."""
    place = found = cjk = points = 0
    start = -1
    while place < len(text):
        before = place
        point, place = _decode(text, place)
        flag = flags[point]
        if flag & (SPACE | CJK):
            if start >= 0:
                starts[found], ends[found], sizes[found] = start, before, points
                found += 1
                start = -1
            if flag & CJK:
                starts[found], ends[found], sizes[found] = before, place, 1
                found += 1
                cjk += 1
            points = 0
        else:
            start = before if start < 0 else start
            points += 1
    if start >= 0:
        starts[found], ends[found], sizes[found] = start, place, points
        found += 1
    return found, cjk


@compiled
def _same(text: Any, found: int, starts: Any, ends: Any, same: Any, table: Any) -> None:
    """Write for each segment the number of the first segment with the same bytes."""
    mask = _power(found) - 1
    table[: mask + 1] = -1
    for number in range(found):
        value = _BASIS
        for place in range(starts[number], ends[number]):
            value = (value ^ np.uint64(text[place])) * _PRIME
        slot = np.int64((value ^ (value >> _SHIFT)) & np.uint64(mask))
        while table[slot] >= 0 and not _equal(text, starts, ends, table[slot], number):
            slot = (slot + 1) & mask
        if table[slot] < 0:
            table[slot] = number
        same[number] = table[slot]


@compiled
def _equal(text: Any, starts: Any, ends: Any, one: int, other: int) -> bool:
    if ends[one] - starts[one] != ends[other] - starts[other]:
        return False
    shift = starts[other] - starts[one]
    place = starts[one]
    while place < ends[one] and text[place] == text[place + shift]:
        place += 1
    return bool(place == ends[one])


@compiled
def _repeats(
    text: Any, found: int, starts: Any, ends: Any, sizes: Any, same: Any, table: Any, out: Any, column: int
) -> None:
    """Count segments that occurred before, and their code points."""
    _same(text, found, starts, ends, same, table)
    for number in range(found):
        if same[number] != number:
            out[column] += 1
            out[column + 1] += sizes[number]


@compiled
def _sum_up(sizes: Any, found: int) -> None:
    """Turn sizes into sums: the tokens a to b have sizes[b] - sizes[a] code points."""
    total = 0
    for number in range(found + 1):
        size = sizes[number] if number < found else 0
        sizes[number] = total
        total += size


@compiled
def _find(same: Any, place: int, n: int, table: Any, mask: int) -> Any:
    """Return the slot of the n-gram that starts at a token: that of an equal one, or an empty one."""
    value = _BASIS
    for number in range(place, place + n):
        value = (value ^ np.uint64(same[number])) * _MIX
        value ^= value >> _SHIFT
    slot = np.int64(value & np.uint64(mask))
    while table[slot] >= 0:
        other = table[slot]
        step = 0
        while step < n and same[other + step] == same[place + step]:
            step += 1
        if step == n:
            break
        slot = (slot + 1) & mask
    return slot


@compiled
def _top(same: Any, found: int, n: int, sums: Any, gap: int, counts: Any, table: Any) -> Any:
    """Return code points of the most frequent n-gram (the first of equals) times its count; 0 if none occurs twice."""
    if found < n + 1:
        return 0
    mask = _power(found) - 1
    table[: mask + 1] = -1
    for place in range(found - n + 1):
        slot = _find(same, place, n, table, mask)
        if table[slot] < 0:
            table[slot] = place
            counts[place] = 1
        else:
            counts[table[slot]] += 1
            counts[place] = 0
    best = 0
    for place in range(found - n + 1):
        if counts[place] > counts[best]:
            best = place
    if counts[best] < 2:
        return 0
    return counts[best] * (sums[best + n] - sums[best] + gap * (n - 1))


@compiled
def _repeated(same: Any, found: int, n: int, sums: Any, table: Any) -> Any:
    """Return code points of n-grams that occurred before; none is counted twice where they overlap."""
    if found < n + 1:
        return 0
    mask = _power(found) - 1
    table[: mask + 1] = -1
    total = place = 0
    while place < found - n + 1:
        slot = _find(same, place, n, table, mask)
        if table[slot] < 0:
            table[slot] = place
            place += 1
        else:
            total += sums[place + n] - sums[place]
            place += n
    return total
