"""Other questions while people label: the editor and its preview, the open page's notice, and answers by address."""

from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from labeling.models import Annotation, Project
from labeling.services.project import create_project, schema_for_labels
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, press, saved, take
from tests.labeling.versions import version

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def project_of(ann: Actor, **fields: Any) -> Project:
    made = version(ann, {"text": [f"text {number}" for number in range(1, 31)]})
    schema = schema_for_labels(labels=["ham", "spam", "junk"], text_field="text")
    schema["controls"][0]["multiple"] = True
    project, _job = create_project(actor=ann, version_id=made.pk, name="Messages", schema=schema, **fields)
    eventually(lambda: project.tasks.count() == made.row_count)
    return project


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_questions_are_changed_while_somebody_labels_and_nothing_is_lost(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann, lease_seconds=15)
    page = browse(f"/projects/{project.pk}/label/", language, theme, width, height)
    expect(page.locator(".lp-text")).to_have_text("text 1")
    press(page, "2", "Enter")
    expect(page.locator(".lp-text")).to_have_text("text 2")
    press(page, "3", "Enter")
    saved(project, 2)
    # Begun and not sent.
    press(page, "1")

    other = browse(f"/projects/{project.pk}/questions/", language, theme, width, height)
    other.get_by_role("textbox", name="Labels" if language == "en" else "标签", exact=True).fill("ham [1]\nscam [2]")
    other.locator("form.form .form-actions button").last.click()
    expect(other.locator("#preview tbody").first).to_contain_text("spam")
    other.locator("#preview select").first.select_option("to:scam")
    other.locator("#preview select").nth(1).select_option("again")
    other.locator("#preview button[value=preview]").click()
    expect(other.locator("#preview .kinds li")).to_have_count(2)
    take(other, f"questions-{language}-{width}")
    assert complaints_of_axe(other) == []
    other.locator("#preview button[value=save]").click()
    eventually(lambda: Annotation.objects.filter(project=project, schema_revision=2).count() == 1)
    assert Annotation.objects.get(project=project).answer == {"label": ["scam"]}

    notice = page.get_by_role("alert")
    expect(notice).to_be_visible()
    take(page, f"questions-notice-{language}-{width}")
    assert complaints_of_axe(page) == []
    notice.get_by_role("button").click()
    expect(page.locator(".lp-text")).to_have_text("text 3")
    expect(page.get_by_role("button", name="ham")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="junk")).to_have_count(0)
    press(page, "Enter")
    assert {"label": ["ham"]} in saved(project, 2)


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_answers_are_looked_through_by_keys_and_opened_by_their_address(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann)
    page = browse(f"/projects/{project.pk}/label/", language, theme, width, height)
    for number, key in ((1, "1"), (2, "2"), (3, "1")):
        expect(page.locator(".lp-text")).to_have_text(f"text {number}")
        press(page, key, "Enter")
    saved(project, 3)
    page.goto(f"/projects/{project.pk}/results/?label=label%3Dham")
    expect(page.locator("[data-row]")).to_have_count(2)
    take(page, f"results-{language}-{width}")
    assert complaints_of_axe(page) == []
    press(page, "j", "j", "k", "j", "Enter")
    expect(page.locator(".lp-past")).to_be_visible()
    expect(page.locator(".lp-text")).to_have_text("text 1")
    assert "annotation=" in page.url
    # The address opens the same answer again, and the answer can be changed there.
    page.goto(page.url)
    expect(page.locator(".lp-text")).to_have_text("text 1")
    press(page, "1", "2", "Enter")
    eventually(lambda: Annotation.objects.get(task__item_id=1, project=project).answer == {"label": ["spam"]})
    press(page, "ArrowRight")
    expect(page.locator(".lp-past")).to_have_count(0)
