"""Fingers on a picture in a real browser: one draws, two come closer and go aside, two taps show the whole."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from accounts.actor import Actor
from tests.e2e.test_shapes import ann, at, browse, make, opened
from tests.e2e.test_task_types import Opened, press, saved

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Place = tuple[float, float]
STEPS = 6


class Hand:
    """Fingers that the browser takes for real ones; places are pixels of the picture as it lies when they come down."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.line: CDPSession = page.context.new_cdp_session(page)
        self.line.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})

    def _send(self, kind: str, places: list[Place]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        self.line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def swipe(self, *ways: tuple[Place, Place]) -> None:
        """Put a finger down for each way, one after the other, move all of them, and lift them."""
        placed = [(at(self.page, *start), at(self.page, *end)) for start, end in ways]
        for count in range(1, len(placed) + 1):
            self._send("touchStart", [start for start, _end in placed[:count]])
        for step in range(1, STEPS + 1):
            part = step / STEPS
            self._send(
                "touchMove",
                [(a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part) for a, b in placed],
            )
        for count in range(len(placed) - 1, -1, -1):
            self._send("touchEnd", [end for _start, end in placed[:count]])

    def tap(self, place: Place) -> None:
        # Two messages and no way between, so that a second tap comes in time on a busy machine too.
        self._send("touchStart", [at(self.page, *place)])
        self._send("touchEnd", [])


def zoom(page: Page) -> int:
    return int(page.locator(".lp-tool-wide").inner_text().split("%")[0].replace(",", ""))


@pytest.fixture
def phone(browse: Opened, ann: Actor) -> Callable[..., tuple[Page, Hand, Any]]:
    """Return a function that opens a project with these tools on a phone."""

    def start(*tools: str) -> tuple[Page, Hand, Any]:
        project = make(ann, tools=list(tools))
        page = browse(f"/projects/{project.pk}/label/", "en", "light", 390, 844)
        opened(page)
        return page, Hand(page), project

    return start


def test_one_finger_draws_and_two_only_look(phone: Any) -> None:
    page, hand, project = phone("box")
    hand.swipe(((100, 100), (200, 180)))
    expect(page.locator(".lp-shape")).to_have_count(1)
    hand.swipe(((300, 200), (200, 130)), ((340, 280), (440, 350)))
    assert 250 < zoom(page) < 450
    expect(page.locator(".lp-shape")).to_have_count(1)
    # Drawn while close, pixels are still those of the original.
    hand.swipe(((310, 230), (330, 250)))
    expect(page.locator(".lp-shape")).to_have_count(2)
    press(page, "Enter")
    (answer,) = saved(project, 1)
    first, second = answer["cells"]
    assert [first[side] for side in ("x", "y", "width", "height")] == pytest.approx([100, 100, 100, 80], abs=3)
    assert [second[side] for side in ("x", "y", "width", "height")] == pytest.approx([310, 230, 20, 20], abs=2)


def test_what_lies_between_the_fingers_stays_between_them(phone: Any) -> None:
    page, hand, _project = phone("box")
    middle = at(page, 320, 240)
    hand.swipe(((310, 230), (220, 140)), ((330, 250), (420, 340)))
    assert zoom(page) > 300
    assert at(page, 320, 240) == pytest.approx(middle, abs=2)
    # Both to the right: the picture goes along, at the same nearness.
    before = zoom(page)
    shift = at(page, 330, 240)[0] - at(page, 320, 240)[0]
    hand.swipe(((310, 235), (320, 235)), ((330, 245), (340, 245)))
    assert zoom(page) == before
    assert at(page, 320, 240)[0] - middle[0] == pytest.approx(shift, abs=3)


def test_two_fingers_take_back_what_the_first_had_begun_to_move(phone: Any) -> None:
    page, hand, project = phone("box")
    hand.swipe(((200, 150), (400, 320)))
    expect(page.locator(".lp-shape[data-active]")).to_have_count(1)
    hand.swipe(((280, 220), (240, 180)), ((320, 260), (380, 320)))
    press(page, "Enter")
    (answer,) = saved(project, 1)
    (box,) = answer["cells"]
    assert [box[side] for side in ("x", "y", "width", "height")] == pytest.approx([200, 150, 200, 170], abs=3)


@pytest.mark.parametrize("tool", ["box", "polygon"])
def test_two_taps_come_closer_and_show_the_whole_again(phone: Any, tool: str) -> None:
    page, hand, _project = phone(tool)
    for nearness in (lambda found: found > 200, lambda found: found == 100):
        hand.tap((320, 240))
        hand.tap((322, 241))
        page.wait_for_timeout(400)
        assert nearness(zoom(page))
    expect(page.locator(".lp-shape, .lp-ring")).to_have_count(0)


def test_a_polygon_by_taps(phone: Any) -> None:
    page, hand, project = phone("polygon")
    for place in ((100, 100), (300, 100), (300, 300), (100, 100)):
        hand.tap(place)
        page.wait_for_timeout(350)
    expect(page.locator(".lp-shape")).to_have_count(1)
    press(page, "Enter")
    (answer,) = saved(project, 1)
    assert len(answer["cells"][0]["points"]) == 3


def test_ctrl_and_wheel_come_closer_at_the_pointer_and_shift_goes_aside(browse: Opened, ann: Actor) -> None:
    project = make(ann, tools=["box"])
    page = browse(f"/projects/{project.pk}/label/")
    opened(page)
    place = at(page, 160, 120)
    page.mouse.move(*place)
    page.keyboard.down("Control")
    for _ in range(30):
        page.mouse.wheel(0, -4)
    page.keyboard.up("Control")
    page.wait_for_function("document.querySelector('.lp-tool-wide').textContent.split('%')[0] > 250")
    assert at(page, 160, 120) == pytest.approx(place, abs=3)
    before = at(page, 160, 120)[0]
    page.keyboard.down("Shift")
    page.mouse.wheel(0, 100)
    page.keyboard.up("Shift")
    page.wait_for_timeout(100)
    assert at(page, 160, 120)[0] < before - 20
