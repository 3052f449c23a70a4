from dataclasses import fields

import pytest

from curation.engine.steps.symbols import FilterSymbols
from tests.curation.engine.tiny import apply

SENTENCE = "The cat that sat with us has gone to the end of the street. "
OFF = {
    field.name: type(field.default)()
    for field in fields(FilterSymbols)
    if field.name not in {"stop_words", "short_line_length"}
}


@pytest.mark.parametrize(
    ("limits", "text", "reason", "detail"),
    [
        ({"max_hashes_per_word": 0.1}, "so #one #two", "many_hashes", "0.67 # signs per word, at most 0.10"),
        (
            {"max_ellipses_per_word": 0.1},
            "well... 好的…… no",
            "many_ellipses",
            "0.94 ellipses per word, at most 0.10",
        ),
        (
            {"max_bullet_lines": 0.9},
            "- a\n\n• 我\n‣ c",
            "bullet_lines",
            "1.00 of lines start with a bullet, at most 0.90",
        ),
        (
            {"max_ellipsis_lines": 0.3},
            "read more...\n更多…\nend.",
            "ellipsis_lines",
            "0.67 of lines end with an ellipsis, at most 0.30",
        ),
        (
            {"min_alphabetic_words": 0.8},
            "12 + 30 = 42 apples",
            "few_alphabetic_words",
            "0.17 of words hold a letter, at least 0.80",
        ),
        ({"min_word_length": 3.0}, "a b, (c)", "words_too_short", "1 characters a word on average, at least 3"),
        ({"max_word_length": 10.0}, "aaaaaaaaaaaa", "words_too_long", "12 characters a word on average, at most 10"),
        ({"min_stop_words": 2}, "To be, TO BE? And 'to'!", None, ""),
        ({"min_stop_words": 2}, "the The THE theme", "few_stop_words", "1 stop words, at least 2"),
        ({"lorem_ipsum": True}, "Lorem Ipsum 😀 lorem ipsum", "lorem_ipsum", "2 × lorem ipsum"),
        ({"curly_bracket": True}, "if (x) { y }", "curly_bracket", "1 × {"),
        (
            {"min_line_punctuation": 0.12},
            "Home\nAbout\n联系我们",
            "few_line_ends",
            "0.00 of lines end with punctuation, at least 0.12",
        ),
        ({"min_line_punctuation": 0.9}, 'He said "no."\n好。\n（好！）\nWhat?!', None, ""),
        (
            {"max_short_lines": 0.67},
            "Home\n一二三四五六七八九十一二三四五\nx",
            "short_lines",
            "1.00 of lines are short, at most 0.67",
        ),
        ({"max_short_lines": 0.9}, "Home\n一二三四五六七八九十一二三四五六\nx", None, ""),
        (
            {"max_duplicated_line_chars": 0.01},
            "menu\ntext\nmenu",
            "duplicated_line_chars",
            "0.33 of characters are in repeated lines, at most 0.01",
        ),
        ({"max_newlines_per_word": 0.3}, "a\nb\nc d", "many_newlines", "0.50 line breaks per word, at most 0.30"),
    ],
)
def test_each_rule_alone(limits: dict[str, float], text: str, reason: str | None, detail: str) -> None:
    drops = apply(FilterSymbols(**(OFF | limits)), [text]).drops
    assert drops == ([(1, reason, detail)] if reason else [])


def test_prose_stays_and_so_do_messages() -> None:
    texts = [SENTENCE * 10, "我们昨天去了公园，天气很好。" * 20, "###", "- a\n- b", "...", "😀", "", None]
    assert apply(FilterSymbols(max_duplicated_line_chars=0.0), texts).drops == []


def test_chinese_has_no_word_length() -> None:
    step = FilterSymbols(**(OFF | {"min_word_length": 3.0, "max_word_length": 10.0}))
    assert apply(step, ["我们昨天去了公园 a b", "中文"]).drops == []


def test_a_menu_names_all_its_faults() -> None:
    [(_item, reason, detail)] = apply(FilterSymbols(), ["Home\nAbout us\nContact\n" * 20]).drops
    assert reason == "few_line_ends"
    assert detail == (
        "0.00 of lines end with punctuation, at least 0.12; 1.00 of lines are short, at most 0.67; "
        "0.75 line breaks per word, at most 0.30; 0.95 of characters are in repeated lines, at most 0.01"
    )


def test_near_a_limit() -> None:
    step = FilterSymbols(**(OFF | {"max_newlines_per_word": 0.5, "margin": 0.1}))
    result = apply(step, ["a\nb\nc d", "a b c d\n", "a\nb\nc\n"])
    assert result.drops == [(3, "many_newlines", "1.00 line breaks per word, at most 0.50")]
    assert result.found == [(1, "near_threshold", "kept: 0.50 line breaks per word, at most 0.50")]


def test_parameters_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="min_stop_words is larger"):
        FilterSymbols(min_stop_words=3, stop_words=("the", "of"))
    with pytest.raises(ValueError, match="at most 64"):
        FilterSymbols(stop_words=tuple(map(str, range(65))))


def test_a_long_message_in_one_line_has_no_line_shape() -> None:
    text = "we all go there now and then and it is fine " * 7
    assert apply(FilterSymbols(), [text, f"{text}..."]).drops == []
    drops = apply(FilterSymbols(from_lines=0), [text, f"{text}..."]).drops
    assert [drop[:2] for drop in drops] == [(1, "few_line_ends"), (2, "ellipsis_lines")]
