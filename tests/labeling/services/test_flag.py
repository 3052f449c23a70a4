"""Flags: a task is answered and still wants to be looked at, until somebody clears the flag."""

import uuid
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.actor import Actor
from core.errors import NotAllowed
from labeling.engine.schema import parse_schema
from labeling.models import Annotation, Comment, Project
from labeling.services.comment import Wish as CommentWish
from labeling.services.comment import change_comment, find_comments, open_flags, save_comments
from labeling.services.result import Wish, find_answers
from tests import factories
from tests.labeling.crowds import answer
from tests.labeling.pages.test_project import browser
from tests.labeling.versions import numbered

pytestmark = pytest.mark.django_db


def flag(actor: Actor, project: Project, item: int, body: Any = "", **more: Any) -> dict[str, Any]:
    task = project.tasks.get(item_id=item).pk
    row = {"client_key": str(uuid.uuid4()), "task": task, "body": body, "flag": True, **more}
    return save_comments(actor=actor, project_id=project.pk, comments=[row])["results"][0]


@pytest.fixture
def ann() -> Actor:
    return factories.owner()


def make(ann: Actor) -> tuple[Actor, Project]:
    bob = factories.member(ann, "annotator")
    project = numbered(ann, 3)
    answer(bob, project, {1: "ham", 2: "spam", 3: "ham"})
    return bob, project


def flagged(ann: Actor, project: Project) -> list[int]:
    schema = parse_schema(project.schema)
    found = find_answers(actor=ann, project=project, schema=schema, wish=Wish(state="flagged"))
    return sorted(row.task.item_id for row in found.rows)


def test_a_task_is_flagged_beside_its_answer_and_found_by_it(ann: Actor) -> None:
    bob, project = make(ann)
    assert flag(bob, project, 2)["status"] == "saved"
    assert flag(bob, project, 3, "标签不合适")["status"] == "saved"
    assert Annotation.objects.filter(project=project).count() == 3
    assert flagged(ann, project) == [2, 3]
    found, _older = find_comments(actor=ann, wish=CommentWish(flags=True), project=project)
    assert [(row.task.item_id, row.body) for row in found] == [(3, "标签不合适"), (2, "")]
    tasks = list(project.tasks.values_list("pk", flat=True))
    assert sum(map(len, open_flags(tasks).values())) == 2


def test_only_a_flag_may_be_without_words(ann: Actor) -> None:
    bob, project = make(ann)
    assert flag(bob, project, 2, "", flag=False)["problem"]["where"] == "body"
    assert flag(bob, project, 2, "", flag="yes")["problem"]["where"] == "flag"
    assert flag(bob, project, 2, None)["status"] == "saved"


def test_a_flag_is_cleared_by_those_who_manage_and_by_whoever_raised_it(ann: Actor) -> None:
    bob, project = make(ann)
    cat = factories.member(ann, "annotator")
    project.tasks.update(overlap=2, open_slots=1)
    answer(cat, project, {2: "ham"})
    first, second = flag(bob, project, 2)["comment"], flag(bob, project, 2)["comment"]
    with pytest.raises(NotAllowed):
        change_comment(actor=cat, comment_id=first, resolved=True)
    change_comment(actor=bob, comment_id=first, resolved=True)
    assert flagged(ann, project) == [2, 2]
    change_comment(actor=factories.member(ann, "reviewer"), comment_id=second, resolved=True)
    assert flagged(ann, project) == []
    assert Comment.objects.get(pk=second).resolved_at is not None


def test_the_page_of_answers_finds_and_clears_flags(ann: Actor) -> None:
    bob, project = make(ann)
    number = flag(bob, project, 2, "two topics")["comment"]
    client = browser(ann)
    address = reverse("labeling:results", args=[project.pk])
    body = client.get(address, {"state": "flagged"}).content.decode()
    assert ("two topics" in body, body.count("<tr data-row")) == (True, 1)
    back = f"{address}?state=flagged"
    cleared = client.post(reverse("labeling:comment-state", args=[number]), {"state": "resolved", "next": back})
    assert (cleared.status_code, cleared.headers["Location"]) == (302, back)
    assert "No answer fits this filter" in client.get(back).content.decode()
    assert "two topics" not in browser(bob).get(address).content.decode()


def test_flags_over_rest(ann: Actor) -> None:
    bob, project = make(ann)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {factories.secret(ann)}")
    flag(bob, project, 1)
    listing = f"/api/v1/projects/{project.pk}/comments/"
    (row,) = api.get(listing, {"flags": "true"}).json()["results"]
    assert (row["flag"], row["body"], row["item_id"]) == (True, "", 1)
    assert api.patch(f"/api/v1/comments/{row['id']}/", {"resolved": True}, format="json").status_code == 200
    assert api.get(listing, {"flags": "true"}).json()["results"] == []
