"""Spans and shapes while the line drops, the server is killed, the laptop is closed: nothing is lost or doubled."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from labeling.models import Annotation, Draft, Lease, Project
from labeling.services.expiry import expire_leases
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_shapes import make as make_pictures
from tests.e2e.test_shapes import opened as picture_shown
from tests.e2e.test_task_types import NER, TIES, Opened, ann, browse, make, press, saved
from tests.live import LiveService, answers

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WORDS = ["Ada Lovelace lives in London.", "Second text here.", "Third text here.", "Fourth text here."]


def mark_ada(page: Page) -> None:
    """Mark the first two words as a person, and tie nothing."""
    expect(page.locator(".lp-spans")).to_contain_text("Ada")
    press(page, "ArrowRight", "Shift+ArrowRight", "1")
    expect(page.locator("mark").first).to_have_text("Ada Lovelace")


def names(answer: Any) -> list[tuple[int, int, str]]:
    return [(span["start"], span["end"], span["label"]) for span in answer["names"]]


def given(project: Project) -> int:
    return Annotation.objects.filter(project=project).count()


def test_spans_marked_without_a_line_are_sent_once_when_it_is_back(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": WORDS}, [NER, TIES])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-spans")).to_contain_text("Ada")
    press(page, "ArrowRight")
    page.context.set_offline(True)
    press(page, "Shift+ArrowRight", "1", "Enter")
    expect(page.locator(".lp-spans")).to_contain_text("Second")
    press(page, "ArrowRight", "2", "Enter")
    expect(page.locator(".lp-status")).to_have_text("2 answers wait in this browser")
    assert given(project) == 0
    page.context.set_offline(False)
    expect(page.locator(".lp-status")).to_have_text("All saved")
    assert [names(answer) for answer in saved(project, 2)] == [[(0, 12, "PER")], [(0, 6, "LOC")]]


def test_a_killed_web_server_in_the_middle_of_spans_loses_and_doubles_nothing(
    browse: Opened, ann: Actor, live_service: LiveService
) -> None:
    project = make(ann, {"text": WORDS}, [NER, TIES])
    page = browse(f"/projects/{project.pk}/label/")
    mark_ada(page)
    live_service.web.kill()
    try:
        # The answer at hand is finished and sent, and the next one begun, while nobody listens.
        press(page, "Enter")
        expect(page.locator(".lp-spans")).to_contain_text("Second")
        press(page, "ArrowRight", "2")
        expect(page.locator(".lp-status")).to_contain_text("in this browser")
    finally:
        live_service.web.start()
        live_service.web.wait_for(lambda: answers(f"{live_service.url}/readyz"))
    eventually(lambda: given(project) == 1)
    eventually(lambda: Draft.objects.filter(task__project=project, task__item_id=2).exists())
    expect(page.locator("mark")).to_have_text("Second")
    press(page, "Enter")
    assert [names(answer) for answer in saved(project, 2)] == [[(0, 12, "PER")], [(0, 6, "LOC")]]


def test_a_laptop_closed_in_the_middle_of_spans_opens_with_them(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": WORDS}, [NER, TIES])
    page = browse(f"/projects/{project.pk}/label/")
    mark_ada(page)
    # Gone at once: no request of this page arrives any more, not even that it is closed.
    page.context.set_offline(True)
    press(page, "ArrowRight", "ArrowRight", "ArrowRight", "2")
    expect(page.locator("mark").nth(1)).to_have_text("London")
    page.close()
    context = page.context
    context.set_offline(False)
    # The page that was closed holds its places until their time is over.
    Lease.objects.filter(project=project).update(expires_at="2020-01-01T00:00Z")
    assert expire_leases(project_id=project.pk) == len(WORDS)
    again = context.new_page()
    again.goto(f"/projects/{project.pk}/label/")
    expect(again.locator("mark")).to_have_count(2)
    press(again, "Enter")
    assert names(saved(project, 1)[0]) == [(0, 12, "PER"), (22, 28, "LOC")]


def test_shapes_drawn_without_a_line_become_a_draft_and_one_answer(browse: Opened, ann: Actor) -> None:
    project = make_pictures(ann)
    page = browse(f"/projects/{project.pk}/label/")
    picture_shown(page)
    page.context.set_offline(True)
    press(page, "2", "n", "Shift+ArrowRight")
    expect(page.locator(".lp-chip")).to_have_count(1)
    page.context.set_offline(False)
    eventually(lambda: Draft.objects.filter(task__project=project).exists())
    press(page, "Enter")
    (answer,) = saved(project, 1)
    assert [shape["type"] for shape in answer["cells"]] == ["box"]


def test_a_window_that_crashed_goes_on_with_its_own_tasks(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": [f"Text {number} here." for number in range(1, 31)]}, [NER, TIES])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-spans")).to_contain_text("Text 1 ")
    eventually(lambda: Lease.objects.filter(project=project).count() == 8)
    # A crash gives nothing back.
    page.route("**/release/", lambda route: route.abort())
    page.reload()
    expect(page.locator(".lp-spans")).to_contain_text("Text 1 ")
    assert Lease.objects.filter(project=project).count() == 8
    # Another window of the same person has tasks of its own.
    with page.context.expect_page() as opened:
        page.evaluate("window.open(location.href)")
    expect(opened.value.locator(".lp-spans")).to_contain_text("Text 9 ")
