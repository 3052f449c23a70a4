"""Texts as words or characters of a vocabulary of their own: numbers of words in order, and weighted counts."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from .texts import checked_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .model import Tensors

Array = np.ndarray[Any, Any]
# 0 fills up short texts, 1 stands for words that training did not see.
PAD, UNKNOWN, FIRST = 0, 1, 2
_WORD = re.compile(r"\w+|[^\w\s]")
# What scikit-learn's TfidfVectorizer takes for words and blanks under the settings of the family.
TERM = r"(?u)\b\w+\b"
_TERM, _BLANKS = re.compile(TERM), re.compile(r"\s\s+")
# How many words, or characters, a term has.
GRAMS = {"word": (1, 2), "char": (1, 3)}


def words_of(text: str, analyzer: str) -> list[str]:
    """Return the words and signs of a text in small letters; its characters without blanks where `analyzer` is char."""
    return [c for c in text.lower() if not c.isspace()] if analyzer == "char" else _WORD.findall(text.lower())


def numbers_of(text: str, analyzer: str, words: Mapping[str, int], longest: int) -> list[int]:
    """Return the numbers of a text's first words, at least one."""
    return [words.get(word, UNKNOWN) for word in words_of(text, analyzer)][:longest] or [UNKNOWN]


def terms_of(text: str, analyzer: str) -> list[str]:
    """Return the terms of a text as scikit-learn's analyzers give them: neighbours of GRAMS words or characters."""
    low, high = GRAMS[analyzer]
    if analyzer == "char":
        whole = _BLANKS.sub(" ", text.lower())
        return [whole[i : i + n] for n in range(low, high + 1) for i in range(len(whole) - n + 1)]
    words = _TERM.findall(text.lower())
    return [" ".join(words[i : i + n]) for n in range(low, high + 1) for i in range(len(words) - n + 1)]


class NumberReading:
    """A text to `input_ids`, int64 [1, words], and where the setting `mask` says so `attention_mask` of ones;
    assets/words.json has the words by number from FIRST on. Settings: `analyzer`, and `longest`, the words that are
    read."""

    example = "warm-up"

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        words = json.loads(member("assets/words.json"))
        self._words = {word: number for number, word in enumerate(words, FIRST)}
        self._analyzer, self._longest = str(settings["analyzer"]), int(settings["longest"])
        self._has_mask = bool(settings["mask"])

    def read(self, given: Any) -> tuple[Tensors, None]:
        """Return the inputs."""
        checked_text(given)
        ids = np.array([numbers_of(given, self._analyzer, self._words, self._longest)], dtype=np.int64)
        return {"input_ids": ids, **({"attention_mask": np.ones_like(ids)} if self._has_mask else {})}, None


class TermReading:
    """A text to `terms`, int64 [n], and `weights`, float32 [n]: 1 + ln of the count times the term's IDF, of length 1.
    assets/terms.json has the terms in order, assets/idf.npy what they weigh. Settings: `analyzer`."""

    example = "warm-up"

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self._place = {term: number for number, term in enumerate(json.loads(member("assets/terms.json")))}
        self._idf = np.load(io.BytesIO(member("assets/idf.npy")), allow_pickle=False)
        self._analyzer = str(settings["analyzer"])
        if len(self._idf) != len(self._place):
            raise ValueError("assets/idf.npy does not have one number for each term.")

    def read(self, given: Any) -> tuple[Tensors, None]:
        """Return the two inputs; a text without a known term has one of weight 0."""
        checked_text(given)
        counts = Counter(self._place[term] for term in terms_of(given, self._analyzer) if term in self._place)
        terms = np.array(sorted(counts) or [0], np.int64)
        weights = np.zeros(1)
        if counts:
            weights = (1 + np.log([counts[term] for term in terms.tolist()])) * self._idf[terms]
            weights /= np.sqrt(np.square(weights).sum())
        return {"terms": terms, "weights": weights.astype(np.float32)}, None
