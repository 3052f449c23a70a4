"""Suspected label errors in a real browser: searched for by a real worker, decided and undone by keyboard."""

import csv
import gzip
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
