"""Annotations of Label Studio's clients: one person's answer to a task, given, changed and taken back."""

from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from labeling.engine.label_studio.results import ResultError
from labeling.engine.schema import Answer, AnswerError
from labeling.models import Adjudication, Annotation, Task
from labeling.services.adjudication import decide_task, undo_decision
from labeling.services.annotation import change_annotation, find_own, take_back
from labeling.services.answer import save_answers
from labeling.services.brought import Given, seat, settled, store_given
from labeling.services.label_studio.intake import Checking, TaskRefused, said, seconds_of
from labeling.services.label_studio.project import words_of
from labeling.services.label_studio.showing import find_task
from labeling.services.project import refuse_while_changing
from labeling.services.queue import release_tasks

Row = dict[str, Any]
# Who may say which answer counts.
DECIDE = ("review",)


def find_annotation(*, actor: Actor, annotation_id: int) -> Annotation:
    """Return an answer that this actor may see, with its task and project, or raise NotFound."""
    rows = Annotation.objects.visible_to(actor).select_related("task", "project__label_studio")
    found: Annotation | None = rows.filter(pk=annotation_id).first()
    if found is None:
        raise NotFound(_("There is no such annotation."))
    return found


def task_for(*, actor: Actor, task_id: int) -> Task:
    """Return a task that this actor may see, or raise NotFound."""
    task = find_task(actor=actor, task_id=task_id)
    if task is None:
        raise NotFound(_("There is no such task."))
    return task


def give_annotation(*, actor: Actor, task_id: int, given: Row) -> Annotation:
    """Store an answer: of whoever sends it, or of a member that ``completed_by`` names, for those who manage.

    Args:
        actor: Who sends it.
        task_id: The task.
        given: ``result``, ``was_cancelled``, ``lead_time``, ``completed_by``, ``created_at``.

    Raises:
        NotFound: No such task.
        NotAllowed: It is somebody else's, and the sender does not manage the project.
        DomainError: ``annotation_invalid``.
        Conflict: ``annotation_exists`` naming it, ``task_full``, ``project_archived``, ``questions_changing``.
    """
    task = task_for(actor=actor, task_id=task_id)
    refuse_while_changing(task.project)
    _refuse_truth(actor, given)
    person = _person(actor, task, given)
    _refuse_second(task, person)
    if person == actor.user_id:
        return _settle_truth(actor, _give_own(actor, task, given), given)
    if not actor.can("project.write"):
        raise NotAllowed(("project.write",))
    return _settle_truth(actor, _give_for(actor, task, person, given), given)


def _person(actor: Actor, task: Task, given: Row) -> int:
    try:
        return Checking(actor, words_of(task.project)).person(given.get("completed_by"))
    except TaskRefused as error:
        raise DomainError("annotation_invalid", str(error), field="completed_by") from None


def _refuse_truth(actor: Actor, given: Row) -> None:
    if given.get("ground_truth") and not any(actor.can(scope) for scope in DECIDE):
        raise NotAllowed(DECIDE)


def _settle_truth(actor: Actor, annotation: Annotation, given: Row) -> Annotation:
    """Let an answer count as the final one of its task, or no longer, as ``ground_truth`` says."""
    if "ground_truth" not in given:
        return annotation
    decided = Adjudication.objects.filter(task=annotation.task_id, annotation_number=annotation.pk).exists()
    if given["ground_truth"] and not annotation.skipped:
        decide_task(actor=actor, task_id=annotation.task_id, annotation=annotation.pk)
    elif decided and any(actor.can(scope) for scope in DECIDE):
        undo_decision(actor=actor, task_id=annotation.task_id)
    return annotation


def _refuse_second(task: Task, person: int) -> None:
    before = Annotation.objects.filter(task=task, annotator_id=person).values_list("pk", flat=True).first()
    if before is not None:
        detail = _(
            "Task %(task)s has annotation %(number)s of this person, and a person has one answer to a task. Change "
            "that one with PATCH /api/annotations/%(number)s/, or delete it first."
        )
        raise Conflict("annotation_exists", detail % {"task": task.pk, "number": before}, annotation=before)


