"""Reviewing answers: accepted, fixed, or sent back with a reason; each verdict can be taken back.

Every verdict locks the progress row of the person who answered, as that person's own requests do. So a reviewer and an
annotator who work on one answer at once come one behind the other, and the later one is told.
"""

import uuid
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.controls.base import made_storable
from labeling.engine.schema import Answer, AnswerError, Schema, validate_answer
from labeling.models import (
    Annotation,
    AnnotationRevision,
    Draft,
    Lease,
    Progress,
    Project,
    Rejection,
    Verdict,
)
from labeling.services.annotation import show_annotation
from labeling.services.comment import count_open
from labeling.services.counting import Counters, take_off_counters
from labeling.services.draft import write_draft
from labeling.services.queue import Desk, Row, sit_down_for
from labeling.services.result import Wish, find_answers
from labeling.services.schema_revision import bring_along, changes_of, schema_of

LONGEST_REASON = 500
VERDICTS = ("accepted", "fixed", "rejected", "none")


@transaction.atomic
def judge_answer(
    *,
    actor: Actor,
    annotation_id: int,
    verdict: str,
    revision: int | None = None,
    reason: str = "",
    answer: Any = None,
) -> Row:
    """Say what becomes of somebody else's answer, or take that back.

    A rejected answer counts nowhere any more, neither in progress and tallies nor in what is published: its task is the
    same person's again, with the answer as draft and the reason beside it. Saying the same twice changes nothing.

    Args:
        actor: The reviewer.
        annotation_id: The answer; after a rejection the number that it had.
        verdict: A row of VERDICTS; ``none`` takes a verdict back.
        revision: Of the answer that the reviewer saw; not needed to take a rejection back.
        reason: Why it is rejected, 1 to 500 characters.
        answer: What a fix makes of it.

    Returns:
        The answer as ``review/`` of a project lists it.

    Raises:
        NotFound: No such answer. Conflict: ``own_answer``, ``answered_anew``, ``project_archived``.
        DomainError: ``revision_old`` (412), ``reason_missing``, ``answer_invalid``.
    """
    seen = Annotation.objects.visible_to(actor).filter(pk=annotation_id).first()
    back = None if seen is not None else _open_rejection(actor, annotation_id)
    held = seen or back
    if held is None:
        raise _gone(actor, annotation_id)
    if held.annotator_id == actor.user_id:
        raise Conflict("own_answer", _("Nobody reviews their own answers. Somebody else has to look at this one."))
    with connection.cursor() as cursor:
        desk = sit_down_for(cursor, actor, held.project_id, held.annotator_id)
        if back is not None:
            return _judge_rejected(cursor, desk, actor, annotation_id, verdict)
        current = _current(actor, annotation_id, revision)
        if verdict == "rejected":
            return show_answer(_reject(cursor, desk, actor, current, _clean(reason)))
        if verdict == "fixed":
            _fix(cursor, desk, actor, current, answer)
        elif verdict == "accepted":
            _set_verdict(desk, current, Verdict.ACCEPTED, actor.user_id)
        else:
            _unsay(cursor, desk, current)
    _record(actor, current, verdict)
    return show_answer(_with_people(Annotation.objects.filter(pk=current.pk)).get())


def _current(actor: Actor, annotation_id: int, revision: int | None) -> Annotation:
    """Return the answer as it stands now that its writer's row is locked."""
    current = Annotation.objects.visible_to(actor).select_related("task").filter(pk=annotation_id).first()
    if current is None or (revision is not None and current.revision != revision):
        raise DomainError(
            "revision_old",
            _("This answer was changed meanwhile. Look at it again."),
            status=412,
            revision=None if current is None else current.revision,
        )
    return current  # type: ignore[no-any-return]


def _clean(reason: str) -> str:
    text = made_storable(reason).strip()
    if not text:
        raise DomainError("reason_missing", _("Say why, so that it can be mended."), field="reason")
    return text[:LONGEST_REASON]


def _record(actor: Actor, answer: Annotation | Rejection, verdict: str, **more: Any) -> None:
    number = answer.annotation_number if isinstance(answer, Rejection) else answer.pk
    audit.record(
        actor=actor,
        action="annotation.review",
        subject=f"annotation:{number}",
        project=answer.project_id,
        task=answer.task_id,
        annotator=answer.annotator_id,
        verdict=verdict,
        **more,
    )


