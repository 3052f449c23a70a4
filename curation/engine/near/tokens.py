"""From UTF-8 text to sets of 64-bit shingle hashes, straight from Arrow's buffers.

Two different shingles share a hash with a chance of n²/2⁶⁵: at ten million different shingles 3 in a million for the
whole run. Everything behind this module is exact on these hashes.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.compiling import compiled
from curation.engine.near.alphabet import CJK, LETTER, alphabet
from curation.engine.near.shingles import Shingles

_WORD, _SPACE, _CASED, _IGNORED = np.uint8(1), np.uint8(2), np.uint8(4), np.uint8(8)
_MULTIPLY = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xD6E8FEB86659FD93)
_SEED = np.uint64(0x243F6A8885A308D3)
_FULL, _HIGHEST = np.uint64(1 << 56), np.uint64(1 << 63)
# The lower case of each ASCII letter and digit, 0 for every other byte.
_ASCII = np.array([ord(chr(byte).lower()) * (byte < 128 and chr(byte).isalnum()) for byte in range(256)], np.uint8)
# One for each place in a shingle of at most 99 tokens; the same on every machine.
_FACTORS = np.random.Generator(np.random.PCG64(0x41737361)).integers(0, 2**63, 99, np.uint64) * np.uint64(
    2
) + np.uint64(1)


@compiled
def _mix(value: Any) -> Any:
    """Spread a 64-bit number over all its bits (the finalizer of splitmix64, Steele and others 2014)."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled
def _decode(data: Any, at: int) -> Any:
    """Return the code point that starts at a byte of valid UTF-8."""
    first = np.uint32(data[at])
    if first < 0x80:
        return first
    if first < 0xE0:
        return ((first & np.uint32(0x1F)) << np.uint32(6)) | (np.uint32(data[at + 1]) & np.uint32(0x3F))
    second = np.uint32(data[at + 1]) & np.uint32(0x3F)
    third = np.uint32(data[at + 2]) & np.uint32(0x3F)
    if first < 0xF0:
        return ((first & np.uint32(0x0F)) << np.uint32(12)) | (second << np.uint32(6)) | third
    fourth = np.uint32(data[at + 3]) & np.uint32(0x3F)
    return ((first & np.uint32(0x07)) << np.uint32(18)) | (second << np.uint32(12)) | (third << np.uint32(6)) | fourth


@compiled
def _width(first: Any) -> int:
    if first < 0x80:
        return 1
    if first < 0xE0:
        return 2
    return 3 if first < 0xF0 else 4


@compiled
def _sigma_ends_a_word(data: Any, classes: Any, start: int, at: int, end: int) -> Any:
    """Tell whether the capital sigma at a byte becomes ς: a cased letter before it, none behind (Final_Sigma)."""
    place = at - 1
    before = False
    while place >= start:
        while place > start and (data[place] & np.uint8(0xC0)) == np.uint8(0x80):
            place -= 1
        kind = classes[_decode(data, place)]
        if not kind & _IGNORED:
            before = (kind & _CASED) != 0
            break
        place -= 1
    if not before:
        return False
    place = at + 2
    while place < end:
        kind = classes[_decode(data, place)]
        if not kind & _IGNORED:
            return (kind & _CASED) == 0
        place += _width(data[place])
    return True


@compiled
def _lowered(data: Any, lower: Any, classes: Any, start: int, at: Any, end: int, code: Any) -> Any:
    """Return the lower case of the letter at a byte; of İ the first of two code points."""
    if code == np.uint32(0x130):
        return np.uint32(0x69)
    if code == np.uint32(0x3A3) and _sigma_ends_a_word(data, classes, start, at, end):
        return np.uint32(0x3C2)
    return lower[code]


@compiled
def _step(running: Any, value: Any) -> Any:
    running = (running ^ value) * _MULTIPLY
    return running ^ (running >> np.uint64(29))