def _full(task: Task) -> Conflict:
    detail = _(
        "Task %(task)s has no free place: it is for %(count)s people. Raise the project's maximum_annotations for one "
        "more. If places are free, this person has a training to finish first, or is paused."
    )
    return Conflict("task_full", detail % {"task": task.pk, "count": task.overlap})


def _give_own(actor: Actor, task: Task, given: Row) -> Annotation:
    skipped = bool(given.get("was_cancelled"))
    answer = None if skipped else _answer(task, given)
    sent = {"client_key": str(uuid4()), "task": task.pk, "answer": answer, "skipped": skipped}
    sent["seconds"] = seconds_of(given.get("lead_time"))
    (result,) = save_answers(actor=actor, project_id=task.project_id, answers=[sent])["results"]
    if result["status"] == "kept_as_draft":
        raise _full(task)
    if result["status"] != "saved":
        problem = result["problem"]
        raise DomainError("annotation_invalid", f"{problem['where']}: {problem['detail']}".strip(": "))
    return find_annotation(actor=actor, annotation_id=result["annotation"])


def _answer(task: Task, given: Row) -> Answer:
    """Return what an annotation's result says; still to be checked.

    Raises:
        DomainError: ``annotation_invalid``.
    """
    try:
        return words_of(task.project).read(given.get("result"), task.data).answer
    except ResultError as error:
        raise DomainError("annotation_invalid", str(error), field="result") from None


@transaction.atomic
def _give_for(actor: Actor, task: Task, person: int, given: Row) -> Annotation:
    schema = words_of(task.project).schema
    row = Given(task.pk, None, str(given.get("created_at") or ""), seconds=seconds_of(given.get("lead_time")))
    if not given.get("was_cancelled"):
        try:
            row.answer, row.incomplete = settled(schema, _answer(task, given), task.data)
        except AnswerError as error:
            raise DomainError("annotation_invalid", said(error), field="result") from None
    seat(task.project_id, [person])
    kept = store_given(actor=actor, project_id=task.project_id, schema=schema, person=person, rows=[row])
    if task.pk not in kept:
        raise _full(task)
    return find_annotation(actor=actor, annotation_id=kept[task.pk])


def alter_annotation(*, actor: Actor, annotation_id: int, given: Row) -> Annotation:
    """Change one's own answer; what it was before is kept.

    Raises:
        NotFound: No such annotation.
        Conflict: ``annotation_of_other``.
        DomainError: ``annotation_invalid``; ``answer_invalid``.
    """
    _refuse_truth(actor, given)
    if given.keys() == {"ground_truth"}:
        # Saying that an answer counts changes nothing of what was said, so it may be anybody's.
        return _settle_truth(actor, find_annotation(actor=actor, annotation_id=annotation_id), given)
    current = _own(actor, annotation_id)
    refuse_while_changing(current.project)
    skipped = bool(given.get("was_cancelled", current.skipped and "result" not in given))
    answer = None if skipped else current.answer if "result" not in given else _answer(current.task, given)
    change_annotation(actor=actor, annotation_id=current.pk, revision=current.revision, answer=answer, skipped=skipped)
    return _settle_truth(actor, find_annotation(actor=actor, annotation_id=current.pk), given)


def withdraw_annotation(*, actor: Actor, annotation_id: int) -> None:
    """Take one's own answer back and leave its task to whoever comes; the answer stays as a draft.

    Raises:
        NotFound: No such annotation. Conflict: ``annotation_of_other``.
    """
    current = _own(actor, annotation_id)
    take_back(actor=actor, annotation_id=current.pk, revision=current.revision)
    with transaction.atomic():
        release_tasks(actor=actor, project_id=current.project_id, tasks=[current.task_id])


def _own(actor: Actor, annotation_id: int) -> Annotation:
    current = find_annotation(actor=actor, annotation_id=annotation_id)
    if current.annotator_id != actor.user_id:
        detail = _(
            "Nobody changes or deletes what somebody else said. A reviewer fixes it or sends it back: "
            "POST /api/v1/annotations/%(number)s/review/."
        )
        raise Conflict("annotation_of_other", detail % {"number": annotation_id})
    find_own(actor=actor, annotation_id=annotation_id)
    return current
