# ruff: noqa: S608  (the statement is put together from constants of this app; values are parameters)
"""Items that come to a project that is under way: tasks at once, and a version that has them soon after.

A version is written as a whole and read as a whole when it is hashed, so no request waits for it. Tasks are there when
the request ends; one job for all that came meanwhile puts their items behind those of the project's version and moves
the project to the version that this makes. Its other tasks stay as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotFound
from curation.engine.joining_columns import ColumnMisfit, fitted, joined_schema
from curation.engine.reader import VersionReader
from curation.engine.staging import kept_parts
from curation.engine.writer import VersionManifest, VersionWriter
from curation.models import Dataset, Provenance, Version, VersionKind
from curation.services.version import NewestMoved, commit_version, open_version
from labeling.engine.cells import cell, type_of
from labeling.engine.schema import parse_schema
from labeling.models import LabelStudioImport, LabelStudioTask, Project
from labeling.services.project import find_project
from labeling.services.queue import rewind_cursors
from labeling.services.task import WANTED, wanted_values
from labeling.services.trigger import order_first_tasks
from workers.context import JobContext
from workers.work_folder import work_folder

# Items of one request or batch: 5,000 short ones take about half a second.
MOST_ITEMS = 5_000
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item on its way.

    Attributes:
        columns: Everything that its version will have of it, by column.
        data: As it was sent.
        meta: What was sent beside the data; None for nothing.
        people: How many people's answers come with it: the task has so many places at least.
    """

    columns: dict[str, Any]
    data: dict[str, Any] = field(default_factory=dict)
    meta: Any = None
    people: int = 0


_NEW = "CREATE TEMP TABLE grown_task (item_id bigint, data jsonb, people smallint) ON COMMIT DROP"
_COPY = "COPY grown_task (item_id, data, people) FROM STDIN"
_INSERT = f"""
WITH made AS (
  INSERT INTO labeling_task (project_id, item_id, data, rank, overlap, open_slots)
  SELECT %(project)s, item_id, data, 0, wanted, wanted
  FROM (SELECT item_id, data, GREATEST({WANTED}, people) AS wanted FROM grown_task) n ORDER BY item_id
  RETURNING id, item_id, overlap),
counted AS (
  UPDATE labeling_project SET task_count = task_count + m.tasks,
    extra_answers = extra_answers + m.places - m.tasks * overlap
  FROM (SELECT count(*) AS tasks, COALESCE(sum(overlap), 0) AS places FROM made) m WHERE id = %(project)s)
SELECT item_id, id FROM made ORDER BY item_id
"""


def reserve_items(project: Project, count: int) -> int:
    """Set ids of a project's dataset aside and return the first.

    Call it first in the transaction that adds the items: who comes next waits for it, so items are seen in the order of
    their ids, and a version that has one has all before it.
    """
    dataset = Dataset.objects.select_for_update().get(pk=project.version.dataset_id)
    first = int(dataset.next_item_id)
    Dataset.objects.filter(pk=dataset.pk).update(next_item_id=F("next_item_id") + count)
    return first


@transaction.atomic
def add_items(
    *, project: Project, arrival: LabelStudioImport, items: Sequence[NewItem], first_item_id: int
) -> list[int]:
    """Make a task of each item and return the tasks' numbers in order; their version is written by a job.

    Args:
        project: It is open, and its version's columns are those that the items name or fewer.
        arrival: What they came with.
        items: At most `MOST_ITEMS`.
        first_item_id: From `reserve_items`.

    Raises:
        Conflict: ``questions_changed``.
    """
    shown = _shown(project)
    with connection.cursor() as cursor:
        # People's rows before tasks, as everywhere.
        rewind_cursors(cursor, project.pk)
        _refuse_if_asked_otherwise(project)
        cursor.execute("DROP TABLE IF EXISTS pg_temp.grown_task")
        cursor.execute(_NEW)
        with cursor.copy(_COPY) as copy:
            for item_id, item in enumerate(items, first_item_id):
                data = {name: item.columns.get(name) for name in shown}
                copy.write_row((item_id, orjson.dumps(data).decode(), item.people))
        cursor.execute(_INSERT, wanted_values(project))
        made = dict(cursor.fetchall())
    tasks = [made[first_item_id + place] for place in range(len(items))]
    LabelStudioTask.objects.bulk_create(
        LabelStudioTask(
            task_id=task,
            project=project,
            arrival=arrival,
            item_id=first_item_id + place,
            data=item.data,
            meta=item.meta,
            waiting=item.columns,
        )
        for place, (task, item) in enumerate(zip(tasks, items, strict=True))
    )
    return tasks