@compiled
def _word_hashes(data: Any, start: int, end: int, lower: Any, classes: Any, out: Any, write: int) -> Any:
    """Write one hash a word from `write` on; return the place behind the last.

    Eight ASCII letters are gathered before they are mixed: mixing each costs most of the time of the whole search.
    """
    at = start
    running, letters = _SEED, np.uint64(0)
    while at < end:
        first = data[at]
        letter = _ASCII[first]
        if letter:
            at += 1
            letters = (letters << np.uint64(8)) | np.uint64(letter)
            if letters >= _FULL:
                running = _step(running, letters)
                letters = np.uint64(0)
            continue
        if first < np.uint8(0x80):
            at += 1
        else:
            code = _decode(data, at)
            lowered = _lowered(data, lower, classes, start, at, end, code)
            at += _width(first)
            if classes[code] & _WORD:
                # The highest bit keeps a letter of several bytes apart from letters that were gathered. The Kelvin sign
                # and İ become ASCII letters, and the second code point of the lower case of İ is a mark: it ends words.
                if lowered < np.uint32(0x80):
                    letters = (letters << np.uint64(8)) | np.uint64(lowered)
                    if letters >= _FULL:
                        running = _step(running, letters)
                        letters = np.uint64(0)
                else:
                    running = _step(_step(running, letters), np.uint64(lowered) | _HIGHEST)
                    letters = np.uint64(0)
                if code != np.uint32(0x130):
                    continue
        if letters or running != _SEED:
            out[write] = _step(running, letters)
            write += 1
            running, letters = _SEED, np.uint64(0)
    if letters or running != _SEED:
        out[write] = _step(running, letters)
        write += 1
    return write


@compiled
def _char_hashes(data: Any, start: int, end: int, lower: Any, classes: Any, out: Any, write: int) -> Any:
    """Write one hash a character that is no white space from `write` on; return the place behind the last."""
    at = start
    while at < end:
        first = data[at]
        code = _decode(data, at)
        if not classes[code] & _SPACE:
            letter = _lowered(data, lower, classes, start, at, end, code)
            out[write] = _mix(np.uint64(letter) + np.uint64(1))
            write += 1
            if code == np.uint32(0x130):
                out[write] = _mix(np.uint64(0x307) + np.uint64(1))
                write += 1
        at += _width(first)
    return write


@compiled
def _shingle(out: Any, start: int, end: int, size: int, factors: Any) -> int:
    """Replace the tokens of a text by the hashes of its shingles, in place; return the new end.

    `factors` holds one odd number for each place in a shingle: the order of tokens counts.
    """
    tokens = end - start
    if tokens == 0:
        return start
    width = min(size, tokens)
    for first in range(start, end - width + 1):
        # A sum of products needs no result of the one before: five tokens take hardly longer than one.
        hashed = np.uint64(width) * _SECOND
        for place in range(width):
            hashed += out[first + place] * factors[place]
        out[first] = _mix(hashed)
    return end - width + 1


@compiled
def _drop_repeated(out: Any, start: int, end: int, table: Any, size: int) -> int:
    """Keep the first of equal hashes in place; return the new end.

    A table of twice the size is faster than sorting, and later steps need no order here. Zero marks a free slot, so
    the shingle with hash 0 becomes 1.
    """
    table[:size] = np.uint64(0)
    mask = np.int64(size - 1)
    write = start
    for place in range(start, end):
        value = max(out[place], np.uint64(1))
        slot = np.int64(value & np.uint64(0x7FFFFFFF)) & mask
        while table[slot] != np.uint64(0) and table[slot] != value:
            slot = (slot + 1) & mask
        if table[slot] == np.uint64(0):
            table[slot] = value
            out[write] = value
            write += 1
    return write


