import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.engine.text_diff import LONGEST, around_changes, diff_texts, marked_html, sides, tokens


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (
            "The quick brown fox",
            "The slow brown cat",
            [("=", "The "), ("-", "quick"), ("+", "slow"), ("=", " brown "), ("-", "fox"), ("+", "cat")],
        ),
        ("这本书很好", "这本书不太好", [("=", "这本书"), ("-", "很"), ("+", "不太"), ("=", "好")]),
        ("same", "same", [("=", "same")]),
        ("", "new", [("+", "new")]),
        ("a b", "c d", [("-", "a b"), ("+", "c d")]),
        ("", "", []),
    ],
)
def test_words_and_characters_are_compared(before: str, after: str, found: list[tuple[str, str]]) -> None:
    assert diff_texts(before, after) == found


def test_what_a_reader_sees_as_one_sign_is_one_token() -> None:
    assert tokens("ok 你好 👍🏽👨‍👩‍👧🇨🇳 café!") == [
        "ok", " ", "你", "好", " ", "👍🏽", "👨‍👩‍👧", "🇨🇳", " ", "café", "!",
    ]  # fmt: skip


@given(st.text("ab 你\n👍🏽"), st.text("ab 你\n👍🏽"))
def test_the_parts_joined_are_the_texts(before: str, after: str) -> None:
    left, right = sides(diff_texts(before, after))
    assert "".join(text for _kind, text in left) == before
    assert "".join(text for _kind, text in right) == after


def test_texts_without_anything_in_common_are_bounded_in_time() -> None:
    before, after = ("".join(chr(start + n % 4000) for n in range(LONGEST)) for start in (0x4E00, 0x6000))
    started = time.perf_counter()
    found = diff_texts(before, after)
    assert [kind for kind, _text in found] == ["-", "+"]
    assert time.perf_counter() - started < 5


def test_a_long_text_that_differs_much_is_compared_by_sentence() -> None:
    common = "".join(f"第{n}句话没有变。" for n in range(100))
    before = common + "".join(chr(0x4E00 + n) for n in range(700)) + "。" + common
    after = common + "".join(chr(0x6000 + n) for n in range(700)) + "。" + common
    assert [kind for kind, _text in diff_texts(before, after)] == ["=", "-", "+", "="]


def test_only_what_is_shown_is_compared() -> None:
    (segment,) = diff_texts("a" * (LONGEST + 5), "a" * (LONGEST + 9))
    assert segment == ("=", "a" * LONGEST)


def test_html_is_escaped_and_has_words_for_those_who_hear_it() -> None:
    html = marked_html(diff_texts("<b>x</b> & y", "<b>z</b> & y"), removed="removed", added="added")
    assert html == (
        "&lt;b&gt;"
        '<del><span class="visually-hidden"> [removed: </span>x<span class="visually-hidden">] </span></del>'
        '<ins><span class="visually-hidden"> [added: </span>z<span class="visually-hidden">] </span></ins>'
        "&lt;/b&gt; &amp; y"
    )


def test_only_what_stands_around_a_change_is_shown() -> None:
    found = diff_texts("甲" * 90 + "错" + "乙" * 90 + "X" + "丙" * 90, "甲" * 90 + "对" + "乙" * 90 + "Y" + "丙" * 90)
    assert [text for kind, text in around_changes(found, 3) if kind == "="] == ["…甲甲甲", "乙乙乙…乙乙乙", "丙丙丙…"]
    assert around_changes([("=", "long text")], 3) == [("=", "long text")]


def test_a_changed_line_end_is_seen() -> None:
    assert marked_html(diff_texts("a\nb", "ab")) != marked_html(diff_texts("ab", "ab"))
    assert "↵" in marked_html([("-", "\n")])