def _refuse_if_asked_otherwise(project: Project) -> None:
    """Raise Conflict ``questions_changed`` when the project asks something else than the items were checked for."""
    rows = Project.objects.select_for_update(no_key=True)
    same = rows.filter(pk=project.pk, schema_revision=project.schema_revision, state=project.state)
    if same.first() is None:
        detail = _("The project was changed at the same moment. Send the tasks again.")
        raise Conflict("questions_changed", detail, retry_after=1)


def _shown(project: Project) -> list[str]:
    """Return the columns that a task carries: those that the page shows and the version has."""
    columns = {name for name, _kind in project.version.manifest.get("columns", [])}
    return [name for name in parse_schema(project.schema).fields if name in columns]


def run_growth(*, job: JobContext, project_id: int) -> dict[str, Any]:
    """Put the items that no version has behind those of the project's version; a second run changes nothing.

    Returns:
        The job's result: the version, and how many items it has more.
    """
    project = Project.objects.visible_to(job.actor).select_related("version__dataset").filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("This project is gone."))
    done = Version.objects.filter(job_id=job.job_id).first()
    if done is not None:
        return {"version": done.pk, "added": done.row_count - (done.parent.row_count if done.parent else 0)}
    while True:
        last = _last_waiting(project)
        if last is None:
            return {"version": project.version_id, "added": 0}
        base = project.version
        try:
            version = _grow(job, project, base, last)
        except (NewestMoved, Conflict) as error:
            if isinstance(error, Conflict) and error.code != "version_changed":
                raise
            # Another run was faster, or a person was erased from the version: what is left goes behind what is there.
            project.refresh_from_db()
            continue
        project.refresh_from_db()
        order_first_tasks(actor=job.actor, project=project)
        return {"version": version.pk, "added": version.row_count - base.row_count}


def _last_waiting(project: Project) -> int | None:
    rows = LabelStudioTask.objects.filter(project=project, waiting__isnull=False)
    found: int | None = rows.order_by("-item_id").values_list("item_id", flat=True).first()
    return found


def _grow(job: JobContext, project: Project, base: Version, last: int) -> Version:
    with work_folder(job) as folder, open_version(base) as reader:
        schema = _joined(project, reader, last)
        manifest = _write(job, project, folder, reader, schema, last)

        def settle(version: Version) -> None:
            moved = Project.objects.filter(pk=project.pk, version=base).update(version=version)
            if not moved:
                raise NewestMoved
            _note_sources(version, project, last)
            waiting = LabelStudioTask.objects.filter(project=project, waiting__isnull=False, item_id__lte=last)
            waiting.update(waiting=None)

        return commit_version(
            job=job,
            dataset=base.dataset,
            parent=base,
            kind=VersionKind.IMPORT,
            folder=folder,
            manifest=manifest,
            note=_("Tasks sent through Label Studio's API"),
            settle=settle,
        )


def _waiting(project: Project, last: int) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    after = 0
    while True:
        rows = LabelStudioTask.objects.filter(project=project, waiting__isnull=False)
        some = rows.filter(item_id__gt=after, item_id__lte=last).order_by("item_id")
        batch = list(some.values_list("item_id", "waiting")[:BATCH])
        if not batch:
            return
        yield batch
        after = batch[-1][0]


