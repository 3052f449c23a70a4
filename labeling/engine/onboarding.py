"""Who gets which training and test tasks, and when a test is passed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# More tasks than these would cost hours before the first real answer.
MOST_TASKS = 100
MOST_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Rules:
    """How people come into a project.

    Attributes:
        training: Training tasks that one person gets at most; 0 for none.
        test: Test tasks of one attempt at most; 0 for no test.
        least: Per cent of the test that must be right, 1 to 100.
        attempts: Tests that one person may take, with those that were granted.
    """

    training: int
    test: int
    least: int
    attempts: int


def drawn(pool: Sequence[int], *, lot: str, had: Mapping[int, int], count: int) -> list[int]:
    """Return up to `count` tasks of a test, in the order in which they are asked.

    Those that the person had least often come first, so that an attempt repeats as little as the pool allows; among
    equals a hash draws, the same for the same lot.

    Args:
        pool: Numbers of the right answers to draw from; their order does not matter.
        lot: Names the draw: a secret, the person and the attempt.
        had: How often the person had each in earlier attempts.
        count: How many.
    """

    def place(number: int) -> tuple[int, bytes]:
        return had.get(number, 0), _draw(lot, number)

    chosen = sorted(pool, key=place)[: max(0, count)]
    return sorted(chosen, key=lambda number: _draw(lot, number))


def _draw(lot: str, number: int) -> bytes:
    return hashlib.sha256(f"{lot}:{number}".encode()).digest()


def is_passed(*, right: int, answers: int, least: int) -> bool:
    """Tell whether so many right ones of so many answers are the share that is asked for, in whole per cent.

    A test in which nothing could be compared is not passed.
    """
    return answers > 0 and right * 100 >= least * answers


def right_needed(*, answers: int, least: int) -> int:
    """Return how many of so many answers must be right."""
    return -(-least * answers // 100)
