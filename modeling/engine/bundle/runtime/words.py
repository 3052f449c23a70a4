"""Texts cut into words, with what is known of each word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# Scripts that are written without spaces: each of their characters is a word of its own.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNSPACED += "\uac00-\ud7af\U00020000-\U0003ffff"
WORD = re.compile(f"[{_UNSPACED}]|[^\\W{_UNSPACED}]+|[^\\w\\s]")
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """The words of some texts, one after the other.

    Attributes:
        text: Which text each is of, int64 [n], ascending.
        start: First code point in its text, int64 [n].
        end: One after its last code point, int64 [n].
        form: The word as it stands.
        first: For each text its first word, and one more at the end, int64 [texts + 1].
    """

    text: Places
    start: Places
    end: Places
    form: list[str]
    first: Places

    @cached_property
    def is_name(self) -> NDArray[np.bool_]:
        """Whether each has a letter or a digit: a stretch begins and ends with such a word."""
        return np.array([form[0].isalnum() or any(map(str.isalnum, form)) for form in self.form], bool)

    def __len__(self) -> int:
        return len(self.form)


def cut(texts: Sequence[str]) -> Words:
    """Return the words of texts: letters and digits together, other signs alone, Chinese character by character."""
    places, forms = [], []
    for number, text in enumerate(texts):
        for found in WORD.finditer(text):
            places.append((number, found.start(), found.end()))
            forms.append(found.group())
    table = np.array(places, np.int64).reshape(-1, 3)
    first = np.searchsorted(table[:, 0], np.arange(len(texts) + 1))
    return Words(table[:, 0], table[:, 1], table[:, 2], forms, first)
