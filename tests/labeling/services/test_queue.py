"""The queue's promises, against the real database."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F
from django.utils import timezone

from accounts.actor import Actor
from core.errors import Conflict, NotFound
from labeling.models import Lease, Progress, Project, Task
from labeling.services.expiry import expire_leases
from labeling.services.queue import lease_tasks, release_tasks
from tests import factories

pytestmark = pytest.mark.django_db


def lease(actor: Actor, project: Project, count: int, holding: tuple[int, ...] = ()) -> list[int]:
    return [task["id"] for task in answer(actor, project, count, holding)["tasks"]]


def answer(actor: Actor, project: Project, count: int, holding: tuple[int, ...] = ()) -> dict[str, Any]:
    return lease_tasks(actor=actor, project_id=project.pk, count=count, holding=list(holding))


def make(count: int, **fields: Any) -> tuple[Actor, Project, list[int]]:
    ann = factories.owner()
    project = factories.project(ann, **fields)
    return ann, project, [task.pk for task in factories.tasks(project, count)]


def let_expire(project: Project) -> None:
    Lease.objects.filter(project=project, expires_at__isnull=False).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )


def slots_add_up(project: Project) -> bool:
    held = Task.objects.filter(project=project).annotate(held=Count("leases"))
    return not held.exclude(open_slots=F("overlap") - F("held")).exists()


def test_tasks_come_in_the_order_of_the_items() -> None:
    ann, project, ids = make(5)
    assert lease(ann, project, 3) == ids[:3]
    assert lease(ann, project, 3) == ids[3:]


def test_a_leased_task_goes_to_nobody_else() -> None:
    ann, project, ids = make(3)
    bob = factories.member(ann, "annotator")
    assert lease(ann, project, 2) == ids[:2]
    assert lease(bob, project, 2) == ids[2:]


def test_something_remains_while_others_may_give_tasks_back() -> None:
    ann, project, ids = make(2)
    bob = factories.member(ann, "annotator")
    assert lease(ann, project, 2) == ids
    assert answer(bob, project, 1)["remaining"] is True
    Lease.objects.filter(project=project).update(expires_at=None)
    assert answer(bob, project, 1)["remaining"] is False


def test_overlap_gives_a_task_to_that_many_people_and_never_twice_to_one() -> None:
    ann, project, ids = make(2, overlap=2)
    bob, cleo = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    assert lease(ann, project, 5) == ids
    assert lease(ann, project, 5) == []
    assert lease(bob, project, 5) == ids
    assert lease(cleo, project, 5) == []
    assert slots_add_up(project)


def test_a_lower_rank_comes_first() -> None:
    ann, project, ids = make(3)
    Task.objects.filter(pk=ids[2]).update(rank=-1)
    assert lease(ann, project, 3) == [ids[2], ids[0], ids[1]]


def test_released_tasks_are_handed_out_first() -> None:
    ann, project, ids = make(4)
    bob = factories.member(ann, "annotator")
    lease(ann, project, 2)
    assert release_tasks(actor=ann, project_id=project.pk, tasks=[ids[1], 999_999]) == 1
    assert lease(bob, project, 2) == [ids[1], ids[2]]
    assert slots_add_up(project)


def test_nobody_releases_what_somebody_else_holds() -> None:
    ann, project, ids = make(1)
    bob = factories.member(ann, "annotator")
    lease(ann, project, 1)
    assert release_tasks(actor=bob, project_id=project.pk, tasks=ids) == 0
    assert lease(bob, project, 1) == []


def test_an_expired_lease_counts_at_once_and_is_lost_to_its_holder() -> None:
    ann, project, ids = make(1)
    bob = factories.member(ann, "annotator")
    lease(ann, project, 1)
    let_expire(project)
    assert lease(bob, project, 1) == ids
    assert answer(ann, project, 1, (ids[0],))["lost"] == ids
    assert slots_add_up(project)


def test_holding_renews_the_lease_even_past_its_time() -> None:
    ann, project, ids = make(1)
    bob = factories.member(ann, "annotator")
    lease(ann, project, 1)
    let_expire(project)
    assert answer(ann, project, 1, (ids[0],))["lost"] == []
    assert Lease.objects.get().expires_at > timezone.now() + timedelta(seconds=800)
    assert lease(bob, project, 1) == []


def test_tasks_of_a_lost_reply_come_again_to_the_same_sender_alone() -> None:
    ann, project, ids = make(6)
    window, other = uuid.uuid4(), uuid.uuid4()

    def ask(count: int, holding: list[int], sender: uuid.UUID | None) -> list[dict[str, Any]]:
        found = lease_tasks(actor=ann, project_id=project.pk, count=count, holding=holding, sender=sender)
        return list(found["tasks"])

    lost = ask(3, [], window)
    assert [task["id"] for task in ask(1, [], other)] == ids[3:4]
    assert [task["id"] for task in ask(1, [], None)] == ids[4:5]
    # What the window holds is not given again, and nothing fresh is taken beyond what it asks for.
    again = ask(2, ids[:1], window)
    assert [task["id"] for task in again] == ids[1:3]
    assert [task["lease"]["token"] for task in again] == [task["lease"]["token"] for task in lost[1:]]
    assert [task["id"] for task in ask(4, ids[:2], window)] == [ids[2], ids[5]]
    assert ask(4, [*ids[:3], ids[5]], window) == []
    assert slots_add_up(project)
    bob = factories.member(ann, "annotator")
    assert lease_tasks(actor=bob, project_id=project.pk, count=4, holding=[], sender=window)["tasks"] == []


def test_answered_and_expired_tasks_do_not_come_again() -> None:
    ann, project, ids = make(2)
    window = uuid.uuid4()
    lease_tasks(actor=ann, project_id=project.pk, count=2, holding=[], sender=window)
    Lease.objects.filter(task=ids[0]).update(expires_at=None)
    let_expire(project)
    bob = factories.member(ann, "annotator")
    assert lease(bob, project, 2) == ids[1:]
    assert lease_tasks(actor=ann, project_id=project.pk, count=2, holding=[], sender=window)["tasks"] == []


def test_the_sweep_returns_places_of_two_people_on_one_task() -> None:
    ann, project, ids = make(1, overlap=2)
    bob = factories.member(ann, "annotator")
    lease(ann, project, 1)
    lease(bob, project, 1)
    let_expire(project)
    assert expire_leases() == 2
    assert Task.objects.get().open_slots == 2
    assert expire_leases() == 0
    assert lease(bob, project, 1) == ids


def test_a_returned_task_behind_everybodys_cursor_is_found() -> None:
    ann, project, ids = make(30, overlap=2)
    bob = factories.member(ann, "annotator")
    for _round in range(10):
        lease(ann, project, 3)
    lease(bob, project, 3)
    assert answer(ann, project, 3)["tasks"] == []
    assert Progress.objects.get(annotator_id=ann.user_id).cursor_id > ids[-1]
    release_tasks(actor=ann, project_id=project.pk, tasks=ids[4:6])
    assert lease(ann, project, 3) == ids[4:6]


def test_a_paused_project_hands_out_nothing() -> None:
    ann, project, _ids = make(1)
    Project.objects.filter(pk=project.pk).update(state="paused")
    with pytest.raises(Conflict) as caught:
        lease(ann, project, 1)
    assert caught.value.code == "project_paused"


def test_another_organization_finds_no_project() -> None:
    _ann, project, ids = make(1)
    eve = factories.owner("Eve's")
    with pytest.raises(NotFound):
        lease(eve, project, 1)
    with pytest.raises(NotFound):
        release_tasks(actor=eve, project_id=project.pk, tasks=ids)
    assert not Progress.objects.filter(annotator_id=eve.user_id).exists()


@pytest.mark.parametrize("count", [1, 8, 50])
def test_a_lease_costs_the_same_statements_for_any_count(count: int, django_assert_num_queries: Any) -> None:
    ann, project, _ids = make(60)
    lease(ann, project, 1)
    with django_assert_num_queries(1):
        lease(ann, project, count)


def test_passing_what_one_has_costs_no_rows_read_again() -> None:
    """At overlap 2 a person who did the first 2,000 alone does not walk past them at every lease."""
    ann, project, ids = make(2_000, overlap=2)
    for _round in range(39):
        lease(ann, project, 50)
    lease(ann, project, 1)
    assert Progress.objects.get().cursor_id >= ids[1_899]


def test_a_last_word_against_too_many_places_is_in_the_database() -> None:
    from django.db import IntegrityError, transaction

    _ann, _project, ids = make(1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=ids[0]).update(open_slots=2)
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute("UPDATE labeling_task SET open_slots = -1 WHERE id = %s", ids)
