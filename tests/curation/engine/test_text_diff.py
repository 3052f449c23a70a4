import itertools
import time

import pytest

from curation.engine.text_diff import word_diff


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        ("same text", "same text", [("same", "same text")]),
        ("a good day", "a bad day", [("same", "a "), ("removed", "good"), ("added", "bad"), ("same", " day")]),
        ("今天天气好", "今天天气很好", [("same", "今天天气"), ("added", "很"), ("same", "好")]),
        ("I'm 👩‍🚀", "", [("removed", "I'm 👩‍🚀")]),
        ("", "new", [("added", "new")]),
        ("Café, now", "Café now", [("same", "Café"), ("removed", ","), ("same", " now")]),
    ],
)
def test_words_and_characters(before: str, after: str, expected: list[tuple[str, str]]) -> None:
    assert word_diff(before, after) == expected


def test_both_texts_can_be_put_together_again() -> None:
    before = "One. Two three.\n\n  四五六。 seven\u00a0eight"
    after = "One! Two  three\n四六。 eight seven"
    pieces = word_diff(before, after)
    assert "".join(text for kind, text in pieces if kind != "added") == before
    assert "".join(text for kind, text in pieces if kind != "removed") == after
    assert all(one[0] != other[0] for one, other in itertools.pairwise(pieces))


def test_a_long_text_costs_little() -> None:
    before = " ".join(f"w{number}" for number in range(200_000))
    after = " ".join(f"x{number}" for number in range(200_000))
    started = time.monotonic()
    assert word_diff(before, after) == [("removed", before), ("added", after)]
    shared = " ".join("the same words again" for _ in range(20_000))
    kinds = [kind for kind, _text in word_diff("x. " + shared + " y", "z. " + shared)]
    assert kinds[:2] == ["removed", "added"]
    assert time.monotonic() - started < 5
