"""A project's answers in another tool's format: a job writes an archive and the report of what it could not hold."""

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.engine.media import walk_files
from curation.services.media import original_key
from curation.services.spreadsheet import harmless
from curation.services.version import open_version
from labeling.engine.formats.files import DOT_FOLDERS
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.table import FORMATS, WRITTEN
from labeling.engine.formats.target import Target
from labeling.engine.schema import parse_schema
from labeling.models import Export, Project
from labeling.services.arriving import refuse_while_arriving
from labeling.services.export_records import Choice, records_of
from labeling.services.project import find_project, refuse_while_changing
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue
from workers.work_folder import work_folder

KIND = "labeling.export"
# How long a file stays.
KEPT = timedelta(days=14)
# Files that are packed already are stored as they are.
_PACKED = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".parquet", ".spacy", ".zip")
_WHEN = (1980, 1, 1, 0, 0, 0)


def formats_for(project: Project) -> dict[str, str]:
    """Return the formats by name with why each cannot hold this project's answers; empty where it can."""
    schema = parse_schema(project.schema)
    found = {}
    for name in WRITTEN:
        holds = FORMATS[name].holds
        found[name] = holds(schema) if holds is not None else ""
    return found


@transaction.atomic
def start_export(*, actor: Actor, project_id: int, file_format: str, options: dict[str, bool]) -> Export:
    """Send the job that writes a project's answers in a format; one that is on its way already is given again.

    Args:
        actor: Who exports.
        project_id: The project.
        file_format: A row of FORMATS that is written.
        options: Fields of `Choice`.

    Raises:
        NotFound: No such project. Conflict: ``questions_changing``.
        DomainError: ``format_unknown``, ``format_unfit`` with what the format holds instead.
    """
    project = find_project(actor=actor, project_id=project_id, lock=True)
    refuse_while_changing(project)
    refuse_while_arriving(actor=actor, project=project)
    why_not = formats_for(project).get(file_format)
    if why_not is None:
        detail = _("Choose one of these formats: %(formats)s.") % {"formats": ", ".join(WRITTEN)}
        raise DomainError("format_unknown", detail, field="format")
    if why_not:
        raise DomainError("format_unfit", why_not, field="format")
    chosen = asdict(Choice(**options))
    open_ = Export.objects.filter(project=project, file_format=file_format, options=chosen, finished_at=None)
    running: Export | None = open_.filter(job__finished_at=None, job__isnull=False).first()
    if running is not None:
        return running
    export: Export = Export.objects.create(
        project=project, file_format=file_format, options=chosen, created_by_id=actor.user_id or None
    )
    values = {"project": project.name, "format": FORMATS[file_format].title}
    export.job = enqueue(
        kind=KIND,
        actor=actor,
        params={"export_id": export.pk},
        title=_("Export of %(project)s as %(format)s") % values,
        subject=f"project:{project.pk}",
    )
    export.save(update_fields=["job"])
    audit.record(actor=actor, action="project.export", subject=f"project:{project.pk}", format=file_format)
    return export


def run_export(*, job: JobContext, export_id: int) -> dict[str, Any]:
    """Write an export, once for each job, and return what it came to."""
    export = Export.objects.select_related("project__version").filter(pk=export_id).first()
    if export is None or export.project.organization_id != job.organization_id:
        raise NotFound(_("This project is gone."))
    if export.finished_at is None:
        _write(job, export)
    return {"export": export.pk, "items": export.item_count, "bytes": export.byte_count, "losses": export.losses}


def _write(job: JobContext, export: Export) -> None:
    project = export.project
    schema = parse_schema(project.schema)
    write = FORMATS[export.file_format].write
    assert write is not None
    losses = Losses()
    with work_folder(job) as folder, open_version(project.version) as reader:
        made = folder / "made"
        made.mkdir(exist_ok=True)

        def locate(sha256: str) -> Path:
            key = original_key(project.organization_id, sha256)
            near = objects.file_of(key)
            if near is not None:
                return near
            place = folder / "picture"
            with objects.open(key) as source, place.open("wb") as out:
                while piece := source.read(1 << 20):
                    out.write(piece)
            return place

        records = _watched(job, records_of(project, schema, reader, Choice(**export.options)), reader.row_count)
        export.item_count = write(Target(made, locate, losses), schema, records)
        if not export.item_count:
            raise DomainError("nothing_to_export", _("There is no answer to export yet. Answer some tasks first."))
        report = folder / "losses.csv"
        _report(report, losses)
        archive = folder / "export.zip"
        _pack(job, made, archive)
        export.byte_count = archive.stat().st_size
        objects.put_file(report, losses_key(export))
        objects.put_file(archive, file_key(export))
    export.losses = dict(losses.counts)
    export.finished_at = timezone.now()
    export.save(update_fields=["item_count", "byte_count", "losses", "finished_at"])


