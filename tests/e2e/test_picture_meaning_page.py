"""The map of a version of pictures and the pictures like one, in a real browser."""

import io
import zipfile
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from curation.models import Version
from tests.curation.engine.pictures import saved, scene
from tests.e2e.screenshots import take
from tests.e2e.test_common_pages import open_page, sign_in, violations
from tests.e2e.test_meaning_page import imported, ready
from tests.e2e.test_review_page import boss

__all__ = ["boss", "open_page"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def version(boss: Actor) -> Version:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for seed in range(24):
            archive.writestr(f"{'猫' if seed % 2 else 'dog'}/{seed}.png", saved(scene(160, 120, seed)))
    return imported(boss, "Animals", "animals.zip", sink.getvalue())


def test_pictures_lie_on_a_map_and_an_item_shows_those_like_it(boss: Actor, version: Version, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/versions/{version.pk}/")
    page.get_by_role("link", name="Map of meaning").click()
    ready(page)
    expect(page.get_by_text("items with a picture")).to_be_visible()
    assert violations(page) == []
    first = page.locator("[data-cluster='0']")
    first.focus()
    page.keyboard.press("Enter")
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowRight")
    shown = page.locator("#map-tip img")
    expect(shown).to_be_visible()
    page.wait_for_function("document.querySelector('#map-tip img').naturalWidth > 0")
    expect(page.locator("#map-sample img").first).to_be_visible()
    take(page, "picture-map")
    page.locator("#map-canvas").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Similar items")).to_be_visible()
    assert page.locator(".similar img").count() == 8
    page.wait_for_function("[...document.querySelectorAll('.similar img')].every(image => image.naturalWidth > 0)")
    take(page, "similar-pictures")
