"""Tasks whose answers leave the label open go to one more person, until a target confidence or a cap is met.

A place is opened on a task that has all the answers that were wanted, so that it cannot be sent again before that
answer is there. Order of locks as in `labeling.services.queue`: tasks by id, and the project's row last; what a project
has spent is moved by compare-and-set, so that two jobs at once stay under the cap together.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Membership
from accounts.services import audit
from core.errors import DomainError
from labeling.models import Progress, Project
from labeling.services.assignment import WORKERS
from labeling.services.dispute import Weights, start_weighing, weighings
from labeling.services.project import find_project
from labeling.services.queue import refuse_archived
from workers.context import JobContext
from workers.models import Job

MOST_ANSWERS = 20
MOST_CAP = 10_000_000
LEAST_EVERY, MOST_EVERY = 10, 1_000_000
# A batch is locked for some 50 ms.
BATCH = 500
FIELDS = ("target_confidence", "most_answers", "extra_cap", "weigh_every")
# Why a task below the target is not sent, in this order: it waits for an answer, somebody decided it, it has as many
# answers as one task may get, nobody is left who has not answered it, or the project's cap is met.
REASONS = ("waiting", "decided", "most", "people", "cap")


@transaction.atomic
def change_target(*, actor: Actor, project_id: int, **changes: Any) -> Project:
    """Change from which confidence on a label stands, and what may be spent on the others; fields of FIELDS.

    Raises:
        NotFound: No such project. Conflict: ``project_archived``. DomainError: ``target_invalid``.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    refuse_archived(project.state)
    fields = [name for name in FIELDS if name in changes]
    for name in fields:
        setattr(project, name, changes[name])
    _check(project)
    done = _answers(project.pk)
    project.weigh_at = done + project.weigh_every if project.target_confidence else 0
    project.save(update_fields=[*fields, "weigh_at", "updated_at"])
    noted = {name: changes[name] for name in fields}
    audit.record(actor=actor, action="project.change_target", subject=f"project:{project.pk}", **noted)
    return project


def _check(project: Project) -> None:
    # Below a half a label can be likelier than all others and still be below; at 1 nothing ever stands.
    if project.target_confidence and not 0.5 <= project.target_confidence <= 0.999:
        detail = _("The target must be 0 for none, or from 50 % to 99.9 %.")
        raise DomainError("target_invalid", detail, field="target_confidence")
    bounds = {
        "most_answers": (1, MOST_ANSWERS),
        "extra_cap": (0, MOST_CAP),
        "weigh_every": (LEAST_EVERY, MOST_EVERY),
    }
    for name, (least, most) in bounds.items():
        if not least <= getattr(project, name) <= most:
            detail = _("This must be from %(least)s to %(most)s.") % {"least": f"{least:,}", "most": f"{most:,}"}
            raise DomainError("target_invalid", detail, field=name)


def start_sending(*, actor: Actor, project_id: int) -> Job:
    """Send the job that weighs the answers and sends open tasks to one more person.

    Raises:
        NotFound: No such project. Conflict: ``project_archived``, ``questions_changing``.
        DomainError: ``no_target`` while the project has none.
    """
    project = find_project(actor=actor, project_id=project_id)
    refuse_archived(project.state)
    if not project.target_confidence:
        raise DomainError("no_target", _("Set a target confidence first."), status=409, field="target_confidence")
    return start_weighing(actor=actor, project_id=project_id, sends=True)


def last_sending(*, actor: Actor, project: Project) -> Job | None:
    """Return the newest job that was to send tasks of a project and came to its end."""
    jobs = weighings(actor=actor, project=project).filter(params__sends=True, state="succeeded")
    found: Job | None = jobs.order_by("-pk").first()
    return found


@dataclass(frozen=True, slots=True)
class _Found:
    """A task below the target, as the database has it."""

    task: int
    item: int
    answers: int
    overlap: int
    open_slots: int
    decided: bool
    people: list[int]


def send_open_tasks(*, job: JobContext, project: Project, weights: Weights) -> dict[str, Any]:
    """Open one more place on each task below the target, those first where an answer brings most, up to the cap.

    Each batch, the money spent and the job's count are one transaction, so that a job that was killed goes on behind
    the last one. A second run finds the places open and opens none.

    Args:
        job: The job whose work this is.
        project: The project.
        weights: What the answers leave open.

    Returns:
        ``sent`` places, ``spent`` of the ``cap`` in all, the ``target``, how many tasks stay ``below`` it and why
        (``reasons``, as REASONS), how many meet it (``met``); and ``off``, why nothing can be sent at all: empty,
        ``target``, ``assigned`` where people get only what is assigned to them, or ``unweighed`` where no question has
        a confidence.
    """
    target = project.target_confidence
    known = int(np.isfinite(weights.confidence).sum())
    below = np.flatnonzero(weights.confidence < target)
    off = _why_off(project, can_weigh=known > 0 or not len(weights.items))
    state = {"sent": 0, **job.state}
    order = below[np.lexsort((below, weights.confidence[below], -weights.gain[below]))]
    reasons: Counter[str] = Counter()
    workers = _workers(project)
    for start in range(0, len(order), BATCH):
        batch = weights.items[order[start : start + BATCH]].tolist()
        _send_batch(job, project, batch, workers, state, reasons, is_off=bool(off))
        job.progress(start + len(batch), len(order), _("sending open tasks to one more person"))
    project.refresh_from_db(fields=["extra_sent", "extra_cap"])
    return {
        "sent": state["sent"],
        "spent": project.extra_sent,
        "cap": project.extra_cap,
        "target": target,
        "weighed": known,
        "met": known - len(below),
        "below": sum(reasons.values()),
        "reasons": {name: reasons[name] for name in REASONS},
        "off": off,
    }


