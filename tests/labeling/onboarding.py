"""People on their way into a project, for tests of services, API and pages."""

import uuid
from typing import Any

import pytest

from accounts.actor import Actor
from core.errors import Conflict
from labeling.models import Gold, Project
from labeling.services.answer import save_answers
from labeling.services.gold import mark_gold
from labeling.services.onboarding import answer_onboarding, find_onboarding
from labeling.services.project import change_project
from labeling.services.queue import lease_tasks
from tests import factories
from tests.labeling.versions import numbered

SPAM, HAM = {"label": ["spam"]}, {"label": ["ham"]}
Row = dict[str, Any]


def made(
    training: int = 2, test: int = 3, *, tasks: int = 30, overlap: int = 1, **rules: Any
) -> tuple[Actor, Actor, Project]:
    """Make a project with so many items for training and test (the first ones), and switch the onboarding on."""
    ann = factories.owner()
    project = numbered(ann, tasks, overlap=overlap)
    for item in range(1, training + test + 1):
        use = "training" if item <= training else "test"
        mark_gold(actor=ann, project_id=project.pk, item=item, answer=SPAM, use=use, explanation=f"Item {item} sells.")
    rules = {"onboarding_training": 10, "onboarding_test": 10, "onboarding_least": 66, **rules}
    change_project(actor=ann, project_id=project.pk, onboarding=True, **rules)
    project.refresh_from_db()
    return ann, factories.member(ann, "annotator"), project


def say(actor: Actor, project: Project, task: int, answer: Any = SPAM, **more: Any) -> Row:
    more = {"client_key": uuid.uuid4(), **more}
    return answer_onboarding(actor=actor, project_id=project.pk, task=task, answer=answer, **more)


def state(actor: Actor, project: Project) -> Row:
    return find_onboarding(actor=actor, project_id=project.pk)


def answer_all(actor: Actor, project: Project, stage: str, right: int = 1_000) -> Row:
    """Answer every task of a stage, so many of them rightly, and return the last reply."""
    said: Row = {}
    found = state(actor, project)
    attempt = found["test"]["attempt"]
    done = 0
    while found["stage"] == stage and found["task"] is not None and found["test"]["attempt"] == attempt:
        said = say(actor, project, found["task"]["id"], SPAM if done < right else HAM, seconds=2.0)
        found, done = said["state"], done + 1
    return said


def golds(project: Project, use: str) -> list[Gold]:
    return list(Gold.objects.filter(project=project, use=use).select_related("task").order_by("pk"))


def lease(actor: Actor, project: Project, count: int = 3) -> list[Row]:
    """Lease so many tasks of the queue."""
    return lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])["tasks"]


def refused(actor: Actor, project: Project) -> str:
    with pytest.raises(Conflict) as caught:
        lease(actor, project)
    return caught.value.code


def save(actor: Actor, project: Project, tasks: list[dict[str, Any]], said: Any = SPAM) -> list[str]:
    rows = [
        {
            "client_key": str(uuid.uuid4()),
            "task": task["id"],
            "lease": task.get("lease", {}).get("token"),
            "answer": said,
        }
        for task in tasks
    ]
    return [row["status"] for row in save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]]
