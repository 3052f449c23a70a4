"""Answers are saved once, stand alone and are never lost."""

import uuid
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from labeling.models import Annotation, AnnotationRevision, Draft, Lease, Progress, Project, Suggestion, Tally, Task
from labeling.services.annotation import change_annotation, list_history, take_back
from labeling.services.answer import save_answers
from labeling.services.draft import save_draft
from labeling.services.expiry import expire_leases
from labeling.services.queue import lease_tasks
from labeling.services.suggestion import store_suggestions
from tests import factories
from workers.models import Job

pytestmark = pytest.mark.django_db


def make(count: int = 3, **fields: Any) -> tuple[Actor, Project]:
    ann = factories.owner()
    project = factories.project(ann, **fields)
    factories.tasks(project, count)
    return ann, project


def lease(actor: Actor, project: Project, count: int = 1) -> list[dict[str, Any]]:
    return lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])["tasks"]


def spam(task: dict[str, Any], **fields: Any) -> dict[str, Any]:
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "lease": task["lease"]["token"]}
    return {**row, "answer": {"label": ["spam"]}, "seconds": 2.5, **fields}


def send(actor: Actor, project: Project, *answers: Any) -> list[dict[str, Any]]:
    return save_answers(actor=actor, project_id=project.pk, answers=list(answers))["results"]


def lose(project: Project) -> None:
    Lease.objects.filter(project=project).update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_leases()


def test_an_answer_is_saved_and_counted() -> None:
    ann, project = make()
    (task,) = lease(ann, project)
    body = save_answers(actor=ann, project_id=project.pk, answers=[spam(task)])
    saved = Annotation.objects.get()
    assert body["results"][0]["status"] == "saved"
    assert body["results"][0]["annotation"] == saved.pk
    assert (saved.answer, saved.revision, saved.seconds) == ({"label": ["spam"]}, 1, 2.5)
    assert body["progress"] == {
        "total": 3, "done": 1, "mine": 1, "suggestions_accepted": 0, "suggestions_shown": 0,
    }  # fmt: skip
    assert [(row.kind, row.control, row.name, row.count) for row in Tally.objects.all()] == [
        ("label", "label", "spam", 1)
    ]
    assert Lease.objects.get().expires_at is None


def test_sending_again_saves_once() -> None:
    ann, project = make()
    (task,) = lease(ann, project)
    row = spam(task)
    first, again = send(ann, project, row)[0], send(ann, project, row)[0]
    assert again == {**first, "status": "duplicate"}
    assert Annotation.objects.count() == Progress.objects.get().answers == 1


def test_one_key_twice_in_one_request_saves_once() -> None:
    ann, project = make()
    (task,) = lease(ann, project)
    row = spam(task)
    first, second = send(ann, project, row, row)
    assert (first["status"], second["status"]) == ("saved", "duplicate")
    assert first["annotation"] == second["annotation"] == Annotation.objects.get().pk


def test_each_answer_stands_alone() -> None:
    ann, project = make()
    one, two, three = lease(ann, project, 3)
    bad = spam(two, answer={"label": ["eggs"]})
    results = send(ann, project, spam(one), bad, spam(three, answer=None, skipped=True, reason="unclear"))
    assert [row["status"] for row in results] == ["saved", "invalid", "saved"]
    assert results[1]["problem"]["where"] == "label.0"
    assert "Choose one of ham, spam." in results[1]["problem"]["detail"]
    assert Progress.objects.get().skipped == 1
    assert Annotation.objects.get(skipped=True).reason == "unclear"


def test_a_lost_lease_takes_its_place_again_when_it_is_free() -> None:
    ann, project = make(1)
    (task,) = lease(ann, project)
    lose(project)
    assert send(ann, project, spam(task))[0]["status"] == "saved"
    assert Task.objects.get().open_slots == 0


def test_a_lost_lease_whose_place_is_taken_keeps_the_answer_as_a_draft() -> None:
    ann, project = make(1)
    bob = factories.member(ann, "annotator")
    (task,) = lease(ann, project)
    lose(project)
    lease(bob, project)
    result = send(ann, project, spam(task))[0]
    assert (result["status"], result["annotation"]) == ("kept_as_draft", None)
    assert Draft.objects.get(annotator_id=ann.user_id).answer == {"label": ["spam"]}
    assert Task.objects.get().open_slots == 0
    assert not Annotation.objects.exists()


