"""Exports for Label Studio's clients: streamed from the tasks, or written once by a job and kept as a snapshot."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.services.spreadsheet import harmless
from labeling.engine.controls.shapes import Shapes
from labeling.engine.formats.label_studio_write import shortened
from labeling.engine.schema import parse_schema
from labeling.models import Export, Project
from labeling.services.export import KEPT, file_key, losses_key, start_export
from labeling.services.export_records import Choice
from labeling.services.label_studio.showing import Row, stream_tasks
from labeling.services.label_studio.waiting import settle_arrivals, wait_for
from labeling.services.project import find_project
from workers.context import JobContext
from workers.services.job import enqueue
from workers.work_folder import work_folder

KIND = "labeling.label_studio_export"
FORMAT = "label_studio"
TASKS = "tasks.json"
# What is written from the tasks as they are shown, and its media type.
STREAMED = {
    "JSON": "application/json",
    "JSON_MIN": "application/json",
    "CSV": "text/csv; charset=utf-8",
    "TSV": "text/tab-separated-values; charset=utf-8",
}
# What a job writes as an archive, by the formats here.
PACKED = {
    "COCO": "coco",
    "COCO_WITH_IMAGES": "coco",
    "VOC": "voc",
    "YOLO": "yolo",
    "YOLO_WITH_IMAGES": "yolo",
    "YOLO_OBB": "yolo",
    "YOLO_OBB_WITH_IMAGES": "yolo",
    "CONLL2003": "conll",
}
# Columns of a table behind the fields and tags.
_BOOKED = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")
_WHEN = (1980, 1, 1, 0, 0, 0)
_FIELDS = """
SELECT DISTINCT name FROM (
  SELECT jsonb_object_keys(data) AS name FROM labeling_labelstudiotask WHERE project_id = %(project)s
  UNION ALL SELECT jsonb_object_keys(t.data) FROM labeling_task t
  WHERE t.project_id = %(project)s AND NOT EXISTS (SELECT FROM labeling_labelstudiotask s WHERE s.task_id = t.id)) n
ORDER BY name
"""


def known_type(export_type: str) -> str:
    """Return the name of an export's type in capitals.

    Raises:
        DomainError: ``export_type_unknown``.
    """
    wanted = export_type.upper()
    if wanted not in STREAMED and wanted not in PACKED:
        detail = _(
            "%(type)s is not written for Label Studio's clients. Choose one of %(types)s, or export on the project's "
            "page or with POST /api/v1/projects/{id}/exports/, which know more formats."
        )
        values = {"type": export_type[:40], "types": ", ".join([*STREAMED, *PACKED])}
        raise DomainError("export_type_unknown", detail % values, field="exportType")
    return wanted


def json_line(row: Row) -> bytes:
    """Return a task as JSON on one line."""
    return orjson.dumps(row, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


def written(export_type: str, rows: Iterable[Row], fields: Sequence[str]) -> Iterator[bytes]:
    """Give a file of one of the types of `STREAMED`, piece by piece.

    Args:
        export_type: Its type.
        rows: Tasks as they are shown.
        fields: The fields of the tasks' data and the names of tags, for tables.
    """
    if export_type == "JSON":
        yield from _json_list(rows)
    elif export_type == "JSON_MIN":
        yield from _json_list(_short_rows(rows))
    else:
        yield from _table(_short_rows(rows), fields, "," if export_type == "CSV" else "\t")


def _json_list(rows: Iterable[Row]) -> Iterator[bytes]:
    begun = False
    for row in rows:
        yield (b",\n" if begun else b"[\n") + json_line(row)
        begun = True
    yield b"\n]\n" if begun else b"[]\n"


def _short_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """Give one row for each annotation, its parts among the fields of its task; one for a task without any."""
    for task in rows:
        given = [each for each in task["annotations"] if not each["was_cancelled"]]
        for each in given or [None]:
            booked = {"annotator": None, "annotation_id": None}
            said: Row = {}
            if each is not None:
                said = shortened(each["result"])
                booked = {"annotator": each["completed_by"], "annotation_id": each["id"]}
                booked |= {name: each[name] for name in ("created_at", "updated_at", "lead_time")}
            yield {**task["data"], "id": task["id"], **said, **booked}


def _table(rows: Iterable[Row], fields: Sequence[str], delimiter: str) -> Iterator[bytes]:
    columns = list(dict.fromkeys([*fields, *_BOOKED]))
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=delimiter)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
        yield sink.getvalue().encode()
        sink.seek(0)
        sink.truncate()
    yield sink.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode().strip('"')
    return harmless(text)


def fields_of(project: Project, tags: Iterable[str]) -> list[str]:
    """Return the fields of the tasks' data, and behind them the names of tags."""
    with connection.cursor() as cursor:
        cursor.execute(_FIELDS, {"project": project.pk})
        return list(dict.fromkeys([*(name for (name,) in cursor.fetchall()), *tags]))


