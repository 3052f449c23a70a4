"""Comments that point at a span of a text or at a shape on a picture, in a real browser, by keyboard and by mouse."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.actor import Actor
from labeling.models import Annotation, Comment, Draft
from labeling.services.project import create_project
from tests import factories
from tests.e2e import test_shapes as pictures
from tests.e2e.screenshots import looks_of
from tests.e2e.test_labeling_page import eventually, windows
from tests.e2e.test_task_types import (
    LOOKS,
    NER,
    TEXT,
    Opened,
    ann,
    browse,
    complaints_of_axe,
    look_of,
    make,
    press,
    take,
)
from tests.labeling.versions import version

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEXTS = ["Ada Lovelace met Charles Babbage in London.", "王小明住在上海。"]


def panel(page: Page) -> Locator:
    return page.locator(".lp-remarks")


def said(page: Page) -> Locator:
    return panel(page).locator(".lp-remark:not([data-waiting])")


def stored(body: str) -> Comment:
    eventually(lambda: Comment.objects.filter(body=body).exists())
    return Comment.objects.get(body=body)


def points_at(comment: Comment) -> tuple[str, str, int | None]:
    return comment.control, comment.part, comment.answer_of_id


def draft_kept(actor: Actor, marks: int, control: str) -> None:
    def is_there() -> bool:
        row = Draft.objects.filter(annotator=actor.user_id).order_by("-pk").first()
        return row is not None and len(row.answer.get(control) or []) == marks

    eventually(is_there)


@pytest.mark.parametrize(("language", "theme", "width", "height"), looks_of(LOOKS))
def test_a_comment_on_a_span_by_keyboard_alone(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = make(ann, {"text": TEXTS}, [NER])
    page = browse(f"/projects/{project.pk}/label/", language, theme, width, height)
    marks = page.locator("mark")
    expect(page.locator(".lp-spans")).to_contain_text("Ada")
    press(page, "ArrowRight", "Shift+ArrowRight", "1")
    expect(marks).to_have_text("Ada Lovelace")
    press(page, *["ArrowRight"] * 2, "Shift+ArrowRight", "1")
    expect(marks).to_have_text(["Ada Lovelace", "Charles Babbage"])
    # The comment points at the mark at hand, and the sign of it stands there at once.
    press(page, "[", "Shift+C")
    expect(panel(page).locator("textarea")).to_be_focused()
    expect(panel(page).locator(".lp-remark-form .lp-pill")).to_contain_text("“Ada Lovelace”")
    page.keyboard.type("Is she a person? 👩‍🚀")
    press(page, "Control+Enter")
    comment = stored("Is she a person? 👩‍🚀")
    assert points_at(comment) == ("names", "s1", ann.user_id)
    expect(marks.first).to_have_attribute("data-remarks", "1")
    expect(marks.nth(1)).not_to_have_attribute("data-remarks", "1")
    expect(said(page).locator("button.lp-remark-about")).to_contain_text("“Ada Lovelace”")
    take(page, "comment-at-span", look_of(language, width))
    assert complaints_of_axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # It jumps there from the panel, and back from the sign.
    press(page, "Escape", "]")
    expect(marks.nth(1)).to_have_attribute("data-active", "")
    press(page, "Shift+C")
    said(page).locator("button.lp-remark-about").press("Enter")
    expect(marks.first).to_have_attribute("data-active", "")
    expect(said(page)).to_have_attribute("data-here", "")
    press(page, "Escape", "]")
    page.locator(".lp-chip-remarks").press("Enter")
    expect(panel(page)).to_be_visible()
    expect(marks.first).to_have_attribute("data-active", "")

    # After a reload it is shown without the panel being opened.
    draft_kept(ann, 2, "names")
    page.reload()
    expect(marks.first).to_have_attribute("data-remarks", "1")
    expect(page.locator(".lp-chip-remarks")).to_have_count(1)

    # Without the mark it stays and says so; a mark made anew is another one, and has no sign.
    page.locator(".lp-chip-text").first.press("Enter")
    press(page, "Delete")
    expect(marks).to_have_text(["Charles Babbage"])
    expect(page.locator("[data-remarks]")).to_have_count(0)
    press(page, *["ArrowLeft"] * 3, "1")
    expect(marks).to_have_count(2)
    expect(page.locator("[data-remarks], .lp-chip-remarks")).to_have_count(0)
    press(page, "Shift+C")
    expect(said(page)).to_contain_text("Is she a person?")
    expect(said(page).locator("[data-gone]")).to_be_visible()
    expect(said(page).locator("button.lp-remark-about")).to_have_count(0)
    press(page, "Escape", "Enter")
    eventually(lambda: Annotation.objects.filter(project=project).count() == 1)
    answer = Annotation.objects.get(project=project).answer
    assert comment.part not in [span["id"] for span in answer["names"]]


def test_a_comment_on_a_span_by_mouse(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": TEXTS}, [NER])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-spans")).to_contain_text("Ada")
    press(page, "ArrowRight", "Shift+ArrowRight", "1", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "1")
    page.locator("mark").nth(1).click()
    page.get_by_role("button", name="Comments").click()
    panel(page).get_by_label("New comment").fill("And he?")
    panel(page).get_by_role("button", name="Send").click()
    comment = stored("And he?")
    assert points_at(comment) == ("names", "s2", ann.user_id)
    # The button takes the mark off the comment.
    panel(page).locator(".lp-remark-form .lp-pill").click()
    panel(page).get_by_label("New comment").fill("The whole text is odd.")
    panel(page).get_by_role("button", name="Send").click()
    assert points_at(stored("The whole text is odd.")) == ("", "", None)
    page.locator("mark").first.click()
    said(page).filter(has_text="And he?").locator(".lp-remark-about").click()
    expect(page.locator("mark").nth(1)).to_have_attribute("data-active", "")
    # What is settled has no sign any more.
    said(page).filter(has_text="And he?").get_by_role("button", name="Resolve").click()
    expect(page.locator("[data-remarks]")).to_have_count(0)


def test_a_comment_on_one_persons_mark_is_not_taken_for_one_on_anothers(
    chromium: Any, live_service: Any, ann: Actor
) -> None:
    bob = factories.member(ann, "annotator")
    made = version(ann, {"text": TEXTS[:1]})
    schema = {"display": TEXT, "controls": [NER]}
    project, _job = create_project(actor=ann, version_id=made.pk, name="Twice", schema=schema, overlap=2)
    eventually(lambda: project.tasks.count() == 1)
    with windows(chromium, live_service) as open_window:
        first = open_window(bob, f"/projects/{project.pk}/label/")
        expect(first.locator(".lp-spans")).to_contain_text("Ada")
        press(first, "ArrowRight", "Shift+ArrowRight", "1", "Shift+C")
        expect(panel(first).locator("textarea")).to_be_focused()
        first.keyboard.type("Bob asks")
        press(first, "Control+Enter")
        assert points_at(stored("Bob asks")) == ("names", "s1", bob.user_id)
        second = open_window(ann, f"/projects/{project.pk}/label/")
        expect(second.locator(".lp-spans")).to_contain_text("Ada")
        press(second, *["ArrowRight"] * 4, "Shift+ArrowRight", "1")
        expect(second.locator("mark")).to_have_count(1)
        press(second, "Shift+C")
        expect(said(second)).to_contain_text("About a part of somebody else's answer")
        expect(said(second).locator("button.lp-remark-about")).to_have_count(0)
        expect(second.locator("[data-remarks], .lp-chip-remarks")).to_have_count(0)


@pytest.mark.parametrize("hand", ["keyboard", "mouse"])
def test_a_comment_on_a_shape(browse: Opened, ann: Actor, hand: str) -> None:
    project = pictures.make(ann, tools=["box"])
    page = browse(f"/projects/{project.pk}/label/")
    pictures.opened(page)
    shapes = page.locator(".lp-shape")
    if hand == "keyboard":
        press(page, "1", "n", "Shift+ArrowLeft", "Shift+ArrowLeft", "n", "[", "Shift+C")
        expect(panel(page).locator("textarea")).to_be_focused()
        page.keyboard.type("Two cells?")
        press(page, "Control+Enter")
    else:
        pictures.drag(page, (100, 100), (200, 180))
        pictures.drag(page, (400, 300), (500, 380))
        page.mouse.click(*pictures.at(page, 150, 140))
        page.get_by_role("button", name="Comments").click()
        panel(page).get_by_label("New comment").fill("Two cells?")
        panel(page).get_by_role("button", name="Send").click()
    assert points_at(stored("Two cells?")) == ("cells", "s1", ann.user_id)
    sign = page.locator(".lp-shape-remarks")
    expect(sign).to_have_attribute("data-remarks", "1")
    expect(page.locator(".lp-shape[data-shape='s1'] .lp-shape-remarks")).to_have_count(1)
    assert complaints_of_axe(page) == []
    press(page, "Escape", "]")
    expect(page.locator(".lp-shape[data-shape='s2']")).to_have_attribute("data-active", "")
    if hand == "keyboard":
        press(page, "Shift+C")
        said(page).locator("button.lp-remark-about").press("Enter")
    else:
        page.locator(".lp-chip-remarks").click()
    expect(page.locator(".lp-shape[data-shape='s1']")).to_have_attribute("data-active", "")
    draft_kept(ann, 2, "cells")
    page.reload()
    pictures.opened(page)
    expect(sign).to_have_attribute("data-remarks", "1")
    press(page, "]", "Delete")
    expect(shapes).to_have_count(1)
    expect(sign).to_have_count(0)
    press(page, "n")
    expect(shapes).to_have_count(2)
    expect(sign).to_have_count(0)
    press(page, "Shift+C")
    expect(said(page).locator("[data-gone]")).to_have_text("About a part that is not there any more")
