"""Suggestions from outside in a real browser, with a real worker and a real server: by keyboard, in both languages."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from labeling.models import Annotation, Backend, Suggestion
from labeling.services.prediction_import import store_predictions
from tests.e2e.screenshots import looks_of
from tests.e2e.test_grid_page import fits, project_of
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, look_of, take
from tests.labeling.suggesting import Model, by_length

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
JOB = 60_000


@pytest.fixture(scope="module", autouse=True)
def _allowed() -> Iterator[None]:
    """Let this module's worker ask this machine; the web server only looks at the form of a name."""
    os.environ["ASSAY_FETCH_ALLOWED_HOSTS"] = "localhost"
    yield
    del os.environ["ASSAY_FETCH_ALLOWED_HOSTS"]


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model(lambda path, said: by_length(path, _with_numbers(said)))
    made.url = made.url.replace("127.0.0.1", "localhost")
    yield made
    made.server.shutdown()
    made.server.server_close()


def _with_numbers(said: dict) -> dict:  # type: ignore[type-arg]
    """Texts end in "(3)", and the server reads the number at the end."""
    for task in said.get("tasks", []):
        task["data"]["text"] = task["data"]["text"].rstrip(")").replace("(", " ")
    return said


@pytest.mark.parametrize(("language", "theme", "width", "height"), looks_of(LOOKS))
def test_a_server_is_named_tested_and_asked_by_keyboard(
    browse: Opened, ann: Actor, model: Model, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann, 6, suggest_every=0)
    page = browse(f"/projects/{project.pk}/suggestions/", language, theme, width, height)
    assert complaints_of_axe(page) == []
    page.locator("#id_url").focus()
    page.keyboard.type(model.url)
    page.keyboard.press("Enter")
    # The page loads itself anew when the job has ended.
    expect(page.locator("#server .notice-good")).to_be_visible(timeout=JOB)
    assert Backend.objects.get(project=project).state == "up"
    page.locator("#id_tasks").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(page.locator("#server .stats b").first).to_have_text("4", timeout=JOB)
    assert Suggestion.objects.filter(project=project).count() == 5
    store_predictions(
        actor=ann, project_id=project.pk, source="gpt 4", rows=[{"item": 6, "answer": {"label": ["spam"]}}]
    )
    take(page, "suggestions", look_of(language, width))
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    page.goto(f"{page.url.partition('/suggestions/')[0]}/label/")
    expect(page.locator(".lp-suggestion")).to_contain_text("localhost")
    page.keyboard.press("a")
    eventually(lambda: Annotation.objects.filter(project=project, accepted_suggestion=True).count() == 1)


def test_a_server_that_does_not_answer_says_why(browse: Opened, ann: Actor, model: Model) -> None:
    model.server.shutdown()
    model.server.server_close()
    project = project_of(ann, 2, suggest_every=0)
    page = browse(f"/projects/{project.pk}/suggestions/", "en", "light", 1280, 800)
    page.locator("#id_url").fill("ftp://models.example.org")
    page.keyboard.press("Enter")
    expect(page.locator("#server .errorlist, #server .field-error, #server [role=alert]").first).to_be_visible()
    page.locator("#id_url").fill(model.url)
    page.keyboard.press("Enter")
    expect(page.locator("#server .notice-error")).to_contain_text("Nobody answers there", timeout=JOB)
    page.get_by_text("Change the server").click()
    page.get_by_role("button", name="Remove the server").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("is asked no more")).to_be_visible()
    assert not Backend.objects.exists()