@transaction.atomic
def start_snapshot(*, actor: Actor, project_id: int, everything: bool) -> Export:
    """Send the job that writes the tasks as they are now.

    Raises:
        NotFound: No such project.
    """
    project = find_project(actor=actor, project_id=project_id)
    options = {"api": True, "only_answered": not everything}
    export: Export = Export.objects.create(
        project=project, file_format=FORMAT, options=options, created_by_id=actor.user_id or None
    )
    export.job = enqueue(
        kind=KIND,
        actor=actor,
        params={"export_id": export.pk},
        title=_("Export of %(project)s") % {"project": project.name},
        subject=f"project:{project.pk}",
    )
    export.save(update_fields=["job"])
    audit.record(actor=actor, action="project.export", subject=f"project:{project.pk}", format="Label Studio API")
    return export


def run_snapshot(*, job: JobContext, export_id: int) -> dict[str, Any]:
    """Write a snapshot, once for each job, and return what it came to."""
    export = Export.objects.select_related("project__version", "project__label_studio").filter(pk=export_id).first()
    if export is None or export.project.organization_id != job.organization_id:
        raise NotFound(_("This project is gone."))
    if export.finished_at is None:
        with work_folder(job) as folder:
            archive = folder / "export.zip"
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as out:
                export.item_count = _pack(job, export, out)
            report = folder / "losses.csv"
            report.write_text("where,code,reason\r\n", encoding="utf-8-sig")
            export.byte_count = archive.stat().st_size
            objects.put_file(report, losses_key(export))
            objects.put_file(archive, file_key(export))
        export.finished_at = timezone.now()
        export.save(update_fields=["item_count", "byte_count", "finished_at"])
    return {"export": export.pk, "items": export.item_count, "bytes": export.byte_count}


