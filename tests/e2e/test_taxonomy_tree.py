"""The tree of a taxonomy by keyboard, in a real browser: the keys of a tree view, beside those of the labels."""

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.actor import Actor
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, look_of, make, press, saved, take

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TREE = [
    {
        "value": "clothes",
        "title": "衣物 Clothes",
        "labels": [
            {"value": "shoes", "labels": [{"value": "boots"}, {"value": "sandals"}]},
            {"value": "coats"},
        ],
    },
    {"value": "food", "labels": [{"value": "tea"}]},
]
KIND = {"name": "kind", "type": "taxonomy", "title": "Kind", "labels": TREE}


def item(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem", name=name, exact=True)


def into_tree(page: Page) -> None:
    """Go from the top of the page to the tree by Tab alone."""
    for _press in range(30):
        press(page, "Tab")
        if page.locator(".lp-node:focus").count():
            return
    raise AssertionError("Tab never leads into the tree")


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_a_tree_is_walked_opened_closed_and_answered_by_its_keys(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = make(ann, {"text": ["Brown boots", "Tea", "A coat"]}, [KIND])
    page = browse(f"/projects/{project.pk}/label/", language, theme, width, height)
    expect(page.get_by_role("tree", name="Kind")).to_be_visible()
    into_tree(page)
    clothes = item(page, "衣物 Clothes")
    expect(clothes).to_be_focused()
    expect(clothes).to_have_attribute("aria-expanded", "false")
    press(page, "ArrowRight")
    expect(clothes).to_have_attribute("aria-expanded", "true")
    press(page, "ArrowRight", "ArrowRight")
    expect(item(page, "shoes")).to_be_focused()
    press(page, "ArrowDown")
    boots = item(page, "boots")
    expect(boots).to_be_focused()
    expect(boots).to_have_attribute("aria-level", "3")
    expect(page.locator(".lp-node[tabindex='0']")).to_have_count(1)
    take(page, "taxonomy-keys", look_of(language, width))
    assert complaints_of_axe(page) == []
    press(page, "End")
    expect(item(page, "food")).to_be_focused()
    press(page, "Home", "ArrowUp")
    expect(clothes).to_be_focused()
    # Out by the left: from a leaf to the branch, then the branch closes.
    press(page, "ArrowDown", "ArrowDown", "ArrowLeft")
    expect(item(page, "shoes")).to_be_focused()
    press(page, "ArrowLeft")
    expect(boots).to_have_count(0)
    press(page, "ArrowRight", "ArrowRight", "Space")
    expect(boots).to_have_attribute("aria-selected", "true")
    # A branch closes over what is chosen in it, and the choice stays.
    press(page, "ArrowLeft", "ArrowLeft")
    expect(boots).to_have_count(0)
    press(page, "Control+Enter")
    expect(page.locator(".lp-text")).to_contain_text("Tea")
    # The keys of labels work from within the tree too, and show what they chose.
    press(page, "7")
    tea = item(page, "tea")
    expect(tea).to_have_attribute("aria-selected", "true")
    press(page, "Control+Enter")
    expect(page.locator(".lp-text")).to_contain_text("A coat")
    if not page.locator(".lp-node:focus").count():
        into_tree(page)
    # What was opened by hand is open still; what was closed is closed.
    press(page, "Home", "ArrowRight", "ArrowDown", "Enter")
    expect(item(page, "coats")).to_have_attribute("aria-selected", "true")
    press(page, "Control+Enter")
    assert saved(project, 3) == [{"kind": ["boots"]}, {"kind": ["tea"]}, {"kind": ["coats"]}]


def test_branches_that_cannot_be_chosen_open_by_enter(browse: Opened, ann: Actor) -> None:
    project = make(ann, {"text": ["Brown boots"]}, [{**KIND, "leaves_only": True, "multiple": True}])
    page = browse(f"/projects/{project.pk}/label/")
    expect(page.get_by_role("tree", name="Kind")).to_have_attribute("aria-multiselectable", "true")
    into_tree(page)
    press(page, "Enter")
    clothes = item(page, "衣物 Clothes")
    expect(clothes).to_have_attribute("aria-expanded", "true")
    assert clothes.get_attribute("aria-selected") is None
    press(page, "End", "Enter", "ArrowDown", "Enter", "Home", "ArrowDown", "ArrowDown", "Space")
    assert complaints_of_axe(page) == []
    press(page, "Control+Enter")
    assert [sorted(row["kind"]) for row in saved(project, 1)] == [["coats", "tea"]]
