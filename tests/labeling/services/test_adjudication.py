"""Final answers: decided, changed, left, undone, published, brought along, erased."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import AuditEntry
from core.errors import Conflict, DomainError, NotFound
from labeling.models import Adjudication, Annotation, Dispute, Lease, Project, Task
from labeling.services.adjudication import decide_task, undo_decision
from labeling.services.annotation import take_back
from labeling.services.assignment import Order, give_tasks
from labeling.services.erasing import erase_tasks
from labeling.services.expiry import expire_leases
from labeling.services.gold import mark_gold
from labeling.services.project import change_project, labeled_items, project_figures
from labeling.services.queue import lease_tasks, release_tasks
from labeling.services.task import make_tasks
from tests import factories
from tests.labeling.crowds import answer, number_of, weighed
from tests.labeling.services.test_publish import publish
from tests.labeling.services.test_schema_change import changed, done, schema
from tests.labeling.versions import numbered, start
from workers.models import Job

pytestmark = pytest.mark.django_db


def make(count: int = 3, **fields: Any) -> tuple[Any, Any, Any, Project]:
    """Return an owner, two annotators, and a project in which they differ on every item but the first."""
    ann = factories.owner()
    bob, cat = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = numbered(ann, count, overlap=2, **fields)
    answer(bob, project, dict.fromkeys(range(1, count + 1), "ham"))
    answer(cat, project, {1: "ham"} | dict.fromkeys(range(2, count + 1), "spam"))
    return ann, bob, cat, project


def task(project: Project, item: int) -> Task:
    return Task.objects.get(project=project, item_id=item)


def test_an_answer_is_taken_and_the_answers_of_people_stay() -> None:
    ann, bob, _cat, project = make()
    weighed(ann, project)
    before = project_figures(project=project)
    made = decide_task(actor=ann, task_id=task(project, 2).pk, annotation=number_of(project, 2, bob))
    assert (made.state, made.answer, made.edited, made.revision) == ("decided", {"label": ["ham"]}, False, 1)
    assert made.decided_by_id == ann.user_id
    assert project_figures(project=project) == before
    assert dict(Dispute.objects.values_list("task__item_id", "state")) == {2: "decided", 3: "open"}
    entry = AuditEntry.objects.get(action="task.adjudicate")
    assert (entry.subject, entry.data["item"], entry.data["answer"]) == (f"task:{made.task_id}", 2, {"label": ["ham"]})


def test_a_decided_task_asks_nobody_else_until_the_decision_is_taken_back() -> None:
    ann = factories.owner()
    bob, cat = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = numbered(ann, 2, overlap=3)
    answer(bob, project, {1: "ham"})

    def wanted() -> int:
        project.refresh_from_db()
        return project.task_count * project.overlap + project.extra_answers

    def offered() -> set[int]:
        tasks = lease_tasks(actor=cat, project_id=project.pk, count=5, holding=[])["tasks"]
        release_tasks(actor=cat, project_id=project.pk, tasks=[task["id"] for task in tasks])
        return {task["item_id"] for task in tasks}

    assert wanted() == 6
    for item in (1, 2):
        decide_task(actor=ann, task_id=task(project, item).pk, answer={"label": ["ham"]})
    assert (offered(), wanted()) == (set(), 1)
    assert [(one.overlap, one.open_slots) for one in Task.objects.order_by("item_id")] == [(1, 0), (0, 0)]
    # A job that brings tasks in line with another overlap leaves decided ones alone.
    change_project(actor=ann, project_id=project.pk, overlap=2)
    make_tasks(job=start(Job.objects.filter(kind="labeling.create_tasks").latest("pk")), project_id=project.pk)
    assert (offered(), wanted()) == (set(), 1)
    undo_decision(actor=ann, task_id=task(project, 1).pk)
    assert (offered(), wanted()) == ({1}, 2)
    decide_task(actor=ann, task_id=task(project, 2).pk, state="left", reason="Nobody can tell")
    assert (offered(), wanted()) == ({1, 2}, 4)
    answer(cat, project, {1: "ham", 2: "ham"})
    assert offered() == set()


def test_a_changed_copy_says_that_it_was_changed() -> None:
    ann, bob, _cat, project = make()
    number = number_of(project, 2, bob)
    made = decide_task(actor=ann, task_id=task(project, 2).pk, annotation=number, answer={"label": ["spam"]})
    assert (made.annotation_number, made.edited, made.answer) == (number, True, {"label": ["spam"]})


def test_saying_the_same_twice_changes_nothing() -> None:
    ann, bob, _cat, project = make()
    number = number_of(project, 2, bob)
    decide_task(actor=ann, task_id=task(project, 2).pk, annotation=number)
    again = decide_task(actor=ann, task_id=task(project, 2).pk, annotation=number)
    assert (again.revision, AuditEntry.objects.filter(action="task.adjudicate").count()) == (1, 1)


def test_a_task_is_left_undecided_only_with_a_reason() -> None:
    ann, _bob, _cat, project = make()
    with pytest.raises(DomainError, match="Say why"):
        decide_task(actor=ann, task_id=task(project, 2).pk, state="left", reason="  ")
    weighed(ann, project)
    made = decide_task(actor=ann, task_id=task(project, 2).pk, state="left", reason="两个都对")
    assert (made.state, made.answer, made.reason) == ("left", None, "两个都对")
    assert Dispute.objects.get(task__item_id=2).state == "left"


def test_a_decision_is_undone_and_the_task_is_one_to_decide_again() -> None:
    ann, bob, _cat, project = make()
    weighed(ann, project)
    decide_task(actor=ann, task_id=task(project, 2).pk, annotation=number_of(project, 2, bob))
    undo_decision(actor=ann, task_id=task(project, 2).pk, revision=1)
    assert not Adjudication.objects.exists()
    assert Dispute.objects.get(task__item_id=2).state == "open"
    assert AuditEntry.objects.get(action="task.adjudicate_undo").data["answer"] == {"label": ["ham"]}
    with pytest.raises(NotFound):
        undo_decision(actor=ann, task_id=task(project, 2).pk)


def test_what_makes_no_sense_is_refused() -> None:
    ann, bob, _cat, project = make()
    second = task(project, 2).pk
    with pytest.raises(NotFound, match="no such answer"):
        decide_task(actor=ann, task_id=second, annotation=number_of(project, 3, bob))
    with pytest.raises(DomainError, match="Name an answer"):
        decide_task(actor=ann, task_id=second)
    with pytest.raises(DomainError) as refused:
        decide_task(actor=ann, task_id=second, answer={"label": ["eggs"]})
    assert refused.value.code == "answer_invalid"
    with pytest.raises(NotFound):
        decide_task(actor=factories.owner("Eve's"), task_id=second, answer={"label": ["ham"]})
    mark_gold(actor=ann, project_id=project.pk, item=2, answer={"label": ["ham"]})
    with pytest.raises(Conflict, match="known already"):
        decide_task(actor=ann, task_id=second, answer={"label": ["ham"]})
    Project.objects.filter(pk=project.pk).update(state="archived")
    with pytest.raises(Conflict, match="archived"):
        decide_task(actor=ann, task_id=task(project, 3).pk, answer={"label": ["ham"]})


def test_of_two_who_decide_at_once_the_later_one_is_told() -> None:
    ann, bob, cat, project = make()
    second = task(project, 2).pk
    decide_task(actor=ann, task_id=second, annotation=number_of(project, 2, bob), revision=0)
    with pytest.raises(DomainError) as refused:
        decide_task(actor=ann, task_id=second, annotation=number_of(project, 2, cat), revision=0)
    assert (refused.value.code, refused.value.status, refused.value.extra["revision"]) == ("revision_old", 412, 1)
    with pytest.raises(DomainError):
        undo_decision(actor=ann, task_id=second, revision=7)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_decide_one_task_at_once_one_does() -> None:
    ann, bob, cat, project = make()
    second = task(project, 2).pk
    numbers = [number_of(project, 2, person) for person in (bob, cat)]

    def decide(place: int) -> str:
        try:
            decide_task(actor=ann, task_id=second, annotation=numbers[place % 2], revision=0, reason=str(place))
        except DomainError as error:
            return error.code
        finally:
            connection.close()
        return "decided"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(decide, range(8))) == ["decided", *["revision_old"] * 7]
    assert Adjudication.objects.get().revision == 1


def test_a_final_answer_beats_any_vote_when_labels_are_published() -> None:
    ann, bob, cat, project = make(4)
    decide_task(actor=ann, task_id=task(project, 1).pk, answer={"label": ["spam"]})
    decide_task(actor=ann, task_id=task(project, 2).pk, annotation=number_of(project, 2, cat))
    decide_task(actor=ann, task_id=task(project, 3).pk, state="left", reason="unclear")
    result, rows = publish(ann, project, split=False)
    assert [row["label"] for row in rows] == ["spam", "spam", None, None]
    assert [row["label_source"] for row in rows] == ["adjudicated", "adjudicated", "person", "person"]
    assert [row["label_adjudicator"] for row in rows] == [ann.user_id, ann.user_id, None, None]
    assert [row["label_agreement"] for row in rows] == [0.0, 0.5, 0.5, 0.5]
    assert rows[0]["label_annotators"] == sorted([bob.user_id, cat.user_id])
    assert (result["labeled"], result["adjudicated"], result["ties"]) == (2, 2, 2)
    _result, reviewed = publish(ann, project, split=False, only_reviewed=True)
    assert [row["label"] for row in reviewed] == ["spam", "spam", None, None]
    _result, weighed_rows = publish(ann, project, split=False, consensus="auto")
    assert [row["label"] for row in weighed_rows][:2] == ["spam", "spam"]
    assert [row["label_confidence"] for row in weighed_rows][:3] == [None, None, 0.5]


def test_a_model_that_learns_from_the_project_learns_the_final_answer() -> None:
    ann, _bob, cat, project = make(4)
    decide_task(actor=ann, task_id=task(project, 1).pk, answer={"label": ["spam"]})
    decide_task(actor=ann, task_id=task(project, 2).pk, annotation=number_of(project, 2, cat))
    decide_task(actor=ann, task_id=task(project, 3).pk, state="left", reason="unclear")
    assert list(labeled_items(project)) == [(1, "text 1", "spam"), (2, "text 2", "spam")]


def test_a_version_of_a_project_without_decisions_has_no_column_for_them() -> None:
    ann, _bob, _cat, project = make()
    _result, rows = publish(ann, project, split=False)
    assert "label_adjudicator" not in rows[0]


def test_the_final_answer_gives_every_control_its_value() -> None:
    made = schema("ham", "spam", controls=[{"name": "why", "type": "text", "required": False}])
    ann, bob, _cat, project = make(schema=made)
    decide_task(actor=ann, task_id=task(project, 2).pk, annotation=number_of(project, 2, bob),
                answer={"label": ["ham"], "why": "a greeting"})  # fmt: skip
    _result, rows = publish(ann, project, split=False)
    assert [row["why"] for row in rows] == [None, "a greeting", None]


def test_final_answers_go_along_when_the_questions_change() -> None:
    ann, bob, cat, project = make(4)
    decide_task(actor=ann, task_id=task(project, 2).pk, annotation=number_of(project, 2, bob))
    decide_task(actor=ann, task_id=task(project, 3).pk, annotation=number_of(project, 3, cat))
    decide_task(actor=ann, task_id=task(project, 4).pk, state="left", reason="unclear")
    weighed(ann, project)
    job = changed(ann, project, schema("gammon", "eggs"), renamed={("label", "ham"): "gammon"},
                  reopened=frozenset({("label", "spam")}))  # fmt: skip
    with pytest.raises(Conflict, match="still being brought along"):
        decide_task(actor=ann, task_id=task(project, 2).pk, answer={"label": ["gammon"]})
    assert done(job, project)["final_answers"] == {"renamed": 1, "reopened": 1}
    rows = {row.task.item_id: row for row in Adjudication.objects.select_related("task")}
    assert (rows[2].state, rows[2].answer, rows[2].revision) == ("decided", {"label": ["gammon"]}, 2)
    assert (rows[3].state, rows[3].reason) == ("left", "The questions were changed, and this is asked again.")
    assert (rows[4].state, rows[4].reason, rows[4].revision) == ("left", "unclear", 1)
    assert {row.schema_revision for row in rows.values()} == {2}
    assert Dispute.objects.get(task__item_id=3).state == "left"


def test_an_item_that_must_be_decided_again_after_a_change_asks_people_again() -> None:
    ann = factories.owner()
    project = numbered(ann, 1, overlap=2)
    decide_task(actor=ann, task_id=task(project, 1).pk, answer={"label": ["spam"]})
    assert task(project, 1).open_slots == 0
    job = changed(ann, project, schema("ham", "eggs"), reopened=frozenset({("label", "spam")}))
    assert done(job, project)["final_answers"] == {"reopened": 1}
    assert (Adjudication.objects.get().state, task(project, 1).open_slots) == ("left", 2)


def test_an_erased_item_takes_its_final_answer_along() -> None:
    ann, bob, _cat, project = make()
    weighed(ann, project)
    for item in (2, 3):
        decide_task(actor=ann, task_id=task(project, item).pk, annotation=number_of(project, item, bob))
    removed = erase_tasks(project_id=project.pk, items=[2])
    assert (removed["labeling.Adjudication"], removed["labeling.Dispute"]) == (1, 1)
    assert list(Adjudication.objects.values_list("task__item_id", flat=True)) == [3]


def test_a_place_that_comes_back_on_a_decided_task_asks_nobody_else() -> None:
    ann = factories.owner()
    people = [factories.member(ann, "annotator") for _person in range(4)]
    project = numbered(ann, 3, overlap=3)
    held = [
        [task["id"] for task in lease_tasks(actor=one, project_id=project.pk, count=3, holding=[])["tasks"]]
        for one in people[:2]
    ]
    answer(people[2], project, {1: "ham"})
    for item in (1, 2):
        decide_task(actor=ann, task_id=task(project, item).pk, answer={"label": ["ham"]})
    # One window is closed, the other is forgotten.
    release_tasks(actor=people[0], project_id=project.pk, tasks=held[0])
    Lease.objects.filter(annotator=people[1].user_id).update(expires_at="2026-01-01T00:00Z")
    expire_leases(project_id=project.pk)
    offered = lease_tasks(actor=people[3], project_id=project.pk, count=5, holding=[])["tasks"]
    assert [one["item_id"] for one in offered] == [3]
    project.refresh_from_db()
    shown = [(one.overlap, one.open_slots) for one in Task.objects.order_by("item_id")]
    assert (shown, project.extra_answers) == ([(1, 0), (0, 0), (3, 2)], 4 - 9)
    undo_decision(actor=ann, task_id=task(project, 1).pk)
    assert (task(project, 1).overlap, task(project, 1).open_slots) == (3, 2)


def test_an_answer_that_is_taken_back_and_left_opens_no_item_whose_answer_is_known() -> None:
    ann, bob, _cat, project = make(1)
    mark_gold(actor=ann, project_id=project.pk, item=1, answer={"label": ["ham"]})
    row = Annotation.objects.get(annotator=bob.user_id)
    back = take_back(actor=bob, annotation_id=row.pk, revision=row.revision)
    release_tasks(actor=bob, project_id=project.pk, tasks=[back["id"]])
    project.refresh_from_db()
    assert (task(project, 1).overlap, task(project, 1).open_slots, project.extra_answers) == (1, 0, 1 - 2)


@pytest.mark.django_db(transaction=True)
def test_a_decision_that_comes_while_a_place_is_given_back_holds() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = numbered(ann, 1, overlap=2)
    held = lease_tasks(actor=bob, project_id=project.pk, count=1, holding=[])["tasks"]

    def leave() -> None:
        release_tasks(actor=bob, project_id=project.pk, tasks=[held[0]["id"]])
        connection.close()

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            decide_task(actor=ann, task_id=task(project, 1).pk, answer={"label": ["ham"]})
            left = pool.submit(leave)
            with pytest.raises(TimeoutError):
                # It waits for the decision.
                left.result(0.5)
        left.result(20)
    assert (task(project, 1).overlap, task(project, 1).open_slots) == (0, 0)


def test_a_task_that_was_given_to_somebody_is_not_asked_of_them_once_it_is_decided() -> None:
    ann = factories.owner()
    bob, cat = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = numbered(ann, 2, overlap=2)
    give_tasks(actor=ann, project_id=project.pk, order=Order([bob.user_id, cat.user_id], items=[1], each=2))
    # Cat has it open just now, and may answer.
    assert lease_tasks(actor=cat, project_id=project.pk, count=1, holding=[])["tasks"][0]["item_id"] == 1
    decide_task(actor=ann, task_id=task(project, 1).pk, answer={"label": ["ham"]})
    offered = lease_tasks(actor=bob, project_id=project.pk, count=5, holding=[])["tasks"]
    assert [one["item_id"] for one in offered] == [2]
    assert (task(project, 1).overlap, task(project, 1).open_slots) == (1, 0)
    left = dict(project.progress.values_list("annotator", "assigned_left"))
    assert (left[bob.user_id], left[cat.user_id]) == (0, 0)
    undo_decision(actor=ann, task_id=task(project, 1).pk)
    assert (task(project, 1).overlap, task(project, 1).open_slots) == (2, 1)