def _pack(job: JobContext, export: Export, out: zipfile.ZipFile) -> int:
    count, total = 0, export.project.task_count
    rows = stream_tasks(actor=job.actor, project=export.project, everything=not export.options["only_answered"])
    info = zipfile.ZipInfo(TASKS, _WHEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    with out.open(info, "w", force_zip64=True) as sink:
        sink.write(b"[")
        for count, row in enumerate(rows, 1):
            sink.write((b"\n" if count == 1 else b",\n") + json_line(row))
            if count % 100 == 0:
                job.progress(min(count, total), total, _("writing"), rows_done=count)
        sink.write(b"\n]\n")
    return count


def find_snapshot(*, actor: Actor, project: Project, number: int) -> Export:
    """Return an export of a project, or raise NotFound."""
    rows = Export.objects.visible_to(actor).select_related("project", "job", "created_by")
    found: Export | None = rows.filter(project=project, pk=number).first()
    if found is None:
        raise NotFound(_("There is no such export."))
    return found


def snapshots_of(*, actor: Actor, project: Project, most: int = 200) -> list[Export]:
    """Return the newest exports of a project."""
    rows = Export.objects.visible_to(actor).filter(project=project).select_related("job", "created_by")
    return list(rows.order_by("-pk")[:most])


def state_of(export: Export) -> str:
    """Return the state of an export as Label Studio calls it."""
    if export.finished_at is not None:
        return "completed"
    if export.job is None or not export.job.is_open:
        return "failed"
    # Also while its job waits to begin: the older client downloads whatever is not in progress.
    return "in_progress"


def refuse_unready(export: Export) -> None:
    """Raise Conflict ``export_unfinished``, ``export_failed`` or ``export_removed`` where there is no file."""
    if export.removed_at is not None:
        detail = _("Files are kept for %(days)s days, and this one is gone. Export again.")
        raise Conflict("export_removed", detail % {"days": KEPT.days})
    state = state_of(export)
    if state == "failed":
        error = (export.job.error or {}) if export.job is not None else {}
        raise Conflict("export_failed", str(error.get("detail", "")) or _("The export was cancelled."))
    if state != "completed":
        raise Conflict("export_unfinished", _("The file is not written yet. Ask again in a moment."), retry_after=2)


@contextmanager
def tasks_in(export: Export) -> Iterator[Iterator[Row]]:
    """Give the tasks of a snapshot one after the other for the time of the block."""
    with objects.local_path(file_key(export)) as path, zipfile.ZipFile(path) as archive, archive.open(TASKS) as lines:
        yield (orjson.loads(line.rstrip(b",\n")) for line in lines if len(line) > 2)


def stream_snapshot(export: Export, export_type: str) -> Iterator[bytes]:
    """Give a snapshot as a file of one of the types of `STREAMED`; tables read it twice."""
    fields: dict[str, None] = {}
    if export_type in {"CSV", "TSV"}:
        with tasks_in(export) as rows:
            for row in _short_rows(rows):
                fields.update(dict.fromkeys(row))
    with tasks_in(export) as rows:
        yield from written(export_type, rows, list(fields))


def packed_export(*, actor: Actor, project_id: int, export_type: str, after: int = 0) -> Export:
    """Return the export of a project in one of the types of `PACKED`; a job writes it where there is none yet.

    Args:
        actor: Who exports.
        project_id: The project.
        export_type: The type.
        after: Take one that was sent after the export of this number; 0 writes a new one.

    Raises:
        NotFound: No such project. DomainError: ``format_unfit``. Conflict: ``items_arriving``, ``questions_changing``.
    """
    project = find_project(actor=actor, project_id=project_id)
    _refuse_other_boxes(project, export_type)
    file_format = PACKED[export_type]
    if after:
        rows = Export.objects.visible_to(actor).filter(project=project, file_format=file_format, pk__gt=after)
        rows = rows.filter(options=asdict(Choice()))
        found: Export | None = rows.filter(removed_at=None).select_related("project", "job").order_by("pk").first()
        if found is not None and state_of(found) != "failed":
            return found
    settle_arrivals(actor=actor, project=project)
    export = start_export(actor=actor, project_id=project_id, file_format=file_format, options={})
    return find_snapshot(actor=actor, project=project, number=export.pk)


def _refuse_other_boxes(project: Project, export_type: str) -> None:
    """Refuse YOLO where the project's rectangles are of the other kind: its rows would be read wrongly."""
    if not export_type.startswith("YOLO"):
        return
    controls = [control for control in parse_schema(project.schema).controls if isinstance(control, Shapes)]
    tools = {tool for control in controls for tool in control.tools}
    turned = "rotated_box" in tools and "polygon" not in tools
    if export_type.startswith("YOLO_OBB") and not turned:
        detail = _("This project's rectangles are upright, so there are no oriented boxes. Ask for YOLO.")
        raise DomainError("format_unfit", detail, field="exportType")
    if turned and not export_type.startswith("YOLO_OBB"):
        detail = _(
            "This project's rectangles may be turned, so its dataset is one of oriented boxes. Ask for YOLO_OBB."
        )
        raise DomainError("format_unfit", detail, field="exportType")


def wait_for_file(*, actor: Actor, export: Export) -> Export:
    """Return an export once its file is written.

    Raises:
        Conflict: See `refuse_unready`.
    """
    if state_of(export) not in {"completed", "failed"}:
        wait_for(export.job)
        export = find_snapshot(actor=actor, project=export.project, number=export.pk)
    refuse_unready(export)
    return export
