"""Bulk answers while others lease and answer the same tasks, in several windows of one person, and when killed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from accounts.actor import Actor
from labeling.models import Annotation, Bulk, Lease, Project
from labeling.services import bulk as bulk_service
from labeling.services.answer import save_answers
from labeling.services.bulk import Order, run_bulk, start_bulk
from labeling.services.bulk_undo import undo_bulk
from labeling.services.expiry import sweep_leases
from labeling.services.queue import lease_tasks, release_tasks
from tests import factories
from tests.labeling.services.test_bulk import check
from tests.labeling.versions import start
from tests.live import _environment
from workers.models import Job

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.django_db(transaction=True)


def make(count: int, overlap: int, people: int) -> tuple[Project, list[Actor]]:
    ann = factories.owner()
    project = factories.project(ann, overlap=overlap)
    factories.tasks(project, count)
    return project, [factories.member(ann, "annotator") for _number in range(people)]


def label_one_by_one(actor: Actor, project: Project, seed: int) -> int:
    """Lease, answer and give back until nothing is left; return how many were saved."""
    luck, saved = random.Random(seed), 0
    try:
        while True:
            tasks = lease_tasks(actor=actor, project_id=project.pk, count=luck.randint(1, 5), holding=[])["tasks"]
            if not tasks:
                return saved
            if luck.random() < 0.2:
                release_tasks(actor=actor, project_id=project.pk, tasks=[tasks.pop()["id"]])
            rows = [
                {"client_key": str(uuid.uuid4()), "task": task["id"], "lease": task["lease"]["token"]}
                | {"answer": {"label": ["ham"]}}
                for task in tasks
            ]
            found = save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]
            saved += sum(row["status"] == "saved" for row in found)
    finally:
        connection.close()


def label_in_bulk(actor: Actor, project: Project, seed: int) -> int:
    """Give stretches of items one answer, and undo some of it; return how many are left."""
    luck, left = random.Random(seed), 0
    try:
        for first in range(1, 240, 20):
            items = list(range(first, first + luck.randint(10, 40)))
            order = Order({"label": ["spam"]}, items)
            done = start_bulk(actor=actor, project_id=project.pk, order=order)
            left += done.stored
            if luck.random() < 0.4:
                left -= undo_bulk(actor=actor, bulk_id=done.pk).undone.get("taken_back", 0)
        return left
    finally:
        connection.close()


@pytest.mark.parametrize("overlap", [1, 2])
def test_nobody_answers_twice_and_no_place_is_lost_beside_people_who_label(overlap: int) -> None:
    project, people = make(240, overlap, 8)
    with ThreadPoolExecutor(8) as pool:
        single = [pool.submit(label_one_by_one, actor, project, n) for n, actor in enumerate(people[:4])]
        bulks = [pool.submit(label_in_bulk, actor, project, n) for n, actor in enumerate(people[4:])]
        saved = sum(each.result() for each in [*single, *bulks])
    assert Annotation.objects.filter(project=project).count() == saved
    check(project)
    # What was undone near the end is handed out again.
    sweep_leases()
    for number, actor in enumerate(people[:4]):
        saved += label_one_by_one(actor, project, 100 + number)
    assert saved == 240 * overlap
    check(project)


def test_one_person_in_several_windows_answers_each_task_once() -> None:
    project, (ann,) = make(150, 2, 1)

    def window(number: int) -> int:
        if number % 2:
            return label_one_by_one(ann, project, number)
        try:
            order = Order({"label": ["spam"]}, list(range(1, 151)))
            return start_bulk(actor=ann, project_id=project.pk, order=order).stored
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        saved = sum(pool.map(window, range(6)))
    assert saved == Annotation.objects.filter(project=project).count() == 150
    check(project)


def test_the_same_order_sent_eight_times_at_once_is_one_bulk() -> None:
    project, (ann,) = make(30, 2, 1)
    key = uuid.uuid4()
    gate = threading.Barrier(8)

    def send(_number: int) -> int:
        try:
            gate.wait()
            order = Order({"label": ["spam"]}, list(range(1, 31)), client_key=key)
            return int(start_bulk(actor=ann, project_id=project.pk, order=order).pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(8)))) == 1
    assert Bulk.objects.get().counts == {"stored": 30}
    check(project)


WORKER = """
import sys, django
django.setup()
from labeling.services import bulk
from workers.context import JobContext
from workers.services import job as jobs
bulk.BATCH = 20
job = jobs.start(job_id=int(sys.argv[1]))
print("started", flush=True)
with JobContext(job) as context:
    bulk.run_bulk(job=context, **job.params)
print("done", flush=True)
"""


def test_a_worker_killed_in_the_middle_leaves_whole_batches_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project, (ann,) = make(2_000, 1, 1)
    done = start_bulk(actor=ann, project_id=project.pk, order=Order({"label": ["spam"]}, list(range(1, 2_001))))
    command = [sys.executable, "-c", WORKER, str(done.job_id)]
    worker = subprocess.Popen(command, env=_environment(), cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)
    try:
        until = time.monotonic() + 60
        while Annotation.objects.filter(project=project).count() < 100:
            assert time.monotonic() < until, "the worker stored nothing"
            time.sleep(0.005)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    stored = Annotation.objects.filter(project=project).count()
    assert 100 <= stored < 2_000
    assert stored % 20 == 0
    check(project)
    Job.objects.filter(pk=done.job_id).update(state="queued")
    monkeypatch.setattr(bulk_service, "BATCH", 400)
    result = run_bulk(job=start(Job.objects.get(pk=done.job_id)), bulk_id=done.pk)
    assert result == {"bulk": done.pk, "stored": 2_000}
    assert Lease.objects.filter(project=project, expires_at=None).count() == 2_000
    check(project)
