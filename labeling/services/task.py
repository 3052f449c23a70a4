# ruff: noqa: S608  (the statements are put together from constants of this file; values are parameters)
"""The tasks of a project, made from its version by a job."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any, TypeVar

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.errors import NotFound
from curation.services.version import open_version
from labeling.engine.lots import LOT_DIGITS, threshold
from labeling.engine.schema import parse_schema
from labeling.models import Project, Task
from labeling.services.queue import rewind_cursors
from labeling.services.trigger import order_first_tasks
from workers.context import JobContext

# 10,000 short texts are copied in about 0.2 s; the cancel button and the progress bar answer at this pace.
BATCH_ROWS = 10_000
# The column by which the step augment says of what item a row is a changed copy.
COPY_OF = "augmented_from"
Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)
OVERLAP_BATCH = 5_000

_NEW = "CREATE TEMP TABLE new_task (item_id bigint, data jsonb) ON COMMIT DROP"
_COPY = "COPY new_task (item_id, data) FROM STDIN"
# How many people an item is for: labeling.engine.lots says which are drawn.
WANTED = """(CASE WHEN substr(md5(item_id || ':' || %(seed)s::text), 1, %(digits)s) COLLATE "C" < %(threshold)s
  THEN %(in_share)s ELSE %(overlap)s END)::smallint"""
_INSERT = f"""
INSERT INTO labeling_task (project_id, item_id, data, rank, overlap, open_slots)
SELECT %(project)s, item_id, data, 0, wanted, wanted
FROM (SELECT item_id, data, {WANTED} AS wanted FROM new_task) n ORDER BY item_id
ON CONFLICT (project_id, item_id) DO NOTHING
"""


def make_tasks(*, job: JobContext, project_id: int, only_untouched: bool = False) -> dict[str, Any]:
    """Bring the tasks of a project in line with its version and its overlap.

    A second attempt goes on at the batch where the first one stopped, and a batch done twice changes nothing.

    Args:
        job: The job whose work this is.
        project_id: The project.
        only_untouched: Leave the overlap of tasks that somebody has or answered as it is.

    Returns:
        The job's result: how many tasks there are.
    """
    project = Project.objects.visible_to(job.actor).select_related("version").filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("This project is gone."))
    before = project.task_count
    _copy_items(job, project)
    _align_overlap(job, project, only_untouched)
    count_wanted(project.pk)
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
    origin = [COPY_OF] if COPY_OF in columns and COPY_OF not in fields else []
    with open_version(project.version) as reader:
        for batch in reader.batches(columns=["item_id", *fields, *origin], batch_rows=BATCH_ROWS):
            seen += batch.num_rows
            if seen <= done:
                continue
            _copy_batch(project, without_copies(batch), fields)
            job.save_state({"rows": seen})
            job.progress(seen, total, _("making tasks"), rows_done=seen)
    count = Task.objects.filter(project=project).count()
    Project.objects.filter(pk=project.pk).update(task_count=count)
    project.task_count = count


def without_copies(rows: Rows) -> Rows:
    """Return the items that are no changed copies of others: labels are given to these, and copies made of them anew.

    Args:
        rows: A table or a batch.
    """
    if COPY_OF not in rows.schema.names:
        return rows
    return rows.filter(pc.is_null(rows.column(COPY_OF)))


def wanted_values(project: Project) -> dict[str, Any]:
    """Return the parameters of `WANTED`, with the project's number."""
    return {
        "project": project.pk,
        "overlap": project.overlap,
        "in_share": project.overlap_in_share,
        "seed": project.overlap_seed,
        "digits": LOT_DIGITS,
        "threshold": threshold(project.overlap_share),
    }


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
        cursor.execute(_INSERT, wanted_values(project))
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


def close_places(project: Project, tasks: Sequence[Task]) -> None:
    """Hand tasks to nobody else: each has as many places as people; the caller has locked them."""
    closed = sum(task.open_slots for task in tasks)
    if closed:
        rows = Task.objects.filter(pk__in=[task.pk for task in tasks])
        rows.update(overlap=F("overlap") - F("open_slots"), open_slots=0, returned_at=None)
        Project.objects.filter(pk=project.pk).update(extra_answers=F("extra_answers") - closed)


# As many places as the project wants, and never fewer than there are people. It is handed out like one that was given
# back, since people may have passed its place in the queue.
_OPEN = f"""
WITH counted AS (SELECT count(*) AS taken FROM labeling_lease WHERE task_id = %(task)s AND NOT gold),
found AS MATERIALIZED (
  SELECT t.id, t.overlap AS before, counted.taken, GREATEST({WANTED} + extra_places, counted.taken) AS wanted
  FROM labeling_task t, counted WHERE t.id = %(task)s AND NOT t.is_gold AND NOT t.by_model FOR NO KEY UPDATE OF t),
changed AS (
  UPDATE labeling_task t SET overlap = found.wanted, open_slots = found.wanted - found.taken,
    returned_at = CASE WHEN found.wanted > found.taken THEN clock_timestamp() END
  FROM found WHERE t.id = found.id)
UPDATE labeling_project p SET extra_answers = p.extra_answers + found.wanted - found.before
FROM found WHERE p.id = %(project)s
"""


def open_places(project: Project, task: int) -> None:
    """Give a task that asked nobody else its places again; the caller has locked it."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {**wanted_values(project), "task": task})


# A task keeps as many places as it has people; open_slots follows what is wanted.
_ALIGN = f"""
WITH chosen AS MATERIALIZED (
  SELECT id, overlap - open_slots AS taken, GREATEST({WANTED} + extra_places, overlap - open_slots) AS wanted
  FROM labeling_task t WHERE project_id = %(project)s AND id > %(after)s AND NOT is_gold AND NOT by_model
    AND NOT EXISTS (SELECT FROM labeling_adjudication j WHERE j.task_id = t.id AND j.state = 'decided')
  ORDER BY id LIMIT %(batch)s FOR NO KEY UPDATE OF t),
changed AS (
  UPDATE labeling_task t SET overlap = chosen.wanted, open_slots = chosen.wanted - chosen.taken
  FROM chosen WHERE t.id = chosen.id AND t.overlap <> chosen.wanted AND (chosen.taken = 0 OR NOT %(untouched)s))
SELECT max(id), count(*) FROM chosen
"""


def _align_overlap(job: JobContext, project: Project, only_untouched: bool) -> None:
    others = Task.objects.filter(project=project).exclude(overlap=project.overlap)
    if not project.overlap_share and not others.exists():
        return
    values = {**wanted_values(project), "batch": OVERLAP_BATCH, "untouched": only_untouched}
    after, done = 0, 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            rewind_cursors(cursor, project.pk)
            cursor.execute(_ALIGN, {**values, "after": after})
            last, count = cursor.fetchone()
        if not count:
            return
        after, done = last, done + count
        job.progress(done, project.task_count, _("changing the overlap"))


@transaction.atomic
def count_wanted(project_id: int) -> None:
    """Count the places of all tasks anew; whoever moves one later moves the figure in the same transaction."""
    with connection.cursor() as cursor:
        # First the row: what is changed while this waits is seen by the sum, and what comes later adds to it.
        cursor.execute("SELECT FROM labeling_project WHERE id = %s FOR NO KEY UPDATE", [project_id])
        cursor.execute(_COUNT_WANTED, {"project": project_id})


_COUNT_WANTED = """
UPDATE labeling_project p SET extra_answers = s.places - p.task_count * p.overlap
FROM (SELECT COALESCE(sum(overlap), 0) AS places FROM labeling_task WHERE project_id = %(project)s) s
WHERE p.id = %(project)s
"""
