"""Shapes on a real picture in a real browser: drawn by keyboard alone and by mouse, saved in pixels of the original."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from curation.engine.pictures.taking import take as take_in
from curation.services.media import store_pictures
from labeling.models import Annotation, Project
from labeling.services.project import create_project
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, press, saved
from tests.labeling.versions import version

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

BLOOD = Path(__file__).parent.parent / "data" / "pictures" / "blood_cells.jpg"
LABELS = [
    {"value": "RBC", "title": "Red blood cell", "color": "#d55e00"},
    {"value": "WBC", "title": "White blood cell", "color": "#0072b2"},
]
TOOLS = ["box", "rotated_box", "polygon", "point"]


def make(actor: Actor, copies: int = 2, **control: Any) -> Project:
    taken = take_in(BLOOD.read_bytes(), BLOOD.name)
    store_pictures(organization_id=actor.organization_id, pictures=[taken])
    columns = {
        "image": [taken.sha256] * copies,
        "image_width": [taken.width] * copies,
        "image_height": [taken.height] * copies,
    }
    made = version(actor, columns, text="", image="image")
    shapes = {"name": "cells", "type": "shapes", "field": "image", "tools": TOOLS, "labels": LABELS, **control}
    schema = {"display": [{"type": "image", "field": "image"}], "controls": [shapes]}
    project, _job = create_project(actor=actor, version_id=made.pk, name="Cells", schema=schema)
    eventually(lambda: project.tasks.count() == copies)
    return project


def opened(page: Page) -> None:
    expect(page.locator(".lp-canvas image")).to_be_visible()


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where on the screen a pixel of the picture lies."""
    found = page.evaluate(
        """([x, y]) => { const svg = document.querySelector('.lp-canvas');
        const place = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM()); return [place.x, place.y]; }""",
        [x, y],
    )
    return found[0], found[1]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, *end), steps=5)
    page.mouse.up()


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_boxes_by_keyboard_alone(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = make(ann)
    page = browse(f"/projects/{project.pk}/label/", language, theme, width, height)
    opened(page)
    press(page, "2", "n", "ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowRight", "Control+ArrowDown")
    press(page, "t", "n", "1", ")", ")", "[")
    expect(page.locator(".lp-chip")).to_have_count(2)
    assert complaints_of_axe(page) == []
    press(page, "Enter")
    (answer,) = saved(project, 1)
    first, second = answer["cells"]
    # A fifth of 640 x 480 in the middle; a step is a hundredth of the longer side, six pixels.
    assert first == {
        "id": "s1", "type": "box", "label": "WBC", "x": 268, "y": 187, "width": 134, "height": 96
    }  # fmt: skip
    assert (second["type"], second["label"], second["angle"]) == ("rotated_box", "RBC", 4)


def test_every_tool_by_mouse_and_back_again(browse: Opened, ann: Actor) -> None:
    project = make(ann)
    page = browse(f"/projects/{project.pk}/label/")
    opened(page)
    drag(page, (100, 100), (200, 180))
    drag(page, (150, 140), (170, 150))
    drag(page, (220, 190), (230, 200))
    page.get_by_role("button", name="Polygon").click()
    for place in ((300, 100), (400, 100), (400, 200)):
        page.mouse.click(*at(page, *place))
    press(page, "Enter")
    page.get_by_role("button", name="Key point").click()
    page.mouse.click(*at(page, 500, 400))
    page.get_by_role("button", name="White blood cell").click()
    page.locator(".lp-submit").click()
    (answer,) = saved(project, 1)
    box, ring, spot = answer["cells"]
    places = [box["x"], box["y"], box["width"], box["height"]]
    assert places == pytest.approx([120, 110, 110, 90], abs=3)
    assert [value for point in ring["points"] for value in point] == pytest.approx(
        [300, 100, 400, 100, 400, 200], abs=2
    )
    assert (spot["label"], spot["x"], spot["y"]) == ("WBC", pytest.approx(500, abs=2), pytest.approx(400, abs=2))
    press(page, "k")
    expect(page.locator(".lp-shape")).to_have_count(3)
    page.locator(".lp-chip-text").first.click()
    press(page, "Delete", "Enter")
    eventually(lambda: Annotation.objects.filter(project=project, revision=2).exists())
    assert [shape["type"] for shape in saved(project, 1)[0]["cells"]] == ["polygon", "point"]


def test_zoom_keeps_the_place_under_the_pointer_and_pixels_stay_true(browse: Opened, ann: Actor) -> None:
    project = make(ann, tools=["box"])
    page = browse(f"/projects/{project.pk}/label/")
    opened(page)
    page.mouse.move(*at(page, 160, 120))
    for _ in range(6):
        page.mouse.wheel(0, -100)
    expect(page.locator(".lp-tool-wide")).not_to_have_text("100%")
    drag(page, (150, 110), (170, 130))
    press(page, "Enter")
    (answer,) = saved(project, 1)
    (box,) = answer["cells"]
    assert [box["x"], box["y"], box["width"], box["height"]] == pytest.approx([150, 110, 20, 20], abs=1)


def test_an_attribute_that_must_be_said_holds_the_answer_back(browse: Opened, ann: Actor) -> None:
    attributes = [{"name": "border", "title": "At the border", "options": ["whole", "cut off"], "required": True}]
    project = make(ann, tools=["box"], attributes=attributes)
    page = browse(f"/projects/{project.pk}/label/")
    opened(page)
    press(page, "n")
    expect(page.locator(".lp-submit")).to_be_disabled()
    page.get_by_label("At the border").select_option("cut off")
    press(page, "Enter")
    assert saved(project, 1)[0]["cells"][0]["attributes"] == {"border": "cut off"}


def test_a_picture_that_cannot_be_fetched_says_so_and_can_be_skipped(browse: Opened, ann: Actor) -> None:
    project = make(ann)
    page = browse("/projects/")
    page.route("**/api/v1/pictures/**", lambda route: route.abort())
    page.goto(f"/projects/{project.pk}/label/")
    expect(page.get_by_role("alert")).to_contain_text("can't be fetched")
    press(page, "s")
    expect(page.get_by_role("dialog")).to_be_visible()
