"""Texts cut into words, and stretches of them, in code points."""

import numpy as np

from modeling.engine.bundle.runtime.words import cut
from modeling.engine.marks.words import stretches_at, stretches_in


def places(*rows: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    text, start, end = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return text, start, end


def test_words_are_runs_of_letters_and_chinese_is_cut_character_by_character() -> None:
    words = cut(["don't 🚀 go", "", "我在Acme工作。"])
    assert words.form == ["don", "'", "t", "🚀", "go", "我", "在", "Acme", "工", "作", "。"]
    assert words.first.tolist() == [0, 5, 5, 11]
    assert (words.start[3], words.end[3]) == (6, 7)
    assert words.is_name.tolist() == [True, False, True, False, True, True, True, True, True, True, False]


def test_spans_become_the_words_that_they_touch() -> None:
    words = cut(["ab cd ef", "gh"])
    at = stretches_at(words, *places((0, 0, 2), (0, 1, 4), (0, 3, 8), (1, 0, 2), (0, 2, 3)))
    assert list(zip(at.start.tolist(), at.stop.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 3), (3, 4), (1, 1)]


def test_stretches_stay_in_their_text_and_begin_and_end_with_letters() -> None:
    words = cut(["a - b", "c"])
    at = stretches_in(words, slice(0, 2), 3)
    assert sorted(zip(at.start.tolist(), at.stop.tolist(), strict=True)) == [(0, 1), (0, 3), (2, 3), (3, 4)]
