"""Tasks given to people and taken back: who gets what, what everybody else gets, and what the figures say."""

import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Count, F
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Membership
from core.errors import DomainError
from labeling.models import Annotation, Assignment, Lease, Progress, Project, Task
from labeling.services.annotation import take_back
from labeling.services.answer import save_answers
from labeling.services.assignment import AT_ONCE, Order, give_tasks, run_assignment, take_tasks
from labeling.services.bulk import Order as BulkOrder
from labeling.services.bulk import start_bulk
from labeling.services.bulk_undo import undo_bulk
from labeling.services.erasing import erase_tasks
from labeling.services.expiry import expire_leases
from labeling.services.project import change_project
from labeling.services.queue import lease_tasks, release_tasks
from labeling.services.review import judge_answer
from tests import factories
from tests.labeling.versions import numbered, start, version

pytestmark = pytest.mark.django_db


def team(count: int, **fields: Any) -> tuple[Actor, Actor, Actor, Project]:
    ann = factories.owner()
    project = numbered(ann, count, **fields)
    return ann, factories.member(ann, "annotator"), factories.member(ann, "annotator"), project


def give(actor: Actor, project: Project, people: list[Actor], items: list[int], **more: Any) -> Assignment:
    order = Order([who.user_id for who in people], items=items, **more)
    return give_tasks(actor=actor, project_id=project.pk, order=order)


def items_for(actor: Actor, project: Project, count: int) -> list[int]:
    return [row["item_id"] for row in leased(actor, project, count)["tasks"]]


def leased(actor: Actor, project: Project, count: int) -> dict[str, Any]:
    return lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])


def answer(actor: Actor, project: Project, tasks: list[dict[str, Any]]) -> list[int]:
    rows = [
        {"client_key": str(uuid.uuid4()), "task": task["id"], "lease": task["lease"]["token"]}
        | {"answer": {"label": ["spam"]}}
        for task in tasks
    ]
    results = save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]
    assert {row["status"] for row in results} == {"saved"}
    return [row["annotation"] for row in results]


def left(project: Project, *people: Actor) -> list[int]:
    rows = dict(Progress.objects.filter(project=project).values_list("annotator", "assigned_left"))
    return [rows[who.user_id] for who in people]


def adds_up(project: Project) -> bool:
    """Tell whether places and counters say the same as the rows that they count."""
    held = Task.objects.filter(project=project).annotate(held=Count("leases"))
    waiting = Counter(Lease.objects.filter(project=project, assigned=True).values_list("annotator", flat=True))
    counted = {row.annotator_id: row.assigned_left for row in Progress.objects.filter(project=project)}
    return not held.exclude(open_slots=F("overlap") - F("held")).exists() and all(
        waiting[person] == count for person, count in counted.items()
    )


def test_a_person_gets_what_is_assigned_first_and_then_from_the_queue() -> None:
    ann, bob, cleo, project = team(6)
    give(ann, project, [bob], [4, 5])
    assert left(project, bob) == [2]
    assert items_for(bob, project, 3) == [4, 5, 1]
    assert items_for(cleo, project, 6) == [2, 3, 6]
    assert adds_up(project)


def test_nobody_else_gets_an_assigned_task_however_often_they_ask() -> None:
    ann, bob, cleo, project = team(2)
    give(ann, project, [bob], [1, 2])
    found = leased(cleo, project, 5)
    assert (found["tasks"], found["remaining"]) == ([], False)
    assert leased(bob, project, 0)["remaining"] is True


def test_tasks_are_split_evenly_in_turn() -> None:
    ann, bob, cleo, project = team(7)
    made = give(ann, project, [bob, cleo], list(range(1, 8)))
    assert made.counts["people"] == {str(bob.user_id): 4, str(cleo.user_id): 3}
    assert items_for(bob, project, 9) == [1, 3, 5, 7]
    assert items_for(cleo, project, 9) == [2, 4, 6]


def test_each_person_gets_so_many_at_most() -> None:
    ann, bob, cleo, project = team(10)
    made = give(ann, project, [bob, cleo], list(range(1, 11)), per_person=2)
    assert left(project, bob, cleo) == [2, 2]
    assert made.counts == {
        "people": {str(bob.user_id): 2, str(cleo.user_id): 2}, "tasks": 4, "enough": 6,
    }  # fmt: skip
    assert made.state == "done"


def test_a_task_may_go_to_several_of_them() -> None:
    ann, bob, cleo, project = team(2, overlap=3)
    give(ann, project, [bob, cleo], [1, 2], each=2)
    assert left(project, bob, cleo) == [2, 2]
    # The third place is anybody's.
    assert items_for(ann, project, 5) == [1, 2]
    assert adds_up(project)


