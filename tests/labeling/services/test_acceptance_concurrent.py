"""Automatic acceptance while people lease, answer and give back: no answer is lost, and nothing is counted twice."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from accounts.actor import Actor
from labeling.models import AcceptRound, Annotation, ModelLabel, Project, Task
from labeling.services.acceptance_return import return_tasks
from labeling.services.acceptance_round import accept_round
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks, release_tasks
from tests import factories
from tests.labeling.services.test_acceptance import SPAM, accept, accepted, accepting, audits, check, sure_of

pytestmark = pytest.mark.django_db(transaction=True)


def work(actor: Actor, project: Project, seed: int) -> tuple[int, int]:
    """Lease, answer and give back until nothing is left; return how many were saved, and how many were not."""
    luck, saved, lost = random.Random(seed), 0, 0
    try:
        while tasks := lease_tasks(actor=actor, project_id=project.pk, count=luck.randint(1, 5), holding=[])["tasks"]:
            if luck.random() < 0.2:
                release_tasks(actor=actor, project_id=project.pk, tasks=[tasks.pop()["id"]])
            rows = [
                {"client_key": str(uuid.uuid4()), "task": task["id"], "lease": task["lease"]["token"], "answer": SPAM}
                for task in tasks
            ]
            found = save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]
            saved += sum(row["status"] == "saved" for row in found)
            lost += sum(row["status"] != "saved" for row in found)
        return saved, lost
    finally:
        connection.close()


def accept_and_return(project: Project, seed: int) -> int:
    """Accept round after round and give some of it back."""
    luck, rounds = random.Random(seed), 0
    try:
        for number in range(12):
            items = luck.sample(range(1, 401), 120)
            sure = sure_of(project, items)
            rounds += accept_round(project_id=project.pk, job_number=1_000 * seed + number, sure=sure) is not None
            if luck.random() < 0.6:
                some = ModelLabel.objects.filter(project=project).order_by("?").values_list("task", flat=True)
                return_tasks(project, list(some[:20]))
        return rounds
    finally:
        connection.close()


@pytest.mark.parametrize("overlap", [1, 2])
def test_people_and_two_jobs_at_once_leave_every_figure_right(overlap: int) -> None:
    ann = factories.owner()
    project = accepting(ann, 400, overlap=overlap)
    people = [factories.member(ann, "annotator") for _number in range(4)]
    with ThreadPoolExecutor(6) as pool:
        work_done = [pool.submit(work, person, project, seed) for seed, person in enumerate(people)]
        rounds = [pool.submit(accept_and_return, project, seed) for seed in (7, 8)]
        counts = [each.result() for each in work_done]
        assert sum(each.result() for each in rounds) > 0
    assert sum(lost for _saved, lost in counts) == 0
    assert Annotation.objects.count() == sum(saved for saved, _lost in counts)
    check(project)
    # Of what was accepted and not audited nobody has an answer.
    assert not Annotation.objects.filter(task__in=accepted(project)).exists()
    for task in Task.objects.filter(project=project):
        assert task.overlap - task.open_slots == task.leases.count()


def test_a_task_that_is_being_handed_out_is_not_taken_and_nobody_waits() -> None:
    ann = factories.owner()
    project = accepting(ann)

    def accept_beside() -> AcceptRound | None:
        try:
            return accept(project, list(range(1, 101)))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        held = list(Task.objects.select_for_update(no_key=True).filter(project=project, item_id__lte=10))
        made = pool.submit(accept_beside).result(timeout=20)
    assert made is not None
    assert made.accepted + made.audited == 90
    assert not ModelLabel.objects.filter(task__in=held).exists()
    check(project)


def test_of_the_same_round_done_twice_at_once_one_is_kept() -> None:
    ann = factories.owner()
    project = accepting(ann, 200)

    def once(_number: int) -> int:
        try:
            made = accept(project, list(range(1, 201)))
            assert made is not None
            return made.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(once, range(4)))) == 1
    assert ModelLabel.objects.count() == 200
    assert len(audits(project)) == 30
    check(project)
