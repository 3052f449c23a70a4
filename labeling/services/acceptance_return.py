# ruff: noqa: S608  (the statements are put together from constants; values are parameters)
"""Giving accepted answers back to people: all, those of one epoch or round, or those below a confidence.

Order of locks as in `labeling.services.queue`: people's rows, tasks by id, the project's row, and then its labels.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import NotFound
from labeling.models import AcceptRound, AuditOutcome, ModelLabel, Project
from labeling.services.project import find_project
from labeling.services.queue import refuse_archived, rewind_cursors
from labeling.services.task import WANTED, wanted_values
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

KIND = "labeling.give_back"
# Whoever labels in the project waits for one batch: about 20 ms.
BATCH = 500


def give_back(*, actor: Actor, project_id: int, below: float | None = None, round_id: int | None = None) -> Job:
    """Send the job that gives accepted answers back to people: all, or those of a round, or less sure than `below`.

    Raises:
        NotFound: No such project, or no such round in it.
        Conflict: ``project_archived``.
    """
    project = find_project(actor=actor, project_id=project_id)
    refuse_archived(project.state)
    if round_id is not None and not AcceptRound.objects.filter(project=project, pk=round_id).exists():
        raise NotFound(_("There is no such round in this project."))
    return start_return(actor=actor, project=project, below=below, round_id=round_id)


@transaction.atomic
def start_return(
    *,
    actor: Actor,
    project: Project,
    below: float | None = None,
    round_id: int | None = None,
    epoch: int | None = None,
) -> Job:
    """Send the job; the caller has checked who asks, and what."""
    chosen = {"below": below, "round_id": round_id, "epoch": epoch}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    job = enqueue(
        kind=KIND,
        actor=actor,
        params={"project_id": project.pk, **chosen},
        title=_("Give accepted answers of %(project)s back to people") % {"project": project.name},
        subject=f"project:{project.pk}",
    )
    audit.record(actor=actor, action="project.give_back", subject=f"project:{project.pk}", job=job.pk, **chosen)
    return job


def run_return(
    *,
    job: JobContext,
    project_id: int,
    below: float | None = None,
    round_id: int | None = None,
    epoch: int | None = None,
) -> dict[str, Any]:
    """Give back batch after batch; each is a transaction, and what is back is not found again.

    Returns:
        The job's result: how many tasks are in the queue again.
    """
    project = Project.objects.filter(organization_id=job.organization_id, pk=project_id).first()
    if project is None:
        raise NotFound(_("This project is gone."))
    rows = _chosen(project, below, round_id, epoch)
    total, back = rows.filter(audited=False).count(), 0
    while tasks := list(rows.order_by("task_id").values_list("task_id", flat=True)[:BATCH]):
        back += return_tasks(project, tasks)
        job.progress(back, max(back, total), _("giving tasks back"), rows_done=back)
    if back:
        # Somebody who sat down for the first time during a batch looked at the queue without it.
        with transaction.atomic(), connection.cursor() as cursor:
            rewind_cursors(cursor, project.pk)
    return {"project": project.pk, "tasks": back}


def _chosen(project: Project, below: float | None, round_id: int | None, epoch: int | None) -> "QuerySet[ModelLabel]":
    """Return the labels that go: those that stand, and audits that nobody answered. Answered ones stay as evidence."""
    rows: QuerySet[ModelLabel] = ModelLabel.objects.filter(project=project, outcome=AuditOutcome.WAITING)
    rows = rows if below is None else rows.filter(confidence__lt=below)
    rows = rows if round_id is None else rows.filter(round=round_id)
    return rows if epoch is None else rows.filter(round__epoch=epoch)


# All of them are locked, also those that are in the queue: otherwise a round could take one before its label goes.
_OPEN = f"""
WITH locked AS MATERIALIZED (
  SELECT id, by_model, {WANTED} AS wanted FROM labeling_task
  WHERE project_id = %(project)s AND id = ANY(%(tasks)s::bigint[]) ORDER BY id FOR NO KEY UPDATE),
back AS (SELECT id, wanted FROM locked WHERE by_model),
opened AS (
  UPDATE labeling_task t SET by_model = false, overlap = back.wanted, open_slots = back.wanted
  FROM back WHERE t.id = back.id)
SELECT count(*), COALESCE(sum(wanted), 0) FROM back
"""


@transaction.atomic
def return_tasks(project: Project, tasks: Sequence[int]) -> int:
    """Take a model's answers off tasks and open those that had left the queue; return how many these were."""
    with connection.cursor() as cursor:
        rewind_cursors(cursor, project.pk)
        cursor.execute(_OPEN, {**wanted_values(project), "tasks": list(tasks)})
        opened, places = cursor.fetchone()
    Project.objects.filter(pk=project.pk).update(extra_answers=F("extra_answers") + places)
    forget_labels(tasks)
    return int(opened)


def forget_labels(tasks: Sequence[int]) -> int:
    """Delete a model's answers to tasks, count them off their rounds, and return how many there were.

    The caller deals with the tasks and has locked the project's row.
    """
    rows = ModelLabel.objects.filter(task__in=tasks).order_by("task_id")
    standing = Counter(rows.filter(audited=False).values_list("round", flat=True))
    count = rows.delete()[0]
    for number, less in sorted(standing.items()):
        AcceptRound.objects.filter(pk=number).update(standing=F("standing") - less)
    return count
