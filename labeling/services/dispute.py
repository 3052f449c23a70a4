"""The tasks on which people differ: found by a job, and kept with how open each is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from labeling.engine.controls.base import Control
from labeling.engine.crowd.doubt import Doubts, doubts_of_labels, doubts_of_marks
from labeling.engine.ratings import Codes, Floats
from labeling.engine.schema import parse_schema
from labeling.models import Annotation, Dispute, Progress, Project
from labeling.services.project import find_project, refuse_while_changing
from labeling.services.ratings import kind_of, marks_of, ratings_of, sayings_of
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

KIND = "labeling.weigh_answers"
# One batch of 2,000 tasks is locked for about 0.1 s.
BATCH = 2_000


@dataclass(slots=True)
class Weights:
    """What the answers to a project leave open.

    Attributes:
        items: Ids of the items that somebody answered, rising; shape (items,), as the two below.
        confidence: The least over the controls, 0 to 1; NaN where no model applies.
        gain: What one more answer brings, summed over the controls.
        disputes: By item the controls on which people differ, as `labeling.models.Dispute` keeps them.
    """

    items: Codes = field(default_factory=lambda: np.zeros(0, np.int64))
    confidence: Floats = field(default_factory=lambda: np.zeros(0))
    gain: Floats = field(default_factory=lambda: np.zeros(0))
    disputes: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def add(self, name: str, doubts: Doubts) -> None:
        """Add what the answers to one control leave open."""
        items = np.array(doubts.items, np.int64)
        every = np.union1d(self.items, items)
        before, now = np.searchsorted(every, self.items), np.searchsorted(every, items)
        confidence, gain = np.full(len(every), np.nan), np.zeros(len(every))
        confidence[before], gain[before] = self.confidence, self.gain
        if doubts.confidence is not None and doubts.gain is not None:
            confidence[now] = np.fmin(confidence[now], doubts.confidence)
            gain[now] += doubts.gain
        self.items, self.confidence, self.gain = every, confidence, gain
        for place in np.flatnonzero(doubts.differs).tolist():
            sure = None if doubts.confidence is None else round(float(doubts.confidence[place]), 4)
            self.disputes.setdefault(int(items[place]), {})[name] = {
                "confidence": sure,
                "agreement": round(float(doubts.agreement[place]), 4),
                "probable": doubts.probable(place),
                # Of controls that no model weighs the names are hashes.
                "votes": doubts.votes(place) if sure is not None else {},
            }


@transaction.atomic
def start_weighing(*, actor: Actor, project_id: int, sends: bool = False) -> Job:
    """Send the job that weighs the answers of a project; the one that is on its way already serves too.

    Args:
        actor: Who asks.
        project_id: The project.
        sends: Whether open tasks go to one more person afterwards, as far as the project's target and cap say.

    Raises:
        NotFound: No such project. Conflict: ``questions_changing``.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    refuse_while_changing(project)
    waiting = weighings(actor=actor, project=project).filter(finished_at=None).order_by("pk")
    running = next((job for job in waiting if bool(job.params.get("sends")) == sends), None)
    if running is not None:
        return running
    return enqueue(
        kind=KIND,
        actor=actor,
        params={"project_id": project.pk, "sends": sends},
        title=_("Compare the answers of %(project)s") % {"project": project.name},
        subject=f"project:{project.pk}",
    )


def weighings(*, actor: Actor, project: Project) -> QuerySet[Job]:
    """Return the jobs that weighed the answers of a project."""
    found: QuerySet[Job] = Job.objects.visible_to(actor).filter(kind=KIND, subject=f"project:{project.pk}")
    return found


def count_answers(project: Project) -> int:
    """Return how many answers a project has, skipping aside."""
    rows = Progress.objects.filter(project=project).values_list("answers", "skipped")
    return sum(answers - skipped for answers, skipped in rows)


def count_compared(project: Project) -> int:
    """Return how many tasks two people or more have answered, skipping aside; looks at all answers."""
    answers = Annotation.objects.filter(project=project, skipped=False)
    several = answers.values("task").annotate(people=Count("pk")).filter(people__gt=1)
    return int(several.count())


