"""People who answer tasks as a test says, through the queue."""

import uuid
from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from labeling.models import Annotation, Project
from labeling.services.answer import save_answers
from labeling.services.dispute import start_weighing
from labeling.services.queue import lease_tasks, release_tasks
from labeling.services.weighing import run_weighing
from tests.labeling.versions import start
from workers.models import Job


def answer(actor: Actor, project: Project, answers: Mapping[int, Any]) -> None:
    """Answer items by their numbers: a label, a whole answer, or None to skip; others that come are given back."""
    tasks = lease_tasks(actor=actor, project_id=project.pk, count=50, holding=[])["tasks"]
    rows = [
        {
            "client_key": str(uuid.uuid4()),
            "task": task["id"],
            "lease": task["lease"]["token"],
            "answer": _whole(answers[task["item_id"]]),
            "skipped": answers[task["item_id"]] is None,
        }
        for task in tasks
        if task["item_id"] in answers
    ]
    results = save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]
    rest = [task["id"] for task in tasks if task["item_id"] not in answers]
    release_tasks(actor=actor, project_id=project.pk, tasks=rest)
    assert [row["status"] for row in results] == ["saved"] * len(answers), results


def _whole(value: Any) -> Any:
    return {"label": [value]} if isinstance(value, str) else value


def number_of(project: Project, item: int, actor: Actor) -> int:
    """Return the number of a person's answer to an item."""
    return Annotation.objects.get(project=project, task__item_id=item, annotator=actor.user_id).pk


def weighed(actor: Actor, project: Project, *, sends: bool = False) -> dict[str, Any]:
    """Run the job that weighs the answers, to its end."""
    job = start_weighing(actor=actor, project_id=project.pk, sends=sends)
    result = run_weighing(job=start(job), project_id=project.pk, sends=sends)
    Job.objects.filter(pk=job.pk).update(state="succeeded", finished_at=job.created_at, result=result)
    return result
