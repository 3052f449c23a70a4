"""Managers who give out, take back, mark and unmark while people work: nothing is lost, doubled or miscounted."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import Count, F, Q

from accounts.actor import Actor
from core.errors import Conflict
from labeling.models import Annotation, Gold, Lease, Progress, Project, Task
from labeling.services.assignment import Order, give_tasks, take_tasks
from labeling.services.gold import mark_gold, unmark_gold
from labeling.services.task import count_wanted
from tests import factories
from tests.labeling.services.test_queue_concurrent import work

pytestmark = pytest.mark.django_db(transaction=True)


def manage(boss: Actor, project: Project, people: list[int], until: threading.Event) -> int:
    """Change who gets what until everybody is through; return how often."""
    luck = random.Random(7)
    done = 0
    try:
        while not until.is_set():
            items = luck.sample(range(1, 121), 12)
            try:
                give_tasks(actor=boss, project_id=project.pk, order=Order(people, items=items))
                take_tasks(actor=boss, project_id=project.pk, order=Order(luck.sample(people, 3)))
                mark_gold(actor=boss, project_id=project.pk, item=items[0], answer={"label": ["spam"]})
            except Conflict:
                # Somebody has the item just now.
                pass
            gold = Gold.objects.order_by("?").first()
            if gold is not None and luck.random() < 0.5:
                unmark_gold(actor=boss, gold_id=gold.pk)
            done += 1
        return done
    finally:
        connection.close()


@pytest.mark.slow
def test_everything_adds_up_while_managers_move_work_about() -> None:
    boss = factories.owner()
    project = factories.project(boss, overlap=2, gold_share=20)
    factories.tasks(project, 120)
    people = [factories.member(boss, "annotator") for _number in range(8)]
    ended = threading.Event()
    with ThreadPoolExecutor(9) as pool:
        manager = pool.submit(manage, boss, project, [who.user_id for who in people], ended)
        workers = [pool.submit(work, who, project, seed) for seed, who in enumerate(people)]
        for worker in workers:
            worker.result(timeout=120)
        ended.set()
        assert manager.result(timeout=60) > 0
    # What still waits for somebody is taken back and worked off, without anybody in the way.
    take_tasks(actor=boss, project_id=project.pk, order=Order([who.user_id for who in people]))
    for seed, who in enumerate(people):
        work(who, project, 100 + seed)
    tasks = Task.objects.filter(project=project, is_gold=False)
    held = tasks.annotate(held=Count("leases", filter=Q(leases__gold=False)))
    assert not held.exclude(open_slots=F("overlap") - F("held")).exists()
    # An item that more people met as a known answer keeps their answers when it is one like all others again.
    assert not held.exclude(overlap=2).exclude(overlap__gt=2, held=F("overlap")).exists()
    for row in Progress.objects.filter(project=project):
        said = list(
            Annotation.objects.filter(project=project, annotator=row.annotator_id).values_list("gold", flat=True)
        )
        compared = [each for each in said if each in ("right", "wrong")]
        assert (row.answers, row.gold_given) == (len(said), len([each for each in said if each]))
        assert (row.gold_answers, row.gold_right) == (len(compared), compared.count("right"))
        waiting = Lease.objects.filter(project=project, annotator=row.annotator_id, assigned=True, gold=False)
        assert row.assigned_left == waiting.count()
    assert not Annotation.objects.filter(gold="waiting").exists()
    project.refresh_from_db()
    wanted, golds = project.answers_wanted, project.gold_count
    count_wanted(project.pk)
    project.refresh_from_db()
    assert (project.answers_wanted, golds) == (wanted, Gold.objects.count())
