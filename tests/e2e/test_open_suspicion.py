"""Opening a suspicion in a real browser: the labeling page leads to the doubted mark, or to where one is missing."""

import uuid
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.actor import Actor
from labeling.models import Annotation, Project
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks
from tests import factories
from tests.e2e.test_label_errors_page import marked, names_of
from tests.e2e.test_labeling_page import eventually, windows
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, look_of, press, take

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NAMES = [{"value": "person", "title": "Person"}, {"value": "place", "title": "Place"}]
WORDS = "Nobody is named in this sentence, and there are many like it 🚀. "
TEXT = WORDS * 500 + "At last 王小明 met Ada Lovelace in London. " + WORDS * 100
ADA = TEXT.index("Ada")
WANG = TEXT.index("王")


def in_sight(place: Locator) -> bool:
    """Tell whether a mark lies within the part of its text that is shown."""
    return bool(
        place.evaluate(
            """(mark) => { const box = document.querySelector('.lp-main').getBoundingClientRect();
            const at = mark.getBoundingClientRect(); return at.top >= box.top && at.bottom <= box.bottom; }"""
        )
    )


def deep(ann: Actor, writer: Actor | None = None) -> tuple[Project, Annotation]:
    """Return a project with one answer to a long text, of which three marks are doubted."""
    schema = {
        "display": [{"type": "text", "field": "text"}],
        "controls": [{"name": "names", "type": "spans", "field": "text", "labels": NAMES}],
    }
    project = factories.project(ann, schema=schema, suggest_every=0)
    project.tasks.create(item_id=1, data={"text": TEXT}, overlap=1, open_slots=1)
    Project.objects.filter(pk=project.pk).update(task_count=1)
    who = writer or ann
    (task,) = lease_tasks(actor=who, project_id=project.pk, count=1, holding=[])["tasks"]
    spans = [
        {"id": "a", "start": ADA, "end": ADA + 3, "label": "place", "text": "Ada"},
        {"id": "b", "start": 0, "end": 6, "label": "person", "text": "Nobody"},
    ]
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": {"names": spans}}
    (saved,) = save_answers(actor=who, project_id=project.pk, answers=[row])["results"]
    answer = Annotation.objects.get(pk=saved["annotation"])
    a, b = sorted(answer.answer["names"], key=lambda span: str(span["id"]))
    missing = {"id": "new-1", "start": WANG, "end": WANG + 3, "label": "person", "text": "王小明"}
    wider = {**a, "end": ADA + len("Ada Lovelace"), "text": "Ada Lovelace"}
    doubts: list[tuple[str, Any, Any]] = [
        ("label", a, {**a, "label": "person"}),
        ("spurious", b, None),
        ("overlooked", None, missing),
        ("edge", a, wider),
    ]
    for number, (kind, before, after) in enumerate(doubts):
        factories.suspect(
            ann, answer, score=0.01 * (number + 1), control="names", kind=kind, mark=(before or after)["id"],
            before=before, after=after, given=[before["label"]] if before else [],
            suggested=[after["label"]] if after else [],
        )  # fmt: skip
    return project, answer


