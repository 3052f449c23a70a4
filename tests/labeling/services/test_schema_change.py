"""Other questions in a project that has answers: nothing is lost, and doing it twice changes nothing."""

import uuid
from typing import Any

import pytest

from accounts.actor import Actor
from core.errors import Conflict, DomainError
from labeling.models import Annotation, AnnotationRevision, Draft, Progress, Project, SchemaRevision, Tally
from labeling.services import draft, schema_change
from labeling.services.annotation import change_annotation, take_back
from labeling.services.answer import save_answers
from labeling.services.draft import save_draft
from labeling.services.expiry import expire_leases
from labeling.services.page import page_of_project
from labeling.services.project import schema_for_labels, start_publish
from labeling.services.queue import lease_tasks, release_tasks
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


NER = {
    "name": "names",
    "type": "spans",
    "field": "text",
    "required": False,
    "labels": [{"value": "PER"}, {"value": "ORG"}],
}
TIES = {"name": "ties", "type": "relations", "spans": "names", "required": False, "labels": [{"value": "knows"}]}


def marked(label: str = "PER") -> dict[str, Any]:
    """Return an answer about "text 1": two spans and their relation, without the choice that must be given."""
    spans = [
        {"id": "s1", "start": 0, "end": 4, "label": label, "text": "text"},
        {"id": "s2", "start": 5, "end": 6, "label": "ORG", "text": "1"},
    ]
    return {"names": spans, "ties": [{"from": "s1", "to": "s2", "label": "knows"}]}


def begun(ann: Actor, project: Project, answer: dict[str, Any]) -> int:
    """Lease the first task, begin to answer it, and return its number."""
    task: int = lease_tasks(actor=ann, project_id=project.pk, count=1, holding=[])["tasks"][0]["id"]
    assert save_draft(actor=ann, task_id=task, answer=answer)[1] is None
    return task


def with_names(*labels: str, ties: bool = True) -> dict[str, Any]:
    return schema(
        "ham", "spam", controls=[{**NER, "labels": [{"value": label} for label in labels]}, *([TIES] if ties else [])]
    )


def test_begun_answers_are_brought_along_with_what_was_renamed_and_without_what_went() -> None:
    ann = factories.owner()
    project = make(ann, 2, labels=("ham", "spam"))
    done(changed(ann, project, with_names("PER", "ORG")), project)
    task = begun(ann, project, {"label": ["spam"], **marked()})
    before = Draft.objects.get(task=task)
    assert before.schema_revision == 2
    done(changed(ann, project, with_names("PERSON", "ORG"), renamed={("names", "PER"): "PERSON"}), project)
    renamed = Draft.objects.get(task=task)
    assert renamed.answer == {"label": ["spam"], **marked("PERSON")}
    assert (renamed.schema_revision, renamed.saved_at) == (3, before.saved_at)
    # A question that went away takes its part along and nothing else; relations go with their spans.
    done(changed(ann, project, with_names("PERSON")), project)
    assert Draft.objects.get(task=task).answer == {"label": ["spam"], "names": marked("PERSON")["names"][:1]}


def test_a_begun_answer_is_handed_out_as_the_new_questions_take_it_before_the_job_has_come_to_it() -> None:
    ann = factories.owner()
    project = make(ann, 1, labels=("ham", "spam"))
    done(changed(ann, project, with_names("PER", "ORG")), project)
    task = begun(ann, project, marked())
    release_tasks(actor=ann, project_id=project.pk, tasks=[task])
    changed(ann, project, with_names("PERSON", "ORG"), renamed={("names", "PER"): "PERSON"})
    (found,) = lease_tasks(actor=ann, project_id=project.pk, count=1, holding=[])["tasks"]
    assert found["draft"]["answer"] == marked("PERSON")


def test_a_page_with_the_earlier_questions_keeps_its_drafts_through_the_change() -> None:
    ann = factories.owner()
    project = make(ann, 1, labels=("ham", "spam"))
    done(changed(ann, project, with_names("PER", "ORG")), project)
    task = begun(ann, project, {"label": ["ham"]})
    done(changed(ann, project, with_names("PERSON", "ORG"), renamed={("names", "PER"): "PERSON"}), project)
    _at, moved = save_draft(actor=ann, task_id=task, answer=marked(), schema_revision=2)
    assert moved == marked("PERSON")
    kept = Draft.objects.get(task=task)
    assert (kept.answer, kept.schema_revision) == (moved, 3)
    with pytest.raises(DomainError, match="PER"):
        save_draft(actor=ann, task_id=task, answer=marked())
    with pytest.raises(DomainError):
        save_draft(actor=ann, task_id=task, answer=marked("never"), schema_revision=2)


def test_a_killed_job_brings_the_other_drafts_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft, "BATCH", 2)
    ann = factories.owner()
    project = make(ann, 5, labels=("ham", "spam"))
    tasks = lease_tasks(actor=ann, project_id=project.pk, count=5, holding=[])["tasks"]
    for task in tasks:
        save_draft(actor=ann, task_id=task["id"], answer={"label": ["spam"]})
    job = changed(ann, project, schema("ham", "scam"), renamed={("label", "spam"): "scam"})
    context = start(job)
    saves = 0

    def save_state(state: dict[str, Any]) -> None:
        nonlocal saves
        saves += 1
        if saves == 2:
            raise RuntimeError("killed")
        JobContext.save_state(context, state)

    monkeypatch.setattr(context, "save_state", save_state)
    with pytest.raises(RuntimeError, match="killed"):
        migrate_answers(job=context, project_id=project.pk)
    assert Draft.objects.filter(answer={"label": ["scam"]}).count() == 2
    Job.objects.filter(pk=job.pk).update(state="queued")
    done(Job.objects.get(pk=job.pk), project)
    assert Draft.objects.filter(answer={"label": ["scam"]}, schema_revision=2).count() == 5


def test_an_answer_taken_back_before_the_job_came_to_it_is_a_draft_of_the_new_questions() -> None:
    ann = factories.owner()
    project = make(ann, 1, labels=("ham", "spam"))
    answered(ann, project, "spam")
    changed(ann, project, schema("ham", "scam"), renamed={("label", "spam"): "scam"})
    row = Annotation.objects.get()
    assert take_back(actor=ann, annotation_id=row.pk, revision=1)["draft"]["answer"] == {"label": ["scam"]}
