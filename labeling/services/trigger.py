"""Asks for new suggestions after every so many answers."""

from django.db import transaction
from django.db.models import F

from accounts.actor import Actor
from labeling.models import Project
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
def _suggest(actor: Actor, desk: Desk, answers: int) -> Job | None:
    # Of the answers that cross the mark at the same moment, one moves it.
    due = Project.objects.filter(pk=desk.project_id, suggest_at=desk.suggest_at)
    if not due.update(suggest_at=answers + F("suggest_every")):
        return None
    subject = f"project:{desk.project_id}"
    waiting = Job.objects.filter(
        organization_id=actor.organization_id, kind="modeling.suggest", subject=subject, finished_at=None
    )
    if waiting.exists():
        return None
    return enqueue(kind="modeling.suggest", actor=actor, params={"project_id": desk.project_id}, subject=subject)
