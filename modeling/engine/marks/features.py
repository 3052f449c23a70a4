"""What a linear model sees of a stretch of a text: its words, its borders and its neighbours.

A stretch is described by sums over words, so that a model's weights give every word some numbers once, and the score
of any stretch is a few look-ups: all stretches of a text cost little more than its words.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.engine.bundle.runtime.words import Words
from modeling.engine.marks.words import Stretches

Floats = NDArray[np.floating]
# Hashed features of words: a million words of a language with their beginnings and endings meet seldom.
FORMS = 1 << 14
# Hashed texts of stretches.
TEXTS = 1 << 17
LONGEST = 11
# Where words are looked up for a stretch, and how much each counts; the stretch itself is their sum over the root of
# their number.
INSIDE, FIRST, LAST, BEFORE, AFTER, BEFORE2, AFTER2 = range(7)
WEIGHTS = (1.0, 0.5, 0.5, 0.5, 0.5, 0.3, 0.3)
# The same for the vectors of words in their context: within the stretch their mean.
DENSE = (INSIDE, FIRST, LAST, BEFORE, AFTER)
# Root of the mean square length of a word's vector beside hashed features of length about 1.
DENSE_LENGTH = 3.0
_MIX, _STEP = np.uint64(0xBF58476D1CE4E5B9), np.uint64(1_000_003)


@dataclass(frozen=True)
class Features:
    """Features of the words of some texts.

    Attributes:
        words: The words.
        forms: Hashed features of each word, and of what lies before and behind a text, CSR [n + 2, FORMS].
        vectors: Of each word in its context, float32 [n + 2, d]; d may be 0.
        codes: A number of each word in lower case, uint64 [n].
    """

    words: Words
    forms: Any
    vectors: NDArray[np.float32]
    codes: NDArray[np.uint64]

    def _neighbours(self, at: Stretches) -> list[NDArray[np.int64]]:
        """Return for each block of WEIGHTS but the first the word that is looked up."""
        words, count = self.words, len(self.words)
        text = words.text[at.start]
        low, high = words.first[text], words.first[text + 1]
        places = [at.start, at.stop - 1]
        for by in (1, 2):
            before, after = at.start - by, at.stop - 1 + by
            places += [np.where(before < low, count, before), np.where(after >= high, count + 1, after)]
        return [places[0], places[1], places[2], places[3], places[4], places[5]]

    def rows(self, at: Stretches) -> Any:
        """Return the features of stretches, CSR float32 [n, features]."""
        import scipy.sparse as sp

        lengths = at.stop - at.start
        row = np.repeat(np.arange(len(at)), lengths)
        word = (
            np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(at.start, lengths)
        )
        shape = (len(at), len(self.words) + 2)

        def over(values: Floats) -> Any:
            return sp.csr_matrix((np.repeat(values, lengths).astype(np.float32), (row, word)), shape)

        places = self._neighbours(at)
        blocks = [over(1 / np.sqrt(lengths)) @ self.forms]
        blocks += [self.forms[place] * weight for place, weight in zip(places, WEIGHTS[1:], strict=True)]
        for codes, wide in ((self._text_codes(at), TEXTS), (np.minimum(lengths, LONGEST - 1), LONGEST)):
            ones = np.ones(len(at), np.float32)
            blocks.append(sp.csr_matrix((ones, (np.arange(len(at)), codes)), (len(at), wide)))
        if self.vectors.shape[1]:
            blocks.append(sp.csr_matrix(over(1 / lengths) @ self.vectors))
            blocks += [sp.csr_matrix(self.vectors[places[block - 1]]) for block in DENSE[1:]]
        return sp.hstack(blocks, format="csr", dtype=np.float32)

    def scorer(self, weights: Floats, bias: Floats) -> "Scorer":
        """Return what scores stretches by a linear model of `rows`: weights [labels, features], bias [labels]."""
        weights = np.asarray(weights, np.float32)
        places = iter(_slices([FORMS] * len(WEIGHTS) + [TEXTS, LONGEST] + [self.vectors.shape[1]] * len(DENSE)))
        by_word = [np.asarray(self.forms @ weights[:, next(places)].T) * weight for weight in WEIGHTS]
        texts, lengths = weights[:, next(places)].T, weights[:, next(places)].T
        inside_mean = np.zeros_like(by_word[INSIDE])
        for block in DENSE:
            added = self.vectors @ weights[:, next(places)].T
            if block == INSIDE:
                inside_mean = added
            else:
                by_word[block] = by_word[block] + added
        return Scorer(self, by_word[1:], _sums(by_word[INSIDE]), _sums(inside_mean), texts, lengths, bias)

    def _text_codes(self, at: Stretches) -> NDArray[np.int64]:
        """Return a number below TEXTS for the words of each stretch, in lower case."""
        lengths = at.stop - at.start
        code = np.zeros(len(at), np.uint64)
        for step in range(int(lengths.max(initial=0))):
            on = step < lengths
            code[on] = code[on] * _STEP ^ self.codes[at.start[on] + step]
        code ^= code >> np.uint64(29)
        code *= _MIX
        return ((code >> np.uint64(32)) % np.uint64(TEXTS)).astype(np.int64)


@dataclass(frozen=True)
class Scorer:
    """A linear model's numbers of every word, from which those of stretches are added up."""

    features: Features
    by_word: Sequence[Floats]
    sums: Floats
    mean_sums: Floats
    texts: Floats
    lengths: Floats
    bias: Floats

    def chances(self, at: Stretches) -> NDArray[np.float32]:
        """Return the probability of each label for stretches, float32 [n, labels]."""
        many = (at.stop - at.start)[:, None]
        found = np.array(np.broadcast_to(self.bias, (len(at), len(self.bias))), np.float32)
        found += (self.sums[at.stop] - self.sums[at.start]) / np.sqrt(many)
        found += (self.mean_sums[at.stop] - self.mean_sums[at.start]) / many
        for place, numbers in zip(self.features._neighbours(at), self.by_word, strict=True):
            found += numbers[place]
        found += self.texts[self.features._text_codes(at)]
        found += self.lengths[np.minimum(many[:, 0], LONGEST - 1)]
        found -= found.max(axis=1, keepdims=True)
        np.exp(found, out=found)
        return np.asarray(found / found.sum(axis=1, keepdims=True), np.float32)


