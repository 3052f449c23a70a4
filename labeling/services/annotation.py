# ruff: noqa: S608  (the statements are put together from constants of this file and of queue; values are parameters)
"""What becomes of answers after they are saved: changed, taken back, listed."""

import uuid
from datetime import timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from labeling.engine.schema import AnswerError, validate_answer
from labeling.models import Annotation, AnnotationRevision, Lease, Project, Rejection
from labeling.services.acceptance_audit import note_audits
from labeling.services.assigned_place import wait_again
from labeling.services.comment import count_open
from labeling.services.counting import Counters, take_off_counters
from labeling.services.draft import write_draft
from labeling.services.gold_check import recheck
from labeling.services.queue import (
    REMARKS,
    WHY_BACK,
    WHY_BACK_COLUMNS,
    Desk,
    Row,
    sit_down,
    tasks_json,
)
from labeling.services.schema_revision import schema_of

PAGE = 50


def find_own(*, actor: Actor, annotation_id: int) -> Annotation:
    """Return this person's annotation; nobody changes what somebody else said."""
    rows = Annotation.objects.visible_to(actor).filter(annotator_id=actor.user_id, pk=annotation_id)
    found = rows.first()
    if found is None:
        raise NotFound(_("There is no such answer of yours."))
    return found  # type: ignore[no-any-return]


@transaction.atomic
def change_annotation(
    *, actor: Actor, annotation_id: int, revision: int, answer: Any = None, skipped: bool = False, reason: str = ""
) -> Annotation:
    """Change an answer of this person's own and keep what it was before.

    Raises:
        NotFound: No such answer, or somebody else's.
        DomainError: ``revision_old`` (412) when it was changed meanwhile; ``answer_invalid``.
    """
    seen = find_own(actor=actor, annotation_id=annotation_id)
    with connection.cursor() as cursor:
        desk = sit_down(cursor, actor, seen.project_id)
        current = _at_revision(actor, annotation_id, revision)
        schema = schema_of(desk.schema)
        if skipped and desk.needs_reason and not reason.strip():
            raise DomainError("answer_invalid", _("Say why you skip this task."), where="reason")
        try:
            checked = (
                None if skipped else validate_answer(schema, answer, current.task.data if schema.pointed else None)
            )
        except AnswerError as error:
            raise DomainError("answer_invalid", f"{error.what} {error.mend}", where=error.where) from None
        AnnotationRevision.of(current, ended_at=timezone.now(), taken_back=False).save()
        counters = Counters(desk, [current])
        counters.take_off(current)
        current.accepted_suggestion = counters.is_as_suggested(current, checked)
        current.answer, current.skipped, current.reason = checked, skipped, reason
        current.revision, current.updated_at = current.revision + 1, timezone.now()
        current.schema_revision, current.incomplete = desk.schema_revision, False
        # What a reviewer said was said of another answer.
        current.verdict, current.reviewer_id, current.reviewed_at = "", None, None
        recheck(desk, [current])
        counters.put_on(current)
        counters.write(cursor)
        current.save(
            update_fields=[
                "answer", "skipped", "reason", "accepted_suggestion", "revision", "updated_at", "schema_revision",
                "incomplete", "verdict", "reviewer", "reviewed_at", "gold",
            ]
        )  # fmt: skip
        note_audits(desk=desk, tasks=[current.task_id])
    return current


@transaction.atomic
def take_back(*, actor: Actor, annotation_id: int, revision: int) -> Row:
    """Undo an answer: the task is leased to the same person again, with the answer as its draft.

    Returns the task as ``lease/`` gives it.

    Raises:
        NotFound: No such answer, or somebody else's.
        DomainError: ``revision_old`` (412).
    """
    seen = find_own(actor=actor, annotation_id=annotation_id)
    with connection.cursor() as cursor:
        desk = sit_down(cursor, actor, seen.project_id)
        current = _at_revision(actor, annotation_id, revision)
        AnnotationRevision.of(current, ended_at=timezone.now(), taken_back=True).save()
        take_off_counters(cursor, desk, [current])
        if current.answer is not None:
            write_draft(current.task_id, actor.user_id, current.answer, current.schema_revision)
        current.delete()
        wait_again(cursor, desk, [current.task_id])
        expires = timezone.now() + timedelta(seconds=desk.lease_seconds)
        Lease.objects.filter(task_id=current.task_id, annotator_id=actor.user_id).update(
            token=uuid.uuid4(), expires_at=expires
        )
        return leased_task(cursor, desk, current.task_id)