def _joined(project: Project, reader: VersionReader, last: int) -> pa.Schema:
    """Return the columns of the version to come: those of the one before, and what the new items have beside."""
    kinds: dict[str, set[str]] = {}
    for batch in _waiting(project, last):
        for _item, row in batch:
            for name, value in row.items():
                kinds.setdefault(name, set()).add("NoneType" if value is None else type(value).__name__)
    added = pa.schema([pa.field(name, type_of(found)) for name, found in kinds.items()])
    joined = joined_schema(reader.schema, [added])
    # A column of numbers in which somebody now writes words becomes text: no task is refused for it afterwards.
    return pa.schema([_wide(entry, kinds.get(entry.name, set())) for entry in joined])


def _wide(entry: pa.Field, found: set[str]) -> pa.Field:
    wanted = type_of(found)
    if pa.types.is_string(entry.type) or pa.types.is_large_string(entry.type) or not found - {"NoneType"}:
        return entry
    if wanted == entry.type or (pa.types.is_float64(entry.type) and wanted == pa.int64()):
        return entry
    return entry.with_type(pa.float64() if pa.types.is_int64(entry.type) and wanted == pa.float64() else pa.string())


def _write(
    job: JobContext, project: Project, folder: Path, reader: VersionReader, schema: pa.Schema, last: int
) -> VersionManifest:
    whole = pa.schema([pa.field("item_id", pa.int64()), *schema])
    writer = VersionWriter(folder, roles=dict(reader.manifest.roles))
    total = LabelStudioTask.objects.filter(project=project, waiting__isnull=False, item_id__lte=last).count()
    kept = kept_parts(reader.manifest.parts, total) if reader.schema.equals(whole) else 0
    try:
        for number, part in enumerate(reader.manifest.parts):
            one = VersionReader([reader.paths[number]], reader.manifest)
            tables = (fitted(pa.Table.from_batches([batch]), whole) for batch in one.batches())
            if number < kept:
                writer.adopt(part, tables)
            else:
                for table in tables:
                    writer.write(table)
            job.progress(writer.row_count, None, _("writing"))
    except ColumnMisfit as error:
        raise DomainError("column_type", error.message) from None
    for batch in _waiting(project, last):
        rows = [{"item_id": item, **_cells(row, schema)} for item, row in batch]
        writer.write(pa.Table.from_pylist(rows, schema=whole))
        job.progress(writer.row_count, None, _("writing"))
    return writer.finish()


def _cells(row: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    return {entry.name: cell(row.get(entry.name), entry.type) for entry in schema}


def _note_sources(version: Version, project: Project, last: int) -> None:
    """Say of each run of items with which import they came."""
    rows = LabelStudioTask.objects.filter(project=project, waiting__isnull=False, item_id__lte=last)
    arrivals = rows.order_by().values_list("arrival_id", flat=True).distinct()
    for arrival in LabelStudioImport.objects.filter(pk__in=list(arrivals)).select_related("upload"):
        numbers = rows.filter(arrival=arrival).order_by("item_id").values_list("item_id", flat=True)
        for first, end in _runs(numbers.iterator(chunk_size=BATCH)):
            Provenance.objects.get_or_create(
                version=version,
                first_item_id=first,
                defaults={
                    "organization_id": version.organization_id,
                    "dataset_id": version.dataset_id,
                    "upload": arrival.upload,
                    "last_item_id": end,
                    "file_name": arrival.upload.file_name if arrival.upload else f"Label Studio API {arrival.pk}",
                    "sha256": arrival.sha256,
                },
            )


def _runs(numbers: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Give first and last of each run of numbers without a gap."""
    first = end = None
    for number in numbers:
        if first is None or end is None:
            first = end = number
        elif number == end + 1:
            end = number
        else:
            yield first, end
            first = end = number
    if first is not None and end is not None:
        yield first, end


def find_growing(*, actor: Actor, project_id: int) -> Project:
    """Return a project to which items may be added: a row of LabelStudioProject says so.

    Raises:
        NotFound: No such project. Conflict: ``project_fixed``.
    """
    project = find_project(actor=actor, project_id=project_id)
    if not hasattr(project, "label_studio"):
        detail = _(
            "This project was made on a version that was there before, and has its items. Import tasks into a project "
            "that was made through this API."
        )
        raise Conflict("project_fixed", detail)
    return project
