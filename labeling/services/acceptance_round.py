"""One round of automatic acceptance: sure answers leave the queue, and a random sample of them stays for people.

A round is one transaction, known by its job: done twice, it changes nothing. Tasks are taken only while nobody has or
had a place on them, and with SKIP LOCKED, so that nobody who labels waits.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction
from django.db.models import F, Max, Sum
from django.utils import timezone

from accounts.services import audit
from accounts.services.actor import system_actor
from curation.services.version import open_version
from labeling.engine.acceptance import audit_size
from labeling.engine.schema import Answer, parse_schema, validate_answer
from labeling.models import AcceptRound, AuditOutcome, AutoAccept, ModelLabel, Project, ProjectState, Suggestion, Task
from labeling.services.suggestion import LONGEST_SOURCE

# Why the last job accepted nothing, or what it did; a page says it in words.
ACCEPTED, TOO_FEW, NO_THRESHOLD, NOTHING_SURE, TOO_SMALL = "accepted", "too_few", "no_threshold", "nothing", "too_small"
CODES = (ACCEPTED, TOO_FEW, NO_THRESHOLD, NOTHING_SURE, TOO_SMALL)
SPLIT = "split"
# What is measured by must be labeled by people: a model that labels its own test measures nothing.
MEASURED_BY = ("test", "validation")


@dataclass(frozen=True, slots=True)
class Sure:
    """Answers of one model that reach its threshold, and what vouches for them.

    Attributes:
        items: Numbers of the items.
        answers: Of each.
        confidences: Of each, 0 to 1.
        source: The model, as people read it.
        fingerprint: Tells it from every other.
        schema_revision: Of the questions that it learned.
        epoch: Of the acceptance that it was asked for.
        threshold: The least confidence.
        held_out: How many labeled items that it had not learned from reach it.
        held_out_right: How many of these it names right.
        bound: The precision that they vouch for.
    """

    items: list[int]
    answers: list[Answer]
    confidences: list[float]
    source: str
    fingerprint: str
    schema_revision: int
    epoch: int
    threshold: float
    held_out: int
    held_out_right: int
    bound: float


# Nobody has or had a place, and nobody began an answer that they could still send.
_TAKE = """
SELECT t.id, t.item_id, t.open_slots FROM labeling_task t
WHERE t.project_id = %(project)s AND t.item_id = ANY(%(items)s::bigint[]) AND t.open_slots = t.overlap
  AND t.open_slots > 0 AND NOT t.is_gold AND NOT t.by_model
  AND NOT EXISTS (SELECT FROM labeling_modellabel m WHERE m.task_id = t.id)
  AND NOT EXISTS (SELECT FROM labeling_draft d WHERE d.task_id = t.id)
ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED
"""


@transaction.atomic
def accept_round(*, project_id: int, job_number: int, sure: Sure) -> AcceptRound | None:
    """Accept sure answers, once for each job; None when nothing was accepted.

    Nothing is accepted when somebody meanwhile switched it off, changed its target or the questions, or closed the
    project; and none of the answers whose task somebody got, answered or made gold meanwhile.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project_id)
    earlier = AcceptRound.objects.filter(project=project, job_number=job_number).first()
    if earlier is not None:
        return earlier  # type: ignore[no-any-return]
    setting = AutoAccept.objects.select_for_update().filter(project=project).first()
    if setting is None or not project.accepts or setting.epoch != sure.epoch:
        return None
    if project.schema_revision != sure.schema_revision or project.state == ProjectState.ARCHIVED:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"project": project.pk, "items": sure.items})
        tasks: list[tuple[int, int, int]] = cursor.fetchall()
    before = AcceptRound.objects.filter(project=project, epoch=setting.epoch).aggregate(
        accepted=Sum("accepted"), audited=Sum("audited"), number=Max("number")
    )
    audited = before["audited"] or 0
    size = audit_size(
        len(tasks), before=(before["accepted"] or 0) + audited, audited=audited, share=setting.audit_share / 100
    )
    # Were all of them audited, people would answer everything anyhow.
    if len(tasks) <= size:
        note_last(setting, {"code": TOO_SMALL if tasks else NOTHING_SURE, "sure": len(tasks), "audit": size})
        return None
    made = _write(project, setting, sure, tasks, _drawn(project, job_number, tasks, size), job_number, before["number"])
    note_last(setting, {"code": ACCEPTED, "accepted": made.accepted, "audit": made.audited})
    return made


def note_last(setting: AutoAccept, facts: dict[str, object]) -> None:
    """Keep what the last job made of it, for the page."""
    AutoAccept.objects.filter(pk=setting.pk).update(last=facts)


def _drawn(project: Project, job_number: int, tasks: Sequence[tuple[int, int, int]], size: int) -> set[int]:
    """Return the tasks of the audit: a random sample that nobody can guess who does not know the project's secret."""
    seed = hashlib.sha256(f"{project.gold_secret}:audit:{job_number}".encode()).digest()
    chosen = np.random.default_rng(int.from_bytes(seed[:8], "big")).choice(len(tasks), size, replace=False)
    return {tasks[place][0] for place in chosen.tolist()}


