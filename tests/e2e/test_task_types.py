"""Every type of task in a real browser: asked in the editor, answered by keyboard or mouse, saved as it was meant."""

import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from labeling.models import Annotation, Project
from labeling.services.project import create_project
from tests import factories
from tests.e2e.screenshots import QUALITY
from tests.e2e.test_labeling_page import AXE, eventually, windows
from tests.labeling.versions import version
from tests.live import LiveService

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEXT = [{"type": "text", "field": "text"}]
LABELS = [
    {"value": "PER", "title": "Person", "color": "#0072b2"},
    {"value": "LOC", "title": "Place", "color": "#009e73"},
]
# Keeps a draft as the page does.
PUT_DRAFT = """([task, spans]) => fetch(`/api/v1/tasks/${task}/draft/`, {
  method: 'PUT', body: JSON.stringify({answer: {names: spans}}),
  headers: {'Content-Type': 'application/json', 'X-CSRFToken': /csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? ''},
}).then((response) => response.status)"""
NER = {"name": "names", "type": "spans", "field": "text", "required": False, "labels": LABELS}
TIES = {"name": "ties", "type": "relations", "spans": "names", "required": False, "labels": [{"value": "lives in"}]}
Opened = Callable[..., Page]


@pytest.fixture
def ann(live_service: LiveService) -> Actor:
    return factories.owner("Northwind Data Services")


@pytest.fixture
def browse(chromium: Any, live_service: LiveService, ann: Actor) -> Iterator[Opened]:
    """Return a function that opens a page for the owner; complaints of the browser fail the test."""
    with windows(chromium, live_service) as open_window:
        yield partial(open_window, ann)


def make(ann: Actor, columns: dict[str, Any], controls: list[dict[str, Any]], display: Any = None) -> Project:
    made = version(ann, columns)
    schema = {"display": display or TEXT, "controls": controls}
    project, _job = create_project(actor=ann, version_id=made.pk, name="Types", schema=schema)
    eventually(lambda: project.tasks.count() == made.row_count)
    return project


def saved(project: Project, count: int) -> list[Any]:
    rows = Annotation.objects.filter(project=project).order_by("task__item_id")
    eventually(lambda: rows.count() == count)
    return [row.answer for row in rows]


def press(page: Page, *keys: str) -> None:
    # A key that comes before the page's scripts is the browser's; a page that is here already costs no waiting.
    page.wait_for_load_state()
    for key in keys:
        page.keyboard.press(key)


