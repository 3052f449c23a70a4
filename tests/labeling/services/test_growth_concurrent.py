"""Imports, answers and the versions behind them, all at once."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Sum

from accounts.actor import Actor
from core.errors import Conflict
from curation.services.version import open_version
from labeling.models import Annotation, Lease, Progress, Project, Tally, Task
from labeling.services.answer import save_answers
from labeling.services.growth import run_growth
from labeling.services.label_studio.annotation import give_annotation
from labeling.services.label_studio.intake import import_tasks
from labeling.services.label_studio.project import make_project
from labeling.services.queue import lease_tasks
from tests import factories
from tests.labeling.label_studio import CHOICES, chosen
from tests.labeling.versions import start

pytestmark = pytest.mark.django_db(transaction=True)

IMPORTS, SIZE = 4, 12


def sends(actor: Actor, project: Project, people: list[Actor], seed: int) -> list[int]:
    """Import lists of tasks, some with answers of several people, and answer some over the API."""
    luck, tasks = random.Random(seed), []
    try:
        for number in range(IMPORTS):
            rows: list[dict[str, Any]] = []
            for place in range(SIZE):
                who = luck.sample(people, luck.randint(0, 3))
                given = [{"completed_by": each.user_id, "result": chosen("sport")} for each in who]
                data = {"text": f"{seed} {number} {place}", f"column {seed}": place}
                rows.append({"data": data, "annotations": given, "predictions": [{"result": chosen("news")}]})
            tasks += import_tasks(actor=actor, project_id=project.pk, rows=rows)["task_ids"]
            free = [pk for pk in tasks[-SIZE:] if Task.objects.filter(pk=pk, open_slots__gt=0).exists()]
            for task in free[:3]:
                # Somebody of the queue may have been faster.
                with suppress(Conflict):
                    give_annotation(actor=actor, task_id=task, given={"result": chosen("news")})
        return tasks
    finally:
        connection.close()


def labels(actor: Actor, project: Project, seed: int) -> int:
    """Take what the queue gives, again and again, and answer it."""
    count = 0
    try:
        for _round in range(20):
            tasks = lease_tasks(actor=actor, project_id=project.pk, count=3, holding=[])["tasks"]
            rows = [
                {
                    "client_key": str(uuid.uuid4()),
                    "task": task["id"],
                    "lease": task["lease"]["token"],
                    "answer": {"topic": ["news"]},
                }
                for task in tasks
            ]
            saved = save_answers(actor=actor, project_id=project.pk, answers=rows)["results"] if rows else []
            count += sum(row["status"] == "saved" for row in saved)
        return count
    finally:
        connection.close()


def grows(actor: Actor, project: Project) -> None:
    try:
        for _round in range(4):
            run_growth(job=start(factories.job(actor)), project_id=project.pk)
    finally:
        connection.close()


def test_nothing_is_lost_or_counted_twice() -> None:
    owner = factories.owner()
    people = [factories.member(owner, "annotator") for _number in range(6)]
    project = make_project(actor=owner, title="Busy", label_config=CHOICES, overlap=2)
    with ThreadPoolExecutor(10) as pool:
        sent = [pool.submit(sends, owner, project, people[:4], seed) for seed in range(4)]
        worked = [pool.submit(labels, person, project, n) for n, person in enumerate(people)]
        grown = [pool.submit(grows, owner, project) for _number in range(2)]
        tasks = [pk for each in sent for pk in each.result()]
        assert sum(each.result() for each in worked) > 0
        for each in grown:
            each.result()
    run_growth(job=start(factories.job(owner)), project_id=project.pk)
    project = Project.objects.select_related("version").get(pk=project.pk)
    assert len(set(tasks)) == len(tasks) == 4 * IMPORTS * SIZE == project.task_count
    with open_version(project.version) as reader:
        rows = reader.table(["item_id", "text"]).to_pylist()
    made = Task.objects.filter(project=project)
    assert sorted((row["item_id"], row["text"]) for row in rows) == sorted(
        (item, data["text"]) for item, data in made.values_list("item_id", "data")
    )
    taken = Lease.objects.filter(project=project, gold=False).count()
    assert made.aggregate(taken=Sum(F("overlap") - F("open_slots")))["taken"] == taken
    places = made.aggregate(all=Sum("overlap"))["all"]
    assert project.extra_answers == places - project.task_count * project.overlap
    answers = Annotation.objects.filter(project=project)
    for row in Progress.objects.filter(project=project):
        assert row.answers == answers.filter(annotator=row.annotator_id).count()
        told = Tally.objects.filter(project=project, annotator=row.annotator_id, kind="label")
        assert (told.aggregate(all=Sum("count"))["all"] or 0) == row.answers - row.skipped
