"""Final answers: somebody looks at all answers to a task side by side and says what holds.

Order of locks as in `labeling.services.queue`: people's rows, the task, and the project's row last. Whoever sends a
task to one more person locks it too, so that no decided task is sent.
"""

from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.controls.base import made_storable
from labeling.engine.schema import Answer, AnswerError, parse_schema, validate_answer
from labeling.models import Adjudication, Annotation, Dispute, DisputeState, Lease, Progress, Project, Task
from labeling.services.assigned_place import Taken, take_batch
from labeling.services.project import refuse_while_changing
from labeling.services.queue import refuse_archived
from labeling.services.task import close_places, open_places

LONGEST_REASON = 500
CHOICES = (DisputeState.DECIDED, DisputeState.LEFT)


def find_adjudication(*, actor: Actor, task_id: int) -> Adjudication:
    """Return what was decided of a task, or raise NotFound."""
    rows = Adjudication.objects.visible_to(actor).select_related("task", "decided_by")
    found: Adjudication | None = rows.filter(task=task_id).first()
    if found is None:
        raise NotFound(_("Nobody has decided this task."))
    return found


@transaction.atomic
def decide_task(
    *,
    actor: Actor,
    task_id: int,
    state: str = DisputeState.DECIDED,
    annotation: int | None = None,
    answer: Any = None,
    reason: str = "",
    revision: int | None = None,
) -> Adjudication:
    """Say what the final answer to a task is, or that it stays undecided; saying the same twice changes nothing.

    Nobody is asked for more answers to a decided task, also nobody to whom it was given; whoever has it open may still
    answer.

    Args:
        actor: Who decides.
        task_id: The task.
        state: ``decided`` or ``left``.
        annotation: The answer that is taken, or that `answer` is a changed copy of.
        answer: The final answer, where it is not simply that of `annotation`.
        reason: Why; a must when the task is left undecided; at most 500 characters.
        revision: Of the decision that the sender saw, 0 for none; None decides whatever was decided meanwhile.

    Raises:
        NotFound: No such task, or no such answer to it.
        Conflict: ``task_gold``, ``project_archived``, ``questions_changing``.
        DomainError: ``revision_old`` (412), ``reason_missing``, ``answer_missing``, ``answer_invalid``.
    """
    waiting = _lock_waiting(task_id) if state == DisputeState.DECIDED else []
    task, project = _locked(actor, task_id)
    refuse_while_changing(project)
    if task.is_gold:
        raise Conflict("task_gold", _("The right answer to this item is known already. Change it there."))
    now = _at_revision(task, revision)
    said: dict[str, Any] = {"state": state, "reason": made_storable(reason).strip()[:LONGEST_REASON]}
    said |= _final(project, task, annotation, answer) if state == DisputeState.DECIDED else _left(said["reason"])
    if now is not None and all(getattr(now, name) == value for name, value in said.items()):
        return now
    fields = {
        **said,
        "schema_revision": project.schema_revision,
        "incomplete": False,
        "decided_by_id": actor.user_id or None,
        "decided_at": timezone.now(),
        "revision": 1 if now is None else now.revision + 1,
    }
    made = now or Adjudication(project=project, task=task)
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()
    Dispute.objects.filter(task=task).update(state=state)
    if state == DisputeState.DECIDED:
        close_places(project, [task])
        with connection.cursor() as cursor:
            # What comes back of these stays closed, since the decision stands by now.
            take_batch(cursor, project.pk, [task.pk], waiting, Taken())
    else:
        open_places(project, task.pk)
    _note(actor, task, "task.adjudicate", state=state, annotation=said["annotation_number"], answer=said["answer"],
          reason=said["reason"], revision=made.revision)  # fmt: skip
    return made


@transaction.atomic
def undo_decision(*, actor: Actor, task_id: int, revision: int | None = None) -> None:
    """Take a decision back: the task is one to decide again, its answers vote as before, and it has its places again.

    Raises:
        NotFound: No such task, or nobody has decided it.
        Conflict: ``project_archived``. DomainError: ``revision_old`` (412).
    """
    task, project = _locked(actor, task_id)
    now = _at_revision(task, revision)
    if now is None:
        raise NotFound(_("Nobody has decided this task."))
    _note(actor, task, "task.adjudicate_undo", state=now.state, answer=now.answer, revision=now.revision)
    now.delete()
    open_places(project, task.pk)
    Dispute.objects.filter(task=task).update(state=DisputeState.OPEN)


def _lock_waiting(task_id: int) -> list[int]:
    """Lock the rows of people to whom the task is given and who have not answered; before the task, as everywhere."""
    given = Lease.objects.filter(task=task_id, assigned=True, gold=False).values_list("annotator", "project")
    people = [person for person, _project in given]
    seats = Progress.objects.filter(project__in={project for _person, project in given}, annotator__in=people)
    list(seats.order_by("pk").select_for_update().values_list("pk"))
    return people


def _locked(actor: Actor, task_id: int) -> tuple[Task, Project]:
    task = Task.objects.visible_to(actor).select_for_update(no_key=True, of=("self",)).filter(pk=task_id).first()
    if task is None:
        raise NotFound(_("There is no such task."))
    # Locked, so that the questions cannot change before this is saved; not against answers that come meanwhile.
    project = Project.objects.select_for_update(no_key=True).get(pk=task.project_id)
    refuse_archived(project.state)
    return task, project


def _at_revision(task: Task, revision: int | None) -> Adjudication | None:
    now: Adjudication | None = Adjudication.objects.filter(task=task).first()
    held = 0 if now is None else now.revision
    if revision is not None and revision != held:
        detail = _("Somebody decided this task meanwhile. Look at it again.")
        raise DomainError("revision_old", detail, status=412, revision=held)
    return now


def _final(project: Project, task: Task, annotation: int | None, answer: Any) -> dict[str, Any]:
    given: Any = None
    if annotation is not None:
        found = Annotation.objects.filter(task=task, pk=annotation).values_list("answer", flat=True)
        if not found:
            raise NotFound(_("There is no such answer to this task."))
        given = found[0]
    if answer is None and given is None:
        raise DomainError("answer_missing", _("Name an answer to take, or say what is right."), field="answer")
    checked = _checked(project, task, given if answer is None else answer)
    return {"answer": checked, "annotation_number": annotation, "edited": annotation is not None and checked != given}


def _checked(project: Project, task: Task, answer: Any) -> Answer:
    try:
        return validate_answer(parse_schema(project.schema), answer, task.data)
    except AnswerError as error:
        raise DomainError("answer_invalid", f"{error.what} {error.mend}", where=error.where) from None


def _left(reason: str) -> dict[str, Any]:
    if not reason:
        raise DomainError("reason_missing", _("Say why this stays undecided."), field="reason")
    return {"answer": None, "annotation_number": None, "edited": False}


def _note(actor: Actor, task: Task, action: str, **data: Any) -> None:
    audit.record(
        actor=actor, action=action, subject=f"task:{task.pk}", project=task.project_id, item=task.item_id, **data
    )
