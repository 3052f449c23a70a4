import random
import time

import pytest

from curation.engine.steps.words import WordList
from tests.curation.engine.tiny import apply

BLOCKED = ("cat", "spam mail", "赌博", "c++", "free", "free money", "iPhone手机", "ＡBC", "😀😀")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A CAT!", "cat"),
        ("concat category _cat cat5", None),
        ("cat's", "cat"),
        ("猫cat猫", "cat"),
        ("spam \u3000 mail", "spam mail"),
        ("我赌博了", "赌博"),
        ("赌 博", None),
        ("I love C++.", "c++"),
        ("Free money, free", "free money, free"),
        ("free moneys", "free"),
        ("买iphone手机吧", "iphone手机"),
        ("myiphone手机", None),
        ("abc", "abc"),
        ("x😀😀y", "😀😀"),
        ("", None),
        (None, None),
    ],
)
def test_whole_words_in_scripts_with_blanks_and_parts_in_others(text: str | None, words: str | None) -> None:
    assert apply(WordList(blocked=BLOCKED), [text]).drops == ([(1, "word_blocked", words)] if words else [])


def test_found_instead_of_dropped() -> None:
    result = apply(WordList(blocked=("spam",), action="find"), ["spam", "ham"])
    assert (list(result.kept), result.drops) == ([1, 2], [])
    assert result.found == [(1, "word_blocked", "spam")]


def test_a_required_word_is_missing() -> None:
    result = apply(
        WordList(required=("refund", "退款"), blocked=("spam",)), ["A refund", "我要退款", "spam", "no", None]
    )
    assert list(result.kept) == [1, 2]
    assert result.drops == [(3, "word_blocked", "spam"), (4, "word_missing", ""), (5, "word_missing", "")]


def test_words_are_no_expressions() -> None:
    result = apply(
        WordList(blocked=("a.c", "(x+)+y", "[z]", "\\d")), ["abc", "xxxx", "z", "5", "a.c", "(x+)+y [z]", "\\d"]
    )
    assert [drop[0] for drop in result.drops] == [5, 6, 7]


def test_without_words_nothing_happens() -> None:
    assert apply(WordList(), ["a", None]).drops == []


def test_ten_thousand_words_and_a_hostile_text_take_little_time() -> None:
    chance = random.Random(1)
    words = tuple({"".join(chance.choices("abcdefghij", k=chance.randint(4, 9))) for _ in range(9_000)})
    started = time.process_time()
    result = apply(
        WordList(blocked=words), [words[0], "k" * 1_000_000, "a" * 1_000_000, " ".join("abcdefghij" * 9_999)]
    )
    assert [drop[0] for drop in result.drops] == [1]
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"action": "keep"}, "action is 'keep'; choose one of drop, find"),
        ({"blocked": ("ok", " ")}, "blocked holds ' '; a word has 1 to 200 characters"),
        ({"required": tuple(map(str, range(10_001)))}, "required has 10001 words; at most 10000"),
    ],
)
def test_lists_that_cannot_be_used_are_refused(params: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        WordList(**params)
