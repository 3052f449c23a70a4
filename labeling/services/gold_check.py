"""Comparing answers with known right ones, and pausing people who miss too many."""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import NotFound
from labeling.engine.gold import is_right
from labeling.engine.schema import Answer, AnswerError
from labeling.engine.schema_change import SchemaChange
from labeling.models import Annotation, Gold, GoldState, PauseReason, Progress, Project
from labeling.services.queue import Desk, sit_down
from labeling.services.schema_revision import bring_along, changes_of, schema_of

log = structlog.get_logger(__name__)


def outcome(desk: Desk, gold: Gold | None, answer: Mapping[str, Any] | None) -> str:
    """Return what an answer to a task with a known answer comes to: a row of GoldState.

    An answer is open when it was skipped, when whoever gave it said what is right, or when the right one does not fit
    the questions of this moment.
    """
    if gold is None:
        return GoldState.NONE
    if answer is None or gold.made_by_id == desk.annotator_id:
        return GoldState.OPEN
    right = right_answer(desk.project_id, desk.schema_revision, gold)
    if right is None:
        return GoldState.OPEN
    return GoldState.RIGHT if is_right(schema_of(desk.schema), right, answer) else GoldState.WRONG


def right_answer(
    project_id: int, schema_revision: int, gold: Gold, changes: dict[int, SchemaChange] | None = None
) -> Answer | None:
    """Return a right answer as an answer to the present questions; None when it does not fit them any more.

    Whoever asks for many gives the changes of the questions, so that they are read once.
    """
    if gold.schema_revision == schema_revision:
        return gold.answer  # type: ignore[no-any-return]
    changes = changes_of(project_id) if changes is None else changes
    try:
        return bring_along(changes, gold.answer, gold.task.data, since=gold.schema_revision, until=schema_revision)
    except (AnswerError, KeyError):
        return None


def recheck(desk: Desk, rows: Iterable[Annotation]) -> None:
    """Compare answers anew whose contents the person has just changed; the caller saves and counts them."""
    known = [row for row in rows if row.gold]
    golds = {gold.task_id: gold for gold in Gold.objects.filter(task__in=[row.task_id for row in known])}
    for row in known:
        row.gold = outcome(desk, golds.get(row.task_id), None if row.skipped else row.answer)


@transaction.atomic
def check_answers(*, actor: Actor, project_id: int) -> dict[int, Gold]:
    """Compare what this person answered and nobody has compared yet; pause them when they miss too many.

    Answers are saved before, in a transaction of their own: should this one fail, the next answer makes up for it.

    Returns:
        The right answers to the tasks that were compared, by annotation.
    """
    with connection.cursor() as cursor:
        desk = sit_down(cursor, actor, project_id)
    rows = Annotation.objects.filter(project=project_id, annotator=actor.user_id, gold=GoldState.WAITING)
    waiting = list(rows.order_by("pk")[:500])
    golds = {gold.task_id: gold for gold in Gold.objects.filter(task__in=[row.task_id for row in waiting])}
    for row in waiting:
        row.gold = outcome(desk, golds.get(row.task_id), row.answer)
    Annotation.objects.bulk_update(waiting, ["gold"])
    compared = [row.gold for row in waiting if row.gold in (GoldState.RIGHT, GoldState.WRONG)]
    gone = sum(row.gold == GoldState.NONE for row in waiting)
    Progress.objects.filter(pk=desk.progress_id).update(
        gold_given=F("gold_given") - gone,
        gold_answers=F("gold_answers") + len(compared),
        gold_right=F("gold_right") + compared.count(GoldState.RIGHT),
    )
    if compared:
        _pause_when_due(actor, desk)
    return {row.pk: golds[row.task_id] for row in waiting if row.task_id in golds}


def _pause_when_due(actor: Actor, desk: Desk) -> None:
    """Pause a person whose share of right answers since they last were let go on is too low."""
    project = Project.objects.only("gold_least", "gold_from").get(pk=desk.project_id)
    seat = Progress.objects.get(pk=desk.progress_id)
    answers = seat.gold_answers - seat.gold_answers_before
    right = seat.gold_right - seat.gold_right_before
    if seat.paused_at or not project.gold_least or answers < project.gold_from:
        return
    if right * 100 >= project.gold_least * answers:
        return
    Progress.objects.filter(pk=seat.pk).update(paused_at=timezone.now(), paused_why=PauseReason.GOLD)
    audit.record(
        actor=actor, action="project.pause_person", subject=f"project:{desk.project_id}", person=seat.annotator_id,
        why="gold", right=right, answers=answers,
    )  # fmt: skip
    log.info("person_paused", project=desk.project_id, person=seat.annotator_id, right=right, answers=answers)


def pause_person(*, actor: Actor, project_id: int, person: int) -> None:
    """Hand out nothing to a person any more until somebody lets them go on. What they hold is still saved."""
    _set_pause(actor, project_id, person, paused_at=timezone.now(), paused_why=PauseReason.MANAGER)


def resume_person(*, actor: Actor, project_id: int, person: int) -> None:
    """Let a person go on; the rule looks only at what they answer from now on."""
    figures = {"gold_answers_before": F("gold_answers"), "gold_right_before": F("gold_right")}
    _set_pause(actor, project_id, person, paused_at=None, paused_why=PauseReason.NONE, **figures)


@transaction.atomic
def _set_pause(actor: Actor, project_id: int, person: int, **fields: Any) -> None:
    if not Project.objects.visible_to(actor).filter(pk=project_id).exists():
        raise NotFound(_("There is no such project."))
    if not Progress.objects.filter(project=project_id, annotator=person).update(**fields):
        raise NotFound(_("This person has not started in this project."))
    action = "project.pause_person" if fields["paused_at"] else "project.resume_person"
    audit.record(actor=actor, action=action, subject=f"project:{project_id}", person=person, why="manager")
