"""Asks for new suggestions, and for answers to be weighed, after every so many answers."""

from django.db import transaction
from django.db.models import F

from accounts.actor import Actor
from labeling.engine.schema import parse_schema
from labeling.models import Backend, Project, TaskOrder
from labeling.models.project import USUAL_EVERY
from labeling.services.backend import LIVE_TASKS, send_ask
from labeling.services.queue import Desk
from workers.models import Job
from workers.services.job import enqueue


def suggest_when_due(*, actor: Actor, desk: Desk, answers: int) -> Job | None:
    """Send one job "modeling.suggest" when the project has enough new answers and none is open.

    Args:
        actor: Whose answer it was.
        desk: The project's figures as this request read them.
        answers: How many answers the project has now.
    """
    if not desk.suggest_every or answers < desk.suggest_at:
        return None
    return _suggest(actor, desk, answers)


@transaction.atomic
def weigh_when_due(*, actor: Actor, desk: Desk, answers: int) -> Job | None:
    """Send one job that weighs the answers and asks one more person about open tasks, when enough new ones came.

    Args:
        actor: Whose answer it was.
        desk: The project's figures as this request read them.
        answers: How many answers the project has now.
    """
    if not desk.weigh_at or answers < desk.weigh_at:
        return None
    # Of the answers that cross the mark at the same moment, one moves it; the job says where it lies next.
    due = Project.objects.filter(pk=desk.project_id, weigh_at=desk.weigh_at)
    if not due.update(weigh_at=answers + F("weigh_every")):
        return None
    subject = f"project:{desk.project_id}"
    kind, params = "labeling.weigh_answers", {"project_id": desk.project_id, "sends": True}
    waiting = Job.objects.filter(organization_id=actor.organization_id, kind=kind, subject=subject, finished_at=None)
    if waiting.filter(params__sends=True).exists():
        return None
    return enqueue(kind=kind, actor=actor, params=params, subject=subject)


# Of fewer tasks whatever is asked first is a fair share, and a person has seen most of them before a model helps.
LEAST_TO_ORDER = 1_000


def order_first_tasks(*, actor: Actor, project: Project) -> Job | None:
    """Send one job "modeling.suggest" that puts typical tasks first in a project that nobody has answered yet.

    Only where a model will learn from the answers, where the order knows what to ask without any, and where there are
    1,000 tasks or more.
    """
    schema = parse_schema(project.schema)
    learns = schema.choice and schema.learns_from and project.suggest_every
    knows = project.order in (TaskOrder.MIX, TaskOrder.DIVERSITY, TaskOrder.ERRORS)
    if not (learns and knows and project.task_count >= LEAST_TO_ORDER):
        return None
    return send_suggest(actor=actor, organization_id=project.organization_id, project_id=project.pk)


@transaction.atomic
def let_learn(*, actor: Actor, project_id: int) -> Job | None:
    """Let a model learn from a project that was filled with answers, at once where tasks are still open.

    While the answers came it did not: each of them would have asked for suggestions to tasks that are answered next.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project_id)
    if project.suggest_every or not parse_schema(project.schema).learns_from:
        return None
    answers = project.annotations.count()
    project.suggest_every, project.suggest_at = USUAL_EVERY, answers + USUAL_EVERY
    project.save(update_fields=["suggest_every", "suggest_at", "updated_at"])
    if not project.tasks.filter(open_slots__gt=0).exists():
        return None
    return send_suggest(actor=actor, organization_id=project.organization_id, project_id=project.pk)


def send_suggest(*, actor: Actor, organization_id: int, project_id: int) -> Job | None:
    """Send one job "modeling.suggest", or none while one is open."""
    subject = f"project:{project_id}"
    waiting = Job.objects.filter(
        organization_id=organization_id, kind="modeling.suggest", subject=subject, finished_at=None
    )
    if waiting.exists():
        return None
    return enqueue(kind="modeling.suggest", actor=actor, params={"project_id": project_id}, subject=subject)


@transaction.atomic
def _suggest(actor: Actor, desk: Desk, answers: int) -> Job | None:
    # Of the answers that cross the mark at the same moment, one moves it.
    due = Project.objects.filter(pk=desk.project_id, suggest_at=desk.suggest_at)
    if not due.update(suggest_at=answers + F("suggest_every")):
        return None
    backend = Backend.objects.filter(project_id=desk.project_id, live=True).select_related("project").first()
    if backend is not None:
        send_ask(actor=actor, organization_id=actor.organization_id, project=backend.project, tasks=LIVE_TASKS)
    return send_suggest(actor=actor, organization_id=actor.organization_id, project_id=desk.project_id)
