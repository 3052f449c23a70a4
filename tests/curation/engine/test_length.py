import pytest

from curation.engine.steps.length import FilterLength
from tests.curation.engine.tiny import apply

TEXTS = ["one two three four", "hi", "我非常喜欢这本书的内容", "😀😀😀", "", None]


def test_characters_are_code_points() -> None:
    result = apply(FilterLength(min_chars=3, max_chars=11), TEXTS)
    assert result.kept == {3: TEXTS[2], 4: "😀😀😀"}
    assert result.drops == [
        (1, "text_too_long", "18 characters, at most 11"),
        (2, "text_too_short", "2 characters, at least 3"),
        (5, "text_too_short", "0 characters, at least 3"),
        (6, "text_too_short", "0 characters, at least 3"),
    ]


def test_chinese_words_are_counted_by_their_ratio() -> None:
    result = apply(FilterLength(min_words=2, max_words=5), TEXTS)
    assert list(result.kept) == [1]
    assert result.drops == [
        (2, "text_too_short", "1 words, at least 2"),
        (3, "text_too_long", "6.50 words, at most 5"),
        (4, "text_too_short", "0 words, at least 2"),
        (5, "text_too_short", "0 words, at least 2"),
        (6, "text_too_short", "0 words, at least 2"),
    ]


def test_the_default_drops_no_message() -> None:
    assert list(apply(FilterLength(), TEXTS).kept) == [1, 2, 3, 4, 5, 6]


def test_values_near_a_limit_are_findings() -> None:
    result = apply(FilterLength(min_chars=10, margin=0.1), ["a" * 8, "b" * 9, "c" * 10, "d" * 11, "e" * 12])
    assert [item for item, _reason, _detail in result.drops] == [1, 2]
    assert result.found == [
        (2, "near_threshold", "dropped: 9 characters, at least 10"),
        (3, "near_threshold", "kept: 10 characters, at least 10"),
        (4, "near_threshold", "kept: 11 characters, at least 10"),
    ]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"min_chars": -1}, "min_chars is -1; it is at least 0"),
        ({"min_words": 9, "max_words": 3}, "min_words is larger than max_words"),
    ],
)
def test_limits_that_make_no_sense_are_refused(params: dict[str, int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        FilterLength(**params)
