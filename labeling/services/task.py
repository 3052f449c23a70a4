"""The tasks of a project, made from its version by a job."""

import datetime as dt
import math
from typing import Any

import orjson
import pyarrow as pa
from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.errors import NotFound
from curation.services.version import open_version
from labeling.engine.schema import parse_schema
from labeling.models import Project, Task
from labeling.services.queue import rewind_cursors
from labeling.services.trigger import order_first_tasks
from workers.context import JobContext

# 10,000 short texts are copied in about 0.2 s; the cancel button and the progress bar answer at this pace.
BATCH_ROWS = 10_000
OVERLAP_BATCH = 5_000

_NEW = "CREATE TEMP TABLE new_task (item_id bigint, data jsonb) ON COMMIT DROP"
_COPY = "COPY new_task (item_id, data) FROM STDIN"
_INSERT = """
INSERT INTO labeling_task (project_id, item_id, data, rank, overlap, open_slots)
SELECT %(project)s, item_id, data, 0, %(overlap)s, %(overlap)s FROM new_task ORDER BY item_id
ON CONFLICT (project_id, item_id) DO NOTHING
"""


def make_tasks(*, job: JobContext, project_id: int) -> dict[str, Any]:
    """Bring the tasks of a project in line with its version and its overlap.

    A second attempt goes on at the batch where the first one stopped, and a batch done twice changes nothing.

    Returns:
        The job's result: how many tasks there are.
    """
    project = Project.objects.visible_to(job.actor).select_related("version").filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("This project is gone."))
    before = project.task_count
    _copy_items(job, project)
    _align_overlap(job, project)
    if project.task_count > before:
        order_first_tasks(actor=job.actor, project=project)
    return {"project": project.pk, "tasks": project.task_count}


def _copy_items(job: JobContext, project: Project) -> None:
    total = project.version.row_count
    columns = {name for name, _kind in project.version.manifest.get("columns", [])}
    fields = [field for field in parse_schema(project.schema).fields if field in columns]
    done = int(job.state.get("rows", 0))
    if project.task_count >= total:
        return
    seen = 0
    with open_version(project.version) as reader:
        for batch in reader.batches(columns=["item_id", *fields], batch_rows=BATCH_ROWS):
            seen += batch.num_rows
            if seen <= done:
                continue
            _copy_batch(project, batch, fields)
            job.save_state({"rows": seen})
            job.progress(seen, total, _("making tasks"), rows_done=seen)
    count = Task.objects.filter(project=project).count()
    Project.objects.filter(pk=project.pk).update(task_count=count)
    project.task_count = count


@transaction.atomic
def _copy_batch(project: Project, batch: pa.RecordBatch, fields: list[str]) -> None:
    columns = [batch.column(field).to_pylist() for field in fields]
    ids = batch.column("item_id").to_pylist()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.new_task")
        cursor.execute(_NEW)
        with cursor.copy(_COPY) as copy:
            for item_id, *values in zip(ids, *columns, strict=True):
                shown = {field: plain(value) for field, value in zip(fields, values, strict=True)}
                copy.write_row((item_id, orjson.dumps(shown).decode()))
        rewind_cursors(cursor, project.pk)
        cursor.execute(_INSERT, {"project": project.pk, "overlap": project.overlap})
        cursor.execute(
            "UPDATE labeling_project SET task_count = task_count + %s WHERE id = %s", [cursor.rowcount, project.pk]
        )


def plain(value: Any) -> Any:
    """Return a cell as JSON can carry it and PostgreSQL can store it."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value)


# A task keeps as many places as it has people; open_slots follows what is wanted.
_ALIGN = """
WITH chosen AS MATERIALIZED (
  SELECT id, overlap - open_slots AS taken FROM labeling_task
  WHERE project_id = %(project)s AND id > %(after)s ORDER BY id LIMIT %(batch)s FOR NO KEY UPDATE),
changed AS (
  UPDATE labeling_task t SET overlap = GREATEST(%(overlap)s, chosen.taken),
    open_slots = GREATEST(%(overlap)s, chosen.taken) - chosen.taken
  FROM chosen WHERE t.id = chosen.id AND t.overlap <> GREATEST(%(overlap)s, chosen.taken))
SELECT max(id), count(*) FROM chosen
"""


def _align_overlap(job: JobContext, project: Project) -> None:
    if not Task.objects.filter(project=project).exclude(overlap=project.overlap).exists():
        return
    after, done = 0, 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            rewind_cursors(cursor, project.pk)
            values = {"project": project.pk, "after": after, "batch": OVERLAP_BATCH, "overlap": project.overlap}
            cursor.execute(_ALIGN, values)
            last, count = cursor.fetchone()
        if not count:
            return
        after, done = last, done + count
        job.progress(done, project.task_count, _("changing the overlap"))
