"""The front of smaller models in a real browser: drawn, walked through by keyboard, exported by one press."""

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from modeling.models import Compression, Training
from tests.e2e.screenshots import take as picture
from tests.e2e.test_grid_page import fits
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe
from tests.modeling.conftest import artifacts, compression, model, version

__all__ = ["ann", "artifacts", "browse", "compression", "model", "version"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def owner(ann: Actor) -> Actor:
    """Ann, whose model the fixtures make."""
    return ann


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_the_front_is_read_by_keyboard_and_exported(
    browse: Opened, compression: Compression, language: str, theme: str, width: int, height: int
) -> None:
    page = browse(f"/trainings/{compression.model.training_id}/#smaller", language, theme, width, height)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if width == 1280:
        picture(page, "training-smaller", at="#smaller")

    page.goto(page.url.split("/trainings/")[0] + f"/compressions/{compression.pk}/")
    points = page.locator("a.candidate")
    expect(points).to_have_count(2)
    told = points.first.locator(".tip")
    expect(told).to_be_hidden()
    points.first.focus()
    expect(told).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("tr:target")).to_have_count(1)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if width == 1280:
        picture(page, "compression")
    page.locator("nav.tabs a[href='?view=ms']").click()
    expect(page.locator("nav.tabs a[aria-current='page'][href='?view=ms']")).to_have_count(1)
    expect(points).to_have_count(2)

    page.locator(".notice-good form button").click()
    page.wait_for_url("**/trainings/*/")
    assert Training.objects.get(compression=compression).family == "static"