def test_the_overlap_is_never_exceeded() -> None:
    ann, bob, cleo, project = team(2)
    give(ann, project, [bob], [1])
    made = give(ann, project, [bob, cleo], [1, 2], each=2)
    assert made.counts["full"] == 1
    assert left(project, bob, cleo) == [2, 0]
    assert adds_up(project)


def test_who_has_a_task_does_not_get_it_again() -> None:
    ann, bob, _cleo, project = team(2, overlap=2)
    answer(bob, project, leased(bob, project, 1)["tasks"])
    made = give(ann, project, [bob], [1, 2])
    assert made.counts == {"people": {str(bob.user_id): 1}, "tasks": 1, "theirs": 1}


def test_an_answer_takes_it_off_what_is_left() -> None:
    ann, bob, _cleo, project = team(3)
    give(ann, project, [bob], [1, 2, 3])
    answer(bob, project, leased(bob, project, 2)["tasks"])
    assert left(project, bob) == [1]
    assert items_for(bob, project, 5) == [3]
    assert adds_up(project)


def test_a_lease_on_it_that_ran_out_waits_for_the_same_person() -> None:
    ann, bob, cleo, project = team(1)
    give(ann, project, [bob], [1])
    assert items_for(bob, project, 1) == [1]
    past = timezone.now() - timedelta(seconds=1)
    Lease.objects.update(expires_at=past)
    assert expire_leases() == 0
    assert items_for(cleo, project, 1) == []
    assert items_for(bob, project, 1) == [1]
    assert left(project, bob) == [1]


def test_a_window_that_closes_gives_it_to_nobody_else() -> None:
    ann, bob, cleo, project = team(1)
    give(ann, project, [bob], [1])
    release_tasks(actor=bob, project_id=project.pk, tasks=[leased(bob, project, 1)["tasks"][0]["id"]])
    assert items_for(cleo, project, 1) == []
    assert items_for(bob, project, 1) == [1]


def test_an_answer_that_is_taken_back_waits_again() -> None:
    ann, bob, cleo, project = team(1)
    give(ann, project, [bob], [1])
    (number,) = answer(bob, project, leased(bob, project, 1)["tasks"])
    assert left(project, bob) == [0]
    take_back(actor=bob, annotation_id=number, revision=1)
    assert left(project, bob) == [1]
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_leases()
    assert items_for(cleo, project, 1) == []
    answer(bob, project, leased(bob, project, 1)["tasks"])
    assert left(project, bob) == [0]
    assert adds_up(project)


def test_an_answer_that_is_sent_back_is_asked_of_the_same_person() -> None:
    ann, bob, _cleo, project = team(1)
    give(ann, project, [bob], [1])
    (number,) = answer(bob, project, leased(bob, project, 1)["tasks"])
    judge_answer(actor=ann, annotation_id=number, verdict="rejected", revision=1, reason="Read rule 3")
    assert left(project, bob) == [0]
    answer(bob, project, leased(bob, project, 1)["tasks"])
    assert adds_up(project)


def test_bulk_answers_count_and_their_undo_gives_the_task_back_to_the_same_person() -> None:
    ann, bob, cleo, project = team(2)
    give(ann, project, [bob], [1, 2])
    bulk = start_bulk(actor=bob, project_id=project.pk, order=BulkOrder({"label": ["spam"]}, [1, 2]))
    assert (bulk.counts, left(project, bob)) == ({"stored": 2}, [0])
    undo_bulk(actor=bob, bulk_id=bulk.pk)
    assert left(project, bob) == [2]
    assert items_for(cleo, project, 2) == []
    assert items_for(bob, project, 2) == [1, 2]
    assert adds_up(project)


def test_what_is_assigned_can_be_taken_back() -> None:
    ann, bob, cleo, project = team(4)
    give(ann, project, [bob], [1, 2, 3])
    answer(bob, project, leased(bob, project, 1)["tasks"])
    taken = take_tasks(actor=ann, project_id=project.pk, order=Order([bob.user_id]))
    assert taken.counts["people"] == {str(bob.user_id): 2}
    assert left(project, bob) == [0]
    assert sorted(items_for(cleo, project, 9)) == [2, 3, 4]
    assert Annotation.objects.count() == 1
    assert adds_up(project)


def test_a_task_that_is_open_in_a_window_stays_there_until_it_is_answered() -> None:
    ann, bob, cleo, project = team(1)
    give(ann, project, [bob], [1])
    held = leased(bob, project, 1)["tasks"]
    taken = take_tasks(actor=ann, project_id=project.pk, order=Order([bob.user_id]))
    assert (taken.counts["kept"], left(project, bob)) == (1, [0])
    assert items_for(cleo, project, 1) == []
    answer(bob, project, held)
    assert left(project, bob) == [0]
    assert adds_up(project)


