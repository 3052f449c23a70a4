"""The model in the loop in a real browser: the curve, the order, and the reason beside a suggestion."""

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from labeling.models import Project
from labeling.services.ordering import order_tasks
from labeling.services.suggestion import store_suggestions
from tests.e2e.screenshots import take as picture
from tests.e2e.test_grid_page import fits, project_of
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe
from tests.labeling.pages.test_learning import LEARNING

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
WHY = {"en": "A close call between two labels", "zh-hans": "两个标签难分高下"}


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_the_curve_the_order_and_the_reason_are_shown(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann, suggest_every=0)
    Project.objects.filter(pk=project.pk).update(learning=LEARNING)
    rows = [(item, {"label": ["spam"]}, 0.52) for item in (7, 8)]
    store_suggestions(actor=ann, project_id=project.pk, source="quick head 1", rows=rows, reasons={7: "close_call"})
    order_tasks(project_id=project.pk, items=[7, 8])

    page = browse(f"/projects/{project.pk}/", language, theme, width, height)
    expect(page.locator("line-chart polyline")).to_have_count(2)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if (language, theme, width) == ("en", "light", 1280):
        picture(page, "learning", ready="line-chart polyline", at="line-chart")

    page.goto(page.url + "label/")
    expect(page.locator(".lp-why")).to_have_text(WHY[language])
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if (language, theme, width) == ("en", "light", 1280):
        picture(page, "reason")
    page.keyboard.press("Enter")
    # The next task has a suggestion and no reason.
    expect(page.locator(".lp-sheet")).to_contain_text("(8)")
    expect(page.locator(".lp-why")).to_have_count(0)

    page.goto(page.url.replace("label/", ""))
    page.locator("#id_order").select_option("came")
    with page.expect_navigation():
        page.locator("form[action$='/order/'] button").click()
    expect(page.locator("#id_order")).to_have_value("came")
    project.refresh_from_db()
    assert project.order == "came"
