"""Tasks in the order that a model wishes, while people label."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from labeling.models import Annotation, Progress, Project, Suggestion, Task
from labeling.services.answer import save_answers
from labeling.services.ordering import BATCH, order_tasks
from labeling.services.project import change_project
from labeling.services.queue import lease_tasks, release_tasks
from labeling.services.suggestion import store_suggestions
from tests import factories
from workers.models import Job

pytestmark = pytest.mark.django_db


def make(count: int, **fields: Any) -> tuple[Actor, Project]:
    ann = factories.owner()
    project = factories.project(ann, **fields)
    factories.tasks(project, count)
    return ann, project


def items(actor: Actor, project: Project, count: int) -> list[int]:
    """Hand out tasks and return their items."""
    held = lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])
    return [task["item_id"] for task in held["tasks"]]


def label(actor: Actor, project: Project, count: int) -> list[int]:
    """Answer the next tasks and return their items."""
    held = lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])["tasks"]
    rows = [
        {
            "client_key": str(uuid.uuid4()),
            "task": task["id"],
            "lease": task["lease"]["token"],
            "answer": {"label": ["spam"]},
        }
        for task in held
    ]
    results = save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]
    assert [row["status"] for row in results] == ["saved"] * len(held)
    return [task["item_id"] for task in held]


def test_wished_items_come_first_in_their_order_and_the_rest_as_it_came() -> None:
    ann, project = make(6)
    assert order_tasks(project_id=project.pk, items=[5, 2]) == 2
    assert items(ann, project, 6) == [5, 2, 1, 3, 4, 6]


def test_another_wish_puts_earlier_ones_back_and_doing_it_twice_moves_nothing() -> None:
    ann, project = make(6)
    order_tasks(project_id=project.pk, items=[5, 2])
    assert order_tasks(project_id=project.pk, items=[3, 5]) == 3
    assert order_tasks(project_id=project.pk, items=[3, 5]) == 0
    assert items(ann, project, 6) == [3, 5, 1, 2, 4, 6]


def test_a_task_that_falls_below_somebodys_place_still_comes_to_them() -> None:
    ann, project = make(8, overlap=2)
    # Their place in the queue is at the end by now: they have looked at everything and let three go.
    assert label(ann, project, 5) == [1, 2, 3, 4, 5]
    held = lease_tasks(actor=ann, project_id=project.pk, count=1, holding=[])["tasks"]
    place = Progress.objects.get(project=project, annotator=ann.user_id)
    assert (place.cursor_rank, place.cursor_id) == (0, held[0]["id"])
    order_tasks(project_id=project.pk, items=[8])
    assert items(ann, project, 9) == [8, 7]
    bob = factories.member(ann, "annotator")
    assert sorted(items(bob, project, 9)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_tasks_that_somebody_has_or_had_stay_where_they_are() -> None:
    ann, project = make(4, overlap=2)
    order_tasks(project_id=project.pk, items=[4, 3])
    assert label(ann, project, 1) == [4]
    order_tasks(project_id=project.pk, items=[1, 4, 2])
    ranks = dict(Task.objects.filter(project=project).values_list("item_id", "rank"))
    assert ranks == {4: -1, 1: -1, 2: pytest.approx(-1 / 3), 3: 0}
    # So the second answer to it is asked for at once.
    assert items(factories.member(ann, "annotator"), project, 4) == [1, 4, 2, 3]


def test_what_was_given_back_comes_before_any_wish() -> None:
    ann, project = make(4)
    held = lease_tasks(actor=ann, project_id=project.pk, count=2, holding=[])["tasks"]
    release_tasks(actor=ann, project_id=project.pk, tasks=[held[1]["id"]])
    order_tasks(project_id=project.pk, items=[4])
    assert items(ann, project, 3) == [2, 4, 3]


def test_no_wish_puts_all_tasks_back() -> None:
    ann, project = make(3)
    order_tasks(project_id=project.pk, items=[3, 2])
    assert order_tasks(project_id=project.pk, items=[]) == 2
    assert set(Task.objects.values_list("rank", flat=True)) == {0}
    assert items(ann, project, 3) == [1, 2, 3]


def test_another_projects_tasks_stay_as_they_are() -> None:
    ann, project = make(3)
    other = factories.project(ann)
    factories.tasks(other, 3)
    order_tasks(project_id=project.pk, items=[3])
    assert set(Task.objects.filter(project=other).values_list("rank", flat=True)) == {0}


def test_reasons_stand_beside_suggestions_and_cost_no_look_up() -> None:
    ann, project = make(3)
    rows = [(item, {"label": ["ham"]}, 0.5) for item in (1, 2)]
    store_suggestions(actor=ann, project_id=project.pk, source="quick head 1", rows=rows, reasons={2: "close_call"})
    assert dict(Suggestion.objects.values_list("task__item_id", "reason")) == {1: "", 2: "close_call"}
    with CaptureQueriesContext(connection) as found:
        leased = lease_tasks(actor=ann, project_id=project.pk, count=3, holding=[])
    shown = [task["suggestion"] and task["suggestion"]["reason"] for task in leased["tasks"]]
    assert shown == ["", "close_call", None]
    assert [row["sql"] for row in found if row["sql"].startswith('SELECT "labeling_suggestion"')] == []


def test_another_order_sends_the_job_that_makes_it() -> None:
    ann, project = make(1)
    change_project(actor=ann, project_id=project.pk, name="P", order="mix")
    assert not Job.objects.filter(kind="modeling.suggest").exists()
    change_project(actor=ann, project_id=project.pk, order="came")
    assert Job.objects.get(kind="modeling.suggest").subject == f"project:{project.pk}"


@pytest.mark.django_db(transaction=True)
def test_everybody_gets_everything_while_the_order_changes_all_the_time() -> None:
    ann, project = make(BATCH + 100, overlap=2)
    people = [ann, *(factories.member(ann, "annotator") for _one in range(5))]
    wishes = [list(range(start, BATCH + 101, 3)) for start in (3, 1, 2)]

    def work(actor: Actor) -> int:
        try:
            done = 0
            while given := label(actor, project, 25):
                done += len(given)
            return done
        finally:
            connection.close()

    def shuffle() -> int:
        try:
            return sum(order_tasks(project_id=project.pk, items=wishes[turn % 3]) for turn in range(12))
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people) + 1) as pool:
        moved = pool.submit(shuffle)
        done = sum(pool.map(work, people))
    assert moved.result() > 0
    done += sum(work(actor) for actor in people)
    assert done == Annotation.objects.count() == 2 * (BATCH + 100)
    per_task = Task.objects.annotate(answers=Count("annotations"))
    assert not per_task.exclude(answers=2).exists()
