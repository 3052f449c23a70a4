"""Other questions in a project that has answers: nothing is lost, and doing it twice changes nothing."""

import uuid
from typing import Any

import pytest

from accounts.actor import Actor
from core.errors import Conflict, DomainError
from labeling.models import Annotation, AnnotationRevision, Draft, Progress, Project, SchemaRevision, Tally
from labeling.services import schema_change
from labeling.services.annotation import change_annotation
from labeling.services.answer import save_answers
from labeling.services.page import page_of_project
from labeling.services.project import schema_for_labels, start_publish
from labeling.services.queue import expire_leases, lease_tasks
from labeling.services.review import judge_answer
from labeling.services.schema_change import change_schema, migrate_answers, preview_change, resume_change
from tests import factories
from tests.labeling.versions import start, version
from workers.context import JobContext
from workers.models import Job

pytestmark = pytest.mark.django_db


def make(ann: Actor, count: int, **fields: Any) -> Project:
    made = version(ann, {"text": [f"text {n}" for n in range(1, count + 1)], "more": ["x"] * count})
    project = factories.project(ann, version=made, **fields)
    factories.tasks(project, count)
    return project


def answered(actor: Actor, project: Project, *labels: str, **fields: Any) -> list[dict[str, Any]]:
    tasks = lease_tasks(actor=actor, project_id=project.pk, count=len(labels), holding=[])["tasks"]
    rows = [
        {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": {"label": [label]}, "seconds": 2.0, **fields}
        for task, label in zip(tasks, labels, strict=True)
    ]
    return save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]


def schema(*labels: str, **more: Any) -> dict[str, Any]:
    made = schema_for_labels(labels=list(labels), text_field="text")
    made["controls"] += more.get("controls", [])
    return made


def changed(ann: Actor, project: Project, new: dict[str, Any], **wishes: Any) -> Job:
    project.refresh_from_db()
    _project, job = change_schema(
        actor=ann, project_id=project.pk, schema=new, schema_revision=project.schema_revision, **wishes
    )
    assert job is not None
    return job


def done(job: Job, project: Project) -> dict[str, Any]:
    context = start(job)
    result = migrate_answers(job=context, project_id=project.pk)
    Job.objects.filter(pk=job.pk).update(state="succeeded")
    return result


def answers(project: Project) -> list[Any]:
    return [row.answer["label"] for row in Annotation.objects.filter(project=project).order_by("task__item_id")]


def tallies(project: Project) -> dict[str, int]:
    return {row.name: row.count for row in Tally.objects.filter(project=project, kind="label") if row.count}


def test_the_preview_says_what_happens_and_changes_nothing() -> None:
    ann = factories.owner()
    project = make(ann, 4, labels=("ham", "spam", "junk"))
    answered(ann, project, "ham", "spam", "junk", "junk")
    found = preview_change(
        actor=ann, project_id=project.pk, schema=schema("ham", "scam", "x"), renamed={("label", "spam"): "scam"}
    )
    assert (found["schema_revision"], found["answers"]) == (1, 4)
    assert [(row["value"], row["count"]) for row in found["gone"]] == [("spam", 1), ("junk", 2)]
    assert found["sample"]["kinds"] == {"kept": 1, "renamed": 1, "reduced": 0, "incomplete": 2, "reopened": 0}
    assert [(row["before"], row["after"]) for row in found["sample"]["examples"]] == [
        (["junk"], []),
        (["junk"], []),
        (["spam"], ["scam"]),
    ]
    project.refresh_from_db()
    assert (project.schema_revision, Job.objects.filter(kind="labeling.migrate_answers").exists()) == (1, False)


def test_answers_are_renamed_kept_and_asked_again_with_their_history() -> None:
    ann = factories.owner()
    project = make(ann, 4, labels=("ham", "spam", "junk"))
    answered(ann, project, "ham", "spam", "junk", "ham")
    sue = factories.member(ann, "reviewer")
    for number in Annotation.objects.values_list("pk", flat=True):
        judge_answer(actor=sue, annotation_id=number, verdict="accepted")
    job = changed(
        ann,
        project,
        schema("ham", "scam"),
        renamed={("label", "spam"): "scam"},
        reopened=frozenset({("label", "junk")}),
    )
    assert done(job, project) == {
        "project": project.pk, "kept": 2, "renamed": 1, "reduced": 0, "incomplete": 0, "reopened": 1,
    }  # fmt: skip
    assert answers(project) == [["ham"], ["scam"], ["ham"]]
    assert tallies(project) == {"ham": 2, "scam": 1}
    kept = [(row.answer["label"], row.taken_back) for row in AnnotationRevision.objects.order_by("annotation_number")]
    assert kept == [(["spam"], False), (["junk"], True)]
    seat = Progress.objects.get(project=project)
    assert (seat.answers, seat.seconds, seat.accepted_answers) == (3, 6.0, 3)
    # The task of the third comes back to the queue, with what the person had said as a draft.
    assert Draft.objects.get().answer == {}
    expire_leases(project_id=project.pk)
    assert [t["item_id"] for t in lease_tasks(actor=ann, project_id=project.pk, count=5, holding=[])["tasks"]] == [3]


