"""Undoing bulk answers: what nobody changed since is taken back, and what was changed stays and is counted."""

from collections import Counter
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, NotAllowed, NotFound
from labeling.engine.schema import AnswerError, Schema, validate_answer
from labeling.models import Annotation, AnnotationRevision, Bulk, BulkState, BulkTask
from labeling.services.assigned_place import wait_again
from labeling.services.bulk import AT_ONCE, find_bulk, is_stopped
from labeling.services.bulk_store import BATCH, rewrite
from labeling.services.counting import take_off_counters
from labeling.services.expiry import return_places
from labeling.services.queue import Desk, sit_down_for
from labeling.services.schema_revision import schema_of
from workers.context import JobContext
from workers.services.job import enqueue

# What became of an answer: its task is back in the queue; the answer before stands again; somebody changed it since.
TAKEN_BACK, RESTORED, KEPT = "taken_back", "restored", "kept"
ENDINGS = (TAKEN_BACK, RESTORED, KEPT)
KIND = "labeling.undo_bulk"


def undo_bulk(*, actor: Actor, bulk_id: int) -> Bulk:
    """Undo bulk answers; of more than 500 a job does it, which ``bulk.job`` then names. Undoing twice changes nothing.

    The person who gave them may, and whoever manages the project.

    Raises:
        NotFound: No such bulk answers.
        NotAllowed: They are somebody else's.
        Conflict: ``bulk_running`` while they are still being given; ``project_archived``.
    """
    seen = find_bulk(actor=actor, bulk_id=bulk_id)
    if seen.annotator_id != actor.user_id and not actor.can("project.write"):
        raise NotAllowed(("project.write",))
    with transaction.atomic():
        bulk = Bulk.objects.select_for_update().get(pk=seen.pk)
        stopped = is_stopped(bulk)
        if bulk.state == BulkState.UNDONE or (bulk.state == BulkState.UNDOING and not stopped):
            return find_bulk(actor=actor, bulk_id=bulk_id)
        if bulk.state == BulkState.RUNNING and not stopped:
            detail = _("These answers are still being given. Cancel the job first; then what it stored can be undone.")
            raise Conflict("bulk_running", detail, job=bulk.job_id)
        if bulk.state != BulkState.UNDOING:
            audit.record(actor=actor, action="project.bulk_undo", subject=f"project:{bulk.project_id}", bulk=bulk.pk)
            bulk.state, bulk.undone_at, bulk.undone_by_id = BulkState.UNDOING, timezone.now(), actor.user_id or None
        if len(bulk.tasks.values_list("pk")[: AT_ONCE + 1]) > AT_ONCE:
            _send(actor, bulk)
        else:
            _undo_batch(actor, bulk)
        bulk.save(update_fields=["state", "undone", "undone_at", "undone_by", "job"])
    return find_bulk(actor=actor, bulk_id=bulk_id)


def _send(actor: Actor, bulk: Bulk) -> None:
    bulk.job = enqueue(
        kind=KIND,
        actor=actor,
        params={"bulk_id": bulk.pk},
        title=_("Undo bulk answers of %(project)s") % {"project": bulk.project.name},
        subject=f"project:{bulk.project_id}",
    )


def run_undo(*, job: JobContext, bulk_id: int) -> dict[str, Any]:
    """Undo batch after batch. Each is one transaction that forgets the answers it dealt with, so none is undone twice.

    Returns:
        The job's result: how many answers came to what.
    """
    found = Bulk.objects.filter(project__organization_id=job.organization_id, pk=bulk_id).first()
    if found is None:
        raise NotFound(_("These bulk answers are gone."))
    total = found.stored
    while found.state == BulkState.UNDOING:
        with transaction.atomic():
            found = Bulk.objects.select_for_update().select_related("project").get(pk=bulk_id)
            if found.state == BulkState.UNDOING:
                _undo_batch(job.actor, found)
                found.save(update_fields=["state", "undone"])
            # Raises when another worker has the job; then this batch is not kept.
            job.save_state({"done": sum(found.undone.values())})
        job.progress(sum(found.undone.values()), total, _("taking answers back"))
    return {"bulk": found.pk, **found.undone}


