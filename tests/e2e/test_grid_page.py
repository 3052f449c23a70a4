"""Many items at once in a real browser: found, chosen and labeled by keyboard, by mouse and by touch, and undone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from accounts.models import User
from labeling.models import Annotation, Bulk, Project
from labeling.services.project import create_project, schema_for_labels
from labeling.services.suggestion import store_suggestions
from tests.e2e.screenshots import looks_of
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, look_of, press, saved, take
from tests.labeling.versions import version

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEXTS = [
    "Win a free prize! Reply WIN to claim.",
    "See you at six tomorrow?",
    "免费赢取大奖，立即回复领取！",
    "我六点到，明天见。",
    "URGENT: your account will be closed, call now.",
]


def project_of(ann: Actor, count: int = 90, labels: tuple[str, ...] = ("ham", "spam"), **fields: Any) -> Project:
    User.objects.filter(pk=ann.user_id).update(name="Ann Andersson")
    made = version(ann, {"text": [f"{TEXTS[n % len(TEXTS)]} ({n + 1})" for n in range(count)], "kind": ["x"] * count})
    schema = schema_for_labels(labels=list(labels), text_field="text")
    schema["controls"][0] |= fields.pop("control", {})
    project, _job = create_project(actor=ann, version_id=made.pk, name="Messages", schema=schema, **fields)
    eventually(lambda: project.tasks.count() == made.row_count)
    return project


def labels_of(project: Project) -> dict[int, Any]:
    rows = Annotation.objects.filter(project=project).select_related("task")
    return {row.task.item_id: row.answer["label"] for row in rows}


def fits(page: Page, width: int) -> bool:
    return int(page.evaluate("document.documentElement.scrollWidth")) <= width


@pytest.mark.parametrize(("language", "theme", "width", "height"), looks_of(LOOKS))
def test_items_are_found_chosen_labeled_and_undone_by_keyboard_alone(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann)
    store_suggestions(
        actor=ann,
        project_id=project.pk,
        source="quick",
        rows=[(n, {"label": ["spam" if n % 5 == 1 else "ham"]}, 0.93) for n in range(1, 91)],
    )
    page = browse(f"/projects/{project.pk}/grid/", language, theme, width, height)
    picks = page.locator("[data-pick]")
    expect(picks).to_have_count(60)
    press(page, "/")
    page.keyboard.type("free PRIZE")
    press(page, "Enter")
    page.wait_for_url("**q=free+PRIZE**")
    expect(picks).to_have_count(18)
    # What asks nothing is not in the address.
    assert page.url.endswith("/grid/?q=free+PRIZE")
    expect(page.locator("[data-all]")).to_be_hidden()
    # Shift and the arrows choose a stretch, Space turns one, A takes the page.
    press(page, "Home", "Space", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    expect(page.locator("[data-pick]:checked")).to_have_count(4)
    press(page, "Shift+ArrowLeft", "Home", "Space")
    expect(page.locator("[data-pick]:checked")).to_have_count(2)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    take(page, "grid", look_of(language, width))
    press(page, "2")
    dialog = page.locator("dialog.grid-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("input:checked")).to_have_value("spam")
    expect(dialog.locator("[data-give]")).to_contain_text("2")
    assert complaints_of_axe(page) == []
    take(page, "grid-give", look_of(language, width))
    press(page, "Enter")
    saved(project, 2)
    assert labels_of(project) == {11: ["spam"], 16: ["spam"]}
    expect(page.locator(".grid-last")).to_contain_text("2")
    press(page, "a", "2", "Enter")
    eventually(lambda: Bulk.objects.filter(project=project, state="done").count() == 2)
    assert Bulk.objects.order_by("-pk")[0].counts == {"stored": 16, "same": 2}
    expect(page.locator(".grid-last")).to_contain_text("16")
    press(page, "z")
    saved(project, 2)
    expect(page.locator(".grid-last [data-undo]")).to_have_count(0)
    page.goto(f"/projects/{project.pk}/bulk/")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    take(page, "bulk-answers", look_of(language, width))


def test_items_that_are_chosen_go_to_the_page_that_gives_them_to_people(browse: Opened, ann: Actor) -> None:
    project = project_of(ann, 70)
    page = browse(f"/projects/{project.pk}/grid/?state=open")
    give = page.get_by_role("link", name="Give these to people")
    press(page, "Home", "Space", "ArrowRight", "Space", "n")
    expect(page.locator("[data-count]")).to_contain_text("2 of them not on this page")
    press(page, "Home", "Space")
    give.click()
    expect(page.locator("input[name=items]")).to_have_value("1-2,61")
    # With nothing chosen, or all of it, the filter goes along.
    page.goto(page.url.partition("/people/")[0] + "/grid/?state=open")
    page.get_by_role("button", name="Choose all 70 that match").click()
    give.click()
    expect(page.locator("#assign")).to_be_visible()
    assert "state=open" in page.url
    assert "items" not in page.url


def test_all_that_match_are_labeled_beyond_the_page_and_by_a_job_when_they_are_many(browse: Opened, ann: Actor) -> None:
    project = project_of(ann, 620)
    page = browse(f"/projects/{project.pk}/grid/?state=open")
    page.get_by_role("button", name="Choose all 620 that match").click()
    expect(page.locator("[data-count]")).to_have_text("All 620 that match are chosen")
    page.locator("[data-labels] button", has_text="ham").click()
    page.get_by_role("button", name="Give “ham” to 620 items").click()
    eventually(lambda: Bulk.objects.filter(project=project, state="done").count() == 1)
    assert Bulk.objects.get(project=project).counts == {"stored": 620}
    expect(page.locator(".grid-last")).to_contain_text("620 items answered")
    expect(page.get_by_role("heading", name="No item fits this filter")).to_be_visible()
    page.get_by_role("link", name="Bulk answers").click()
    page.get_by_role("button", name="Undo").click()
    page.locator("dialog").get_by_role("button", name="Undo").click()
    eventually(lambda: Bulk.objects.filter(project=project, state="undone").count() == 1)
    assert Annotation.objects.filter(project=project).count() == 0
    expect(page.locator("tbody tr")).to_contain_text("620 answers taken back")


def test_several_labels_and_earlier_answers_by_mouse(browse: Opened, ann: Actor) -> None:
    labels = tuple(f"topic {letter}" for letter in "abcdefghijkl")
    project = project_of(ann, 6, labels, control={"multiple": True})
    page = browse(f"/projects/{project.pk}/grid/")
    cards = page.locator("[data-card]")
    cards.nth(0).locator("label").click()
    cards.nth(2).locator("label").click(modifiers=["Shift"])
    expect(page.locator("[data-pick]:checked")).to_have_count(3)
    page.get_by_role("button", name="More labels…").click()
    dialog = page.locator("dialog.grid-dialog")
    page.get_by_label("Find a label").fill("topic k")
    dialog.get_by_role("checkbox", name="topic k").check()
    page.get_by_label("Find a label").fill("topic b")
    dialog.get_by_role("checkbox", name="topic b").check()
    dialog.get_by_role("button", name="Give “topic b, topic k” to 3 items").click()
    saved(project, 3)
    assert labels_of(project) == {item: ["topic b", "topic k"] for item in (1, 2, 3)}
    # Once more, over the answers that stand, when the page is here again with its scripts.
    expect(page.locator(".grid-last")).to_be_visible()
    page.wait_for_load_state()
    cards.nth(0).locator("label").click()
    page.locator("[data-labels] button", has_text="topic c").click()
    dialog.get_by_label("Also change my earlier answers").check()
    dialog.locator("[data-give]").click()
    eventually(lambda: labels_of(project)[1] == ["topic c"])


def test_touch_chooses_and_a_refusal_is_said_in_the_dialog(browse: Opened, ann: Actor) -> None:
    project = project_of(ann, 3)
    page = browse(f"/projects/{project.pk}/grid/", "en", "light", 390, 844)
    page.locator("[data-card] label").nth(1).click()
    expect(page.locator("[data-count]")).to_have_text("1 chosen")
    Project.objects.filter(pk=project.pk).update(state="paused")
    page.locator("[data-labels] button", has_text="ham").click()
    page.locator("[data-give]").click()
    expect(page.locator("[data-problem]")).to_contain_text("paused")
    Project.objects.filter(pk=project.pk).update(state="open")
    page.locator("[data-give]").click()
    saved(project, 1)
    assert labels_of(project) == {2: ["ham"]}


@pytest.mark.parametrize(("language", "theme", "width", "height"), looks_of(LOOKS))
def test_what_is_chosen_by_keys_is_kept_from_page_to_page(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann, 130)
    page = browse(f"/projects/{project.pk}/grid/", language, theme, width, height)
    checked, count = page.locator("[data-pick]:checked"), page.locator("[data-count]")
    expect(page.locator("[data-all]")).to_be_visible()
    press(page, "Home", "Space", "ArrowRight", "Shift+ArrowRight")
    expect(checked).to_have_count(3)
    press(page, "n")
    page.wait_for_url("**after=60")
    expect(checked).to_have_count(0)
    expect(count).to_have_text(re.compile("^3 chosen, 3 of them|^已选 3 "))
    press(page, "Home", "Space", "End", "Space")
    expect(count).to_have_text(re.compile("^5 chosen, 3 of them|^已选 5 "))
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    take(page, "grid-pages", look_of(language, width))
    # The first Escape leaves what other pages have; what was chosen is the same after a search and a reload.
    press(page, "Escape")
    expect(count).to_have_text(re.compile("^3 chosen|^已选 3 "))
    press(page, "Home", "Space", "/")
    page.keyboard.type("no such words")
    press(page, "Enter")
    page.wait_for_url("**q=no+such+words**")
    expect(page.locator("[data-card]")).to_have_count(0)
    expect(count).to_have_text(re.compile("^4 chosen, 4 of them|^已选 4 "))
    page.reload()
    expect(count).to_have_text(re.compile("^4 chosen, 4 of them|^已选 4 "))
    # The choice has an address that anybody can open.
    page.locator("[data-only]").press("Enter")
    page.wait_for_url(f"**/projects/{project.pk}/grid/?items=1-3,61")
    expect(checked).to_have_count(4)
    expect(page.locator("[data-only]")).to_be_hidden()
    press(page, "2", "Enter")
    saved(project, 4)
    assert labels_of(project) == {item: ["spam"] for item in (1, 2, 3, 61)}
    expect(page.locator(".grid-last")).to_contain_text("4")
    expect(checked).to_have_count(0)
    expect(page.locator("[data-none]")).to_be_hidden()


def test_what_is_chosen_by_mouse_is_kept_and_let_go(browse: Opened, ann: Actor) -> None:
    project = project_of(ann, 130)
    page = browse(f"/projects/{project.pk}/grid/")
    cards, checked, count = (
        page.locator("[data-card]"),
        page.locator("[data-pick]:checked"),
        page.locator("[data-count]"),
    )
    cards.nth(2).locator("label").click()
    cards.nth(5).locator("label").click(modifiers=["Shift"])
    cards.nth(4).locator("label").click()
    expect(count).to_have_text("3 chosen")
    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**after=60")
    cards.nth(0).locator("label").click()
    expect(count).to_have_text("4 chosen, 3 of them not on this page")
    page.go_back()
    page.wait_for_load_state()
    expect(checked).to_have_count(3)
    expect(count).to_have_text("4 chosen, 1 of them not on this page")
    page.get_by_role("button", name="Choose nothing").click()
    expect(count).to_have_text("Nothing chosen")
    page.reload()
    expect(checked).to_have_count(0)
    # All that match stays chosen on the next page of the same filter, and not of another one.
    page.get_by_role("button", name="Choose all 130 that match").click()
    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**after=60**")
    expect(count).to_have_text("All 130 that match are chosen")
    expect(checked).to_have_count(60)
    page.get_by_label("State").select_option("open")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url("**state=open**")
    expect(count).to_have_text("Nothing chosen")
    # A filter by items finds these and no others, also when all that match are taken.
    page.goto(f"/projects/{project.pk}/grid/?items=1-70,99")
    page.get_by_role("button", name="Choose all 71 that match").click()
    page.locator("[data-labels] button", has_text="ham").click()
    page.get_by_role("button", name="Give “ham” to 71 items").click()
    saved(project, 71)
    assert set(labels_of(project)) == {*range(1, 71), 99}