def test_a_task_answered_before_is_refused_under_a_new_key() -> None:
    ann, project = make()
    (task,) = lease(ann, project)
    send(ann, project, spam(task))
    result = send(ann, project, spam(task))[0]
    assert result["status"] == "invalid"
    assert result["problem"]["code"] == "answer_refused"


def test_a_task_of_another_project_is_refused() -> None:
    ann, project = make()
    other = factories.project(ann)
    factories.tasks(other, 1)
    (task,) = lease(ann, other)
    assert send(ann, project, spam(task))[0]["status"] == "invalid"
    assert not Annotation.objects.exists()


def test_another_organization_saves_nothing() -> None:
    ann, project = make()
    (task,) = lease(ann, project)
    with pytest.raises(NotFound):
        send(factories.owner("Eve's"), project, spam(task))
    assert not Annotation.objects.exists()


def test_taking_back_gives_the_task_again_with_the_answer_as_draft() -> None:
    ann, project = make(1)
    (task,) = lease(ann, project)
    sent = spam(task)
    number = send(ann, project, sent)[0]["annotation"]
    again = take_back(actor=ann, annotation_id=number, revision=1)
    assert again["id"] == task["id"]
    assert orjson.loads(orjson.dumps(again["draft"]["answer"])) == {"label": ["spam"]}
    assert Progress.objects.get().answers == 0
    assert Tally.objects.get().count == 0
    assert AnnotationRevision.objects.get().taken_back
    # A late copy of what was taken back is not saved again; a new answer is.
    assert send(ann, project, sent)[0]["status"] == "kept_as_draft"
    assert send(ann, project, spam(again))[0]["status"] == "saved"


def test_a_change_keeps_what_was_before() -> None:
    ann, project = make(1)
    (task,) = lease(ann, project)
    number = send(ann, project, spam(task))[0]["annotation"]
    changed = change_annotation(actor=ann, annotation_id=number, revision=1, answer={"label": ["ham"]})
    assert (changed.revision, changed.answer) == (2, {"label": ["ham"]})
    assert AnnotationRevision.objects.get().answer == {"label": ["spam"]}
    assert dict(Tally.objects.values_list("name", "count")) == {"spam": 0, "ham": 1}


def test_a_change_from_an_old_revision_is_refused() -> None:
    ann, project = make(1)
    (task,) = lease(ann, project)
    number = send(ann, project, spam(task))[0]["annotation"]
    change_annotation(actor=ann, annotation_id=number, revision=1, answer={"label": ["ham"]})
    with pytest.raises(DomainError) as caught:
        take_back(actor=ann, annotation_id=number, revision=1)
    assert (caught.value.code, caught.value.status) == ("revision_old", 412)
    assert Annotation.objects.get().revision == 2


def test_nobody_changes_the_answer_of_somebody_else() -> None:
    ann, project = make(1)
    (task,) = lease(ann, project)
    number = send(ann, project, spam(task))[0]["annotation"]
    for stranger in (factories.member(ann, "manager"), factories.owner("Eve's")):
        with pytest.raises(NotFound):
            change_annotation(actor=stranger, annotation_id=number, revision=1, answer={"label": ["ham"]})
        with pytest.raises(NotFound):
            take_back(actor=stranger, annotation_id=number, revision=1)


def test_history_is_ones_own_newest_first() -> None:
    ann, project = make(3, overlap=2)
    bob = factories.member(ann, "annotator")
    numbers = [send(ann, project, spam(task))[0]["annotation"] for task in lease(ann, project, 3)]
    send(bob, project, spam(lease(bob, project)[0]))
    page = list_history(actor=ann, project_id=project.pk, before=2**63 - 1)
    assert [row["annotation"] for row in page["results"]] == numbers[::-1]
    assert page["next"] is None


def test_history_goes_on_at_its_cursor() -> None:
    ann, project = make(51)
    for start in range(2):
        send(ann, project, *[spam(task) for task in lease(ann, project, 50 if start == 0 else 1)])
    first = list_history(actor=ann, project_id=project.pk, before=2**63 - 1)
    second = list_history(actor=ann, project_id=project.pk, before=int(first["next"]))
    assert (len(first["results"]), len(second["results"]), second["next"]) == (50, 1, None)


