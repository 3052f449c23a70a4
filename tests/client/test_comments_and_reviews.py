"""Comments and reviews through the client and the command, against a real service."""

import json
from typing import Any

import pytest

from accounts.actor import Actor
from assay_client import Client
from labeling.models import Annotation, Comment, Rejection
from tests import factories
from tests.client.test_command import Run, assay
from tests.live import LiveService

__all__ = ["assay"]


@pytest.fixture
def boss(live_service: LiveService) -> Actor:
    return factories.owner()


@pytest.fixture
def answer(boss: Actor) -> Annotation:
    """Somebody else's answer, "spam", to the only task of a project."""
    ann = factories.member(boss, "annotator")
    task = factories.tasks(factories.project(boss), 1)[0]
    return answered(ann, task)


def answered(person: Actor, task: Any) -> Annotation:
    import uuid

    from labeling.services.answer import save_answers

    row = {"client_key": str(uuid.uuid4()), "task": task.pk, "answer": {"label": ["spam"]}}
    saved = save_answers(actor=person, project_id=task.project_id, answers=[row])
    return Annotation.objects.get(pk=saved["results"][0]["annotation"])


def test_the_client_writes_lists_and_resolves(live_service: LiveService, boss: Actor, answer: Annotation) -> None:
    with Client(live_service.url, token=factories.secret(boss)) as client:
        body = f"看 @[{boss.user_id}]"
        first = client.comments.write(answer.project_id, answer.task_id, body, control="label")
        again = client.comments.write(
            answer.project_id, answer.task_id, body, key=str(Comment.objects.get().client_key)
        )
        assert [first["status"], again["status"]] == ["saved", "duplicate"]
        assert [row["body"] for row in client.comments.list(answer.project_id, mine=True)] == [body]
        assert [row["id"] for row in client.comments.people(answer.project_id)].count(boss.user_id) == 1
        client.comments.resolve(first["comment"])
        assert list(client.comments.list(answer.project_id)) == []
        assert len(list(client.comments.list(answer.project_id, state="resolved", task=answer.task_id))) == 1


def test_the_client_gives_each_verdict_and_takes_it_back(
    live_service: LiveService, boss: Actor, answer: Annotation
) -> None:
    with Client(live_service.url, token=factories.secret(boss)) as client:
        assert [row["annotation"] for row in client.reviews.list(answer.project_id, review="none")] == [answer.pk]
        assert client.reviews.accept(answer.pk, revision=1)["verdict"] == "accepted"
        fixed = client.reviews.fix(answer.pk, {"label": ["ham"]}, revision=1)
        assert (fixed["verdict"], fixed["answer"]) == ("fixed", {"label": ["ham"]})
        assert client.reviews.undo(answer.pk)["answer"] == {"label": ["spam"]}
        assert client.reviews.reject(answer.pk, "Read rule 3")["reason"] == "Read rule 3"
        assert [row["reason"] for row in client.reviews.list(answer.project_id, review="rejected")] == ["Read rule 3"]
        assert client.reviews.undo(answer.pk)["verdict"] == "none"


def test_the_command_lists_and_judges(live_service: LiveService, boss: Actor, answer: Annotation, assay: Run) -> None:
    assert assay("login", live_service.url, given=f"{factories.secret(boss)}\n").returncode == 0
    factories.comment(boss, answer.task, body=f"Look, @[{boss.user_id}]")
    number = str(answer.project_id)
    listed = json.loads(assay("--json", "project", "comments", number).stdout)
    assert [row["comment"] for row in listed] == [f"Look, @{Comment.objects.get().writer}"]
    done = assay("--json", "project", "review", number, "--reject", str(answer.pk))
    assert (done.returncode != 0, "Say why" in done.stderr + done.stdout) == (True, True)
    shown = assay(
        "--json", "project", "review", number, "--reject", str(answer.pk), "--reason", "No.", "--verdict", "rejected"
    )
    assert [(row["id"], row["reason"]) for row in json.loads(shown.stdout)] == [(answer.pk, "No.")]
    shown = assay("--json", "project", "review", number, "--undo", str(answer.pk), "--accept", str(answer.pk))
    assert shown.returncode != 0
    assert Rejection.objects.count() == 1
    assay("project", "review", number, "--undo", str(answer.pk))
    assert Annotation.objects.get().verdict == ""
