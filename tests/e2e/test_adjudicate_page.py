"""Answers side by side in a real browser: compared by a real worker, decided, edited, left and undone by keyboard."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from curation.engine.pictures.taking import take as take_in
from curation.services.media import store_pictures
from labeling.models import Adjudication, Project
from labeling.services.dispute import start_weighing
from labeling.services.one_more import change_target, start_sending
from labeling.services.project import create_project
from tests import factories
from tests.e2e.screenshots import looks_of
from tests.e2e.test_chain_browser import person
from tests.e2e.test_grid_page import fits
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_shapes import BLOOD
from tests.e2e.test_shapes import LABELS as CELLS
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, look_of, press, take
from tests.labeling.crowds import answer
from tests.labeling.versions import version
from workers.models import Job

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

JOB = 120_000
TEXTS = [
    "Ada Lovelace met Charles Babbage in London in 1833.",
    "王小明上周从上海搬到了北京，他很喜欢新的工作。😀",
    "The parcel never came, and nobody at Fargo Freight answers the phone.",
]
SCHEMA = {
    "display": [{"type": "text", "field": "text"}],
    "controls": [
        {"name": "mood", "type": "choice", "title": "Mood", "labels": [
            {"value": "good", "title": "Good", "color": "#009e73"},
            {"value": "bad", "title": "Bad", "color": "#d55e00"},
            {"value": "none", "title": "Neither"},
        ]},
        {"name": "names", "type": "spans", "title": "Names", "field": "text", "required": False, "labels": [
            {"value": "person", "title": "Person"}, {"value": "place", "title": "Place"},
        ]},
        {"name": "note", "type": "text", "title": "Note", "required": False},
    ],
}  # fmt: skip


def span(text: str, said: str, label: str) -> dict[str, Any]:
    start = text.index(said)
    return {"id": f"s{start}", "start": start, "end": start + len(said), "label": label, "text": said}


def team(ann: Actor) -> list[Actor]:
    crowd = [factories.member(ann, "annotator") for _number in range(3)]
    for actor, name in zip(crowd, ("Bob Bell", "Cat Cole", "王丹"), strict=True):
        person(actor, f"{actor.user_id}@example.com", name)
    return crowd


def messages(ann: Actor) -> Project:
    """Three people agree on the first message but for a span, and differ on the other two."""
    made = version(ann, {"text": TEXTS})
    project, _job = create_project(
        actor=ann, version_id=made.pk, name="Messages", schema=SCHEMA, overlap=3, suggest_every=0
    )
    eventually(lambda: project.tasks.count() == len(TEXTS))
    ada, babbage, london = (span(TEXTS[0], said, label) for said, label in (
        ("Ada Lovelace", "person"), ("Charles Babbage", "person"), ("London", "place"),
    ))  # fmt: skip
    wang, shanghai = span(TEXTS[1], "王小明", "person"), span(TEXTS[1], "上海", "place")
    said = [
        {1: {"mood": ["good"], "names": [ada, babbage, london]}, 2: {"mood": ["good"], "names": [wang, shanghai]},
         3: {"mood": ["bad"], "note": "A complaint."}},
        {1: {"mood": ["good"], "names": [ada, babbage]}, 2: {"mood": ["none"], "names": [wang]},
         3: {"mood": ["none"], "note": "Nobody says how they feel."}},
        {1: {"mood": ["good"], "names": [ada, {**babbage, "label": "place"}, london]},
         2: {"mood": ["bad"], "names": [wang, shanghai]}, 3: {"mood": ["bad"], "note": "A complaint."}},
    ]  # fmt: skip
    for actor, answers in zip(team(ann), said, strict=True):
        answer(actor, project, answers)
    return project


def cells(ann: Actor) -> Project:
    taken = take_in(BLOOD.read_bytes(), BLOOD.name)
    store_pictures(organization_id=ann.organization_id, pictures=[taken])
    columns = {"image": [taken.sha256], "image_width": [taken.width], "image_height": [taken.height]}
    made = version(ann, columns, text="", image="image")
    shapes = {"name": "cells", "type": "shapes", "field": "image", "tools": ["box"], "labels": CELLS}
    schema = {"display": [{"type": "image", "field": "image"}], "controls": [shapes]}
    project, _job = create_project(actor=ann, version_id=made.pk, name="Cells", schema=schema, overlap=3)
    eventually(lambda: project.tasks.count() == 1)
    box = {"type": "box", "x": 30.0, "y": 40.0, "width": 90.0, "height": 90.0, "label": "RBC", "id": "a"}
    said = [
        [box, {**box, "id": "b", "x": 220.0, "y": 150.0, "width": 130.0, "height": 120.0, "label": "WBC"}],
        [{**box, "x": 34.0, "y": 36.0}, {**box, "id": "b", "x": 400.0}],
        [{**box, "x": 28.0}, {**box, "id": "b", "x": 225.0, "y": 152.0, "width": 120.0, "height": 120.0}],
    ]
    for actor, marks in zip(team(ann), said, strict=True):
        answer(actor, project, {1: {"cells": marks}})
    return project


def compared(ann: Actor, project: Project) -> None:
    """Let the worker find where people differ."""
    job = start_weighing(actor=ann, project_id=project.pk)
    eventually(lambda: Job.objects.get(pk=job.pk).state == "succeeded")


def decided(project: Project) -> dict[int, tuple[str, Any, bool, str]]:
    rows = Adjudication.objects.filter(project=project).select_related("task")
    return {row.task.item_id: (row.state, row.answer, row.edited, row.reason) for row in rows}


def shows(page: Page, item: int) -> None:
    expect(page.locator(".adj-head h2")).to_have_text(f"Item {item}")


def test_answers_are_compared_and_decided_by_keyboard_alone(browse: Opened, ann: Actor) -> None:
    project = messages(ann)
    page = browse(f"/projects/{project.pk}/adjudicate/")
    expect(page.get_by_role("heading", name="The answers were not compared yet")).to_be_visible()
    button = page.get_by_role("button", name="Compare the answers")
    button.focus()
    press(page, "Enter")
    expect(page.locator(".adj-card")).to_have_count(3, timeout=JOB)
    first = int(page.locator(".adj-head h2").inner_text().split()[-1])
    expect(page).to_have_url(re.compile(rf"task={project.tasks.get(item_id=first).pk}\b"))
    # Names are hidden until somebody asks for them.
    expect(page.locator(".adj-card").first).to_contain_text("Person A")
    assert "Bob Bell" not in page.locator("#adjudication").inner_html()
    press(page, "h")
    expect(page.locator("#adjudication")).to_contain_text("Bob Bell")
    press(page, "h")
    expect(page.locator("#adjudication")).not_to_contain_text("Bob Bell")

    press(page, "2")
    expect(page.locator(".adj-told")).to_have_text("Final answer saved")
    eventually(lambda: decided(project).get(first, ("",))[0] == "decided")
    second = int(page.locator(".adj-head h2").inner_text().split()[-1])
    assert second != first
    press(page, "z")
    shows(page, first)
    # Until the server has answered, no other decision is taken.
    expect(page.locator(".adj-told")).to_have_text("Undone")
    assert decided(project) == {}
    press(page, "n", "p", "n")
    shows(page, second)

    press(page, "s")
    expect(page.locator("#adj-leave-why")).to_be_focused()
    page.keyboard.type("两种说法都可以")
    press(page, "Enter")
    expect(page.locator(".adj-told")).to_have_text("Left undecided")
    eventually(lambda: decided(project).get(second) == ("left", None, False, "两种说法都可以"))

    press(page, "p", "p")
    shows(page, first)
    # Persons stand in an order of lots: an answer is changed to a label that it does not have.
    press(page, "ArrowRight", "ArrowRight")
    mood, key = ("good", "1") if "none" in page.locator(".adj-card[data-chosen]").inner_text() else ("none", "3")
    press(page, "e")
    expect(page.locator(".adj-edit .lp-dock")).to_be_visible()
    press(page, "Escape")
    expect(page.locator(".adj-edit")).to_have_count(0)
    press(page, "e")
    expect(page.locator(".adj-edit .lp-dock")).to_be_visible()
    press(page, key, "Enter")
    expect(page.locator(".adj-edit")).to_have_count(0)
    eventually(lambda: decided(project).get(first, ("",))[0] == "decided")
    state, said, edited, _reason = decided(project)[first]
    assert (state, said["mood"], edited) == ("decided", [mood], True)


def test_boxes_of_all_people_lie_on_one_picture(browse: Opened, ann: Actor) -> None:
    project = cells(ann)
    compared(ann, project)
    page = browse(f"/projects/{project.pk}/adjudicate/")
    expect(page.locator(".adj-board image")).to_be_visible()
    expect(page.locator(".adj-board .lp-outline")).to_have_count(6)
    # All three marked the first cell; on the others they differ.
    expect(page.locator(".adj-board [data-differs] .lp-outline")).to_have_count(3)
    page.locator(".adj-legend input").first.click()
    expect(page.locator(".adj-board .lp-outline")).to_have_count(4)
    press(page, "1")
    eventually(lambda: decided(project).get(1, ("",))[0] == "decided")


@pytest.mark.parametrize(("language", "theme", "width", "height"), looks_of(LOOKS))
def test_the_pages_fit_and_complain_of_nothing(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    look = look_of(language, width)
    for name, project in (("messages", messages(ann)), ("cells", cells(ann))):
        compared(ann, project)
        page = browse(f"/projects/{project.pk}/adjudicate/", language, theme, width, height)
        expect(page.locator(".adj-card")).to_have_count(3)
        page.wait_for_load_state("networkidle")
        take(page, f"adjudicate-{name}", look)
        assert fits(page, width)
        assert complaints_of_axe(page) == []
        press(page, "e")
        expect(page.locator(".adj-edit .lp-dock")).to_be_visible()
        take(page, f"adjudicate-edit-{name}", look)
        assert complaints_of_axe(page) == []
    change_target(actor=ann, project_id=project.pk, target_confidence=0.9, extra_cap=200)
    job = start_sending(actor=ann, project_id=project.pk)
    eventually(lambda: Job.objects.get(pk=job.pk).state == "succeeded")
    page = browse(f"/projects/{project.pk}/one-more/", language, theme, width, height)
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    take(page, "one-more", look)


def test_a_task_is_flagged_and_answered_by_keyboard_and_cleared_on_the_page_of_answers(
    browse: Opened, ann: Actor
) -> None:
    made = version(ann, {"text": TEXTS})
    project, _job = create_project(actor=ann, version_id=made.pk, name="Messages", schema=SCHEMA, suggest_every=0)
    eventually(lambda: project.tasks.count() == len(TEXTS))
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-spans")).to_contain_text("Ada Lovelace")
    press(page, "Shift+F")
    expect(page.locator("dialog input")).to_be_focused()
    page.keyboard.type("两个主题")
    press(page, "Enter")
    expect(page.locator(".lp-banner-good")).to_be_visible()
    press(page, "1", "Enter")
    expect(page.locator(".lp-spans")).to_contain_text("王小明")
    eventually(lambda: project.annotations.count() == 1 and project.comments.filter(is_flag=True).count() == 1)
    page.goto(f"/projects/{project.pk}/results/?state=flagged")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page.locator("tr[data-row]")).to_contain_text("两个主题")
    page.get_by_role("button", name="Clear the flag").focus()
    press(page, "Enter")
    expect(page.get_by_role("heading", name="No answer fits this filter")).to_be_visible()
