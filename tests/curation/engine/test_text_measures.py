import numpy as np
import pyarrow as pa
import pytest

from curation.engine import text_measures
from curation.engine.text_measures import Counts, buffers, repetition


def counts(*texts: str | None, **options: int) -> Counts:
    return Counts(pa.array(texts, pa.large_string()), **options)


def test_words_tokens_and_characters() -> None:
    found = counts('a, b\'s "cat" ... # 中文好😀', "", None, "x\u3000y\u00a0z")
    assert found["chars"].tolist() == [23, 0, 0, 5]
    assert found["cjk"].tolist() == [3, 0, 0, 0]
    assert found["words"].tolist() == [3, 0, 0, 3]
    assert found["tokens"].tolist() == [5, 0, 0, 3]
    assert found["word_chars"].tolist() == [7, 0, 0, 3]
    assert found["longest"].tolist() == [5, 0, 0, 1]
    assert found["letters"].tolist() == [9, 0, 0, 3]
    assert found.words.tolist() == pytest.approx([3 + 3 / 1.7, 0, 0, 3])


def test_lines() -> None:
    found = counts("- One.\r\n\n  • 二。\nthree...\n好的，“四”\n", short_columns=6)
    assert found["lines"].tolist() == [4]
    assert found["newlines"].tolist() == [5]
    assert found["bullet_lines"].tolist() == [2]
    assert found["ellipsis_lines"].tolist() == [1]
    assert found["terminal_lines"].tolist() == [3]
    # Columns: 6; bullet, blank and two wide characters 6; 8; wide and narrow characters 10.
    assert found["short_lines"].tolist() == [2]


def test_a_slice_is_read_from_its_own_start() -> None:
    whole = pa.array(["aa", "b", None, "中"], pa.large_string())
    assert Counts(whole.slice(1))["chars"].tolist() == [1, 0, 1]
    assert buffers(pa.array([], pa.large_string()))[1].tolist() == [0]


def test_stop_words_are_counted_once_each() -> None:
    assert counts("The the, (OF) thé of", "", None).stop_words(("the", "of", "thé")).tolist() == [3, 0, 0]


def test_a_text_beyond_the_limit_is_measured_at_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_measures, "REPETITION_BYTES", 40)
    shares = repetition(pa.array(["ab\n" * 100, "中\n" * 100, "x"], pa.large_string()))
    assert shares["lines"].tolist() == [0.5, 0.8, 0.0]


def test_rows_that_are_not_asked_for_are_zero() -> None:
    shares = repetition(pa.array(["x\nx", "y\ny", None], pa.large_string()), rows=np.array([False, True, True]))
    assert shares["lines"].tolist() == [0.0, 0.5, 0.0]
