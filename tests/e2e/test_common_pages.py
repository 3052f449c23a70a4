"""The common pages in a real browser: keyboard, both languages, light and dark, phone and desktop, live jobs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from accounts.models import User
from accounts.services.token import create_token
from tests import factories
from tests.e2e.test_labeling_page import session_of
from tests.live import LiveService
from workers.models import Job
from workers.services.job import enqueue

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

AXE = Path(__file__).resolve().parent.parent.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
ADDRESSES = [
    "/",
    "/members/",
    "/members/add/",
    "/tokens/",
    "/tokens/add/",
    "/audit/",
    "/profile/",
    "/jobs/",
    "/nothing/",
]
LOOKS = [
    pytest.param("en", "light", 1280, 800, id="desktop-english-light"),
    pytest.param("zh-hans", "dark", 1280, 800, id="desktop-chinese-dark"),
    pytest.param("en", "dark", 390, 844, id="phone-english-dark"),
    pytest.param("zh-hans", "light", 390, 844, id="phone-chinese-light"),
]


@pytest.fixture
def boss(live_service: LiveService) -> Actor:
    """An owner with a password, a colleague, a token and two finished jobs, really committed."""
    actor = factories.owner("Northwind Data Services")
    person = User.objects.get(pk=actor.user_id)
    person.email, person.name = "ann@example.com", "Ann Ames"
    person.set_password(factories.PASSWORD)
    person.save()
    factories.member(actor, "annotator")
    create_token(actor=actor, name="loader", scopes=["data.read"])
    error = {"code": "file_unreadable", "title": "The file cannot be read", "detail": "Line 3 is cut off."}
    Job.objects.create(
        organization_id=actor.organization_id, kind="workers.check", title="Broken", state="failed", error=error
    )
    return actor


@pytest.fixture
def open_page(chromium: Any, live_service: LiveService) -> Iterator[Any]:
    """Return a function that opens a browser window of a given look; complaints of the browser fail the test."""
    contexts, complaints = [], []

    def complain(message: Any) -> None:
        # Chromium reports the status of a page that is an error page on purpose.
        if message.type in {"error", "warning"} and "the server responded with a status of" not in message.text:
            complaints.append(message.text)

    def opened(language: str = "en", theme: str = "light", width: int = 1280, height: int = 800) -> Page:
        context = chromium.new_context(
            base_url=live_service.url, viewport={"width": width, "height": height}, color_scheme=theme
        )
        contexts.append(context)
        context.add_cookies([{"name": "django_language", "value": language, "url": live_service.url}])
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page) -> None:
    """Give the window a session of Ann's; the form is filled in by the test of a wrong password."""
    session = session_of(User.objects.get(email="ann@example.com").pk)
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "domain": "127.0.0.1", "path": "/"}]
    )


def test_a_wrong_password_is_answered_beside_the_form(boss: Actor, open_page: Any) -> None:
    page = open_page()
    page.goto("/members/")
    page.locator("#id_email").fill("ann@example.com")
    page.locator("#id_password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("E-mail address and password do not match.")
    expect(page.locator("#id_email")).to_have_value("ann@example.com")
    page.locator("#id_password").fill(factories.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Team")


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_every_page_fits_is_in_one_language_and_axe_finds_nothing(
    boss: Actor, open_page: Any, language: str, theme: str, width: int, height: int
) -> None:
    page = open_page(language, theme, width, height)
    page.goto("/sign-in/")
    found = {"/sign-in/": violations(page) if AXE.exists() else []}
    sign_in(page)
    broken = Job.objects.get(title="Broken")
    for address in [*ADDRESSES, f"/jobs/{broken.pk}/"]:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.locator("html").get_attribute("lang") == ("zh-Hans" if language == "zh-hans" else "en"), address
        assert page.get_by_role("heading", level=1).count() == 1, address
        found[address] = violations(page) if AXE.exists() else []
    assert {address: rows for address, rows in found.items() if rows} == {}


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    rows = page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)")
    return [f"{row['id']}: {node['html'][:160]}" for row in rows for node in row["nodes"]]


def test_the_keyboard_alone_reaches_the_menus(boss: Actor, open_page: Any) -> None:
    page = open_page(width=390, height=844)
    sign_in(page)
    page.goto("/jobs/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    menu = page.locator("details.menu").last
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Profile")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Profile")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Profile")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def test_language_and_colours_are_chosen_in_the_menu_and_stay(boss: Actor, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto("/")
    page.locator("details.menu summary").last.click()
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == "rgb(15, 19, 18)"
    page.get_by_role("button", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    assert User.objects.get(pk=boss.user_id).language == "zh-hans"


def test_a_running_job_is_followed_to_its_end(boss: Actor, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    job = enqueue(kind="workers.check", actor=boss, params={}, title="Check the workers")
    page.goto(f"/jobs/{job.pk}/")
    expect(page.locator("job-progress .chip")).to_have_text("Done")
    expect(page.get_by_text("Finished at")).to_be_visible()


def test_a_failed_job_says_what_was_wrong_and_how_to_go_on(boss: Actor, open_page: Any) -> None:
    page = open_page("zh-hans")
    sign_in(page)
    page.goto(f"/jobs/{Job.objects.get(title='Broken').pk}/")
    notice = page.locator("job-progress .notice-error")
    expect(notice).to_contain_text("Line 3 is cut off.")
    expect(page.locator("job-progress .chip")).to_have_text("失败")
    expect(page.get_by_role("button", name="重试")).to_be_visible()


def test_a_removal_is_asked_about_first(boss: Actor, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto("/members/")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("their work stays")
    page.keyboard.press("Escape")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(rows).to_have_count(1)
    expect(page.get_by_role("status")).to_contain_text("is no member any more.")


def test_figures_are_written_without_loss(boss: Actor, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto("/")
    words = "import('/static/core/words.js').then((words) => words."
    assert page.evaluate(words + "formatFigure(4424))") == "4,424"
    assert page.evaluate(words + "formatFigure(0.98765))") == "0.9877"
    assert page.evaluate(words + "formatTime(3723.9))") == "1:02:03"
    assert page.evaluate(words + "formatBytes(5_300_000))") == "5.3 MB"
    ticks = "import('/static/core/svg.js').then((parts) => parts.ticks("
    assert page.evaluate(ticks + "0, 1, 4))") == [0, 0.25, 0.5, 0.75, 1]
    assert page.evaluate(ticks + "0.15, 0.69, 4))") == [0.2, 0.4, 0.6]
    assert page.evaluate(ticks + "7, 7))") == [7]


def test_charts_draw_what_they_are_given_and_say_it_in_a_table(boss: Actor, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto("/")
    page.evaluate(
        """async () => {
            await import("/static/core/chart.js");
            const chart = document.createElement("confusion-matrix");
            document.querySelector("main").append(chart);
            chart.show({labels: ["ham", "spam"], rows: [[880, 3], [9, 1204]]});
            const bars = document.createElement("bar-chart");
            document.querySelector("main").append(bars);
            bars.show([{label: "<b>ham</b>", value: 4424}]);
        }"""
    )
    matrix = page.locator("confusion-matrix")
    expect(matrix.locator("svg rect")).to_have_count(4)
    matrix.locator("summary").click()
    assert matrix.locator("td").all_inner_texts() == ["ham", "880", "3", "spam", "9", "1,204"]
    expect(page.locator("bar-chart svg text").first).to_have_text("<b>ham</b>")
