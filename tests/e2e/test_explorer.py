"""The explorer and a diff in a real browser and with a real worker: keys, search, comparison."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from curation.models import Version
from tests import factories
from tests.curation import history
from tests.live import LiveService

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def versions(live_service: LiveService) -> tuple[Version, Version]:
    """Two versions of an owner who can sign in; the second lacks the last item and mends the third."""
    actor = factories.owner("Northwind Data Services")
    person = User.objects.get(pk=actor.user_id)
    person.email = "ann@example.com"
    person.set_password(factories.PASSWORD)
    person.save()
    texts = ["a free prize", "see you", "free lunch tommorow", "gone"]
    older = history.version(actor, {"item_id": [1, 2, 3, 4], "text": texts})
    newer = {"item_id": [1, 2, 3], "text": [*texts[:2], "free lunch tomorrow"]}
    return older, history.version(actor, newer, parent=older)


@pytest.fixture
def page(chromium: Any, live_service: LiveService) -> Any:
    context = chromium.new_context(base_url=live_service.url)
    window = context.new_page()
    yield window
    context.close()


def test_keys_lead_through_the_explorer_and_a_comparison(page: Page, versions: tuple[Version, Version]) -> None:
    older, newer = versions
    page.goto(f"/versions/{newer.pk}/")
    page.locator("#id_email").fill("ann@example.com")
    page.locator("#id_password").fill(factories.PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(f"**/versions/{newer.pk}/")
    page.wait_for_load_state("networkidle")

    page.keyboard.press("/")
    page.keyboard.type("FREE")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=FREE**")
    page.wait_for_load_state("networkidle")
    expect(page.locator(".items th a")).to_have_text(["1", "3"])
    for key in ("j", "k", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.locator("tr[data-here] th")).to_have_text("3")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/3/")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Escape")
    page.wait_for_url("**q=FREE**")

    page.goto(f"/versions/{newer.pk}/compare/")
    page.locator(f'button[name="with"][value="{older.pk}"]').click()
    expect(page.locator(".diff ins")).to_have_text("tomorrow")
    expect(page.locator(".diff del")).to_have_text("tommorow")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
