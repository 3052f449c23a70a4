"""What a word looks like, which an uncased encoder does not see: its pattern of case and signs, and its characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .words import Words

Array = np.ndarray[Any, Any]
# Characters of a word that are looked at: its first and its last ones.
HEAD, TAIL = 10, 6
CHARACTERS = HEAD + TAIL
# Characters below 128 have numbers of their own; others share the rest.
KNOWN, SHARED = 128, 384
ALPHABET = 1 + KNOWN + SHARED
SHAPES = 12
PLACES = 4
TRAITS = 3


def shape_of(form: str) -> int:
    """Return the pattern of a word, in [0, SHAPES): case, digits and signs."""
    if form.isdigit():
        return 1 if len(form) <= 2 else 2
    if not any(map(str.isalnum, form)):
        return {"@": 3, "#": 4}.get(form, 5 if form in ".!?:;" else 6)
    if any(map(str.isdigit, form)):
        return 7
    if form.isupper():
        return 8 if len(form) == 1 else 9
    if form[0].isupper():
        return 10 if form[1:].islower() else 11
    return 0 if form.islower() or form.isalpha() else 11


def traits(words: Words) -> Array:
    """Return shape, place and loudness of each word, int64 [n, TRAITS].

    The place says what stands before: 0 a word, 1 nothing or the end of a sentence, 2 a sign that touches (as in
    @name), 3 another sign. Loudness is how the letters of the whole text are: 0 lower case, 1 mixed, 2 mostly
    capitals, 3 most words begin with a capital; a capital says little in the last two.
    """
    shapes = np.array([shape_of(form) for form in words.form], np.int64)
    found = np.zeros((len(words), TRAITS), np.int64)
    found[:, 0] = shapes
    for low, high in zip(words.first[:-1].tolist(), words.first[1:].tolist(), strict=True):
        found[low:high, 1] = _places(words, shapes, low, high)
        found[low:high, 2] = _loudness(shapes[low:high])
    return found


def _places(words: Words, shapes: Array, low: int, high: int) -> Array:
    place = np.zeros(high - low, np.int64)
    if high == low:
        return place
    before = shapes[low : high - 1]
    is_sign = (before >= 3) & (before <= 6)
    touches = words.start[low + 1 : high] == words.end[low : high - 1]
    place[1:] = np.where(before == 5, 1, np.where(is_sign & touches, 2, np.where(is_sign, 3, 0)))
    place[0] = 1
    return place


def _loudness(shapes: Array) -> int:
    letters = shapes[(shapes == 0) | (shapes >= 8)]
    if not len(letters) or not (letters >= 8).any():
        return 0
    if (letters == 9).mean() > 0.6:
        return 2
    return 3 if len(letters) > 3 and (letters >= 8).mean() > 0.7 else 1


def characters(forms: Sequence[str]) -> Array:
    """Return numbers of each word's first and last characters, int64 [n, CHARACTERS]; 0 is nothing."""
    found = np.zeros((len(forms), CHARACTERS), np.int64)
    for row, form in enumerate(forms):
        kept = form if len(form) <= CHARACTERS else form[:HEAD] + form[-TAIL:]
        found[row, : len(kept)] = [
            1 + code if code < KNOWN else 1 + KNOWN + code * 2654435761 % 4294967296 % SHARED for code in map(ord, kept)
        ]
    return found
