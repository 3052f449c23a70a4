"""The page of known answers, and what other pages say of them."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from labeling.models import Annotation, Gold, Progress, Project
from labeling.services.answer import save_answers
from labeling.services.gold import mark_gold
from labeling.services.queue import lease_tasks
from tests import factories
from tests.labeling.pages.test_project import browser
from tests.labeling.versions import numbered
from workers.models import Job

pytestmark = pytest.mark.django_db
SPAM, HAM = {"label": ["spam"]}, {"label": ["ham"]}


def address(project: Project, name: str = "gold") -> str:
    return reverse(f"labeling:{name}", args=[project.pk])


def work(actor: Actor, project: Project, count: int, said: dict[str, list[str]]) -> None:
    tasks = lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])["tasks"]
    rows = [{"client_key": str(uuid.uuid4()), "task": task["id"], "answer": said} for task in tasks]
    save_answers(actor=actor, project_id=project.pk, answers=rows)


def paused(ann: Actor) -> tuple[Project, Actor]:
    project = numbered(ann, 20, gold_share=50, gold_least=90, gold_from=1)
    mark_gold(actor=ann, project_id=project.pk, item=1, answer=SPAM, explanation="It sells.")
    bob = factories.member(ann, "annotator")
    work(bob, project, 4, HAM)
    return project, bob


def test_an_empty_set_is_said_to_be_empty() -> None:
    ann = factories.owner()
    page = browser(ann).get(address(numbered(ann, 2)))
    assert "No answer is known yet" in page.content.decode()


def test_an_answer_is_marked_from_the_page_of_answers_and_unmarked_here() -> None:
    ann = factories.owner()
    project = numbered(ann, 4)
    bob = factories.member(ann, "annotator")
    work(bob, project, 1, SPAM)
    number = Annotation.objects.get().pk
    client = browser(ann)
    assert "Set as known answer" in client.get(address(project, "results")).content.decode()
    form = {"step": "mark", "annotation": number, "back": "person=&state=answered"}
    answer = client.post(address(project), form)
    assert answer.headers["Location"] == f"{address(project, 'results')}?person=&state=answered"
    assert Gold.objects.get().answer == SPAM
    listed = client.get(address(project)).content.decode()
    assert "spam" in listed
    client.post(address(project), {"step": "unmark", "gold": Gold.objects.get().pk})
    assert not Gold.objects.exists()


def test_the_pages_show_who_was_paused_and_why_and_a_manager_lets_them_go_on() -> None:
    ann = factories.owner()
    project, bob = paused(ann)
    client = browser(ann)
    home = client.get(reverse("accounts:home")).content.decode()
    assert "too many known answers missed" in home
    page = client.get(address(project, "people")).content.decode()
    assert "0 of 1" in page
    assert "Paused" in page
    wrong = client.get(address(project, "results"), {"state": "gold_wrong"})
    assert [row.task.item_id for row in wrong.context["found"].rows] == [1]
    client.post(address(project, "people"), {"step": "resume", "person": bob.user_id})
    assert Progress.objects.get(annotator=bob.user_id).paused_at is None
    client.post(address(project, "people"), {"step": "pause", "person": bob.user_id})
    assert Progress.objects.get(annotator=bob.user_id).paused_why == "manager"
    assert "missed" not in client.get(reverse("accounts:home")).content.decode()


def test_an_annotator_sees_nothing_of_it_on_any_page() -> None:
    ann = factories.owner()
    project, bob = paused(ann)
    client = browser(bob)
    assert client.get(address(project)).status_code == 403
    pages = [address(project, name) for name in ("project", "results", "grid")]
    for page in [*pages, reverse("accounts:home")]:
        said = client.get(page).content.decode().lower()
        assert "known answer" not in said
        assert "gold" not in said
    found = client.get(address(project, "results"), {"state": "gold_wrong"})
    assert len(found.context["found"].rows) == 4


def test_settings_are_changed_by_managers_alone() -> None:
    ann = factories.owner()
    project = numbered(ann, 2)
    fields = {"step": "settings", "gold_share": 20, "gold_least": 70, "gold_from": 5}
    browser(factories.member(ann, "reviewer")).post(address(project), fields)
    project.refresh_from_db()
    assert project.gold_share == 10
    browser(ann).post(address(project), fields)
    project.refresh_from_db()
    assert (project.gold_share, project.gold_least, project.gold_from) == (20, 70, 5)
    assert browser(ann).post(address(project), {**fields, "gold_share": 51}).status_code == 400


def test_a_column_is_taken_by_a_job() -> None:
    ann = factories.owner()
    project = numbered(ann, 2)
    browser(ann).post(address(project), {"step": "import", "column": "text"})
    assert Job.objects.get(kind="labeling.import_gold").params == {"project_id": project.pk, "column": "text"}


def test_the_page_asks_the_same_of_the_database_for_one_item_and_for_many() -> None:
    ann = factories.owner()
    project = numbered(ann, 8)
    mark_gold(actor=ann, project_id=project.pk, item=1, answer=SPAM)
    client = browser(ann)
    client.get(address(project))
    with CaptureQueriesContext(connection) as few:
        client.get(address(project))
    for item in range(2, 7):
        mark_gold(actor=ann, project_id=project.pk, item=item, answer=SPAM)
    with CaptureQueriesContext(connection) as many:
        client.get(address(project))
    assert len(few) == len(many)