def open_row(page: Page, number: int) -> None:
    """Open the answer of a row of the queue by keyboard."""
    expect(page.locator("[data-suspect]").first).to_be_visible()
    press(page, *["j"] * (number + 1), "Enter")
    page.wait_for_url("**/?annotation=*")
    expect(page.locator(".lp-spans")).to_have_attribute("aria-busy", "false", timeout=30_000)


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_a_doubted_span_far_down_is_at_hand_and_a_key_relabels_it(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project, _answer = deep(ann)
    page = browse(f"/projects/{project.pk}/label-errors/", language, theme, width, height)
    open_row(page, 0)
    mark = page.locator("mark[data-active]")
    expect(mark).to_have_text("Ada")
    expect(mark).to_have_css("outline-style", "solid")
    eventually(lambda: in_sight(mark))
    # What it might be is shown at its label; nothing has changed yet.
    expect(page.locator(".lp-label[data-suggested]")).to_contain_text("Person")
    expect(page.locator(".lp-chip[data-active]")).to_be_in_viewport()
    page.wait_for_timeout(300)
    assert in_sight(mark)
    take(page, "suspicion-label", look_of(language, width))
    assert complaints_of_axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    press(page, "1")
    expect(page.locator(".lp-label[data-suggested]")).to_have_count(0)
    press(page, "Enter")
    eventually(lambda: names_of(project)["a"] == "person")


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_where_a_mark_is_missing_the_text_is_selected_and_outlined(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project, _answer = deep(ann)
    page = browse(f"/projects/{project.pk}/label-errors/", language, theme, width, height)
    open_row(page, 2)
    place = page.locator("mark[data-sought]")
    expect(place).to_have_text("王小明")
    expect(place).to_have_css("outline-style", "dashed")
    expect(place).to_have_attribute("data-tag", "Person ?")
    eventually(lambda: in_sight(place))
    assert page.evaluate("document.getSelection().toString()") == "王小明"
    expect(page.locator(".lp-label[data-suggested]")).to_contain_text("Person")
    take(page, "suspicion-overlooked", look_of(language, width))
    assert complaints_of_axe(page) == []
    press(page, "1")
    expect(place).to_have_count(0)
    expect(page.locator("mark[data-active]")).to_have_text("王小明")
    press(page, "Enter")
    eventually(lambda: len(names_of(project)) == 3)
    names = Annotation.objects.get(project=project).answer["names"]
    assert [row for row in names if row["start"] == WANG] == [
        {"id": "s3", "start": WANG, "end": WANG + 3, "label": "person", "text": "王小明"}
    ]


def test_other_borders_are_outlined_and_a_removed_mark_is_said(browse: Opened, ann: Actor) -> None:
    project, _answer = deep(ann)
    page = browse(f"/projects/{project.pk}/label-errors/")
    open_row(page, 3)
    expect(page.locator("mark[data-active]")).to_have_text("Ada")
    expect(page.locator("mark[data-sought]")).to_have_text(["Ada", " Lovelace"])
    eventually(lambda: in_sight(page.locator("mark[data-active]")))
    take(page, "suspicion-edge")
    press(page, "Shift+ArrowRight")
    expect(page.locator("mark[data-active]")).to_have_text("Ada Lovelace")
    expect(page.locator("mark[data-sought]")).to_have_count(0)
    # Of a mark of nothing the page opens with it at hand, and Delete removes it.
    page.goto(f"/projects/{project.pk}/label-errors/")
    open_row(page, 1)
    expect(page.locator("mark[data-active]")).to_have_text("Nobody")
    press(page, "Delete", "Enter")
    eventually(lambda: set(names_of(project)) == {"a"})
    page.reload()
    expect(page.locator(".lp-banner[role=status]")).to_contain_text("not there any more")
    expect(page.locator("mark[data-active]")).to_have_count(0)


def test_somebody_elses_answer_opens_at_the_mark_in_the_review(chromium: Any, live_service: Any, ann: Actor) -> None:
    bob = factories.member(ann, "annotator")
    project, _answer = deep(ann, bob)
    with windows(chromium, live_service) as open_window:
        page = open_window(ann, f"/projects/{project.pk}/label-errors/")
        open_row(page, 0)
        assert "/review/" in page.url
        mark = page.locator("mark[data-active]")
        expect(mark).to_have_text("Ada")
        eventually(lambda: in_sight(mark))
        press(page, "1", "Enter")
        eventually(lambda: names_of(project)["a"] == "person")
        assert Annotation.objects.get(project=project).annotator_id == bob.user_id


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_a_doubted_shape_is_at_hand_and_a_key_relabels_it(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = marked(ann)
    page = browse(f"/projects/{project.pk}/label-errors/", language, theme, width, height)
    open_row(page, 3)
    shape = page.locator(".lp-shape[data-active]")
    expect(shape).to_have_attribute("data-shape", "c")
    expect(page.locator(".lp-label[data-suggested]")).to_contain_text("Red cell")
    eventually(lambda: page.locator(".lp-canvas").is_visible())
    page.wait_for_timeout(300)
    expect(shape.locator(".lp-outline")).to_be_in_viewport()
    take(page, "suspicion-shape", look_of(language, width))
    assert complaints_of_axe(page) == []
    # Below the names, whose two labels have the first keys.
    press(page, "3", "Enter")
    eventually(lambda: Annotation.objects.get(project=project).answer["cells"][0]["label"] == "red")
