import random
import re
from collections import Counter
from dataclasses import fields

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.engine.steps.repetition import FilterRepetition
from curation.engine.text_measures import REPEATED_N, TOP_N, repetition
from tests.curation.engine.tiny import apply

WORDS = [f"word{number}" for number in range(80)]
PROSE = " ".join(WORDS)
# Eighty Chinese characters, none twice.
HAN = "".join(chr(0x4E00 + number) for number in range(80))


def only(**limits: float) -> FilterRepetition:
    """Return the filter with all limits off but these."""
    every = [field.name for field in fields(FilterRepetition) if field.name != "from_words"]
    return FilterRepetition(from_words=0, **(dict.fromkeys(every, 0.0) | limits))


def test_text_that_does_not_repeat_itself_stays() -> None:
    assert apply(FilterRepetition(), [PROSE, HAN, "😀", "", None]).drops == []


@pytest.mark.parametrize(
    ("limits", "text", "reason", "detail"),
    [
        ({"duplicate_lines": 0.3}, "a\nb\na\n\na", "duplicate_lines", "0.50 of lines are duplicates, at most 0.30"),
        (
            {"duplicate_line_chars": 0.2},
            "menu\nmenu\n我们",
            "duplicate_line_chars",
            "0.33 of characters are in duplicate lines, at most 0.20",
        ),
        (
            {"duplicate_paragraphs": 0.3},
            "a\nb\n\na\nb\n \nc",
            "duplicate_paragraphs",
            "0.33 of paragraphs are duplicates, at most 0.30",
        ),
        (
            {"duplicate_paragraph_chars": 0.2},
            "ab\n\nab",
            "duplicate_paragraph_chars",
            "0.33 of characters are in duplicate paragraphs, at most 0.20",
        ),
        (
            {"top_2gram": 0.2},
            "so so x so so y",
            "top_2gram",
            "0.67 of characters are in one phrase of 2 words, at most 0.20",
        ),
        (
            {"repeated_5gram": 0.15},
            "a b c d e x a b c d e",
            "repeated_5gram",
            "0.24 of characters are in repeated phrases of 5 words, at most 0.15",
        ),
    ],
)
def test_each_limit_drops_with_its_reason(limits: dict[str, float], text: str, reason: str, detail: str) -> None:
    assert apply(only(**limits), [text]).drops == [(1, reason, detail)]


def test_a_chinese_phrase_is_measured_in_characters() -> None:
    # Five words are nine characters: an eight-character phrase twice is none of five words, a nine-character one is.
    assert apply(only(repeated_5gram=0.05), [HAN[:8] + HAN[30:50] + HAN[:8]]).drops == []
    assert apply(only(repeated_5gram=0.05), [HAN[:9] + HAN[30:50] + HAN[:9]]).drops == [
        (1, "repeated_5gram", "0.24 of characters are in repeated phrases of 5 words, at most 0.05")
    ]


def test_the_first_limit_is_the_reason_and_the_detail_names_all() -> None:
    [(item, reason, detail)] = apply(FilterRepetition(), ["buy now\n" * 40]).drops
    assert (item, reason) == (1, "duplicate_lines")
    assert detail.startswith("0.97 of lines are duplicates, at most 0.30; 0.85 of characters are in duplicate lines")
    assert "repeated phrases of 10 words" in detail


def test_messages_are_left_alone() -> None:
    assert apply(FilterRepetition(), ["ha ha ha ha ha ha", "哈哈哈哈哈哈哈哈"]).drops == []


def test_near_a_limit() -> None:
    lines = "\n".join([*WORDS[:69], *["x"] * 31])
    result = apply(only(duplicate_lines=0.3, margin=0.1), [lines])
    assert result.drops == []
    assert result.found == [(1, "near_threshold", "kept: 0.30 of lines are duplicates, at most 0.30")]


def test_a_limit_must_be_a_share() -> None:
    with pytest.raises(ValueError, match=r"top_2gram is 20.0; it is a share from 0 to 1, and 0 switches the rule off"):
        FilterRepetition(top_2gram=20.0)


def reference(text: str) -> dict[str, float]:
    """Measure a text without Han or kana as slowly and plainly as can be."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    words, size = text.split(), len(text) or 1
    found = {}
    for name, parts in (("line", lines), ("paragraph", paragraphs)):
        repeats = [part for place, part in enumerate(parts) if part in parts[:place]]
        found[f"{name}s"] = len(repeats) / len(parts) if parts else 0.0
        found[f"{name}_chars"] = sum(map(len, repeats)) / size
    for n in TOP_N:
        grams = Counter(tuple(words[place : place + n]) for place in range(len(words) - n + 1))
        gram, times = grams.most_common(1)[0] if grams else ((), 0)
        found[f"top_{n}"] = min(1.0, len(" ".join(gram)) * times / size) if times > 1 else 0.0
    for n in REPEATED_N:
        seen: set[tuple[str, ...]] = set()
        place = chars = 0
        while place < len(words) - n + 1:
            gram = tuple(words[place : place + n])
            if gram in seen:
                chars += len("".join(gram))
                place += n
            else:
                seen.add(gram)
                place += 1
        found[f"repeated_{n}"] = chars / size
    return found


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 120), st.integers(1, 12))
def test_the_compiled_measures_are_those_of_a_plain_program(seed: int, size: int, variety: int) -> None:
    chance = random.Random(seed)
    parts = ["a", "bb", "né", "😀", "x-y", "...", "дом", "w1", "w2", "w3", "w4", "w5"][:variety]
    text = "".join(chance.choice(parts) + chance.choice([" ", " ", " ", "\n", "\n\n", " \n \n"]) for _ in range(size))
    measured = {name: values[0] for name, values in repetition(pa.array([text], pa.large_string())).items()}
    assert measured == pytest.approx(reference(text))


def test_a_row_is_measured_alone() -> None:
    texts = ["a a a a a a", "b c\nb c\n\nb c", None, "中文中文中文", PROSE]
    together = repetition(pa.array(texts, pa.large_string()))
    for row, text in enumerate(texts):
        alone = repetition(pa.array([text], pa.large_string()))
        assert {name: values[row] for name, values in together.items()} == {k: v[0] for k, v in alone.items()}
