"""Which tasks a test draws, and when it is passed."""

from collections import Counter

import pytest

from labeling.engine.onboarding import drawn, is_passed, right_needed


def test_the_same_lot_draws_the_same_tasks_in_the_same_order_and_another_lot_others() -> None:
    pool = list(range(100, 160))
    first = drawn(pool, lot="secret:7:1", had={}, count=10)
    assert first == drawn(list(reversed(pool)), lot="secret:7:1", had={}, count=10)
    assert len(set(first)) == 10
    assert set(first) <= set(pool)
    assert first != sorted(first)
    assert drawn(pool, lot="secret:8:1", had={}, count=10) != first


def test_every_task_is_drawn_about_equally_often() -> None:
    counts = Counter(number for lot in range(2_000) for number in drawn(range(20), lot=str(lot), had={}, count=5))
    # 500 expected of each, with a standard deviation of 19.4.
    assert min(counts.values()) > 500 - 5 * 19.4
    assert max(counts.values()) < 500 + 5 * 19.4


def test_a_later_attempt_asks_what_the_person_has_not_had_as_far_as_there_is_any() -> None:
    had = dict.fromkeys([1, 2, 3, 4], 1)
    assert set(drawn(range(1, 9), lot="a", had=had, count=4)) == {5, 6, 7, 8}
    six = drawn(range(1, 9), lot="a", had=had, count=6)
    assert {5, 6, 7, 8} < set(six)
    assert set(drawn([1, 2], lot="a", had={1: 2, 2: 1}, count=1)) == {2}


def test_a_pool_smaller_than_the_test_is_asked_whole_and_an_empty_one_not_at_all() -> None:
    assert sorted(drawn([3, 1, 2], lot="a", had={}, count=10)) == [1, 2, 3]
    assert drawn([], lot="a", had={}, count=10) == []
    assert drawn([1], lot="a", had={}, count=0) == []


@pytest.mark.parametrize(
    ("right", "answers", "least", "passed"),
    [
        (8, 10, 80, True),
        (7, 10, 80, False),
        # 79.17 % are less than 80.
        (19, 24, 80, False),
        (20, 24, 80, True),
        (2, 3, 66, True),
        (2, 3, 67, False),
        (1, 1, 100, True),
        (0, 0, 1, False),
        (0, 5, 1, False),
    ],
)
def test_a_test_is_passed_from_the_share_on(right: int, answers: int, least: int, passed: bool) -> None:
    assert is_passed(right=right, answers=answers, least=least) is passed
    if answers:
        assert (right >= right_needed(answers=answers, least=least)) is passed


def test_the_needed_number_is_the_smallest_that_passes() -> None:
    for answers in range(1, 60):
        for least in (1, 33, 50, 66, 67, 80, 99, 100):
            needed = right_needed(answers=answers, least=least)
            assert is_passed(right=needed, answers=answers, least=least)
            assert not is_passed(right=needed - 1, answers=answers, least=least)
