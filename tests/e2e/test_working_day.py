"""What an annotator meets in a day of work: slips, interruptions, long forms and pictures, and a manager's mistakes."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from labeling.models import Annotation, Draft, Project
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_shapes import make as make_shapes
from tests.e2e.test_shapes import opened
from tests.e2e.test_task_types import LABELS, LOOKS, NER, Opened, ann, browse, complaints_of_axe, make, press, saved
from tests.labeling.versions import version

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TOPICS = {"name": "topic", "type": "choice", "title": "Topic", "labels": [{"value": "a"}, {"value": "b"}]}
WORDS = {"name": "why", "type": "text", "title": "Why", "required": False, "least": 5}
OCCLUDED = {"name": "occ", "title": "Occluded", "options": ["no", "partly", "mostly"], "required": True}


def notice(page: Page) -> Any:
    return page.locator(".lp-messages")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_numbers_stay_as_they_are_typed_and_what_does_not_fit_is_shown(browse: Opened, ann: Actor) -> None:
    columns = [
        {"field": "bill", "kind": "number", "title": "Bill"},
        {"field": "count", "kind": "integer", "title": "Count", "required": True},
        {"field": "note", "kind": "text", "title": "Note"},
    ]
    form = {"name": "row", "type": "form", "title": "Penguin", "columns": columns}
    row = {"text": ["one"], "bill": ["39,1 mm"], "count": ["7.5"], "note": ["first line\nsecond line"]}
    project = make(ann, row, [form])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-form-row", has_text="Bill")).to_contain_text("In the data: 39,1 mm")
    press(page, "Enter")
    expect(notice(page)).to_contain_text("“Penguin” is not complete yet.")
    assert focused(page) == "lp-cell-row-count"
    page.keyboard.type("12.5")
    expect(page.locator("#lp-cell-row-count-trouble")).to_have_text("This must be a whole number.")
    press(page, "Control+a")
    page.keyboard.type("-")
    expect(page.locator("#lp-cell-row-count-trouble")).to_have_text("This must be a number.")
    page.keyboard.type("12")
    press(page, "Shift+Tab")
    page.keyboard.type("18.05")
    expect(page.get_by_label("Bill")).to_have_value("18.05")
    page.get_by_label("Note").focus()
    press(page, "Control+End")
    page.keyboard.type("!")
    press(page, "Control+Enter")
    (answer,) = saved(project, 1)
    assert answer == {"row": {"bill": 18.05, "count": -12, "note": "first line\nsecond line!"}}


def test_after_sending_from_a_field_the_keys_are_the_page_s_again(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": ["one", "two"]}, [TOPICS, WORDS])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-text")).to_have_text("one")
    press(page, "1", "e")
    page.keyboard.type("abc")
    press(page, "Control+Enter")
    expect(notice(page)).to_contain_text("“Why” is not complete yet.")
    page.keyboard.type("def")
    press(page, "Control+Enter")
    expect(page.locator(".lp-text")).to_have_text("two")
    press(page, "2", "e", "Escape", "Enter")
    assert saved(project, 2) == [{"topic": ["a"], "why": "abcdef"}, {"topic": ["b"]}]


def test_a_task_is_skipped_with_a_reason_by_three_keys(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": ["one", "two"]}, [TOPICS])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-text")).to_have_text("one")
    press(page, "s", "2", "Enter")
    expect(page.locator(".lp-text")).to_have_text("two")
    eventually(lambda: Annotation.objects.filter(project=project, skipped=True).exists())
    assert Annotation.objects.get(project=project).reason == "Unreadable or broken text"


def test_a_change_of_an_earlier_answer_is_kept_until_it_is_saved(browse: Opened, ann: Actor) -> None:
    texts = [f"text {number}" for number in range(1, 13)]
    project = make(ann, {"text": texts}, [{**TOPICS, "multiple": True}])
    page = browse(f"/projects/{project.pk}/label/")
    status, past = page.locator(".lp-status"), page.locator(".lp-past")
    expect(page.locator(".lp-text")).to_have_text("text 1")
    press(page, "1", "Enter")
    expect(status).to_have_text("All saved")
    press(page, "k", "2")
    expect(past).to_contain_text("Changed, not yet saved")
    expect(status).to_have_text("1 change is not saved")
    press(page, "j")
    expect(notice(page)).to_contain_text("The change to your earlier answer is not saved yet.")
    page.reload()
    expect(status).to_have_text("1 change is not saved")
    press(page, "k")
    expect(past).to_contain_text("Changed, not yet saved")
    press(page, "Enter")
    expect(past).to_contain_text("Saved")
    expect(status).to_have_text("All saved")
    assert saved(project, 1) == [{"topic": ["a", "b"]}]


def test_a_draft_is_not_called_saved_before_the_server_has_it(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": ["one", "two"]}, [{**TOPICS, "multiple": True}])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-text")).to_have_text("one")
    page.route("**/draft/", lambda route: route.abort())
    press(page, "2")
    page.reload()
    expect(page.locator(".lp-label[aria-pressed=true]")).to_contain_text("b")
    expect(page.locator(".lp-status")).to_have_text("Saving draft…")
    page.unroute("**/draft/")
    expect(page.locator(".lp-status")).to_have_text("Draft saved")
    assert [draft.answer for draft in Draft.objects.filter(task__project=project)] == [{"topic": ["b"]}]


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_a_picture_is_looked_at_and_said_more_of_by_keyboard(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = make_shapes(ann, attributes=[OCCLUDED], required=True)
    page = browse(f"/projects/{project.pk}/label/", language, theme, width, height)
    opened(page)
    whole = page.locator(".lp-canvas").get_attribute("viewBox")
    press(page, "+", "+")
    expect(page.locator(".lp-canvas")).not_to_have_attribute("viewBox", whole or "")
    near = page.locator(".lp-canvas").get_attribute("viewBox")
    press(page, "ArrowRight", ">", ">")
    expect(page.locator(".lp-canvas")).not_to_have_attribute("viewBox", near or "")
    expect(page.locator(".lp-canvas image")).to_have_attribute("style", "filter: brightness(120%);")
    press(page, "0", "t", "t", "n", "v", "Shift+v", "ArrowUp")
    expect(page.locator(".lp-corner")).to_have_count(7)
    press(page, "Enter")
    expect(notice(page)).to_contain_text("Occluded")
    press(page, "ArrowDown", "ArrowDown", "Escape")
    assert complaints_of_axe(page) == []
    press(page, "Enter")
    (answer,) = saved(project, 1)
    (shape,) = answer["cells"]
    assert (shape["type"], len(shape["points"]), shape["attributes"]) == ("polygon", 7, {"occ": "partly"})
    # The light stays, and the next picture is whole again.
    expect(page.locator(".lp-canvas image")).to_have_attribute("style", "filter: brightness(120%);")
    expect(page.locator(".lp-canvas")).to_have_attribute("viewBox", whole or "")


def test_a_picture_that_failed_comes_when_it_is_asked_for(browse: Opened, ann: Actor) -> None:
    project = make_shapes(ann)
    page = browse("/projects/")
    asked: list[bool] = []
    page.expose_function("asked", lambda: asked.append(True))
    page.add_init_script("addEventListener('click', () => void window.asked(), true)")
    # The page also tries by itself, which may not be what brings the picture here.
    page.route("**/pictures/**", lambda route: route.continue_() if asked else route.abort())
    page.goto(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-broken")).to_contain_text("The picture can't be fetched.")
    page.get_by_role("button", name="Try now").click()
    opened(page)


def test_a_picture_that_failed_comes_by_itself(browse: Opened, ann: Actor) -> None:
    project = make_shapes(ann)
    page = browse("/projects/")
    page.route("**/pictures/**", lambda route: route.abort())
    page.goto(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-broken")).to_contain_text("The picture can't be fetched.")
    page.unroute("**/pictures/**")
    opened(page)


def test_a_finger_s_selection_is_marked_with_a_tap(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": ["Ada Lovelace met Charles Babbage.", "next"]}, [NER])
    page = browse(f"/projects/{project.pk}/label/")
    text = page.locator(".lp-spans")
    expect(text).to_contain_text("Ada")
    text.dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    # What a long press does: the browser's own selection, of which only its change is told.
    page.evaluate(
        """() => { const node = document.querySelector('.lp-spans [data-from]').firstChild;
        const range = document.createRange(); range.setStart(node, 5); range.setEnd(node, 9);
        getSelection().removeAllRanges(); getSelection().addRange(range); }"""
    )
    expect(page.locator(".lp-control .lp-hint").first).to_have_text("Choose the label of the selected text.")
    page.get_by_role("button", name=LABELS[0]["title"]).click()
    expect(page.locator("mark")).to_have_text("Lovelace")


def test_answers_with_tables_lists_and_code_are_shown_as_they_are_meant(browse: Opened, ann: Actor) -> None:
    first = "1. One:\n   ```sh\n   ls\n   ```\n\n2. Two\n   - a\n\n| Fruit | Price |\n|---|--:|\n| **A** | <b>2</b> |"
    display = [{"type": "text", "field": "text"}, {"type": "pair", "a": "first", "b": "second"}]
    controls = [{"name": "better", "type": "preference"}, {"name": "good", "type": "rating", "sides": True}]
    project = make(ann, {"text": ["q"], "first": [first], "second": ["two"]}, controls, display)
    page = browse(f"/projects/{project.pk}/label/")
    side = page.locator(".lp-side").first
    expect(side.locator("ol > li")).to_have_count(2)
    expect(side.locator("ol pre")).to_have_text("ls")
    expect(side.locator("td")).to_have_text(["A", "<b>2</b>"])
    assert side.locator("td").nth(1).evaluate("cell => getComputedStyle(cell).textAlign") == "right"
    # Beside the questions, so that both answers can be read.
    body, dock = page.locator(".lp-body").bounding_box(), page.locator(".lp-dock").bounding_box()
    assert body
    assert dock
    assert dock["x"] >= body["x"] + body["width"] - 1
    assert complaints_of_axe(page) == []


def test_the_editor_says_what_is_missing_and_is_used_by_keyboard_alone(browse: Opened, ann: Actor) -> None:
    made = version(ann, {"text": ["one", "two"], "size": ["s", "m"]})
    page = browse(f"/projects/new/?version={made.pk}")
    troubles = page.locator(".editor-troubles")
    page.get_by_role("button", name="Make the project").focus()
    press(page, "Enter")
    expect(troubles).to_have_text("Write at least two labels, one on each line.")
    expect(page.get_by_role("textbox", name="Labels")).to_be_focused()
    page.keyboard.type("Yes [y]\nNo [y]")
    expect(troubles).to_have_text("Two labels have the key “y”.")
    press(page, "Backspace", "Backspace")
    page.keyboard.type("n]")
    expect(troubles).to_have_count(0)
    page.locator("#editor-add").select_option("form")
    expect(page.locator(".editor-card").nth(1).get_by_label("Question")).to_be_focused()
    page.locator(".editor-card").nth(1).get_by_label("size", exact=True).select_option("choice")
    expect(troubles).to_have_text("“size” needs at least one option.")
    page.get_by_label("Options, separated by commas").press_sequentially("s, m，l")
    expect(page.get_by_label("Options, separated by commas")).to_have_value("s, m，l")
    expect(troubles).to_have_count(0)
    page.locator(".editor-card").nth(1).get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Undo the last template or removal").click()
    page.locator("#id_name").fill("Made by keys")
    press(page, "Enter")
    expect(page).to_have_url(re.compile(r"/projects/\d+/$"))
    controls = Project.objects.get(name="Made by keys").schema["controls"]
    assert [control["type"] for control in controls] == ["choice", "form"]
    assert [label["hotkey"] for label in controls[0]["labels"]] == ["y", "n"]
    assert controls[1]["columns"][1]["options"] == ["s", "m", "l"]


def test_nothing_is_lost_when_a_project_is_refused(browse: Opened, ann: Actor) -> None:
    make(ann, {"text": ["one"]}, [TOPICS])
    made = version(ann, {"text": ["one", "two"]})
    page = browse(f"/projects/new/?version={made.pk}")
    page.get_by_role("textbox", name="Labels").fill("Yes\nNo")
    page.locator("#editor-add").select_option("rating")
    page.locator("#id_name").fill("Types")
    page.get_by_role("button", name="Make the project").click()
    expect(page.locator(".errorlist")).to_contain_text("There is a project called Types already.")
    expect(page.locator(".editor-card")).to_have_count(2)
    expect(page.get_by_role("textbox", name="Labels")).to_have_value("Yes\nNo")
    assert Annotation.objects.count() == 0
