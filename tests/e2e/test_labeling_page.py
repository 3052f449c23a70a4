"""The labeling page in a real browser against the real server: by keyboard, by touch, without a line, in two tabs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from playwright.sync_api import Locator, Page, expect

from accounts.actor import Actor
from accounts.models import User
from labeling.models import Annotation, Draft, Lease, Project, Task
from labeling.services.suggestion import store_suggestions
from tests import factories
from tests.live import LiveService

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

AXE = Path(__file__).resolve().parent.parent.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = [
    pytest.param("en", "light", 1280, 800, id="desktop-english-light"),
    pytest.param("zh-hans", "dark", 390, 844, id="phone-chinese-dark"),
]
Opened = Callable[..., Page]


@pytest.fixture
def ann(live_service: LiveService) -> Actor:
    return factories.owner("Northwind Data Services")


@pytest.fixture
def project(ann: Actor) -> Project:
    """Twelve tasks of "ham" or "spam", the third and later with a suggestion; really committed."""
    made = factories.project(ann, name="Short messages", guidelines="Read **all** of it.\n\n<b>not bold</b>")
    factories.tasks(made, 12)
    rows = [(number, {"label": ["spam"]}, 0.93) for number in range(3, 13)]
    store_suggestions(actor=ann, project_id=made.pk, source="quick head 1", rows=rows)
    return made


@contextmanager
def windows(chromium: Any, live_service: LiveService) -> Iterator[Callable[..., Page]]:
    """Give a function that opens a path for a person; complaints of the browser fail the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(
        actor: Actor, path: str, language: str = "en", theme: str = "light", width: int = 1280, height: int = 800
    ) -> Page:
        context = chromium.new_context(
            base_url=live_service.url, viewport={"width": width, "height": height}, color_scheme=theme
        )
        contexts.append(context)
        values = {
            "django_language": language,
            settings.SESSION_COOKIE_NAME: session_of(actor.user_id),
        }
        context.add_cookies([{"name": k, "value": v, "url": live_service.url} for k, v in values.items()])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        # A closing page gives its tasks back; such a late request would meet the emptying of the tables.
        context.set_offline(True)
        context.close()
    eventually(lambda: busy_connections() == 0)
    assert complaints == []


@pytest.fixture
def open_path(chromium: Any, live_service: LiveService) -> Iterator[Opened]:
    """Return a function that opens a path for a person; complaints of the browser fail the test."""
    with windows(chromium, live_service) as open_window:
        yield open_window


@pytest.fixture
def open_project(open_path: Opened, project: Project) -> Opened:
    """Return a function that opens the project for a person."""

    def opened(actor: Actor, *look: Any, **more: Any) -> Page:
        page = open_path(actor, f"/projects/{project.pk}/label/", *look, **more)
        expect(shown(page)).to_have_text("text 1")
        return page

    return opened


def busy_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def eventually(condition: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "this never came true"
        time.sleep(0.05)


def session_of(user_id: int) -> str:
    """Return the key of a new session, as signing in would make it."""
    person, session = User.objects.get(pk=user_id), SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def shown(page: Page) -> Locator:
    return page.locator(".lp-text")


def status(page: Page) -> Locator:
    return page.locator(".lp-status")


def answers(project: Project) -> list[tuple[int, Any]]:
    rows = Annotation.objects.filter(project=project).order_by("task__item_id")
    return [(row.task.item_id, row.answer) for row in rows.select_related("task")]


def test_one_key_answers_and_the_next_text_comes(ann: Actor, project: Project, open_project: Opened) -> None:
    page = open_project(ann)
    page.keyboard.press("1")
    expect(shown(page)).to_have_text("text 2")
    page.keyboard.press("2")
    expect(shown(page)).to_have_text("text 3")
    page.keyboard.press("Enter")
    expect(shown(page)).to_have_text("text 4")
    eventually(lambda: len(answers(project)) == 3)
    expect(status(page)).to_have_text("All saved")
    assert answers(project) == [(1, {"label": ["ham"]}), (2, {"label": ["spam"]}), (3, {"label": ["spam"]})]
    assert Annotation.objects.get(task__item_id=3).accepted_suggestion is True
    expect(page.locator(".lp-figures")).to_contain_text("100% of suggestions accepted")


def test_undo_shows_the_answer_again_and_keeps_one(ann: Actor, project: Project, open_project: Opened) -> None:
    page = open_project(ann)
    page.keyboard.press("1")
    eventually(lambda: answers(project) == [(1, {"label": ["ham"]})])
    expect(status(page)).to_have_text("All saved")
    page.keyboard.press("z")
    expect(shown(page)).to_have_text("text 1")
    expect(page.get_by_role("button", name="ham")).to_have_attribute("aria-pressed", "true")
    eventually(lambda: answers(project) == [])
    page.keyboard.press("2")
    eventually(lambda: answers(project) == [(1, {"label": ["spam"]})])
    expect(status(page)).to_have_text("All saved")


def test_a_task_is_skipped_with_a_reason_and_answered_later(ann: Actor, project: Project, open_project: Opened) -> None:
    page = open_project(ann)
    page.keyboard.press("s")
    page.get_by_role("button", name="Unreadable or broken text").click()
    page.get_by_role("button", name="Skip", exact=True).last.click()
    expect(shown(page)).to_have_text("text 2")
    eventually(Annotation.objects.exists)
    expect(status(page)).to_have_text("All saved")
    given = Annotation.objects.get(project=project)
    assert (given.skipped, given.answer, given.reason) == (True, None, "Unreadable or broken text")
    page.keyboard.press("ArrowLeft")
    expect(shown(page)).to_have_text("text 1")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator(".lp-past")).to_contain_text("Saved")
    given.refresh_from_db()
    assert (given.skipped, given.answer, given.revision) == (False, {"label": ["ham"]}, 2)