def test_a_killed_job_goes_on_where_it_stopped_and_twice_is_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_change, "BATCH", 2)
    ann = factories.owner()
    project = make(ann, 5, labels=("ham", "spam"))
    answered(ann, project, "ham", "spam", "ham", "spam", "ham")
    first = changed(ann, project, schema("a", "b"), renamed={("label", "ham"): "a", ("label", "spam"): "b"})
    context = start(first)
    batches = iter(range(100))

    def dies(*_a: Any, **_k: Any) -> None:
        if next(batches) == 1:
            raise KeyboardInterrupt

    context.progress = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        migrate_answers(job=context, project_id=project.pk)
    assert Annotation.objects.filter(schema_revision=2).count() == 4
    first.refresh_from_db()
    assert migrate_answers(job=JobContext(first), project_id=project.pk)["renamed"] == 5
    assert answers(project) == [["a"], ["b"], ["a"], ["b"], ["a"]]
    first.refresh_from_db()
    assert migrate_answers(job=JobContext(first), project_id=project.pk)["renamed"] == 5
    assert AnnotationRevision.objects.count() == 5
    assert tallies(project) == {"a": 3, "b": 2}


def test_a_new_must_marks_answers_incomplete_until_they_are_completed() -> None:
    ann = factories.owner()
    project = make(ann, 1)
    answered(ann, project, "ham")
    new = schema("ham", "spam", controls=[{"name": "quality", "type": "rating"}])
    assert done(changed(ann, project, new), project)["incomplete"] == 1
    row = Annotation.objects.get()
    assert (row.answer, row.incomplete, row.revision) == ({"label": ["ham"]}, True, 1)
    answer = {"label": ["ham"], "quality": 4}
    assert change_annotation(actor=ann, annotation_id=row.pk, revision=1, answer=answer).incomplete is False


def test_every_process_notices_and_late_answers_to_the_old_questions_are_brought_along() -> None:
    ann = factories.owner()
    project = make(ann, 4, labels=("ham", "spam"))
    answered(ann, project, "ham")
    changed(ann, project, schema("ham", "scam"), renamed={("label", "spam"): "scam"})
    # This process knew the old questions; an answer to the new ones is taken, one to the old ones is refused in words.
    assert answered(ann, project, "scam")[0]["status"] == "saved"
    assert answered(ann, project, "spam")[0]["status"] == "invalid"
    late = answered(ann, project, "spam", schema_revision=1)
    assert late[0]["status"] == "saved"
    assert [row.answer["label"] for row in Annotation.objects.order_by("pk")] == [["ham"], ["scam"], ["scam"]]
    assert lease_tasks(actor=ann, project_id=project.pk, count=0, holding=[])["schema_revision"] == 2
    assert page_of_project(actor=ann, project_id=project.pk)["project"]["schema_revision"] == 2


def test_other_columns_are_shown_after_the_change() -> None:
    ann = factories.owner()
    project = make(ann, 2)
    new = schema("ham", "spam")
    new["display"].append({"type": "value", "field": "more"})
    done(changed(ann, project, new), project)
    assert [task.data for task in project.tasks.order_by("item_id")] == [
        {"text": "text 1", "more": "x"},
        {"text": "text 2", "more": "x"},
    ]


def test_two_managers_and_unfinished_changes_are_kept_apart() -> None:
    ann = factories.owner()
    project = make(ann, 1)
    answered(ann, project, "ham")
    changed(ann, project, schema("ham", "scam"))
    with pytest.raises(DomainError) as caught:
        change_schema(actor=ann, project_id=project.pk, schema=schema("a", "b"), schema_revision=1)
    assert (caught.value.code, caught.value.status) == ("revision_old", 412)
    with pytest.raises(Conflict) as refused:
        change_schema(actor=ann, project_id=project.pk, schema=schema("a", "b"), schema_revision=2)
    assert refused.value.code == "questions_changing"
    with pytest.raises(Conflict):
        start_publish(actor=ann, project_id=project.pk, options={})
    with pytest.raises(Conflict):
        resume_change(actor=ann, project_id=project.pk)
    Job.objects.filter(kind="labeling.migrate_answers").update(state="failed", finished_at="2026-01-01T00:00Z")
    again = resume_change(actor=ann, project_id=project.pk)
    assert done(again, project)["kept"] == 1
    start_publish(actor=ann, project_id=project.pk, options={})


def test_the_same_questions_again_send_no_job() -> None:
    ann = factories.owner()
    project = make(ann, 1)
    _project, job = change_schema(actor=ann, project_id=project.pk, schema=project.schema, schema_revision=1)
    assert job is None
    assert not SchemaRevision.objects.exists()
