"""Automatic acceptance in a real browser: switched on, measured while people answer, switched off by its audit."""

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from labeling.models import Project
from tests.e2e.screenshots import take as picture
from tests.e2e.test_grid_page import fits, project_of
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, press
from tests.labeling.services.test_acceptance import HAM, SPAM, accept, answer, audits
from workers.models import Job

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
OFF = {"en": "It switched itself off.", "zh-hans": "自动接受已自行关闭。"}


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_what_the_audit_says_is_shown_and_switches_it_off(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann, 240, suggest_every=0)
    page = browse(f"/projects/{project.pk}/model/", language, theme, width, height)
    expect(page.locator(".chip-good")).to_have_count(0)
    # By keyboard alone: the settings, and then the switch.
    page.locator("#id_target").focus()
    page.locator("#id_target").fill("90")
    with page.expect_navigation():
        press(page, "Enter")
    expect(page.locator("#id_target")).to_have_value("90")
    page.locator("form:has(input[name=accepts]) button").focus()
    with page.expect_navigation():
        press(page, "Enter")
    expect(page.locator(".chip-good")).to_have_count(1)
    eventually(lambda: not Job.objects.filter(kind="modeling.suggest", finished_at=None).exists())
    assert Project.objects.get(pk=project.pk).accepts

    project.refresh_from_db()
    accept(project, list(range(1, 101)))
    accept(project, list(range(101, 201)), job=2)
    sample = audits(project)
    answer(ann, project, sample[:28], SPAM)
    answer(ann, project, sample[28:29], HAM)
    look_again(page)
    expect(page.locator(".precision-plot .point")).to_have_count(1)
    expect(page.locator(".precision-plot .below")).to_have_count(0)
    expect(page.locator("tbody tr")).to_have_count(2)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if (language, theme, width) == ("en", "light", 1280):
        picture(page, "acceptance")

    answer(ann, project, sample[29:], HAM)
    eventually(lambda: not Job.objects.filter(kind="labeling.give_back", finished_at=None).exists())
    look_again(page)
    expect(page.locator(".notice-warn")).to_contain_text(OFF[language])
    assert not Project.objects.get(pk=project.pk).accepts
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if (language, theme, width) == ("en", "light", 1280):
        picture(page, "acceptance-off")
    page.goto(page.url.replace("model/", ""))
    assert fits(page, width)


def look_again(page: Page) -> None:
    """Load the page anew; while it shows a job it would load itself, and two loads at once end each other."""
    expect(page.locator("job-progress")).to_have_count(0)
    page.reload()


def test_a_manager_gives_back_what_is_less_sure(browse: Opened, ann: Actor) -> None:
    project = project_of(ann, 120, suggest_every=0)
    page = browse(f"/projects/{project.pk}/model/", "en", "light", 1280, 900)
    with page.expect_navigation():
        page.locator("form:has(input[name=accepts]) button").click()
    expect(page.locator(".chip-good")).to_have_count(1)
    project.refresh_from_db()
    accept(project, list(range(1, 81)))
    look_again(page)
    page.locator("#id_below").fill("98")
    page.locator("form:has(#id_below) button").click()
    with page.expect_navigation():
        page.locator("dialog button.button-primary, dialog button.button-danger").first.click()
    eventually(lambda: not project.tasks.filter(by_model=True).exists())
    # The page loads itself anew when the job has ended.
    expect(page.locator("#id_below")).to_have_count(0)
