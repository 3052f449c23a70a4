"""Suspected label errors in a real browser: searched for by a real worker, decided and undone by keyboard."""

import csv
import gzip
import re
import uuid
from itertools import islice

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from curation.demo import SETS
from labeling.models import Annotation, Project
from labeling.services.bulk import Order, start_bulk
from labeling.services.project import create_project, schema_for_labels
from tests.e2e.test_grid_page import fits
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, look_of, press, take
from tests.labeling.versions import version

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

JOB = 180_000
WRONG = (3, 17)


def messages() -> list[tuple[str, str]]:
    """Return thirty messages of each kind, one after the other in turn."""
    with gzip.open(SETS["sms_spam"].path, "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    kinds = {name: [row["text"] for row in rows if row["label"] == name] for name in ("ham", "spam")}
    turns = zip(kinds["ham"], kinds["spam"], strict=False)
    return [(text, name) for pair in islice(turns, 30) for text, name in zip(pair, ("ham", "spam"), strict=True)]


def labeled(ann: Actor) -> Project:
    """Return a project in which every message has its label, but those of WRONG the other one."""
    rows = messages()
    made = version(ann, {"text": [text for text, _label in rows]})
    schema = schema_for_labels(labels=["ham", "spam"], text_field="text")
    project, _job = create_project(actor=ann, version_id=made.pk, name="Messages", schema=schema, suggest_every=0)
    eventually(lambda: project.tasks.count() == made.row_count)
    other = {"ham": "spam", "spam": "ham"}
    said = {n: other[label] if n in WRONG else label for n, (_text, label) in enumerate(rows, 1)}
    for name in other:
        items = [item for item, label in said.items() if label == name]
        start_bulk(actor=ann, project_id=project.pk, order=Order({"label": [name]}, items))
    return project


def said_of(project: Project, item: int) -> str:
    return str(Annotation.objects.get(project=project, task__item_id=item).answer["label"][0])


def searched(page: Page) -> None:
    """Press the button and wait until the job's end has loaded the page again."""
    page.get_by_role("button", name="Search for label errors").click()
    expect(page.locator("[data-suspect]").first).to_be_visible(timeout=JOB)


def test_suspicions_are_found_taken_kept_and_undone_by_keyboard(browse: Opened, ann: Actor) -> None:
    project = labeled(ann)
    page = browse(f"/projects/{project.pk}/label-errors/")
    expect(page.get_by_role("heading", name="Nobody has searched yet")).to_be_visible()
    searched(page)
    rows = page.locator("[data-suspect]")
    first = int(rows.first.locator("a").inner_text().split()[-1])
    assert first in WRONG
    right = messages()[first - 1][1]
    press(page, "j")
    expect(rows.first).to_be_focused()
    press(page, "a")
    expect(page.locator("#suspects-said")).to_have_text(f"Changed to {right}")
    eventually(lambda: said_of(project, first) == right)
    press(page, "z")
    expect(page.locator("#suspects-said")).to_have_text("Undone")
    eventually(lambda: said_of(project, first) != right)
    expect(rows.first).to_be_focused()
    press(page, "d")
    expect(page.locator("#suspects-said")).to_have_text("Kept")
    assert said_of(project, first) != right
    expect(page.locator('[data-count="2"]')).to_have_text("1")
    rows.first.get_by_role("button", name="Undo").click()
    rows.first.get_by_role("button", name="Take it").click()
    eventually(lambda: said_of(project, first) == right)
    page.reload()
    page.locator('.chip[aria-current="true"] + a').click()
    expect(page.locator("[data-suspect]")).to_have_count(1)
    page.locator("[data-suspect]").focus()
    press(page, "Enter")
    page.wait_for_url("**/label/?annotation=*")


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_the_page_fits_and_complains_of_nothing(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    from tests import factories

    project = labeled(ann)
    for number, answer in enumerate(Annotation.objects.filter(project=project).order_by("pk")[:4]):
        factories.suspect(ann, answer, score=0.002 * (number + 1))
    page = browse(f"/projects/{project.pk}/label-errors/", language, theme, width, height)
    expect(page.locator("[data-suspect]")).to_have_count(4)
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    take(page, "label-errors", look_of(language, width))


TEXT = (
    "王小明 met Ada Lovelace 🚀 in London, where the Analytical Engine was shown to a small circle of people in 1843."
)
NAMES = [
    {"id": "a", "start": 8, "end": 20, "label": "place", "text": "Ada Lovelace"},
    {"id": "b", "start": 38, "end": 41, "label": "person", "text": TEXT[38:41]},
]
CELL = {"id": "c", "type": "box", "label": "white", "x": 120.0, "y": 90.0, "width": 110.0, "height": 96.0}


def marked(ann: Actor) -> Project:
    """Return a project with one answer whose two spans and one cell are doubted, and with a name that is missing."""
    from pathlib import Path

    from curation.engine.pictures.taking import take as taken
    from curation.services.media import store_pictures
    from labeling.services.answer import save_answers
    from labeling.services.queue import lease_tasks
    from tests import factories

    source = Path(__file__).parents[1] / "data" / "pictures" / "blood_cells.jpg"
    picture = taken(source.read_bytes(), source.name)
    store_pictures(organization_id=ann.organization_id, pictures=[picture])
    names = [{"value": "person", "title": "Person"}, {"value": "place", "title": "Place"}]
    cells = [{"value": "red", "title": "Red cell"}, {"value": "white", "title": "White cell"}]
    schema = {
        "display": [{"type": "text", "field": "text"}, {"type": "image", "field": "image"}],
        "controls": [
            {"name": "names", "title": "Names", "type": "spans", "field": "text", "labels": names},
            {"name": "cells", "title": "Cells", "type": "shapes", "field": "image", "labels": cells},
        ],
    }
    project = factories.project(ann, schema=schema, suggest_every=0)
    size = {"image_width": 640, "image_height": 480}
    data = {"text": TEXT, "image": picture.sha256, **size}
    project.tasks.create(item_id=1, data=data, overlap=1, open_slots=1)
    Project.objects.filter(pk=project.pk).update(task_count=1)
    (task,) = lease_tasks(actor=ann, project_id=project.pk, count=1, holding=[])["tasks"]
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": {"names": NAMES, "cells": [CELL]}}
    (saved,) = save_answers(actor=ann, project_id=project.pk, answers=[row])["results"]
    answer = Annotation.objects.get(pk=saved["annotation"])
    a, b = answer.answer["names"]
    cell = answer.answer["cells"][0]
    missing = {"id": "new-0-3", "start": 0, "end": 3, "label": "person", "text": "王小明"}
    for number, (control, kind, before, after) in enumerate(
        (
            ("names", "label", a, {**a, "label": "person"}),
            ("names", "spurious", b, None),
            ("names", "overlooked", None, missing),
            ("cells", "label", cell, {**cell, "label": "red"}),
        )
    ):
        factories.suspect(
            ann, answer, score=0.01 * (number + 1), control=control, kind=kind, mark=(before or after)["id"],
            before=before, after=after, given=[before["label"]] if before else [],
            suggested=[after["label"]] if after else [],
        )  # fmt: skip
    return project


def names_of(project: Project) -> dict[str, str]:
    return {row["id"]: row["label"] for row in Annotation.objects.get(project=project).answer["names"]}


def test_marks_are_shown_in_place_decided_and_undone_by_keyboard(browse: Opened, ann: Actor) -> None:
    project = marked(ann)
    page = browse(f"/projects/{project.pk}/label-errors/")
    rows = page.locator("[data-suspect]")
    expect(rows).to_have_count(4)
    expect(rows.nth(0).locator("mark")).to_have_text("Ada Lovelace")
    expect(rows.nth(2).locator("mark")).to_have_text("王小明")
    picture = rows.nth(3).locator("svg image")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_attribute("href", re.compile("/view/$"))
    # One answer: every decision makes a new revision of it, and the others stay decidable.
    press(page, "j", "a", "a", "a", "a")
    expect(rows.nth(3).locator(".suspect-fate")).to_have_text("Changed to Red cell")
    eventually(lambda: names_of(project) == {"a": "person", "new-0-3": "person"})
    expect(rows.nth(1).locator(".suspect-fate")).to_have_text("Mark removed")
    expect(rows.nth(2).locator(".suspect-fate")).to_have_text("Marked as Person")
    expect(page.locator('.count[data-group="all"]')).to_have_text("0")
    press(page, "z", "z", "z", "z")
    eventually(lambda: names_of(project) == {"a": "place", "b": "person"})
    expect(page.locator('.count[data-group="names/label"]')).to_have_text("1")
    page.get_by_role("link", name="Overlooked").click()
    expect(rows).to_have_count(1)
    expect(page.locator('nav [aria-current="true"]', has_text="Overlooked")).to_be_visible()


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_the_page_of_marks_fits_and_complains_of_nothing(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = marked(ann)
    page = browse(f"/projects/{project.pk}/label-errors/", language, theme, width, height)
    expect(page.locator("[data-suspect]")).to_have_count(4)
    page.locator("svg image").scroll_into_view_if_needed()
    expect(page.locator("svg image")).to_have_attribute("href", re.compile("/view/$"))
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    take(page, "label-errors-marks", look_of(language, width))