def show_annotation(*, annotation: Annotation | Rejection, comments: int | None = None) -> Row:
    """Return an answer as ``history/`` lists it; how many comments are open is looked up unless it is given."""
    task = annotation.task
    return {
        "annotation": annotation.pk,
        "revision": annotation.revision,
        "task": {"id": task.pk, "item_id": task.item_id, "data": task.data},
        "answer": annotation.answer,
        "skipped": annotation.skipped,
        "at": annotation.created_at,
        "comments": count_open([task.pk])[task.pk] if comments is None else comments,
    }


def _at_revision(actor: Actor, annotation_id: int, revision: int) -> Annotation:
    # The person's progress row is locked by now, so that the revision cannot move any more.
    current = find_own(actor=actor, annotation_id=annotation_id)
    if current.revision != revision:
        raise DomainError(
            "revision_old",
            _("This answer was changed meanwhile, in another window perhaps. Load it again."),
            status=412,
            revision=current.revision,
        )
    return current


_LEASED = f"""
SELECT t.id, t.item_id, t.data::text, l.token::text, l.expires_at, d.answer::text, d.saved_at,
       s.id, s.answer::text, s.confidence, s.source, s.reason, {REMARKS.format(task="t.id")},
       {WHY_BACK_COLUMNS}, d.schema_revision
FROM labeling_task t JOIN labeling_lease l ON l.task_id = t.id AND l.annotator_id = %(annotator)s
LEFT JOIN labeling_draft d ON d.task_id = t.id AND d.annotator_id = %(annotator)s
LEFT JOIN ({WHY_BACK}) ON x.task_id = t.id AND x.annotator_id = %(annotator)s AND x.settled_at IS NULL
LEFT JOIN LATERAL (
  SELECT id, answer, confidence, source, reason FROM labeling_suggestion WHERE task_id = t.id ORDER BY id DESC LIMIT 1
) s ON true
WHERE t.id = %(task)s
"""


def leased_task(cursor: Any, desk: Desk, task_id: int) -> Row:
    """Return one task that this person holds, as ``lease/`` gives it."""
    cursor.execute(_LEASED, {"task": task_id, "annotator": desk.annotator_id})
    return tasks_json(desk, cursor.fetchall())[0]


_HISTORY = f"""
SELECT a.id, a.revision, a.answer::text, a.skipped, a.created_at, t.id, t.item_id, t.data::text,
  {REMARKS.format(task="t.id")}
FROM labeling_annotation a JOIN labeling_task t ON t.id = a.task_id
WHERE a.project_id = %(project)s AND a.annotator_id = %(annotator)s AND a.id < %(before)s
ORDER BY a.id DESC LIMIT %(limit)s
"""


def list_history(*, actor: Actor, project_id: int, before: int) -> Row:
    """Return one page of this person's answers, newest first: those with a number below `before`."""
    if not Project.objects.visible_to(actor).filter(pk=project_id).exists():
        raise NotFound(_("There is no such project."))
    with connection.cursor() as cursor:
        values = {"project": project_id, "annotator": actor.user_id, "before": before, "limit": PAGE + 1}
        cursor.execute(_HISTORY, values)
        rows = cursor.fetchall()
    results = [
        {
            "annotation": number,
            "revision": revision,
            "task": {"id": task, "item_id": item, "data": orjson.Fragment(data)},
            "answer": None if answer is None else orjson.Fragment(answer),
            "skipped": skipped,
            "at": at,
            "comments": comments,
        }
        for number, revision, answer, skipped, at, task, item, data, comments in rows[:PAGE]
    ]
    return {"results": results, "next": str(rows[PAGE - 1][0]) if len(rows) > PAGE else None}
