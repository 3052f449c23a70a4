"""Relations drawn over the text: where the arcs run, and choosing them by key and by pointer."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from labeling.models import Project
from tests.e2e.test_task_types import (
    LABELS,
    LOOKS,
    NER,
    PUT_DRAFT,
    Opened,
    ann,
    browse,
    complaints_of_axe,
    make,
    press,
)

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

RELATIONS = [
    {"value": "works for", "color": "#0072b2"},
    {"value": "lives in", "color": "#d55e00"},
    {"value": "上级", "color": "#009e73"},
]
TIES = {"name": "ties", "type": "relations", "spans": "names", "required": False, "labels": RELATIONS}
ENGLISH = (
    "Ada Lovelace worked for Charles Babbage in London, and her mother Annabella Milbanke lived in Kirkby Mallory. "
    "Babbage, who had been born in Walworth, taught at Cambridge, where George Peacock and John Herschel had founded "
    "the Analytical Society with him. Mary Somerville introduced Ada Lovelace to Charles Babbage in June 1833."
)
CHINESE = "王小明在上海的华东医院工作，他的上级李华来自北京，李华的妹妹李梅住在广州，为中山医院工作。" * 2
HEBREW = "יוסי כהן עובד עבור חברת אלביט בחיפה, ואחותו שרה כהן גרה בתל אביב ועובדת עבור אוניברסיטת תל אביב."


def spans_of(text: str, names: list[str]) -> list[dict[str, Any]]:
    """Return a span for each name, found one behind the other."""
    spans, at = [], 0
    for number, name in enumerate(names):
        start = text.index(name, at)
        at = start + len(name)
        label = LABELS[number % 2]["value"]
        spans.append({"id": f"s{number + 1}", "start": start, "end": at, "label": label, "text": name})
    return spans


def opened(
    browse: Opened, ann: Actor, text: str, names: list[str], ties: list[tuple[int, int, int]], *look: Any
) -> tuple[Page, Project]:
    """Open a text whose draft has spans and relations (from, to, number of the label)."""
    project = make(ann, {"text": [text, "next"]}, [NER, TIES])
    page = browse(f"/projects/{project.pk}/label/", *look)
    expect(page.locator(".lp-spans")).to_be_visible()
    answer = {
        "names": spans_of(text, names),
        "ties": [{"from": f"s{a}", "to": f"s{b}", "label": RELATIONS[label]["value"]} for a, b, label in ties],
    }
    task = project.tasks.order_by("pk").first()
    assert task is not None
    script = PUT_DRAFT.replace("{answer: {names: spans}}", "{answer: spans}")
    assert page.evaluate(script, [task.pk, answer]) == 200
    page.reload()
    expect(page.locator("mark").first).to_be_visible()
    expect(page.locator(".lp-arc").first).to_be_visible()
    return page, project


NAMES = [
    "Ada Lovelace", "Charles Babbage", "London", "Annabella Milbanke", "Kirkby Mallory", "Babbage", "Walworth",
    "Cambridge", "George Peacock", "John Herschel", "Analytical Society", "Mary Somerville", "Ada Lovelace",
    "Charles Babbage",
]  # fmt: skip
ARCS = [(1, 2, 0), (1, 3, 1), (2, 3, 1), (4, 5, 1), (6, 7, 1), (6, 8, 0), (9, 11, 0), (10, 11, 0), (12, 13, 2), (1, 14, 0), (4, 1, 2)]  # fmt: skip


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_arcs_over_english(browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int) -> None:
    page, _project = opened(browse, ann, ENGLISH, NAMES, ARCS, language, theme, width, height)
    expect(page.locator(".lp-arc")).to_have_count(len(ARCS)) if width > 600 else None
    page.screenshot(path=f"/tmp/marks/arcs-{width}.png")
    press(page, "}", "}")
    expect(page.locator(".lp-arc[data-chosen]")).to_have_count(1)
    page.screenshot(path=f"/tmp/marks/arcs-chosen-{width}.png")
    assert complaints_of_axe(page) == []


def test_arcs_chinese(browse: Opened, ann: Actor) -> None:
    names = ["王小明", "上海", "华东医院", "李华", "北京", "李梅", "广州", "中山医院"]
    page, _ = opened(
        browse, ann, CHINESE, names, [(1, 3, 0), (1, 2, 1), (4, 1, 2), (4, 5, 1), (6, 7, 1), (6, 8, 0)], "zh-hans"
    )
    page.screenshot(path="/tmp/marks/arcs-zh.png")


def test_arcs_hebrew(browse: Opened, ann: Actor) -> None:
    names = ["יוסי כהן", "אלביט", "בחיפה", "שרה כהן", "בתל אביב", "אוניברסיטת תל אביב"]
    page, _ = opened(
        browse, ann, HEBREW, names, [(1, 2, 0), (1, 3, 1), (4, 5, 1), (4, 6, 0), (4, 1, 2)], "en", "dark", 390, 844
    )
    page.screenshot(path="/tmp/marks/arcs-he.png")
