"""Labeling rules in a real browser: written, tried, applied by a real worker, and seen as suggestions."""

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from labeling.models import LabelingRule, Suggestion
from labeling.services.rule import add_rule
from labeling.services.rule_run import start_rules
from tests.e2e.test_grid_page import fits, project_of
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, look_of, take

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

JOB = 180_000


def test_a_rule_is_written_tried_and_applied_by_keyboard(browse: Opened, ann: Actor) -> None:
    project = project_of(ann, suggest_every=0)
    page = browse(f"/projects/{project.pk}/rules/")
    page.get_by_role("link", name="New rule").first.press("Enter")
    page.get_by_label("Label that it votes for").select_option("spam")
    expect(page.get_by_label("Search pattern")).to_be_hidden()
    page.get_by_label("Words or phrases, one a line").fill("free\nprize\n大奖")
    page.get_by_label("Words or phrases, one a line").press("Control+Enter")
    expect(page.get_by_text("of 90 items hit")).to_be_visible()
    assert not LabelingRule.objects.exists()
    page.get_by_label("Name", exact=True).fill("gifts")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_role("link", name="gifts")).to_be_visible()
    page.get_by_role("button", name="Apply the rules").press("Enter")
    expect(page.get_by_text("annotators see the suggestions as")).to_be_visible(timeout=JOB)
    eventually(lambda: Suggestion.objects.filter(project=project).count() == 36)
    page.goto(f"/projects/{project.pk}/label/")
    expect(page.get_by_text("labeling rules 1").first).to_be_visible()


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_the_pages_fit_and_complain_of_nothing(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann, suggest_every=0)
    for name, label, kind, params in (
        ("gifts", "spam", "keyword", {"terms": ["free", "prize", "大奖", "免费"]}),
        ("urgent calls", "spam", "regex", {"pattern": r"urgent|call now|account will be (closed|blocked)"}),
        (
            "meetings",
            "ham",
            "dictionary",
            {"terms": ["see you", "tomorrow", "六点", "明天见", "tonight", "lunch", "home"]},
        ),
        ("times", "ham", "keyword", {"terms": ["six"]}),
    ):
        add_rule(actor=ann, project_id=project.pk, name=name, label=label, kind=kind, params=params)
    job = start_rules(actor=ann, project_id=project.pk)
    eventually(lambda: bool(type(job).objects.get(pk=job.pk).finished_at))
    page = browse(f"/projects/{project.pk}/rules/", language, theme, width, height)
    expect(page.locator("tbody tr")).to_have_count(4)
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    take(page, "rules", look_of(language, width))
    page.locator("tbody th a").nth(1).click()
    page.locator("[name=try]").click()
    expect(page.locator(".stats")).to_be_visible()
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    take(page, "rule", look_of(language, width))