def _watched(job: JobContext, records: Iterator[Record], total: int) -> Iterator[Record]:
    done = 0
    for done, record in enumerate(records, 1):
        yield record
        if done % 100 == 0:
            job.progress(done, total, _("writing"), rows_done=done)
    job.progress(done, total, _("packing"), rows_done=done)


def _report(path: Path, losses: Losses) -> None:
    """Write where, code and reason of each loss for spreadsheets; losses beyond those in words are counted by code."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("where", "code", "reason"))
        listed: dict[str, int] = {}
        for loss in losses.listed:
            listed[loss.code] = listed.get(loss.code, 0) + 1
            writer.writerow([harmless(cell) for cell in (loss.where, loss.code, loss.reason)])
        for code, count in losses.counts.items():
            if count > listed.get(code, 0):
                writer.writerow(("", code, f"and {count - listed.get(code, 0):,} more"))


def _pack(job: JobContext, made: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as out:
        for place in walk_files(made, DOT_FOLDERS):
            job.check()
            info = zipfile.ZipInfo(place.relative_to(made).as_posix(), _WHEN)
            stored = place.suffix.lower() in _PACKED
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            with place.open("rb") as source, out.open(info, "w", force_zip64=True) as sink:
                while piece := source.read(1 << 20):
                    sink.write(piece)


def file_key(export: Export) -> str:
    """Return the object key of the archive."""
    return objects.key("exports", export.project.organization_id, f"{export.pk}.zip")


def losses_key(export: Export) -> str:
    """Return the object key of the report."""
    return objects.key("exports", export.project.organization_id, f"{export.pk}-losses.csv")


def list_exports(*, actor: Actor, project: Project) -> Any:
    """Return the exports of a project, newest first."""
    return Export.objects.visible_to(actor).filter(project=project).select_related("job", "created_by").order_by("-pk")


def find_export(*, actor: Actor, export_id: int) -> Export:
    """Return an export with its project and job, or raise NotFound."""
    rows = Export.objects.visible_to(actor).select_related("project", "job")
    found: Export | None = rows.filter(pk=export_id).first()
    if found is None:
        raise NotFound(_("There is no such export."))
    return found


def export_address(*, actor: Actor, export_id: int, report: bool = False) -> str:
    """Return the signed address of an export's archive, or of its report of losses.

    Raises:
        NotFound: No such export. Conflict: ``export_unfinished``, ``export_removed``.
    """
    export = find_export(actor=actor, export_id=export_id)
    if export.finished_at is None:
        raise Conflict("export_unfinished", _("The file is not written yet. Its job shows how far it is."))
    if export.removed_at is not None:
        detail = _("Files are kept for %(days)s days, and this one is gone. Export again.") % {"days": KEPT.days}
        raise Conflict("export_removed", detail)
    audit.record(
        actor=actor, action="project.download_export", subject=f"project:{export.project_id}", export=export.pk
    )
    stem = get_valid_filename(f"{export.project.name}-{export.file_format}-{export.pk}")
    if report:
        return objects.signed_url(losses_key(export), f"{stem}-losses.csv")
    return objects.signed_url(file_key(export), f"{stem}.zip")


def remove_old_exports() -> int:
    """Remove files past their time and say how many; doing it twice at once is harmless."""
    return _remove(Export.objects.filter(finished_at__lt=timezone.now() - KEPT))


def remove_exports(*, project_id: int) -> int:
    """Remove all files of a project, since an item in them is erased, and say how many."""
    return _remove(Export.objects.filter(project=project_id, finished_at__isnull=False))


def _remove(exports: QuerySet[Export]) -> int:
    count = 0
    for export in exports.filter(removed_at=None).select_related("project").iterator(chunk_size=200):
        for key in (file_key(export), losses_key(export)):
            objects.delete(key)
        count += Export.objects.filter(pk=export.pk, removed_at=None).update(removed_at=timezone.now())
    return count


def open_job(export: Export) -> Job | None:
    """Return the job of an export that is not finished; None otherwise."""
    return export.job if export.job is not None and export.job.is_open else None