def test_answers_given_without_a_line_are_saved_once(ann: Actor, project: Project, open_project: Opened) -> None:
    page = open_project(ann)
    page.context.set_offline(True)
    for _number in range(3):
        page.keyboard.press("1")
    expect(status(page)).to_have_text("3 answers wait in this browser")
    expect(page.locator(".lp-messages")).to_contain_text("You are offline")
    assert answers(project) == []
    page.context.set_offline(False)
    expect(status(page)).to_have_text("All saved")
    assert answers(project) == [(number, {"label": ["ham"]}) for number in (1, 2, 3)]


def test_an_acknowledgment_that_is_lost_doubles_nothing(ann: Actor, project: Project, open_project: Opened) -> None:
    page = open_project(ann)
    cut: list[int] = []

    def save_and_cut(route: Any) -> None:
        if cut:
            route.continue_()
            return
        cut.append(route.fetch().status)
        route.abort()

    page.route("**/answers/", save_and_cut)
    page.keyboard.press("2")
    expect(status(page)).to_have_text("All saved")
    eventually(lambda: (cut, answers(project)) == ([200], [(1, {"label": ["spam"]})]))


def test_an_answer_whose_place_is_gone_is_shown_as_a_draft(ann: Actor, project: Project, open_project: Opened) -> None:
    page = open_project(ann)
    first = Task.objects.get(project=project, item_id=1)
    bob = factories.member(ann, "annotator")
    Lease.objects.filter(task=first).update(annotator_id=bob.user_id)
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text("Your answer is kept as a draft and does not count.")
    assert answers(project) == []
    assert Draft.objects.get(task=first).answer == {"label": ["spam"]}
    page.get_by_role("button", name="Understood").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_closing_the_page_gives_the_tasks_back(ann: Actor, project: Project, open_project: Opened) -> None:
    page = open_project(ann)
    eventually(lambda: Lease.objects.filter(project=project).count() == 8)
    page.get_by_role("link", name="Back to the project").click()
    eventually(lambda: not Lease.objects.filter(project=project).exists())


def test_guidelines_are_text_and_never_markup(ann: Actor, open_project: Opened) -> None:
    page = open_project(ann)
    page.keyboard.press("g")
    guide = page.locator(".lp-guidelines")
    expect(guide.locator("strong")).to_have_text("all")
    expect(guide).to_contain_text("<b>not bold</b>")
    assert guide.locator("b").count() == 0


def test_the_last_answer_ends_with_what_to_do_next(ann: Actor, project: Project, open_project: Opened) -> None:
    page = open_project(ann)
    for number in range(1, 13):
        expect(shown(page)).to_have_text(f"text {number}")
        page.keyboard.press("1")
    expect(page.get_by_role("heading", name="All done")).to_be_visible()
    eventually(lambda: len(answers(project)) == 12)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed; npm ci in web/ brings it")
@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_axe_finds_nothing(
    ann: Actor, open_project: Opened, language: str, theme: str, width: int, height: int
) -> None:
    page = open_project(ann, language, theme, width, height)
    for number in ("1", "2"):
        page.keyboard.press(number)
    expect(page.locator(".lp-suggestion")).to_be_visible()
    found = {"task": violations(page)}
    for key in ("g", "?", ","):
        page.keyboard.press(key)
        found[key] = violations(page)
        page.keyboard.press("Escape")
    assert {place: rows for place, rows in found.items() if rows} == {}


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    rows = page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)")
    return [f"{row['id']}: {node['html'][:160]}" for row in rows for node in row["nodes"]]


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_every_target_is_large_enough_for_a_thumb(
    ann: Actor, open_project: Opened, language: str, theme: str, width: int, height: int
) -> None:
    page = open_project(ann, language, theme, width, height)
    boxes = [
        (each.get_attribute("aria-label"), each.bounding_box()) for each in page.locator(".lp button, .lp a").all()
    ]
    small = [(name, box) for name, box in boxes if box and (box["width"] < 44 or box["height"] < 44)]
    assert (small, page.evaluate("document.documentElement.scrollWidth")) == ([], width)