def weigh_answers(job: JobContext, project: Project) -> tuple[Weights, dict[str, str], list[str]]:
    """Return what the answers leave open, the model by control, and the controls that no model weighs."""
    weights = Weights()
    methods: dict[str, str] = {}
    unweighed: list[str] = []
    controls = parse_schema(project.schema).controls
    for number, control in enumerate(controls):
        job.progress(number, len(controls), _("comparing answers"))
        doubts = _doubts(job, project, control)
        if doubts.confidence is None:
            unweighed.append(control.name)
        else:
            methods[control.name] = doubts.method
        weights.add(control.name, doubts)
    return weights, methods, unweighed


def _doubts(job: JobContext, project: Project, control: Control) -> Doubts:
    kind = kind_of(control)
    if kind == "marks":
        items, answered = marks_of(project, control, check=job.check)
        return doubts_of_marks([str(item) for item in items], answered)
    if kind:
        return doubts_of_labels(ratings_of(project, control, check=job.check))
    return doubts_of_labels(sayings_of(project, control, check=job.check), weighed=False)


_NEW = """CREATE TEMP TABLE new_dispute (item_id bigint, confidence float8, agreement float8, controls jsonb)
ON COMMIT DROP"""
_LOCK = """
SELECT t.id FROM labeling_task t JOIN new_dispute n ON n.item_id = t.item_id
WHERE t.project_id = %(project)s AND NOT t.is_gold ORDER BY t.id FOR NO KEY UPDATE OF t
"""
# Whoever decides a task has locked it, so that its state cannot change while this reads it.
_STORE = """
INSERT INTO labeling_dispute (project_id, task_id, state, confidence, agreement, controls, job_id)
SELECT %(project)s, t.id, COALESCE(a.state, 'open'), n.confidence, n.agreement, n.controls, %(job)s
FROM new_dispute n JOIN labeling_task t ON t.project_id = %(project)s AND t.item_id = n.item_id AND NOT t.is_gold
LEFT JOIN labeling_adjudication a ON a.task_id = t.id
ORDER BY t.id
ON CONFLICT (task_id) DO UPDATE SET state = excluded.state, confidence = excluded.confidence,
  agreement = excluded.agreement, controls = excluded.controls, job_id = excluded.job_id
WHERE labeling_dispute.job_id <= excluded.job_id
"""


def store_disputes(job: JobContext, project: Project, weights: Weights) -> int:
    """Put the tasks on which people differ in the place of those that an earlier job found."""
    rows = list(weights.disputes.items())
    stored = 0
    for batch in _batches(rows):
        stored += _store_batch(job, project, batch)
        job.progress(stored, len(rows), _("noting where people differ"))
    # Of two jobs at once the one that was sent later has the last word.
    gone = Dispute.objects.filter(project=project, job_id__lt=job.job_id)
    while numbers := list(gone.values_list("pk", flat=True)[:BATCH]):
        job.check()
        gone.filter(pk__in=numbers).delete()
    return stored


def _batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


@transaction.atomic
def _store_batch(job: JobContext, project: Project, batch: Sequence[tuple[int, dict[str, Any]]]) -> int:
    values = {"project": project.pk, "job": job.job_id}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.new_dispute")
        cursor.execute(_NEW)
        with cursor.copy("COPY new_dispute (item_id, confidence, agreement, controls) FROM STDIN") as copy:
            for item, controls in batch:
                copy.write_row((item, *_least(controls), orjson.dumps(controls).decode()))
        cursor.execute(_LOCK, values)
        cursor.execute(_STORE, values)
        return int(cursor.rowcount)


def _least(controls: dict[str, dict[str, Any]]) -> tuple[float, float]:
    """Return the least confidence and agreement of the controls on which people differ."""
    rows = controls.values()
    agreement = min(row["agreement"] for row in rows)
    return min(agreement if row["confidence"] is None else row["confidence"] for row in rows), agreement