def test_a_draft_may_be_incomplete_and_comes_with_the_lease() -> None:
    ann, project = make(1)
    (task,) = lease(ann, project)
    save_draft(actor=ann, task_id=task["id"], answer={})
    save_draft(actor=ann, task_id=task["id"], answer={"label": ["ham"]})
    lose(project)
    (again,) = lease(ann, project)
    assert orjson.loads(orjson.dumps(again["draft"]["answer"])) == {"label": ["ham"]}
    send(ann, project, spam(again))
    assert not Draft.objects.exists()


def test_what_a_person_worked_on_last_comes_first_when_tasks_come_back() -> None:
    ann, project = make(4)
    _one, two, three, _four = lease(ann, project, 4)
    for task in (three, two, three):
        save_draft(actor=ann, task_id=task["id"], answer={"label": ["ham"]})
    lose(project)
    bob = factories.member(ann, "annotator")
    again = lease(ann, project, 4)
    assert [task["id"] for task in again[:2]] == [three["id"], two["id"]]
    # What somebody began weighs nothing for others.
    lose(project)
    assert [task["draft"] for task in lease(bob, project, 4)] == [None] * 4


def test_the_newest_suggestion_is_shown_and_its_acceptance_counted() -> None:
    ann, project = make(2)
    rows = [(1, {"label": ["ham"]}, 0.6), (2, {"label": ["ham"]}, 0.7)]
    assert store_suggestions(actor=ann, project_id=project.pk, source="head 1", rows=rows) == 2
    store_suggestions(actor=ann, project_id=project.pk, source="head 2", rows=[(1, {"label": ["spam"]}, 0.9)])
    assert Suggestion.objects.count() == 2
    one, two = lease(ann, project, 2)
    assert (one["suggestion"]["model"], two["suggestion"]["model"]) == ("head 2", "head 1")
    send(ann, project, spam(one, suggestion=one["suggestion"]["id"]), spam(two, suggestion=two["suggestion"]["id"]))
    assert list(Annotation.objects.order_by("pk").values_list("accepted_suggestion", flat=True)) == [True, False]
    counts = {(row.kind, row.name): row.count for row in Tally.objects.exclude(kind="label")}
    assert counts == {("shown", "head 2"): 1, ("accepted", "head 2"): 1, ("shown", "head 1"): 1}


def test_a_full_task_gets_no_suggestion() -> None:
    ann, project = make(1)
    send(ann, project, spam(lease(ann, project)[0]))
    rows = [(1, {"label": ["ham"]}, 0.6)]
    assert store_suggestions(actor=ann, project_id=project.pk, source="head 1", rows=rows) == 0


def test_a_suggestion_that_does_not_fit_stores_nothing() -> None:
    ann, project = make(2)
    rows = [(1, {"label": ["ham"]}, 0.6), (2, {"label": ["eggs"]}, 0.7)]
    with pytest.raises(DomainError):
        store_suggestions(actor=ann, project_id=project.pk, source="head 1", rows=rows)


def test_suggestions_are_asked_for_after_so_many_answers_and_once() -> None:
    ann, project = make(5, suggest_every=2, suggest_at=2)
    for task in lease(ann, project, 5):
        send(ann, project, spam(task))
    job = Job.objects.get(kind="modeling.suggest")
    assert (job.params, job.subject) == ({"project_id": project.pk}, f"project:{project.pk}")
    project.refresh_from_db()
    assert project.suggest_at == 6


@pytest.mark.parametrize("count", [1, 20])
def test_saving_costs_the_same_statements_for_any_count(count: int, django_assert_num_queries: Any) -> None:
    ann, project = make(40)
    send(ann, project, spam(lease(ann, project)[0]))
    tasks = lease(ann, project, count)
    with django_assert_num_queries(1):
        send(ann, project, *[spam(task) for task in tasks])


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["spam", "label", "\0", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    row=st.dictionaries(st.sampled_from(["client_key", "task", "answer", "skipped", "reason", "seconds"]), json_values)
)
def test_no_answer_whatever_its_shape_breaks_the_request(db: None, row: dict[str, Any]) -> None:
    ann, project = make(1)
    (task,) = lease(ann, project)
    good = spam(task)
    for sent in (row, {**good, "client_key": str(uuid.uuid4()), **row}):
        assert send(ann, project, sent)[0]["status"] in {"saved", "invalid"}
