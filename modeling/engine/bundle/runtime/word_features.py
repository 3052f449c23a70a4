"""Words as numbers of features for the linear tagger: forms, parts and patterns of a word and of its neighbours."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .looks import traits

if TYPE_CHECKING:
    from .words import Words

Array = np.ndarray[Any, Any]
_ODD, _STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
# What is known of a form by itself, in the order of `_of_form`.
LOWER, SHAPE, LONG_SHAPE, FORM = range(4)
# Beginnings and endings of one to four characters.
AFFIXES = 4
OWN = 4 + 2 * AFFIXES
REACH = 2
# Nothing before the first word of a text, nothing after the last.
EDGE = np.uint64(0x51ED270B0B0B0B0B)


def feature_codes(words: Words) -> Array:
    """Return a number for each feature of each word, uint64 [n, features]; equal numbers are the same feature.

    A word is described by itself, its affixes and its pattern; by the words and patterns up to two places before and
    behind; by pairs of neighbours; and by the place and the loudness of `surface.traits`.
    """
    forms, place = np.unique(np.array([*words.form, ""], object).astype(str), return_inverse=True)
    known = np.array([_of_form(form) for form in forms.tolist()], np.uint64).reshape(-1, OWN)[place[:-1]]
    lower, shape, long_shape = known[:, LOWER], known[:, SHAPE], known[:, LONG_SHAPE]
    marks = traits(words).astype(np.uint64)
    low, high = _borders(words)
    columns = [known[:, part] for part in range(OWN)]
    around = {}
    for by in (-2, -1, 1, 2):
        around[by] = _moved(lower, by, low, high), _moved(shape, by, low, high)
        columns += list(around[by])
    before, behind = around[-1], around[1]
    columns += [
        _both(before[0], lower), _both(lower, behind[0]), _both(before[0], behind[0]), _both(before[1], shape),
        _both(shape, behind[1]), _both(_both(before[1], shape), behind[1]), _both(around[-2][0], before[0]),
        _both(behind[0], around[2][0]), _both(before[0], shape), _both(shape, behind[0]), _both(lower, behind[1]),
        _both(shape, marks[:, 1]), _both(shape, marks[:, 2]), _both(long_shape, marks[:, 2]),
    ]  # fmt: skip
    columns += [_moved(known[:, 4 + part], by, low, high) for by in (-1, 1) for part in (2, AFFIXES + 2)]
    # The same value in another column is another feature.
    salts = np.arange(1, len(columns) + 1, dtype=np.uint64) * _ODD
    mixed: Array = (np.stack(columns, axis=1) ^ salts) * _STEP
    return mixed


def _of_form(form: str) -> list[int]:
    lower = form.lower()
    pattern = re.sub(r"[^\W\d_]", lambda found: "X" if found.group().isupper() else "x", re.sub(r"\d", "9", form))
    short = re.sub(r"(.)\1+", r"\1", pattern)
    parts = [lower, short, pattern[:8], form]
    lengths = range(1, AFFIXES + 1)
    parts += [lower[:many] if len(lower) >= many else "" for many in lengths]
    parts += [lower[-many:] if len(lower) >= many else "" for many in lengths]
    return [_hash(part) for part in parts]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _borders(words: Words) -> tuple[Array, Array]:
    """Return for each word the first word of its text and one after the last."""
    return words.first[words.text], words.first[words.text + 1]


def _moved(codes: Array, by: int, low: Array, high: Array) -> Array:
    """Return the codes of the words `by` places further, EDGE outside of the text."""
    at = np.arange(len(codes)) + by
    inside = (at >= low) & (at < high)
    out = np.full(len(codes), EDGE, np.uint64)
    out[inside] = codes[at[inside]]
    return out


def _both(one: Array, other: Array) -> Array:
    mixed: Array = (one * _STEP) ^ (other + (other << np.uint64(7)) + _ODD)
    return mixed


class Vocabulary:
    """The features that training saw often enough, as ascending codes; a feature's number is its place.

    Args:
        codes: uint64 [v], ascending.
    """

    def __init__(self, codes: Array) -> None:
        self.codes = codes

    @staticmethod
    def of(features: Array, least: int) -> Vocabulary:
        """Return the features that occur at least so often."""
        codes, counts = np.unique(features, return_counts=True)
        return Vocabulary(codes[counts >= least])

    def numbers(self, features: Array) -> Array:
        """Return each feature's number, -1 for unknown ones, int32 of the same shape."""
        if not len(self.codes):
            return np.full(features.shape, -1, np.int32)
        at = np.minimum(np.searchsorted(self.codes, features), len(self.codes) - 1)
        return np.where(self.codes[at] == features, at, -1).astype(np.int32)