_CLOSE = """
UPDATE labeling_task SET by_model = true, overlap = 0, open_slots = 0, returned_at = NULL WHERE id = ANY(%s::bigint[])
"""


def _write(
    project: Project, setting: AutoAccept, sure: Sure, tasks: Sequence[tuple[int, int, int]], audited: set[int],
    job_number: int, last_number: int | None,
) -> AcceptRound:  # fmt: skip
    now = timezone.now()
    closed = [task for task, _item, _places in tasks if task not in audited]
    made = AcceptRound.objects.create(
        project=project,
        job_number=job_number,
        epoch=setting.epoch,
        number=(last_number or 0) + 1,
        source=sure.source[:LONGEST_SOURCE],
        fingerprint=sure.fingerprint,
        target=setting.target,
        threshold=sure.threshold,
        held_out=sure.held_out,
        held_out_right=sure.held_out_right,
        bound=sure.bound,
        accepted=len(closed),
        audited=len(audited),
        standing=len(closed),
        created_at=now,
    )
    said = dict(zip(sure.items, zip(sure.answers, sure.confidences, strict=True), strict=True))
    schema = parse_schema(project.schema)
    ModelLabel.objects.bulk_create(
        [
            ModelLabel(
                project=project,
                task_id=task,
                round=made,
                answer=validate_answer(schema, said[item][0]),
                confidence=said[item][1],
                audited=task in audited,
                schema_revision=sure.schema_revision,
                created_at=now,
            )
            for task, item, _places in tasks
        ],
        batch_size=1_000,
    )
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, [closed])
    # Whoever audits must not read what the model says; and what is accepted needs no suggestion.
    Suggestion.objects.filter(task__in=[task for task, _item, _places in tasks]).delete()
    places = sum(places for task, _item, places in tasks if task not in audited)
    Project.objects.filter(pk=project.pk).update(extra_answers=F("extra_answers") - places)
    audit.record(
        actor=system_actor(organization_id=project.organization_id), action="project.accept_round",
        subject=f"project:{project.pk}", round=made.pk, accepted=made.accepted, audited=made.audited,
        threshold=made.threshold, target=made.target, source=made.source, fingerprint=made.fingerprint,
    )  # fmt: skip
    return made


def waiting_audits(project: Project) -> list[int]:
    """Return the items whose audit nobody has begun."""
    rows = ModelLabel.objects.filter(project=project, audited=True, outcome=AuditOutcome.WAITING)
    found = rows.filter(task__open_slots=F("task__overlap"), task__open_slots__gt=0)
    return list(found.order_by("pk").values_list("task__item_id", flat=True))


def hide_audits(project: Project, ordered: Sequence[int], audits: Sequence[int], batch: int) -> list[int]:
    """Return the order of tasks with the audited ones among the first, at places that a secret decides.

    Left where they are, they would come last: the model is sure of them, and what it is sure of teaches it nothing. Of
    what is handed out at most about a third is audit, and less when as many answers as lie between two jobs hold them.
    """
    span = max(2 * len(audits), batch)
    head, rest = list(ordered[:span]), list(ordered[span:])
    for item in sorted(audits, key=lambda item: _lot(project, item)):
        head.insert(_lot(project, item) % (len(head) + 1), item)
    return head + rest


def unaided(project: Project, ordered: Sequence[int], audits: Sequence[int]) -> set[int]:
    """Return as many other items as are audited that get no suggestion either, so that its absence tells nothing."""
    others = set(ordered) - set(audits)
    return set(sorted(others, key=lambda item: _lot(project, item))[: len(audits)])


def withdraw_suggestions(project: Project, items: Iterable[int]) -> None:
    """Delete suggestions that nobody can have before them; one that somebody may have seen stays with their answer."""
    tasks = Task.objects.filter(project=project, item_id__in=list(items), leases=None)
    Suggestion.objects.filter(task__in=tasks).delete()


def accepted_items(project: Project, items: Sequence[int]) -> set[int]:
    """Return those of the items that a model's accepted answer is about, audited or not."""
    rows = ModelLabel.objects.filter(project=project, task__item_id__in=list(items))
    return set(rows.values_list("task__item_id", flat=True))


def _lot(project: Project, item: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{project.gold_secret}:{item}".encode(), digest_size=7).digest(), "big")


def measuring_items(project: Project) -> np.ndarray:
    """Return the items by which models are measured, in rising order: test and validation of the version's split."""
    if SPLIT not in {name for name, _kind in project.version.manifest.get("columns", [])}:
        return np.empty(0, np.int64)
    found = [np.empty(0, np.int64)]
    with open_version(project.version) as reader:
        for batch in reader.batches(columns=["item_id", SPLIT]):
            sides = pc.cast(batch.column(SPLIT), pa.string())
            found.append(batch.column("item_id").filter(pc.is_in(sides, pa.array(MEASURED_BY))).to_numpy())
    return np.sort(np.concatenate(found))