def test_some_of_it_can_be_taken_back() -> None:
    ann, bob, cleo, project = team(4)
    give(ann, project, [bob], [1, 2, 3, 4])
    take_tasks(actor=ann, project_id=project.pk, order=Order([bob.user_id], items=[2, 4]))
    assert items_for(cleo, project, 9) == [2, 4]
    assert left(project, bob) == [2]


def test_a_project_may_hand_out_nothing_else() -> None:
    ann, bob, cleo, project = team(4)
    give(ann, project, [bob], [3])
    change_project(actor=ann, project_id=project.pk, only_assigned=True)
    assert items_for(bob, project, 9) == [3]
    found = leased(cleo, project, 9)
    assert (found["tasks"], found["remaining"]) == ([], False)
    change_project(actor=ann, project_id=project.pk, only_assigned=False)
    assert items_for(cleo, project, 9) == [1, 2, 4]


def test_items_go_to_people_who_have_their_language() -> None:
    ann = factories.owner()
    bob, cleo, dan = (factories.member(ann, "annotator") for _ in range(3))
    for who, skills in ((bob, ["en", "medicine"]), (cleo, ["zh"]), (dan, ["zh", "en"])):
        Membership.objects.filter(user=who.user_id).update(skills=skills)
    languages = ["en", "zh", "zh", "fr", "en", "zh"]
    made = version(ann, {"text": [f"text {n}" for n in range(6)], "lang": languages})
    project = factories.project(ann, version=made)
    factories.tasks(project, 6)
    people = [who.user_id for who in (bob, cleo, dan)]
    order = Order(people, wanted={}, skill_column="lang")
    given = give_tasks(actor=ann, project_id=project.pk, order=order)
    run_assignment(job=start(given.job), assignment_id=given.pk)
    assert items_for(bob, project, 9)[:1] == [1]
    assert items_for(cleo, project, 9)[:2] == [2, 3]
    assert items_for(dan, project, 9)[:2] == [5, 6]


def test_skills_that_nobody_has_are_refused_in_words() -> None:
    ann, bob, _cleo, project = team(2)
    with pytest.raises(DomainError) as caught:
        give_tasks(actor=ann, project_id=project.pk, order=Order([bob.user_id], wanted={}, skill_column="text"))
    assert caught.value.code == "skills_missing"
    assert "page of the team" in str(caught.value.detail)
    with pytest.raises(DomainError):
        give_tasks(actor=ann, project_id=project.pk, order=Order([bob.user_id], wanted={}, skill_column="none"))


@pytest.mark.parametrize("people", [[], [999_999_999]])
def test_people_who_do_not_label_here_are_refused(people: list[int]) -> None:
    ann, _bob, _cleo, project = team(1)
    with pytest.raises(DomainError) as caught:
        give_tasks(actor=ann, project_id=project.pk, order=Order(people, items=[1]))
    assert caught.value.code == "people_invalid"


def test_a_client_viewer_gets_nothing_assigned() -> None:
    ann, _bob, _cleo, project = team(1)
    viewer = factories.member(ann, "client")
    with pytest.raises(DomainError):
        give(ann, project, [viewer], [1])


def test_sending_twice_gives_out_once() -> None:
    ann, bob, cleo, project = team(4)
    key = uuid.uuid4()
    first = give(ann, project, [bob], [1, 2], client_key=key)
    again = give(ann, project, [bob, cleo], [3, 4], client_key=key)
    assert again.pk == first.pk
    assert left(project, bob) == [2]
    assert Assignment.objects.count() == 1


def test_many_tasks_are_given_out_by_a_job_and_a_second_attempt_goes_on() -> None:
    ann, bob, cleo, project = team(AT_ONCE + 200)
    order = Order([bob.user_id, cleo.user_id], wanted={})
    made = give_tasks(actor=ann, project_id=project.pk, order=order)
    assert (made.state, made.job is not None, Lease.objects.count()) == ("running", True, 0)
    context = start(made.job)
    run_assignment(job=context, assignment_id=made.pk)
    assert left(project, bob, cleo) == [350, 350]
    # The same job once more, from its beginning: the order is carried out and nothing happens.
    context.state = {}
    run_assignment(job=context, assignment_id=made.pk)
    assert left(project, bob, cleo) == [350, 350]
    taken = take_tasks(actor=ann, project_id=project.pk, order=Order([bob.user_id, cleo.user_id]))
    assert taken.state == "running"
    run_assignment(job=start(taken.job), assignment_id=taken.pk)
    assert left(project, bob, cleo) == [0, 0]
    assert adds_up(project)
    assert Task.objects.filter(project=project, open_slots=1).count() == AT_ONCE + 200


def test_erased_items_are_nobodys_any_more() -> None:
    ann, bob, _cleo, project = team(3)
    give(ann, project, [bob], [1, 2])
    erase_tasks(project_id=project.pk, items=[1])
    assert left(project, bob) == [1]
    assert adds_up(project)