def _why_off(project: Project, *, can_weigh: bool) -> str:
    if not project.target_confidence:
        return "target"
    if project.only_assigned:
        return "assigned"
    return "" if can_weigh else "unweighed"


def _workers(project: Project) -> frozenset[int]:
    """Return who could answer: members who label and are not paused in this project."""
    rows = Membership.objects.filter(organization=project.organization_id, role__in=WORKERS, user__is_active=True)
    paused = Progress.objects.filter(project=project).exclude(paused_at=None).values_list("annotator", flat=True)
    return frozenset(rows.values_list("user_id", flat=True)) - frozenset(paused)


_LOCK = """
SELECT t.id FROM labeling_task t WHERE t.project_id = %(project)s AND t.item_id = ANY(%(items)s::bigint[])
  AND NOT t.is_gold ORDER BY t.id FOR NO KEY UPDATE
"""
# After the lock, so that nobody takes or gives back a place, or decides the task, between this and what follows.
_FIND = """
SELECT t.id, t.item_id, (SELECT count(*) FROM labeling_annotation a WHERE a.task_id = t.id), t.overlap, t.open_slots,
  EXISTS (SELECT FROM labeling_adjudication j WHERE j.task_id = t.id AND j.state = 'decided'),
  ARRAY(SELECT l.annotator_id FROM labeling_lease l WHERE l.task_id = t.id)
FROM labeling_task t WHERE t.id = ANY(%(tasks)s::bigint[])
"""
# Handed out before fresh tasks, as places that came back are, in the order given.
_OPEN = """
UPDATE labeling_task t SET overlap = t.overlap + 1, open_slots = t.open_slots + 1, extra_places = t.extra_places + 1,
  returned_at = clock_timestamp() + n.place * interval '1 microsecond'
FROM unnest(%(tasks)s::bigint[]) WITH ORDINALITY AS n(id, place) WHERE t.id = n.id
"""


def _send_batch(
    job: JobContext, project: Project, items: Sequence[int], workers: frozenset[int], state: dict[str, Any],
    reasons: Counter[str], *, is_off: bool,
) -> None:  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        # Cursors of people stay a minute behind the clock: this has to end well before.
        cursor.execute("SET LOCAL lock_timeout = '20s'")
        cursor.execute(_LOCK, {"project": project.pk, "items": list(items)})
        cursor.execute(_FIND, {"tasks": [row[0] for row in cursor.fetchall()]})
        found = {row[1]: _Found(*row) for row in cursor.fetchall()}
        able: list[int] = []
        told: Counter[str] = Counter()
        for item in items:
            if item not in found:
                continue
            why = _why_not(found[item], project.most_answers, workers)
            if why or is_off:
                # Where nothing can be sent at all, `off` says why.
                told[why or "off"] += 1
            else:
                able.append(found[item].task)
        able, refused = _within_cap(cursor, project.pk, able)
        told["cap"] += refused
        if able:
            cursor.execute(_OPEN, {"tasks": able})
            state["sent"] += len(able)
            told["waiting"] += len(able)
        # In this transaction, so that places and count are one; raises when another worker has the job.
        job.save_state(state)
    reasons.update(told)


def _why_not(found: _Found, most: int, workers: frozenset[int]) -> str:
    """Return why a task is not sent to one more person, empty when it is."""
    if found.decided:
        return "decided"
    if found.open_slots > 0 or found.answers < found.overlap:
        return "waiting"
    if found.answers >= min(most, MOST_ANSWERS):
        return "most"
    return "" if workers.difference(found.people) else "people"


_SPEND = """
UPDATE labeling_project SET extra_sent = extra_sent + %(count)s, extra_answers = extra_answers + %(count)s
WHERE id = %(project)s AND extra_sent + %(count)s <= extra_cap
"""


def _within_cap(cursor: Any, project_id: int, tasks: list[int]) -> tuple[list[int], int]:
    """Return the first tasks that the cap leaves room for, which are paid now, and how many are refused."""
    cursor.execute("SELECT extra_cap - extra_sent FROM labeling_project WHERE id = %s FOR NO KEY UPDATE", [project_id])
    left = max(0, cursor.fetchone()[0])
    sent = tasks[:left]
    if sent:
        cursor.execute(_SPEND, {"project": project_id, "count": len(sent)})
    return sent, len(tasks) - len(sent)


def plan_next(*, project_id: int) -> None:
    """Say at how many answers the project is weighed again: after so many new ones, or when the last one is in."""
    project = Project.objects.get(pk=project_id)
    if not project.target_confidence:
        return
    rows = Progress.objects.filter(project=project_id).values_list("answers", "gold_given")
    done = sum(answers for answers, _gold in rows)
    left = project.answers_wanted - sum(answers - gold for answers, gold in rows)
    # What is given to known answers counts among all: so this comes a little early there, and then again.
    step = min(project.weigh_every, left) if left > 0 else project.weigh_every
    Project.objects.filter(pk=project_id).exclude(target_confidence=0).update(weigh_at=done + step)


def _answers(project_id: int) -> int:
    return sum(Progress.objects.filter(project=project_id).values_list("answers", flat=True))


def show_target(*, actor: Actor, project: Project) -> dict[str, Any]:
    """Return a project's target, what was spent, and what the last job came to, as the API gives it."""
    last = last_sending(actor=actor, project=project)
    return {
        **{name: getattr(project, name) for name in FIELDS},
        "spent": project.extra_sent,
        "last": None if last is None or last.result is None else last.result.get("more"),
        "measured_at": None if last is None else last.finished_at,
    }
