"""Each type of task with real content by keyboard (polygons by mouse), in English and in Chinese; and its pictures."""

import csv
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from curation.engine.pictures.taking import take as take_in
from curation.services.media import store_pictures
from labeling.models import Project
from labeling.services.project import create_project
from tests.e2e.screenshots import QUALITY
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_shapes import BLOOD, at
from tests.e2e.test_task_types import Opened, ann, browse, press, saved
from tests.labeling.versions import version

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DATA = Path(__file__).parent.parent / "data"
TASKS = DATA / "tasks"
DEMO = Path(__file__).parent.parent.parent / "curation" / "demo" / "data"
BLUE, ORANGE, GREEN, PINK, SKY, YELLOW = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"
LANGUAGES = ["en", "zh-hans"]
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


def rows_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TASKS / name).read_text().splitlines()]


def label(value: str, titles: tuple[str, str], color: str, language: str) -> dict[str, str]:
    return {"value": value, "title": titles[language != "en"], "color": color}


def make(ann: Actor, name: str, columns: dict[str, Any], display: Any, controls: Any, **roles: str) -> Project:
    made = version(ann, columns, **roles)
    schema = {"display": display, "controls": controls}
    project, _job = create_project(actor=ann, version_id=made.pk, name=name, schema=schema, suggest_every=0)
    eventually(lambda: project.tasks.count() == made.row_count)
    return project


def take_looks(page: Page, name: str, language: str) -> None:
    """Keep pictures of the begun answer in each size and theme, when ASSAY_SCREENSHOTS names a folder."""
    folder = os.environ.get("ASSAY_SCREENSHOTS")
    if not folder:
        return
    expect(page.locator(".lp-status")).to_have_attribute("data-state", "calm")
    for device, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(300)
            end = f"{device}-{language[:2]}{'-dark' if theme == 'dark' else ''}"
            page.screenshot(path=Path(folder) / f"task-{name}-{end}.jpg", type="jpeg", quality=QUALITY)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")


