"""Unfinished answers: kept, and brought along when a project asks something else."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.schema import Answer, AnswerError, validate_answer
from labeling.engine.schema_change import SchemaChange
from labeling.models import Annotation, Draft, Project, Task
from labeling.services.queue import sit_down
from labeling.services.schema_revision import bring_draft_along, changes_of, schema_of
from workers.context import JobContext

# As many as answers, which take about 0.1 s.
BATCH = 500


@transaction.atomic
def save_draft(
    *, actor: Actor, task_id: int, answer: Any, schema_revision: int | None = None
) -> tuple[datetime, Answer | None]:
    """Keep an unfinished answer.

    Args:
        actor: Whose draft it is.
        task_id: The task.
        answer: The answer as far as it is given.
        schema_revision: The number of the questions that it fits, when the page still shows earlier ones.

    Returns:
        When it was saved, and what it became when it was brought along from earlier questions, else None.

    Raises:
        NotFound: No such task, or not this actor's to see.
        DomainError: ``answer_invalid``; Conflict ``already_answered``, ``project_archived``.
    """
    task = Task.objects.visible_to(actor).filter(pk=task_id).values_list("data", "project_id").first()
    if task is None:
        raise NotFound(_("There is no such task."))
    data, project_id = task
    with connection.cursor() as cursor:
        # Whoever changes the questions takes this lock first, so that they are the present ones until this is saved.
        desk = sit_down(cursor, actor, project_id)
    is_earlier = schema_revision is not None and 0 < schema_revision < desk.schema_revision
    try:
        if is_earlier:
            checked = bring_draft_along(
                changes_of(project_id), answer, data, since=schema_revision or 1, until=desk.schema_revision
            )
        else:
            checked = validate_answer(schema_of(desk.schema), answer, data, draft=True)
    except AnswerError as error:
        raise DomainError("answer_invalid", f"{error.what} {error.mend}", where=error.where) from None
    if Annotation.objects.filter(task_id=task_id, annotator_id=actor.user_id).exists():
        raise Conflict("already_answered", _("You answered this task; a draft would come too late."))
    return write_draft(task_id, actor.user_id, checked, desk.schema_revision), checked if is_earlier else None


def write_draft(task_id: int, annotator_id: int, answer: Answer, schema_revision: int) -> datetime:
    """Put a draft in the place of the one that may be there, and return when that was."""
    now = timezone.now()
    draft = Draft(task_id=task_id, annotator_id=annotator_id, answer=answer, saved_at=now)
    draft.schema_revision = schema_revision
    put_drafts([draft])
    return now


def put_drafts(drafts: list[Draft]) -> None:
    """Write drafts, each in the place of the one that may be there."""
    Draft.objects.bulk_create(
        drafts,
        update_conflicts=True,
        unique_fields=["task", "annotator"],
        update_fields=["answer", "saved_at", "schema_revision"],
    )


@transaction.atomic
def move_drafts(job: JobContext, project: Project, changes: dict[int, SchemaChange], state: dict[str, Any]) -> bool:
    """Bring one batch of drafts along, and say in the job's state where it ended; False when there was none left.

    When a draft was saved does not change, so that a page can still tell whether its own copy is newer. One that fits
    no questions at all is left as it is: nobody could say what it meant.
    """
    older = Draft.objects.filter(task__project=project, schema_revision__lt=project.schema_revision)
    found = older.filter(pk__gt=state.get("drafts", 0)).select_related("task").order_by("pk")
    rows = list(found.select_for_update(of=("self",))[:BATCH])
    if not rows:
        return False
    moved = []
    for row in rows:
        try:
            row.answer = bring_draft_along(
                changes, row.answer, row.task.data, since=row.schema_revision, until=project.schema_revision
            )
        except AnswerError:
            continue
        row.schema_revision = project.schema_revision
        moved.append(row)
    Draft.objects.bulk_update(moved, ["answer", "schema_revision"])
    state["drafts"] = rows[-1].pk
    job.save_state(state)
    return True