def _set_verdict(desk: Desk, current: Annotation, verdict: str, reviewer: int | None) -> None:
    """Give an answer a verdict and move the counters of who answered from the old one to the new."""
    fields = {"accepted": "accepted_answers", "fixed": "fixed_answers"}
    if current.verdict != verdict:
        moves = {fields[kind]: F(fields[kind]) + by for kind, by in ((current.verdict, -1), (verdict, 1)) if kind}
        Progress.objects.filter(pk=desk.progress_id).update(**moves)
    current.verdict, current.reviewer_id = verdict, reviewer
    current.reviewed_at = timezone.now() if verdict else None
    current.save(update_fields=["verdict", "reviewer", "reviewed_at"])


def _fix(cursor: Any, desk: Desk, actor: Actor, current: Annotation, answer: Any) -> None:
    schema = schema_of(desk.schema)
    try:
        checked = validate_answer(schema, answer, current.task.data)
    except AnswerError as error:
        raise DomainError("answer_invalid", f"{error.what} {error.mend}", where=error.where) from None
    _replace(cursor, desk, current, checked, skipped=False)
    _set_verdict(desk, current, Verdict.FIXED, actor.user_id)


def _replace(cursor: Any, desk: Desk, current: Annotation, answer: Answer | None, *, skipped: bool) -> None:
    """Put another answer in the place of this one, which becomes a revision; the verdict on it is gone."""
    AnnotationRevision.of(current, ended_at=timezone.now(), taken_back=False).save()
    counters = Counters(desk, [current])
    counters.take_off(current)
    current.verdict, current.reviewer_id, current.reviewed_at = "", None, None
    current.answer, current.skipped = answer, skipped
    current.revision, current.updated_at = current.revision + 1, timezone.now()
    current.schema_revision, current.incomplete = desk.schema_revision, False
    counters.put_on(current)
    counters.write(cursor)
    current.save()


def _unsay(cursor: Any, desk: Desk, current: Annotation) -> None:
    """Take an acceptance back, or a fix with what it changed."""
    if current.verdict == Verdict.FIXED:
        earlier = AnnotationRevision.objects.filter(annotation_number=current.pk, revision__lt=current.revision)
        before = earlier.filter(taken_back=False, author=None).order_by("-revision").first()
        if before is not None:
            _replace(cursor, desk, current, before.answer, skipped=before.skipped)
            return
    _set_verdict(desk, current, Verdict.NONE, None)


def _reject(cursor: Any, desk: Desk, actor: Actor, current: Annotation, why: str) -> Rejection:
    """Send an answer back: it is kept aside, and its writer's place on the task stays theirs."""
    now = timezone.now()
    AnnotationRevision.of(current, ended_at=now, taken_back=True).save()
    take_off_counters(cursor, desk, [current])
    Progress.objects.filter(pk=desk.progress_id).update(rejected_answers=F("rejected_answers") + 1)
    rejection = Rejection.objects.create(
        annotation_number=current.pk,
        project_id=current.project_id,
        task_id=current.task_id,
        annotator_id=current.annotator_id,
        suggestion_number=current.suggestion_id,
        why=why,
        reviewer_id=actor.user_id,
        rejected_at=now,
        **{name: getattr(current, name) for name in _KEPT},
    )
    if current.answer is not None:
        write_draft(current.task_id, current.annotator_id, current.answer, current.schema_revision)
    _record(actor, current, "rejected", reason=why)
    Annotation.objects.filter(pk=current.pk).delete()
    # A new token: what a page still sends under the old one is not the answer anew that is asked for.
    Lease.objects.filter(task=current.task_id, annotator=current.annotator_id).update(
        token=uuid.uuid4(), expires_at=None
    )
    made: Rejection = _with_people(Rejection.objects.filter(pk=rejection.pk)).get()
    return made


# What a rejection keeps of an answer under the same name.
_KEPT = (
    "answer", "skipped", "reason", "seconds", "accepted_suggestion", "client_key", "revision", "schema_revision",
    "incomplete", "gold", "created_at", "updated_at",
)  # fmt: skip


def _open_rejection(actor: Actor, annotation_id: int) -> Rejection | None:
    rows = Rejection.objects.visible_to(actor).filter(annotation_number=annotation_id, settled_at=None)
    found: Rejection | None = _with_people(rows).first()
    return found


