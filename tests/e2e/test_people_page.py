"""The pages of people and of known answers in a real browser: by keyboard, at both widths and in both languages."""

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from labeling.models import Gold, Lease, Project
from labeling.services.gold import mark_gold
from tests import factories
from tests.e2e.test_grid_page import fits, project_of
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_items_are_given_out_by_keyboard_alone(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    bob = factories.member(ann, "annotator")
    project = project_of(ann, 12)
    mark_gold(actor=ann, project_id=project.pk, item=1, answer={"label": ["spam"]})
    page = browse(f"/projects/{project.pk}/people/?items=2-4", language, theme, width, height)
    page.locator(f'input[name="people"][value="{bob.user_id}"]').focus()
    page.keyboard.press("Space")
    page.locator('input[name="items"]').focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".message, .toast, [role=status]").first).to_be_visible()
    given = Lease.objects.filter(annotator=bob.user_id, assigned=True).order_by("task__item_id")
    assert list(given.values_list("task__item_id", flat=True)) == [2, 3, 4]
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    page.goto(page.url.replace("/people/", "/gold/").partition("#")[0])
    expect(page.locator("tbody tr")).to_have_count(1)
    assert fits(page, width)
    assert complaints_of_axe(page) == []


def test_an_answer_under_review_becomes_a_known_one_by_its_key(browse: Opened, ann: Actor) -> None:
    import uuid

    from labeling.services.answer import save_answers
    from labeling.services.queue import lease_tasks

    bob = factories.member(ann, "annotator")
    project: Project = project_of(ann, 4)
    (task,) = lease_tasks(actor=bob, project_id=project.pk, count=1, holding=[])["tasks"]
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": {"label": ["ham"]}}
    save_answers(actor=bob, project_id=project.pk, answers=[row])
    page = browse(f"/projects/{project.pk}/review/?review=none", "en", "light", 1280, 800)
    expect(page.get_by_text("Not reviewed")).to_be_visible()
    page.keyboard.press("Shift+K")
    expect(page.get_by_text("This is a known answer now")).to_be_visible()
    assert Gold.objects.get(project=project).answer == {"label": ["ham"]}
    page.keyboard.press("Shift+K")
    expect(page.get_by_text("This is a known answer now")).to_be_visible()
    assert Gold.objects.count() == 1
