"""Accepted answers of models when the questions change: brought along where they can be, given back otherwise."""

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.engine.schema import AnswerError
from labeling.engine.schema_change import SchemaChange
from labeling.models import ModelLabel, Project
from labeling.services.acceptance_return import BATCH, return_tasks
from labeling.services.schema_revision import bring_along
from workers.context import JobContext


def move_model_labels(job: JobContext, project: Project, changes: dict[int, SchemaChange]) -> int:
    """Bring accepted answers along to changed questions, batch by batch, and return how many tasks went back to people.

    A label that was renamed stays accepted under its new name. Where it is gone, is asked again, or no longer all that
    must be answered, people are asked. Doing it twice changes nothing.
    """
    back = 0
    while True:
        with transaction.atomic():
            gone = _move_batch(project, changes)
        if gone is None:
            return back
        back += return_tasks(project, gone) if gone else 0
        job.progress(back, None, _("bringing accepted answers along"))


def _move_batch(project: Project, changes: dict[int, SchemaChange]) -> list[int] | None:
    """Return the tasks of a batch whose answers do not fit any more; None when nothing is left to look at."""
    # The project's row before its labels, as everywhere.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    older = ModelLabel.objects.filter(project=project, schema_revision__lt=project.schema_revision)
    rows = list(older.select_related("task").order_by("pk")[:BATCH])
    if not rows:
        return None
    gone: list[int] = []
    for row in rows:
        try:
            row.answer = bring_along(
                changes, row.answer, row.task.data, since=row.schema_revision, until=project.schema_revision
            )
        except AnswerError:
            row.answer = {}
        # Nothing is left of it, or something must be answered that the model was not asked.
        if not row.answer:
            gone.append(row.task_id)
        row.schema_revision = project.schema_revision
    # Those that go are left as they are: should this job die here, the next attempt finds them again.
    ModelLabel.objects.bulk_update([row for row in rows if row.task_id not in gone], ["answer", "schema_revision"])
    return gone
