"""Many people at once, and clients that die in the middle."""

import os
import random
import signal
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F
from django.utils import timezone

from accounts.actor import Actor
from labeling.models import Annotation, Lease, Progress, Project, Tally, Task
from labeling.services.annotation import take_back
from labeling.services.answer import save_answers
from labeling.services.expiry import expire_leases, sweep_leases
from labeling.services.queue import lease_tasks, release_tasks
from tests import factories
from tests.live import _environment

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = 32


def make(count: int, overlap: int, people: int) -> tuple[Project, list[Actor]]:
    ann = factories.owner()
    project = factories.project(ann, overlap=overlap)
    factories.tasks(project, count)
    return project, [factories.member(ann, "annotator") for _number in range(people)]


def spam(task: dict[str, Any]) -> dict[str, Any]:
    return {
        "client_key": str(uuid.uuid4()),
        "task": task["id"],
        "lease": task["lease"]["token"],
        "answer": {"label": ["spam"]},
    }


def work(actor: Actor, project: Project, seed: int) -> list[int]:
    """Lease and answer until nothing is left, now and then giving back, undoing or letting a lease run out."""
    luck = random.Random(seed)
    seen: list[int] = []
    try:
        while True:
            tasks = lease_tasks(actor=actor, project_id=project.pk, count=luck.randint(1, 6), holding=[])["tasks"]
            if not tasks:
                return seen
            kept = [task for task in tasks if luck.random() > 0.2]
            dropped = [task["id"] for task in tasks if task not in kept]
            if dropped and luck.random() < 0.5:
                release_tasks(actor=actor, project_id=project.pk, tasks=dropped)
            elif dropped:
                Lease.objects.filter(task__in=dropped, annotator_id=actor.user_id, expires_at__isnull=False).update(
                    expires_at=timezone.now() - timedelta(seconds=1)
                )
                expire_leases()
            results = save_answers(actor=actor, project_id=project.pk, answers=[spam(task) for task in kept])["results"]
            saved = [row for row in results if row["status"] == "saved"]
            if saved and luck.random() < 0.1:
                undone = saved.pop()
                again = take_back(actor=actor, annotation_id=undone["annotation"], revision=1)
                saved += save_answers(actor=actor, project_id=project.pk, answers=[spam(again)])["results"]
            seen += [row["annotation"] for row in saved]
            connection.close()
    finally:
        connection.close()


def check(project: Project) -> None:
    held = Task.objects.filter(project=project).annotate(held=Count("leases"))
    assert not held.exclude(open_slots=F("overlap") - F("held")).exists()
    pairs = Annotation.objects.filter(project=project).values("task", "annotator").annotate(count=Count("pk"))
    assert not pairs.filter(count__gt=1).exists()
    per_task = Task.objects.filter(project=project).annotate(answers=Count("annotations"))
    assert not per_task.filter(answers__gt=F("overlap")).exists()
    total = Annotation.objects.filter(project=project).count()
    assert sum(Progress.objects.filter(project=project).values_list("answers", flat=True)) == total
    assert sum(Tally.objects.filter(project=project).values_list("count", flat=True)) == total


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 3])
def test_thirty_two_people_at_once_share_the_tasks_exactly(overlap: int) -> None:
    project, people = make(240, overlap, PEOPLE)
    with ThreadPoolExecutor(PEOPLE) as pool:
        seen = list(pool.map(lambda pair: work(pair[1], project, pair[0]), enumerate(people)))
    saved = [number for numbers in seen for number in numbers]
    # What was let go near the end may still be open when the others have left.
    sweep_leases()
    for actor in people:
        saved += work(actor, project, 1_000)
    check(project)
    assert len(saved) == len(set(saved)) == 240 * overlap
    assert set(saved) == set(Annotation.objects.filter(project=project).values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_one_person_in_eight_windows_never_gets_a_task_twice() -> None:
    project, (ann,) = make(120, 2, 1)

    def window(number: int) -> list[int]:
        try:
            found: list[int] = []
            while tasks := lease_tasks(actor=ann, project_id=project.pk, count=3, holding=[])["tasks"]:
                found += [task["id"] for task in tasks]
            return found
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = [task for tasks in pool.map(window, range(8)) for task in tasks]
    assert sorted(found) == sorted(set(found))
    assert len(found) == 120


CLIENT = """
import sys, uuid, django
django.setup()
from accounts.services.actor import actor_of_session
from labeling.services.queue import lease_tasks
from labeling.services.answer import save_answers
actor = actor_of_session(user_id=int(sys.argv[1]), organization_id=int(sys.argv[2]))
project = int(sys.argv[3])
while tasks := lease_tasks(actor=actor, project_id=project, count=4, holding=[])["tasks"]:
    for task in tasks:
        row = {"client_key": str(uuid.uuid4()), "task": task["id"], "lease": task["lease"]["token"],
               "answer": {"label": ["ham"]}}
        result = save_answers(actor=actor, project_id=project, answers=[row])["results"][0]
        print(result["status"], result["annotation"], flush=True)
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", [1, 7, 20])
def test_a_client_killed_in_the_middle_loses_nothing_that_was_acknowledged(after: int) -> None:
    project, (bob, cleo) = make(60, 1, 2)
    command = [sys.executable, "-c", CLIENT, str(bob.user_id), str(bob.organization_id), str(project.pk)]
    client = subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    acknowledged = [client.stdout.readline().split() for _line in range(after)]
    os.kill(client.pid, signal.SIGKILL)
    acknowledged += [line.split() for line in client.stdout.read().splitlines() if len(line.split()) == 2]
    client.wait()
    client.stdout.close()
    assert {status for status, _number in acknowledged} == {"saved"}
    numbers = set(Annotation.objects.values_list("pk", flat=True))
    assert {int(number) for _status, number in acknowledged} <= numbers
    check(project)
    Lease.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))
    work(cleo, project, 1)
    sweep_leases()
    work(cleo, project, 2)
    check(project)
    assert Annotation.objects.count() == 60