def mark_by_key(page: Page, text: str, start: int, end: int, key: str) -> None:
    """Select a stretch with the arrow keys alone, character by character, and give it its label."""
    place = "() => document.getSelection().toString()"
    press(page, "ArrowRight")
    for _ in range(len(text)):
        if page.evaluate(place) == text[start]:
            prefix = page.evaluate(
                "() => { const r = document.getSelection().getRangeAt(0).cloneRange();"
                " r.setStart(document.querySelector('[data-from]'), 0); return r.toString().length }"
            )
            if prefix - 1 >= start:
                break
        press(page, "ArrowRight")
    while page.evaluate("() => document.getSelection().toString().length") < end - start:
        press(page, "Shift+ArrowRight")
    press(page, key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_choice(browse: Opened, ann: Actor, language: str) -> None:
    name = "sms_spam.csv.gz" if language == "en" else "reviews_zh.csv.gz"
    with gzip.open(DEMO / name, "rt") as file:
        rows = list(csv.DictReader(file))[:4]
    text = max(rows[0], key=lambda column: len(rows[0][column]))
    labels = (
        [label("spam", ("Spam", ""), ORANGE, "en"), label("ham", ("Not spam", ""), GREEN, "en")]
        if language == "en"
        else [
            label("pos", ("", "正面"), GREEN, language),
            label("neg", ("", "负面"), ORANGE, language),
            label("mixed", ("", "中性"), BLUE, language),
        ]
    )
    control = {"name": "label", "type": "choice", "labels": labels}
    project = make(
        ann,
        "Spam" if language == "en" else "评论情感",
        {"text": [row[text] for row in rows]},
        [{"type": "text", "field": "text"}],
        [control],
    )
    page = browse(f"/projects/{project.pk}/label/", language)
    expect(page.locator(".lp-text")).to_have_text(rows[0][text].strip())
    press(page, "1")
    expect(page.locator(".lp-text")).to_have_text(rows[1][text].strip())
    take_looks(page, "choice", language)
    press(page, "2", "1", "2")
    values = [row["label"] for row in saved(project, 4)]
    assert values == [[labels[i]["value"]] for i in (0, 1, 0, 1)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_spans(browse: Opened, ann: Actor, language: str) -> None:
    rows = [row for row in rows_of("spans.jsonl") if row["language"] == language[:2]]
    titles = (
        {
            "person": BLUE,
            "location": GREEN,
            "corporation": ORANGE,
            "group": PINK,
            "creative-work": SKY,
            "product": YELLOW,
        }
        if language == "en"
        else {"PER": BLUE, "LOC": GREEN, "ORG": ORANGE}
    )
    chinese = {"PER": "人物", "LOC": "地点", "ORG": "机构"}
    labels = [
        {"value": each, "title": chinese.get(each, each.capitalize()), "color": color} for each, color in titles.items()
    ]
    control = {"name": "names", "type": "spans", "field": "text", "required": False, "snap": False, "labels": labels}
    project = make(
        ann,
        "WNUT-17" if language == "en" else "中文 GSD",
        {"text": [row["text"] for row in rows]},
        [{"type": "text", "field": "text"}],
        [control],
    )
    page = browse(f"/projects/{project.pk}/label/", language)
    row = rows[0]
    expect(page.locator(".lp-text")).to_contain_text(row["text"][:20])
    keys = {each: str(number + 1) for number, each in enumerate(titles)}
    for span in row["spans"][:5]:
        mark_by_key(page, row["text"], span["start"], span["end"], keys[span["label"]])
    expect(page.locator(".lp-chip")).to_have_count(len(row["spans"][:5]))
    take_looks(page, "spans", language)
    press(page, "Enter")
    (answer,) = saved(project, 1)
    assert [(s["start"], s["end"], s["label"]) for s in answer["names"]] == [
        (s["start"], s["end"], s["label"]) for s in row["spans"][:5]
    ]


def pictured(ann: Actor, path: Path) -> dict[str, Any]:
    taken = take_in(path.read_bytes(), path.name)
    store_pictures(organization_id=ann.organization_id, pictures=[taken])
    return {"image": [taken.sha256] * 2, "image_width": [taken.width] * 2, "image_height": [taken.height] * 2}


PICTURE = [{"type": "image", "field": "image"}]


@pytest.mark.parametrize("language", LANGUAGES)
def test_boxes(browse: Opened, ann: Actor, language: str) -> None:
    labels = [
        label("RBC", ("Red blood cell", "红细胞"), ORANGE, language),
        label("WBC", ("White blood cell", "白细胞"), BLUE, language),
        label("Platelets", ("Platelet", "血小板"), GREEN, language),
    ]
    attributes = [
        {
            "name": "border",
            "title": "At the border" if language == "en" else "位于边缘",
            "options": ["no", "yes"] if language == "en" else ["否", "是"],
        }
    ]
    control = {
        "name": "cells",
        "type": "shapes",
        "field": "image",
        "tools": ["box"],
        "labels": labels,
        "attributes": attributes,
    }
    project = make(
        ann,
        "BCCD" if language == "en" else "血细胞计数",
        pictured(ann, BLOOD),
        PICTURE,
        [control],
        text="",
        image="image",
    )
    page = browse(f"/projects/{project.pk}/label/", language)
    expect(page.locator(".lp-canvas image")).to_be_visible()
    numbers = {each["value"]: str(number + 1) for number, each in enumerate(labels)}
    boxes = json.loads((TASKS / "blood_cells.json").read_text())[:4]
    for box in boxes:
        press(page, "Escape", numbers[box["label"]], "n")
        place_box(page, box)
    expect(page.locator(".lp-shape")).to_have_count(4)
    take_looks(page, "boxes", language)
    press(page, "Enter")
    (answer,) = saved(project, 1)
    for made, box in zip(answer["cells"], boxes, strict=True):
        assert made["label"] == box["label"]
        assert [made[s] for s in ("x", "y", "width", "height")] == pytest.approx(
            [box[s] for s in ("x", "y", "width", "height")], abs=4
        )


def place_box(page: Page, box: dict[str, Any]) -> None:
    """Bring the new box in the middle of 640 x 480 to its place: steps of six pixels, none left over above three."""
    for axis, size, side in (("x", 640, "width"), ("y", 480, "height")):
        grow, shrink = ("Shift+ArrowRight", "Shift+ArrowLeft") if axis == "x" else ("Shift+ArrowDown", "Shift+ArrowUp")
        there, back = ("ArrowRight", "ArrowLeft") if axis == "x" else ("ArrowDown", "ArrowUp")
        wider = round((box[side] - size * 0.2) / 6)
        press(page, *([grow if wider > 0 else shrink] * abs(wider)))
        away = round((box[axis] - size * 0.4) / 6)
        press(page, *([there if away > 0 else back] * abs(away)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_polygons(browse: Opened, ann: Actor, language: str) -> None:
    found = json.loads((TASKS / "fruit.json").read_text())
    labels = [
        label("date", ("Date", "椰枣"), ORANGE, language),
        label("fig", ("Fig", "无花果"), PINK, language),
        label("hazelnut", ("Hazelnut", "榛子"), YELLOW, language),
    ]
    control = {"name": "fruit", "type": "shapes", "field": "image", "tools": ["polygon", "point"], "labels": labels}
    project = make(
        ann,
        "Fruit" if language == "en" else "水果分割",
        pictured(ann, TASKS / "fruit.jpg"),
        PICTURE,
        [control],
        text="",
        image="image",
    )
    page = browse(f"/projects/{project.pk}/label/", language)
    expect(page.locator(".lp-canvas image")).to_be_visible()
    numbers = {each["value"]: str(number + 1) for number, each in enumerate(labels)}
    for polygon in found["polygons"][:3]:
        press(page, "Escape", numbers[polygon["label"]])
        for x, y in [*polygon["points"], polygon["points"][0]]:
            page.mouse.click(*at(page, x, y))
    expect(page.locator(".lp-shape")).to_have_count(3)
    take_looks(page, "polygons", language)
    press(page, "Enter")
    (answer,) = saved(project, 1)
    for made, polygon in zip(answer["fruit"], found["polygons"], strict=False):
        assert len(made["points"]) == len(polygon["points"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_pairs(browse: Opened, ann: Actor, language: str) -> None:
    rows = rows_of("pairs.jsonl")
    english = language == "en"
    columns = {
        "text": [f"{row['instruction']}\n{row['input']}".strip() for row in rows],
        "first": [row["response1"] for row in rows],
        "second": [row["response2"] for row in rows],
    }
    controls = [
        {"name": "better", "type": "preference", "neither": True},
        {"name": "helpful", "type": "rating", "title": "Helpful" if english else "有用程度", "sides": True},
        {"name": "rewrite", "type": "text", "title": "A better answer" if english else "更好的回答", "required": False},
    ]
    display = [{"type": "text", "field": "text"}, {"type": "pair", "a": "first", "b": "second", "markdown": True}]
    project = make(ann, "PandaLM", columns, display, controls)
    page = browse(f"/projects/{project.pk}/label/", language)
    expect(page.locator(".lp-side")).to_have_count(2)
    press(page, "1")
    for side, step in (("A", 4), ("B", 2)):
        button = page.locator(".lp-scale", has=page.get_by_text(side, exact=True)).get_by_role("button").nth(step - 1)
        press(page, button.get_attribute("aria-keyshortcuts") or "")
    take_looks(page, "pair", language)
    press(page, "Enter")
    (answer,) = saved(project, 1)
    assert answer == {"better": "a", "helpful": {"a": 4, "b": 2}}


def number(said: str) -> float | None:
    return None if said == "NA" else float(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows(browse: Opened, ann: Actor, language: str) -> None:
    with (DATA / "tables" / "penguins_noisy.csv").open() as file:
        rows = list(csv.DictReader(file))[:4]
    titles = (
        ("Bill length (mm)", "Bill depth (mm)", "Flipper (mm)", "Body mass (g)")
        if language == "en"
        else ("喙长（毫米）", "喙深（毫米）", "鳍长（毫米）", "体重（克）")
    )
    fields = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    columns = {
        "text": [row["island"] for row in rows],
        "sex": [None if row["sex"] == "NA" else row["sex"] for row in rows],
        **{field: [number(row[field]) for row in rows] for field in fields},
    }
    sexes = {"field": "sex", "kind": "choice", "options": ["female", "male"]}
    numbers = [
        {"field": field, "kind": "number", "least": 0, "most": 7000, "title": title}
        for field, title in zip(fields, titles, strict=True)
    ]
    asked = [{**sexes, "title": "Sex" if language == "en" else "性别"}, *numbers]
    form = {"name": "row", "type": "form", "columns": asked}
    project = make(
        ann,
        "Penguins" if language == "en" else "企鹅",
        columns,
        [{"type": "value", "field": "text", "title": "Island" if language == "en" else "岛屿"}],
        [form],
    )
    page = browse(f"/projects/{project.pk}/label/", language)
    expect(page.get_by_label(titles[3])).to_have_value("3750")
    press(page, "e", "Tab", "Tab", "Tab", "Tab", "Control+a")
    page.keyboard.type("3755")
    take_looks(page, "form", language)
    press(page, "Enter")
    (answer,) = saved(project, 1)
    assert answer["row"]["body_mass_g"] == 3755


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_and_rating(browse: Opened, ann: Actor, language: str) -> None:
    row = rows_of("pairs.jsonl")[0]
    controls = [
        {
            "name": "summary",
            "type": "text",
            "title": "In one sentence" if language == "en" else "用一句话概括",
            "least": 5,
            "most": 200,
        },
        {
            "name": "quality",
            "type": "rating",
            "title": "Quality of the text" if language == "en" else "文本质量",
            "steps": 5,
            "low": "poor" if language == "en" else "差",
            "high": "excellent" if language == "en" else "优秀",
        },
    ]
    project = make(
        ann,
        "Summaries" if language == "en" else "摘要",
        {"text": [row["response1"], "x"]},
        [{"type": "text", "field": "text"}],
        controls,
    )
    page = browse(f"/projects/{project.pk}/label/", language)
    expect(page.locator(".lp-words")).to_be_visible()
    press(page, "4", "e")
    said = "It says what it is about." if language == "en" else "这段文字说明了主题。"
    page.keyboard.type(said)
    take_looks(page, "words", language)
    press(page, "Control+Enter")
    assert saved(project, 1) == [{"summary": said, "quality": 4}]


TREE = [
    ("clothes", "Clothes", "服装", [("boots", "Boots", "靴子"), ("coats", "Coats", "外套"), ("hats", "Hats", "帽子")]),
    ("food", "Food", "食品", [("tea", "Tea", "茶叶"), ("nuts", "Nuts", "坚果")]),
    ("home", "Home", "家居", []),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_taxonomy(browse: Opened, ann: Actor, language: str) -> None:
    side = 1 if language == "en" else 2
    tree = [
        {
            "value": top[0],
            "title": top[side],
            **({"labels": [{"value": row[0], "title": row[side]} for row in top[3]]} if top[3] else {}),
        }
        for top in TREE
    ]
    texts = (
        ["Brown leather boots, lined, size 38 to 44, ships in two days", "x"]
        if language == "en"
        else ["冬季加绒马丁靴，真皮，防滑耐磨，38 至 44 码，48 小时内发货", "x"]
    )
    project = make(
        ann,
        "Shop" if language == "en" else "商品分类",
        {"text": texts},
        [{"type": "text", "field": "text"}],
        [{"name": "kind", "type": "taxonomy", "labels": tree}],
    )
    page = browse(f"/projects/{project.pk}/label/", language)
    expect(page.locator(".lp-node")).to_have_count(3)
    press(page, "2")
    take_looks(page, "taxonomy", language)
    press(page, "Enter")
    assert saved(project, 1) == [{"kind": ["boots"]}]