def complaints_of_axe(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    bad = [row for row in found["violations"] if row["impact"] in ("serious", "critical")]
    return [f"{row['id']}: {node['html'][:160]}" for row in bad for node in row["nodes"]]


def take(page: Page, name: str, look: str = "desktop-en") -> None:
    """Keep a picture of the page as it is, for the documentation, when ASSAY_SCREENSHOTS names a folder."""
    folder = os.environ.get("ASSAY_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}-{look}.jpg", type="jpeg", quality=QUALITY)


def look_of(language: str, width: int) -> str:
    """Return the end of a picture's name."""
    return f"{'phone' if width < 600 else 'desktop'}-{'zh' if language.startswith('zh') else 'en'}"


LOOKS = [
    pytest.param("en", "light", 1280, 900, id="desktop-english-light"),
    pytest.param("zh-hans", "dark", 390, 844, id="phone-chinese-dark"),
]


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_a_template_becomes_a_project_that_asks_it(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    made = version(ann, {"text": ["Ada Lovelace met Charles Babbage in London.", "王小明住在上海。"]})
    page = browse(f"/projects/new/?version={made.pk}", language, theme, width, height)
    page.locator("#editor-template").select_option("entities")
    preview = page.locator(".editor-preview")
    expect(preview.locator(".lp-spans")).to_contain_text("Ada Lovelace")
    preview.focus()
    press(page, "ArrowRight", "Shift+ArrowRight", "1")
    expect(preview.locator("mark").first).to_have_text("Ada Lovelace")
    take(page, "questions", look_of(language, width))
    assert complaints_of_axe(page) == []
    page.locator("#id_name").fill("Names")
    page.locator("form.form button.button-primary").click()
    eventually(lambda: Project.objects.filter(name="Names").exists())
    project = Project.objects.get(name="Names")
    assert [control["type"] for control in project.schema["controls"]] == ["spans"]
    assert project.guidelines.startswith("# ")


def test_a_question_is_added_changed_and_removed_in_the_editor(browse: Opened, ann: Actor) -> None:
    made = version(ann, {"text": ["one", "two"], "kind": ["a", "b"]}, label="kind")
    page = browse(f"/projects/new/?version={made.pk}")
    page.get_by_role("textbox", name="Labels").fill("Yes [y]\nNo [n]")
    page.locator("#editor-add").select_option("rating")
    page.get_by_label("1 means").fill("bad")
    expect(page.locator(".editor-preview .lp-scale")).to_contain_text("bad")
    page.locator("#editor-add").select_option("text")
    page.locator(".editor-card", has_text="Free text").get_by_role("button", name="Remove").click()
    page.get_by_label("Name", exact=True).fill("Mixed")
    page.get_by_role("button", name="Make the project").click()
    eventually(lambda: Project.objects.filter(name="Mixed").exists())
    controls = Project.objects.get(name="Mixed").schema["controls"]
    assert [(row["type"], row["name"]) for row in controls] == [("choice", "label"), ("rating", "rating")]
    assert [(label["value"], label["hotkey"]) for label in controls[0]["labels"]] == [("Yes", "y"), ("No", "n")]


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_spans_and_relations_by_keyboard_alone(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    words = ["👩‍🚀 Ada Lovelace lives in London.", "王小明住在上海。", "Nobody is named here."]
    project = make(ann, {"text": words}, [NER, TIES])
    page = browse(f"/projects/{project.pk}/label/", language, theme, width, height)
    expect(page.locator(".lp-spans")).to_contain_text("Ada")
    press(page, "ArrowRight", "ArrowRight", "Shift+ArrowRight", "1")
    expect(page.locator("mark").first).to_have_text("Ada Lovelace")
    press(page, "ArrowRight", "ArrowRight", "ArrowRight", "2", "[", "r", "]", "3")
    expect(page.locator(".lp-chip")).to_have_count(3)
    assert complaints_of_axe(page) == []
    press(page, "Enter")
    expect(page.locator(".lp-spans")).to_contain_text("王小明")
    press(page, "w", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "1", "Enter")
    expect(page.locator(".lp-spans")).to_contain_text("Nobody")
    press(page, "ArrowRight", "1", "z", "Enter")
    first, second, third = saved(project, 3)
    places = [(span["start"], span["end"], span["label"], span["text"]) for span in first["names"]]
    assert places == [(4, 16, "PER", "Ada Lovelace"), (26, 32, "LOC", "London")]
    ends = {span["id"]: span["text"] for span in first["names"]}
    assert [(ends[tie["from"]], tie["label"], ends[tie["to"]]) for tie in first["ties"]] == [
        ("Ada Lovelace", "lives in", "London")
    ]
    assert [(span["start"], span["end"], span["text"]) for span in second["names"]] == [(0, 3, "王小明")]
    assert third == {}


def test_spans_by_mouse_are_widened_to_words_and_shown_again_as_they_were(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": ["Ada Lovelace met Charles Babbage in London.", "Second text"]}, [NER])
    page = browse(f"/projects/{project.pk}/label/")
    text = page.locator(".lp-spans")
    expect(text).to_contain_text("Ada")
    box = page.evaluate(
        """() => { const node = document.querySelector('.lp-spans [data-from]').firstChild;
        const range = document.createRange(); range.setStart(node, 6); range.setEnd(node, 10);
        const at = range.getBoundingClientRect(); return [at.left, at.right, (at.top + at.bottom) / 2]; }"""
    )
    page.mouse.move(box[0], box[2])
    page.mouse.down()
    page.mouse.move(box[1], box[2], steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Person").click()
    expect(page.locator("mark")).to_have_text("Lovelace")
    page.get_by_role("button", name="Place").click()
    page.locator(".lp-submit").click()
    expect(text).to_contain_text("Second")
    press(page, "k")
    expect(page.locator("mark")).to_have_text("Lovelace")
    page.locator("mark").click()
    press(page, "Shift+ArrowRight", "Enter")
    eventually(lambda: Annotation.objects.filter(project=project, revision=2).exists())
    (answer,) = saved(project, 1)
    assert [(span["start"], span["end"], span["label"]) for span in answer["names"]] == [(4, 16, "LOC")]


PIECES = ["Ann", " ", "王小明", "👩‍🚀", "é", "e\u0301", "שלום", "🇬🇧", "123", ", ", "\n", "สวัสดี", "مرحبا", "𝒜", "."]


def test_offsets_of_any_text_survive_the_page_and_come_back(browse: Opened, ann: Actor) -> None:
    chance = random.Random(7)
    texts = ["".join(chance.choice(PIECES) for _ in range(chance.randint(2, 14))).strip() or "x" for _ in range(25)]
    project = make(ann, {"text": texts}, [{**NER, "snap": False}])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-spans")).to_be_visible()
    shown: list[list[str]] = []
    for number, text in enumerate(texts):
        expect(page.locator(".lp-figures, .lp-top").first).to_be_visible()
        eventually(lambda text=text: page.locator(".lp-spans").inner_text().split() == text.split())
        press(page, *["ArrowRight"] * chance.randint(1, 5), *["Shift+ArrowRight"] * chance.randint(0, 4), "1")
        expect(page.locator("mark").first).to_be_visible()
        shown.append(page.locator("mark").all_inner_texts())
        press(page, "Enter")
        eventually(lambda number=number: Annotation.objects.filter(project=project).count() == number + 1)
    for text, marked, answer in zip(texts, shown, saved(project, len(texts)), strict=True):
        (span,) = answer["names"]
        assert text[span["start"] : span["end"]] == span["text"]
        assert "".join(marked).split() == span["text"].split()


def test_a_pair_is_judged_by_keyboard_alone(browse: Opened, ann: Actor) -> None:
    controls = [
        {"name": "better", "type": "preference"},
        {"name": "helpful", "type": "rating", "title": "Helpful", "sides": True},
        {"name": "rewrite", "type": "text", "title": "A better answer", "required": False},
    ]
    columns = {"text": ["q"], "first": ["**one** <img src=x onerror=alert(1)>"], "second": ["two"]}
    display = [*TEXT, {"type": "pair", "a": "first", "b": "second"}]
    project = make(ann, columns, controls, display)
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-side").first).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator(".lp-side strong")).to_have_text("one")
    press(page, "1")
    for side, step in (("A", 5), ("B", 2)):
        button = page.locator(".lp-scale", has=page.get_by_text(side, exact=True)).get_by_role("button").nth(step - 1)
        press(page, button.get_attribute("aria-keyshortcuts") or "")
    press(page, "e")
    page.keyboard.type("three 🙂")
    assert complaints_of_axe(page) == []
    press(page, "Control+Enter")
    (answer,) = saved(project, 1)
    assert answer == {"better": "a", "helpful": {"a": 5, "b": 2}, "rewrite": "three 🙂"}


def test_a_row_is_corrected_by_keyboard_alone(browse: Opened, ann: Actor) -> None:
    columns = {"text": ["Torgersen"], "species": ["Adelie"], "mass": [99999.0]}
    form = {
        "name": "row",
        "type": "form",
        "columns": [
            {"field": "species", "kind": "choice", "options": ["Adelie", "Gentoo"]},
            {"field": "mass", "kind": "number", "most": 7000, "title": "Body mass (g)"},
        ],
    }
    project = make(ann, columns, [form])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.get_by_label("Body mass (g)")).to_have_value("99999")
    expect(page.locator(".lp-submit")).to_be_disabled()
    press(page, "e", "Tab", "Control+a")
    page.keyboard.type("3750")
    assert complaints_of_axe(page) == []
    press(page, "Enter")
    (answer,) = saved(project, 1)
    assert answer == {"row": {"species": "Adelie", "mass": 3750}}


def test_a_taxonomy_is_answered_by_keys_and_by_its_branches(browse: Opened, ann: Actor) -> None:
    tree = [{"value": "clothes", "labels": [{"value": "boots"}, {"value": "coats"}]}, {"value": "food"}]
    project = make(ann, {"text": ["Brown boots", "Tea"]}, [{"name": "kind", "type": "taxonomy", "labels": tree}])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-node")).to_have_count(2)
    page.get_by_role("button", name="Show what lies below clothes").click()
    expect(page.locator(".lp-node")).to_have_count(4)
    page.get_by_role("treeitem", name="boots", exact=True).click()
    assert complaints_of_axe(page) == []
    press(page, "Enter")
    expect(page.locator(".lp-text")).to_contain_text("Tea")
    press(page, "4", "Enter")
    assert saved(project, 2) == [{"kind": ["boots"]}, {"kind": ["food"]}]


def test_a_hundred_thousand_characters_with_a_thousand_spans_stay_quick(browse: Opened, ann: Actor) -> None:
    text = " ".join(f"word{number:05d}" for number in range(10_000))
    project = make(ann, {"text": [text, "next"]}, [NER])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-spans")).to_contain_text("word00000")
    spans = [
        {"id": f"s{n}", "start": n * 100, "end": n * 100 + 9, "label": "PER", "text": text[n * 100 : n * 100 + 9]}
        for n in range(1_000)
    ]
    task = project.tasks.order_by("pk").first()
    assert task is not None
    assert page.evaluate(PUT_DRAFT, [task.pk, spans]) == 200
    page.reload()
    expect(page.locator("mark")).to_have_count(1_000)
    press(page, "[", "Delete")
    expect(page.locator("mark")).to_have_count(999)
    press(page, "z")
    expect(page.locator("mark")).to_have_count(1_000)