def features_of(words: Words, vectors: NDArray[np.float32]) -> Features:
    """Return the features of words.

    Args:
        words: The words.
        vectors: Of each in its context, mean 0, float32 [n, d]; d may be 0.
    """
    from sklearn.feature_extraction import FeatureHasher

    forms, place = np.unique(np.array([*words.form, ""], object).astype(str), return_inverse=True)
    hasher = FeatureHasher(FORMS, input_type="string", dtype=np.float32)
    hashed = hasher.transform([list(_traits(form)) for form in forms.tolist()] + [["<text"], ["text>"]])
    place[-1:] = len(forms)
    hashed = hashed.tocsr()[np.concatenate([place, [len(forms) + 1]])]
    spread = float(np.sqrt(np.square(vectors, dtype=np.float64).sum(axis=1).mean())) if vectors.size else 1.0
    known = vectors * np.float32(DENSE_LENGTH / (spread or 1.0))
    around = np.zeros((2, vectors.shape[1]), np.float32)
    _lower, codes = np.unique(np.array([form.lower() for form in words.form], object).astype(str), return_inverse=True)
    mixed = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return Features(words, hashed, np.concatenate([known, around]), mixed)


def _traits(form: str) -> Iterator[str]:
    """Give what is hashed of a word: itself without case, its pattern of case and digits, beginning and ending."""
    lower = form.lower()
    yield "w" + lower
    yield "s" + re.sub(r"[^\W\d_A-Z]+", "x", re.sub("[A-Z]+", "X", re.sub(r"\d+", "9", form)))[:6]
    if len(lower) > 2:
        yield "p" + lower[:3]
        yield "e" + lower[-3:]
    if len(lower) > 3:
        yield "P" + lower[:4]
        yield "E" + lower[-2:]


def _slices(widths: Sequence[int]) -> list[slice]:
    ends = np.cumsum(widths).tolist()
    return [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]


def _sums(numbers: Floats) -> NDArray[np.float64]:
    """Return what all words before each word add up to, float64 [n + 1, labels], without the two around texts."""
    sums = np.zeros((len(numbers) - 1, numbers.shape[1]))
    np.cumsum(numbers[:-2], axis=0, dtype=np.float64, out=sums[1:])
    return sums
