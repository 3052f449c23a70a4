"""The preview of changed copies in a real browser: spans and shapes drawn on both sides, at two widths, in Chinese."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from curation.engine.pictures.taking import take
from curation.models import Run, Version
from curation.services.media import store_pictures
from tests.curation import history
from tests.e2e.screenshots import take_now
from tests.e2e.test_common_pages import open_page, sign_in, violations
from tests.e2e.test_meaning_page import imported
from tests.e2e.test_review_page import boss

__all__ = ["boss", "open_page"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
DATA = Path(__file__).parents[1] / "data"
WAIT = 60_000
TEXTS = """steps:
- name: augment
  params:
    policy: |
      version: 1
      copies: 2
      steps:
      - use: delete_words
        share: 0.2
      - use: keyboard
"""
PICTURES = """steps:
- name: augment
  params:
    split_column: ''
    policy: |
      version: 1
      steps:
      - use: mirror
      - use: turn
"""

LOOKS_OF = {1280: "desktop-en", 390: "phone-zh"}


def tried(page: Page, version: Version, plan: str) -> None:
    page.goto(f"/versions/{version.pk}/curate/")
    page.get_by_role("tab", name="YAML").click()
    page.locator("[name=plan]").fill(plan)
    page.locator("button[name=preview]").click()
    expect(page.locator("#plan-preview .copy-sides").first).to_be_visible(timeout=WAIT)


def test_spans_are_drawn_on_both_sides_and_the_run_says_what_was_added(boss: Actor, open_page: Any) -> None:
    rows = []
    for line in (DATA / "tasks" / "spans.jsonl").read_text().splitlines()[:12]:
        row = json.loads(line)
        rows.append({"text": row["text"], "split": "train", "entities": json.dumps(row["spans"], ensure_ascii=False)})
    data = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    version = imported(boss, "Entities", "entities.jsonl", data)
    for language, width in (("en", 1280), ("zh-hans", 390)):
        page = open_page(language, width=width)
        sign_in(page)
        tried(page, version, TEXTS)
        expect(page.locator(".plan-copies > li")).to_have_count(3)
        assert page.locator(".copy-sides > div").count() == 6
        assert page.locator(".copy-span").count() >= 2
        assert page.locator(".plan-copies ins, .plan-copies del").count() >= 3
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []
        take_now(page, f"copies-texts-{LOOKS_OF[width]}", ".plan-copies")
    run = Run.objects.count()
    page.get_by_role("tab", name="YAML").click()
    page.locator(".plan-actions .button-primary").click()
    page.wait_for_url("**/runs/*/")
    assert Run.objects.count() == run + 1


@pytest.fixture
def pictures(boss: Actor) -> Version:
    """Two photos with boxes and polygons."""
    folder = DATA / "tasks"
    fruit = json.loads((folder / "fruit.json").read_text())
    cells = json.loads((folder / "blood_cells.json").read_text())
    taken = [take((folder / "fruit.jpg").read_bytes()), take((DATA / "pictures" / "blood_cells.jpg").read_bytes())]
    store_pictures(organization_id=boss.organization_id, pictures=taken)
    shapes = [
        [{"type": "polygon", **shape} for shape in fruit["polygons"]],
        [{"type": "box", **shape} for shape in (cells["boxes"] if isinstance(cells, dict) else cells)],
    ]
    columns = {
        "item_id": [1, 2],
        "image": [one.sha256 for one in taken],
        "image_width": [one.width for one in taken],
        "image_height": [one.height for one in taken],
        "shapes": [json.dumps(each) for each in shapes],
    }
    return history.version(boss, columns, image="image", text="")


def test_shapes_are_drawn_over_both_pictures(boss: Actor, pictures: Version, open_page: Any) -> None:
    for language, width in (("en", 1280), ("zh-hans", 390)):
        page = open_page(language, width=width)
        sign_in(page)
        tried(page, pictures, PICTURES)
        expect(page.locator(".plan-copies > li")).to_have_count(2)
        expect(page.locator("svg.copy-picture")).to_have_count(4)
        before, after = (page.locator("svg.copy-picture").nth(place) for place in range(2))
        assert 0 < after.locator(".copy-shape").count() <= before.locator(".copy-shape").count()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []
        take_now(page, f"copies-pictures-{LOOKS_OF[width]}", ".plan-copies")
