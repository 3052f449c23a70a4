"""Requests wait a little for a short job, and never many at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from labeling.services.label_studio.waiting import PLACES, wait_until


def test_what_is_true_already_is_not_waited_for() -> None:
    assert wait_until(lambda: True, seconds=0)


def test_waiting_ends_when_it_comes_true_or_the_time_is_up() -> None:
    happened = Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_until, happened.is_set, seconds=60)
        happened.set()
        assert waiting.result(timeout=30)
    assert not wait_until(lambda: False, seconds=0.1)


def test_when_all_places_are_taken_nobody_else_waits() -> None:
    happened, asked = Event(), [Event() for _place in range(PLACES)]

    def look(place: int) -> bool:
        asked[place].set()
        return happened.is_set()

    with ThreadPoolExecutor(PLACES) as pool:
        waiting = [pool.submit(wait_until, lambda place=place: look(place), seconds=60) for place in range(PLACES)]
        assert all(each.wait(30) for each in asked)
        # The first look is before a place is taken; the second one is from it.
        for each in asked:
            each.clear()
        assert all(each.wait(30) for each in asked)
        began = time.monotonic()
        assert not wait_until(lambda: False, seconds=60)
        assert time.monotonic() - began < 5
        happened.set()
        assert all(each.result(timeout=30) for each in waiting)
    # The places are free again.
    assert not wait_until(lambda: False, seconds=0.01)
