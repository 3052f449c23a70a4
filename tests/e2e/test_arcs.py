"""Relations drawn over the text: where the arcs run, and choosing them by key and by pointer."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from labeling.models import Project
from tests.e2e.test_real_content import take_looks
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
    saved,
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
ARCS = [
    (1, 2, 0), (1, 3, 1), (2, 3, 1), (4, 5, 1), (6, 7, 1), (6, 8, 0), (9, 11, 0), (10, 11, 0), (12, 13, 2), (1, 14, 0),
    (4, 1, 2),
]  # fmt: skip


# Twice the same, so that relations also go from line to line on a wide window.
CHINESE_NAMES = ["王小明", "上海", "华东医院", "李华", "北京", "李梅", "广州", "中山医院"]
CHINESE_ARCS = [(1, 3, 0), (1, 2, 1), (4, 1, 2), (4, 5, 1), (6, 7, 1), (6, 8, 0)]
HEBREW_NAMES = ["יוסי כהן", "אלביט", "בחיפה", "שרה כהן", "בתל אביב", "אוניברסיטת תל אביב"]
HEBREW_ARCS = [(1, 2, 0), (1, 3, 1), (4, 5, 1), (4, 6, 0), (4, 1, 2)]
TEXTS = [
    pytest.param(ENGLISH, NAMES, ARCS, id="english"),
    pytest.param(CHINESE, CHINESE_NAMES, CHINESE_ARCS, id="chinese"),
    pytest.param(HEBREW, HEBREW_NAMES, HEBREW_ARCS, id="right-to-left"),
]
# For each arc: how far its ends are from its spans, and how many of its points lie on text. Measured in the page by
# what the browser has laid out, once from the arcs and once from the text.
MEASURE = """() => {
  const svg = document.querySelector('.lp-arcs').getBoundingClientRect();
  const lines = [...document.querySelectorAll('.lp-spans [data-from]')].flatMap((block) => {
    const range = document.createRange();
    range.selectNodeContents(block);
    return [...range.getClientRects()];
  });
  const first = (key) => [...document.querySelectorAll('.lp-spans mark')]
    .find((mark) => mark.dataset.spans.split(' ').includes(key))?.getClientRects()[0];
  return [...document.querySelectorAll('.lp-arc')].map((arc) => {
    const line = arc.querySelector('.lp-arc-line');
    const [, ties] = arc.dataset.arc.split('ties/');
    const [from, to] = ties.split(' ').map((id) => first(`names/${id}`));
    const all = line.getTotalLength();
    const at = (length) => { const { x, y } = line.getPointAtLength(length); return [x + svg.left, y + svg.top]; };
    const off = (rect, [x, y]) => Math.max(rect.left - x, x - rect.right, 0) + Math.abs(rect.top - y);
    const points = Array.from({length: Math.ceil(all / 3)}, (_, i) => at(i * 3));
    const onText = points.filter(([x, y]) => lines.some((rect) =>
      x > rect.left + 1 && x < rect.right - 1 && y > rect.top + 3 && y < rect.bottom - 1)).length;
    return {start: off(from, at(0)), end: off(to, at(all)), onText};
  });
}"""


def assert_arcs_are_right(page: Page, most: int) -> None:
    """Both ends of every arc at its spans, and nothing of it on the text."""
    expect(page.locator(".lp-arc")).to_have_count(most)
    page.wait_for_timeout(150)
    found = page.evaluate(MEASURE)
    assert len(found) == most
    assert [row for row in found if row["start"] > 2 or row["end"] > 7 or row["onText"] > 0] == []


@pytest.mark.parametrize(("text", "names", "ties"), TEXTS)
def test_arcs_are_right_through_wraps_windows_and_sizes(
    browse: Opened, ann: Actor, text: str, names: list[str], ties: list[tuple[int, int, int]]
) -> None:
    page, _project = opened(browse, ann, text, names, ties, "en", "light", 1280, 1400)
    assert_arcs_are_right(page, len(ties))
    for width, height in ((700, 2400), (390, 3200), (1000, 1500)):
        page.set_viewport_size({"width": width, "height": height})
        assert_arcs_are_right(page, len(ties))
    # Larger letters, as in the settings.
    page.evaluate("document.querySelector('.lp').dataset.text = 'large'")
    assert_arcs_are_right(page, len(ties))


# Of the arcs with both ends in the window: how far the ends are from their spans.
OFF = """() => {
  const svg = document.querySelector('.lp-arcs').getBoundingClientRect();
  const view = document.querySelector('.lp-main').getBoundingClientRect();
  const first = new Map();
  for (const mark of document.querySelectorAll('.lp-spans mark')) {
    for (const key of mark.dataset.spans.split(' ')) if (!first.has(key)) first.set(key, mark.getClientRects()[0]);
  }
  const off = (rect, { x, y }) =>
    Math.max(rect.left - x - svg.left, x + svg.left - rect.right, 0) + Math.abs(rect.top - y - svg.top);
  return [...document.querySelectorAll('.lp-arc')].flatMap((arc) => {
    const line = arc.querySelector('.lp-arc-line');
    const ends = arc.dataset.arc.split('ties/')[1].split(' ').slice(0, 2).map((id) => first.get(`names/${id}`));
    if (ends.some((rect) => rect === undefined || rect.top < view.top || rect.bottom > view.bottom)) return [];
    const all = line.getTotalLength();
    return [Math.max(off(ends[0], line.getPointAtLength(0)), off(ends[1], line.getPointAtLength(all)))];
  });
}"""


def test_of_a_long_text_only_what_is_near_is_drawn_and_it_stays_right_while_scrolling(
    browse: Opened, ann: Actor
) -> None:
    words = [f"word{number:05d}" for number in range(10_000)]
    ties = [(3 * n + 1, 3 * n + 2 + n % 2, n % 3) for n in range(300)]
    page, _project = opened(browse, ann, " ".join(words), words[::10], ties, "en", "light", 1280, 1800)
    box = page.locator(".lp-main")
    expect(page.locator(".lp-spans")).to_have_attribute("aria-busy", "false")
    for part in (0, 0.2, 0.5, 0.85, 0.35, 0):
        box.evaluate("(box, part) => { box.scrollTop = part * (box.scrollHeight - box.clientHeight); }", part)
        page.wait_for_timeout(250)
        off = page.evaluate(OFF)
        assert off, f"no arc at {part}"
        assert max(off) <= 7
        assert page.locator(".lp-arc").count() < 60


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_relations_are_chosen_changed_and_hidden_by_key(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    page, project = opened(browse, ann, ENGLISH, NAMES, ARCS, language, theme, width, height)
    chosen = page.locator(".lp-arc[data-chosen]")
    press(page, "}")
    expect(chosen.locator("title")).to_have_text("works for")
    press(page, "}", "{", "4")
    expect(chosen.locator("title")).to_have_text("lives in")
    assert complaints_of_axe(page) == []
    press(page, "r", "Shift+R")
    expect(page.locator(".lp-arcs")).to_have_count(0)
    press(page, "Shift+R")
    expect(chosen).to_have_count(1)
    press(page, "Delete", "Enter")
    (answer,) = saved(project, 1)
    assert len(answer["ties"]) == len(ARCS) - 1
    assert {"from": "s1", "to": "s2", "label": "works for"} not in answer["ties"]


def test_a_press_on_an_arc_chooses_it_and_a_press_on_the_text_still_marks(browse: Opened, ann: Actor) -> None:
    page, project = opened(browse, ann, ENGLISH, NAMES, ARCS, "en", "light", 1280, 1400)
    name = page.locator(".lp-arc-name").nth(2)
    tie = (name.get_attribute("data-arc") or "").split("ties/")[1]
    name.click()
    expect(page.locator(".lp-arc[data-chosen]")).to_have_attribute("data-arc", f"ties/{tie}")
    place = page.evaluate(
        """() => { const line = document.querySelector('.lp-arc:not([data-chosen]) .lp-arc-line');
        const box = document.querySelector('.lp-arcs').getBoundingClientRect();
        const { x, y } = line.getPointAtLength(line.getTotalLength() * 0.3); return [x + box.left, y + box.top]; }"""
    )
    page.mouse.click(*place)
    expect(page.locator(f".lp-arc[data-chosen][data-arc='ties/{tie}']")).to_have_count(0)
    expect(page.locator(".lp-arc[data-chosen]")).to_have_count(1)
    page.locator("mark").first.click()
    expect(page.locator(".lp-arc[data-chosen]")).to_have_count(0)
    expect(page.locator("mark[data-active]")).to_have_text("Ada Lovelace")
    assert project.tasks.count() == 2


@pytest.mark.parametrize(("language", "text", "names", "ties"), [
    pytest.param("en", ENGLISH, NAMES, ARCS, id="english"),
    pytest.param("zh-hans", CHINESE, CHINESE_NAMES, CHINESE_ARCS, id="chinese"),
])  # fmt: skip
def test_pictures_of_relations(
    browse: Opened, ann: Actor, language: str, text: str, names: list[str], ties: list[tuple[int, int, int]]
) -> None:
    page, _project = opened(browse, ann, text, names, ties, language)
    press(page, "}")
    expect(page.locator(".lp-arc[data-chosen]")).to_have_count(1)
    take_looks(page, "relations", language)