def _gone(actor: Actor, annotation_id: int) -> Conflict | NotFound:
    """Return the refusal that says why an answer can be judged no more."""
    if Rejection.objects.visible_to(actor).filter(annotation_number=annotation_id).exists():
        return Conflict("answered_anew", _("This task was answered anew meanwhile. Review the new answer."))
    return NotFound(_("There is no such answer."))


def _judge_rejected(cursor: Any, desk: Desk, actor: Actor, annotation_id: int, verdict: str) -> Row:
    """Take a rejection back: the answer stands as it was, unless its writer has answered anew."""
    rejection = _open_rejection(actor, annotation_id)
    if rejection is None:
        raise _gone(actor, annotation_id)
    if verdict == "rejected":
        return show_answer(rejection)
    if verdict != "none":
        raise Conflict("rejected", _("This answer was sent back. Take that back first."))
    current = Annotation(
        pk=rejection.annotation_number,
        project_id=rejection.project_id,
        task_id=rejection.task_id,
        annotator_id=rejection.annotator_id,
        suggestion_id=rejection.suggestion_number,
        **{name: getattr(rejection, name) for name in _KEPT},
    )
    _fit_to_questions(desk, current, rejection)
    current.save(force_insert=True)
    counters = Counters(desk, [current])
    counters.put_on(current)
    counters.write(cursor)
    Progress.objects.filter(pk=desk.progress_id).update(rejected_answers=F("rejected_answers") - 1)
    Lease.objects.filter(task=current.task_id, annotator=current.annotator_id).update(
        token=uuid.uuid4(), expires_at=None
    )
    Draft.objects.filter(task=current.task_id, annotator=current.annotator_id).delete()
    rejection.delete()
    _record(actor, current, "none", taken_back="rejected")
    return show_answer(_with_people(Annotation.objects.filter(pk=current.pk)).get())


def _fit_to_questions(desk: Desk, current: Annotation, rejection: Rejection) -> None:
    if current.schema_revision == desk.schema_revision:
        return
    if current.answer is not None:
        try:
            current.answer = bring_along(
                changes_of(desk.project_id), current.answer, rejection.task.data, since=current.schema_revision,
                until=desk.schema_revision,
            )  # fmt: skip
        except AnswerError as error:
            raise Conflict("questions_changed", f"{error.what} {error.mend}") from None
    current.schema_revision = desk.schema_revision


def _with_people(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.select_related("task", "annotator", "reviewer")


def show_answer(row: Annotation | Rejection, comments: int | None = None) -> Row:
    """Return an answer, or one that was sent back, as ``review/`` of a project lists it."""
    reviewer = row.reviewer
    return {
        **show_annotation(annotation=row, comments=comments),
        "annotation": row.annotation_number if isinstance(row, Rejection) else row.pk,
        "annotator": {"id": row.annotator_id, "name": str(row.annotator)},
        "verdict": "rejected" if isinstance(row, Rejection) else row.verdict or "none",
        "reviewer": None if reviewer is None else {"id": reviewer.pk, "name": str(reviewer)},
        "reviewed_at": row.rejected_at if isinstance(row, Rejection) else row.reviewed_at,
        "reason": row.why if isinstance(row, Rejection) else "",
    }


def answers_to_review(
    *, actor: Actor, project: Project, schema: Schema, wish: Wish, number: int | None = None, before: int | None = None
) -> Row:
    """Return one page of answers to review, newest first, and where to go on.

    Args:
        actor: The reviewer.
        project: The project, which the actor may see.
        schema: Its schema.
        wish: Which answers.
        number: One answer alone, by its number, whatever the wish says.
        before: Where the page before ended.
    """
    if number is not None:
        rows: list[Any] = list(_with_people(Annotation.objects.visible_to(actor).filter(project=project, pk=number)))
        back = Rejection.objects.visible_to(actor).filter(project=project, annotation_number=number, settled_at=None)
        rows, older = rows or list(_with_people(back)), None
    else:
        found = find_answers(actor=actor, project=project, schema=schema, wish=wish, before=before)
        rows, older = found.rows, found.before
    counts = count_open([row.task_id for row in rows])
    shown = [show_answer(row, counts[row.task_id]) for row in rows]
    return {"results": shown, "next": None if older is None else str(older)}