def _undo_batch(actor: Actor, bulk: Bulk) -> None:
    """Undo up to `BATCH` answers of a locked bulk."""
    with connection.cursor() as cursor:
        # The counters and the places are those of the person who answered, whoever undoes it.
        desk = sit_down_for(cursor, actor, bulk.project_id, bulk.annotator_id)
        entries = {row.annotation_number: row for row in bulk.tasks.order_by("task_id")[:BATCH]}
        answers = list(Annotation.objects.filter(pk__in=entries).order_by("pk"))
        untouched = [row for row in answers if row.revision == entries[row.pk].revision]
        given = [row for row in untouched if entries[row.pk].revision_before is None]
        _take_back(cursor, desk, given)
        changed = [(row, entries[row.pk].revision_before) for row in untouched]
        restored = _restore(cursor, desk, [(row, number) for row, number in changed if number is not None])
    BulkTask.objects.filter(pk__in=[row.pk for row in entries.values()]).delete()
    kept = len(entries) - len(given) - restored
    bulk.undone = dict(+(Counter(bulk.undone) + Counter({TAKEN_BACK: len(given), RESTORED: restored, KEPT: kept})))
    if not bulk.tasks.exists():
        bulk.state = BulkState.UNDONE


# Assigned places stay with whom they were assigned to.
_GIVE_UP = """
DELETE FROM labeling_lease WHERE annotator_id = %s AND task_id = ANY(%s) AND assigned IS NOT TRUE RETURNING task_id
"""


def _take_back(cursor: Any, desk: Desk, rows: list[Annotation]) -> None:
    """Remove answers, keep what they were as revisions, and return their tasks to the queue."""
    if not rows:
        return
    now = timezone.now()
    AnnotationRevision.objects.bulk_create([AnnotationRevision.of(row, ended_at=now, taken_back=True) for row in rows])
    take_off_counters(cursor, desk, rows)
    Annotation.objects.filter(pk__in=[row.pk for row in rows]).delete()
    wait_again(cursor, desk, [row.task_id for row in rows])
    cursor.execute(_GIVE_UP, [desk.annotator_id, [row.task_id for row in rows]])
    return_places(cursor, [row[0] for row in cursor.fetchall()])


# Bulk answers that had given what now stands again can be undone in their turn.
_SAME_AGAIN = """
UPDATE labeling_bulktask b SET revision = n.revision
FROM unnest(%(tasks)s::bigint[], %(numbers)s::bigint[], %(before)s::int[], %(now)s::int[])
  AS n(task_id, number, before, revision)
WHERE b.task_id = n.task_id AND b.annotation_number = n.number AND b.revision = n.before
"""


def _restore(cursor: Any, desk: Desk, rows: list[tuple[Annotation, int]]) -> int:
    """Give corrected answers back what they said at a revision; what no longer fits the questions stays as it is."""
    schema = schema_of(desk.schema)
    numbers = [row.pk for row, _revision in rows]
    earlier = AnnotationRevision.objects.filter(annotation_number__in=numbers, taken_back=False)
    known = {(row.annotation_number, row.revision): row for row in earlier}
    found = [(row, known.get((row.pk, revision))) for row, revision in rows]
    back = [(row, before) for row, before in found if before is not None and _still_fits(schema, before)]
    rewrite(cursor, desk, [(row, before.answer, before.skipped) for row, before in back])
    cursor.execute(
        _SAME_AGAIN,
        {
            "tasks": [row.task_id for row, _before in back],
            "numbers": [row.pk for row, _before in back],
            "before": [before.revision for _row, before in back],
            "now": [row.revision for row, _before in back],
        },
    )
    return len(back)


def _still_fits(schema: Schema, earlier: AnnotationRevision) -> bool:
    if earlier.skipped:
        return True
    try:
        return bool(validate_answer(schema, earlier.answer) == earlier.answer)
    except AnswerError:
        return False
