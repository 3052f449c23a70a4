"""Final answers to earlier questions, brought along when the questions of a project change."""

from collections import Counter
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.engine.schema_change import KINDS, SchemaChange
from labeling.models import Adjudication, Dispute, DisputeState, Project, Task
from labeling.services.schema_revision import move_through
from labeling.services.task import open_places
from workers.context import JobContext

BATCH = 500


@transaction.atomic
def move_decisions(job: JobContext, project: Project, changes: dict[int, SchemaChange], state: dict[str, Any]) -> bool:
    """Bring one batch of decisions along, and say in the job's state what they came to; False when none was left.

    A final answer of which a label is asked again stays undecided, with that as its reason: somebody has to look again.
    """
    older = Adjudication.objects.filter(project=project, schema_revision__lt=project.schema_revision)
    tasks = list(older.order_by("task_id").values_list("task_id", flat=True)[:BATCH])
    if not tasks:
        return False
    # In the order in which everybody locks: whoever decides has the task first.
    list(Task.objects.select_for_update(no_key=True).filter(pk__in=tasks).order_by("pk").values_list("pk"))
    counts: Counter[str] = Counter(state.get("final_answers", {}))
    rows = list(older.filter(task__in=tasks).select_related("task").order_by("pk"))
    reopened = []
    for row in rows:
        if row.answer is not None:
            moved = move_through(
                changes, row.answer, row.task.data, since=row.schema_revision, until=project.schema_revision
            )
            counts[moved.kind] += 1
            row.answer, row.incomplete = moved.answer, moved.kind == "incomplete"
            if moved.kind == "reopened":
                reopened.append(row.task_id)
                row.state, row.reason = DisputeState.LEFT, _("The questions were changed, and this is asked again.")
            row.revision += 1
        row.schema_revision = project.schema_revision
    fields = ["answer", "incomplete", "state", "reason", "revision", "schema_revision"]
    Adjudication.objects.bulk_update(rows, fields)
    for task in reopened:
        open_places(project, task)
    Dispute.objects.filter(task__in=reopened).update(state=DisputeState.LEFT)
    state["final_answers"] = {kind: counts[kind] for kind in KINDS if counts[kind]}
    job.save_state(state)
    return True
