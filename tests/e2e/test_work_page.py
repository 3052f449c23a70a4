"""Who did how much, in a real browser: counted by a worker while the page waits, looked at on a phone too."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.actor import Actor
from accounts.models import User
from labeling.models import Annotation, Project
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks
from labeling.services.review import judge_answer
from labeling.services.suggestion import store_suggestions
from tests import factories
from tests.e2e.screenshots import take as picture
from tests.e2e.test_grid_page import fits, project_of
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def worked(project: Project, person: Actor, days: list[int], label: str, seconds: float) -> list[Annotation]:
    """Let a person have given so many answers on each of the last days, the oldest first."""
    numbers: list[int] = []
    for ago, count in enumerate(reversed(days)):
        tasks = lease_tasks(actor=person, project_id=project.pk, count=count, holding=[])["tasks"]
        rows: list[dict[str, Any]] = [
            {
                "client_key": str(uuid.uuid4()),
                "task": task["id"],
                "answer": {"label": [label]},
                "seconds": seconds + number,
                "suggestion": task["suggestion"]["id"],
            }
            for number, task in enumerate(tasks)
        ]
        saved = save_answers(actor=person, project_id=project.pk, answers=rows)["results"]
        found = [row["annotation"] for row in saved]
        at = timezone.now() - dt.timedelta(days=ago)
        Annotation.objects.filter(pk__in=found).update(created_at=at)
        numbers += found
    return list(Annotation.objects.filter(pk__in=numbers).order_by("pk"))


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_work_is_counted_and_shown(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann, overlap=2)
    rows = [(number, {"label": ["spam" if number % 3 else "ham"]}, 0.9) for number in range(1, 91)]
    store_suggestions(actor=ann, project_id=project.pk, source="quick", rows=rows)
    people = [factories.member(ann, "annotator") for _number in range(2)]
    for person, name in zip(people, ("Maria Sanchez", "王小明"), strict=True):
        User.objects.filter(pk=person.user_id).update(name=name)
    answers = worked(project, people[0], [4, 9, 0, 12, 7], "spam", 3)
    worked(project, people[1], [0, 6, 3, 10, 2], "ham", 9)
    for answer in answers[:6]:
        judge_answer(actor=ann, annotation_id=answer.pk, verdict="accepted")
    judge_answer(actor=ann, annotation_id=answers[7].pk, verdict="rejected", reason="This is a private message.")

    page = browse(f"/projects/{project.pk}/work/", language, theme, width, height)
    rows_of_people = page.locator("section:has(> .table-wrap)").first.locator("tbody tr")
    # The worker counts while the page waits, and the page loads the figures by itself.
    expect(rows_of_people).to_have_count(3)
    expect(rows_of_people.first).to_contain_text("Maria Sanchez")
    expect(rows_of_people.first.locator("td").first).to_have_text("31")
    expect(page.locator("day-chart rect")).to_have_count(5)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if (language, theme, width) == ("en", "light", 1280):
        picture(page, "work")
    rows_of_people.first.locator("a").click()
    expect(rows_of_people).to_have_count(1)
    assert f"person={people[0].user_id}" in page.url
    with page.expect_download() as got:
        page.locator("a[download]").click()
    assert got.value.suggested_filename.endswith(".csv")