@compiled
def _sets(
    data: Any,
    offsets: Any,
    lower: Any,
    classes: Any,
    words: bool,
    size: int,
    factors: Any,
    out: Any,
    counts: Any,
    prints: Any,
) -> int:
    """Hash every text; return how many hashes were written.

    Args:
        data: uint8, the bytes of all texts.
        offsets: int64 [n + 1], where each text starts.
        lower: Table of `Alphabet`.
        classes: Table of `Alphabet`.
        words: Words, not characters.
        size: Tokens in a shingle.
        factors: uint64 [size], odd.
        out: uint64, room for one hash a byte (words: half of that) and one more a text.
        counts: int32 [n], gets the size of each set.
        prints: uint64 [n, 2], gets a fingerprint of 128 bits of each set.
    """
    write = 0
    table = np.empty(1 << 10, np.uint64)
    for text in range(len(offsets) - 1):
        start = write
        if words:
            write = _word_hashes(data, offsets[text], offsets[text + 1], lower, classes, out, start)
        else:
            write = _char_hashes(data, offsets[text], offsets[text + 1], lower, classes, out, start)
        write = _shingle(out, start, write, size, factors)
        slots = 4
        while slots < 2 * (write - start):
            slots *= 2
        if slots > len(table):
            table = np.empty(slots, np.uint64)
        write = _drop_repeated(out, start, write, table, slots)
        # Sums, because they are the same in whatever order the shingles stand.
        one, two = np.uint64(write - start), np.uint64(0)
        for place in range(start, write):
            one += out[place]
            # The hashes are spread over all bits already; what matters is that this is no multiple of them.
            two += (out[place] ^ (out[place] >> np.uint64(32))) * _SECOND
        counts[text] = write - start
        prints[text, 0], prints[text, 1] = one, two
    return write


@compiled
def _count_letters(data: Any, offsets: Any, classes: Any) -> tuple[int, int]:
    letters, cjk = 0, 0
    at, end = offsets[0], offsets[-1]
    while at < end:
        kind = classes[_decode(data, at)]
        if kind & np.uint8(32):
            letters += 1
            if kind & np.uint8(16):
                cjk += 1
        at += _width(data[at])
    return letters, cjk


def _buffers(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return bytes and offsets of an array of large strings; missing texts are empty."""
    if texts.null_count:
        texts = texts.fill_null("")
    buffers = texts.buffers()
    if len(texts) == 0 or buffers[2] is None:
        return np.empty(0, np.uint8), np.zeros(len(texts) + 1, np.int64)
    offsets = np.frombuffer(buffers[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(buffers[2], np.uint8), offsets


def shingle_sets(
    texts: pa.Array, shingles: Shingles
) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.uint64]]:
    """Return the set of each text: its different hashes in the order of the text, one text after the other.

    Args:
        texts: Large strings [n]; null counts as empty.
        shingles: What a set is made of.

    Returns:
        hashes uint64 [sum of sizes], sizes int32 [n], fingerprints of the sets uint64 [n, 2].

    Raises:
        ValueError: Some text is no valid UTF-8 (Parquet files may hold such).
    """
    try:
        # The kernels read as many bytes as the first of a character promises, so this guards memory too.
        texts.validate(full=True)
    except pa.ArrowInvalid:
        raise ValueError("Some text is not valid UTF-8. Write the file anew with its texts in UTF-8.") from None
    data, offsets = _buffers(texts)
    tables = alphabet()
    size = int(offsets[-1] - offsets[0])
    words = shingles.kind == "word"
    out = np.empty((size // 2 if words else size) + len(texts) + 1, np.uint64)
    counts, prints = np.empty(len(texts), np.int32), np.empty((len(texts), 2), np.uint64)
    used = _sets(data, offsets, tables.lower, tables.classes, words, shingles.size, _FACTORS, out, counts, prints)
    return out[:used], counts, prints


def letters_and_cjk(texts: pa.Array) -> tuple[int, int]:
    """Return how many letters texts hold, and how many of them are Chinese or Japanese."""
    data, offsets = _buffers(texts)
    assert (CJK, LETTER) == (16, 32)
    letters, cjk = _count_letters(data, offsets, alphabet().classes)
    return int(letters), int(cjk)
