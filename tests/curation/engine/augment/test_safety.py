from collections.abc import Sequence

import pytest

from curation.engine.augment.policy import read_policy
from curation.engine.augment.safety import label_safety, wilson

POLICY = read_policy("version: 1\nsteps:\n- use: delete_words\n  chance: 0.1\n- use: swap_words\n- use: spelling\n")
TEXTS = ["this is not good", "this is very good", "good", "12345", "they did not come home today"]


def denies(texts: Sequence[str]) -> list[str]:
    """A model whose answer hangs on one word."""
    return ["no" if "not" in text.split() else "yes" for text in texts]


def test_what_changes_the_answer_is_listed() -> None:
    delete, swap, _spelling = label_safety(POLICY, TEXTS * 20, denies)
    assert (delete.use, swap.use) == ("delete_words", "swap_words")
    # The texts of one word or none cannot lose one.
    assert delete.changed == 60
    assert 0 < len(delete.disagreements) == delete.changed - delete.agree
    first = delete.disagreements[0]
    assert "not" in first.before.split()
    assert "not" not in first.after.split()
    assert (first.expected, first.found) == ("no", "yes")
    assert (swap.share, swap.disagreements) == (1.0, ())
    assert delete.share is not None
    assert delete.low < delete.share < delete.high


def test_where_nothing_changes_nothing_is_claimed() -> None:
    (safety,) = label_safety(read_policy("version: 1\nsteps:\n- use: swap_words\n"), ["12345", ""], denies)
    assert (safety.changed, safety.share, safety.low, safety.high) == (0, None, 0.0, 1.0)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Newcombe 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_published_one(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
