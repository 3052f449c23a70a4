"""Work that waits for people who have left comes back to those who are there."""

from typing import Any

import pytest

from accounts.models import AuditEntry, Membership
from accounts.services.member import remove_member
from core.errors import Conflict
from labeling.models import Lease, Progress, Rejection, Task
from labeling.services.assignment import Order, give_tasks
from labeling.services.leaver import return_work_of_leavers
from labeling.services.queue import lease_tasks
from labeling.services.review import judge_answer
from tests import factories
from tests.labeling.crowds import answer, number_of
from tests.labeling.versions import numbered

pytestmark = pytest.mark.django_db


def offered(actor: Any, project: Any) -> list[int]:
    return [task["item_id"] for task in lease_tasks(actor=actor, project_id=project.pk, count=9, holding=[])["tasks"]]


def test_what_waits_for_somebody_who_was_removed_goes_to_others_and_their_answers_stay() -> None:
    ann = factories.owner()
    bob, cat = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = numbered(ann, 5)
    give_tasks(actor=ann, project_id=project.pk, order=Order([bob.user_id], items=[1, 2, 3]))
    answer(bob, project, {1: "ham", 2: "ham"})
    judge_answer(
        actor=ann, annotation_id=number_of(project, 2, bob), verdict="rejected", reason="Read rule 1", revision=1
    )
    assert return_work_of_leavers() == 0
    remove_member(actor=ann, membership_id=Membership.objects.get(user=bob.user_id).pk)
    assert return_work_of_leavers() == 2
    assert return_work_of_leavers() == 0
    assert (
        Progress.objects.get(annotator=bob.user_id).assigned_left,
        Progress.objects.get(annotator=bob.user_id).answers,
    ) == (0, 1)
    assert Rejection.objects.get().settled_at is not None
    assert sorted(offered(cat, project)) == [2, 3, 4, 5]
    entry = AuditEntry.objects.get(action="project.return_work")
    assert (entry.subject, entry.data["person"], entry.data["places"]) == (f"project:{project.pk}", bob.user_id, 2)


def test_somebody_whose_role_labels_no_more_has_left_too_and_known_answers_open_no_place() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = numbered(ann, 2)
    give_tasks(actor=ann, project_id=project.pk, order=Order([bob.user_id], items=[1]))
    Membership.objects.filter(user=bob.user_id).update(role="client")
    assert return_work_of_leavers() == 1
    assert [(task.overlap, task.open_slots) for task in Task.objects.order_by("item_id")] == [(1, 1), (1, 1)]
    assert not Lease.objects.exists()


def test_a_verdict_on_an_answer_that_was_given_anew_says_so() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = numbered(ann, 1)
    answer(bob, project, {1: "ham"})
    number = number_of(project, 1, bob)
    judge_answer(actor=ann, annotation_id=number, verdict="rejected", reason="Read rule 1", revision=1)
    answer(bob, project, {1: "spam"})
    with pytest.raises(Conflict, match="answered anew"):
        judge_answer(actor=ann, annotation_id=number, verdict="none")
