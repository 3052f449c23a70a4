"""Versions as files for other tools. Writing is a job; a file that was written once is there for everybody."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import DomainError, NotAllowed, NotFound
from curation.models import Version
from curation.services.picture_export import ARCHIVES, write_archive
from curation.services.spreadsheet import harmless
from curation.services.version import open_version
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue
from workers.work_folder import work_folder


def _write_csv(batches: Iterator[pa.RecordBatch], path: Path) -> None:
    """Write CSV for spreadsheets: UTF-8 with BOM, and a leading quote before what would run as a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        writer: Any = None
        for batch in batches:
            if writer is None:
                writer = csv.writer(sink)
                writer.writerow(batch.schema.names)
            columns = [column.to_pylist() for column in batch.columns]
            writer.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


def _write_jsonl(batches: Iterator[pa.RecordBatch], path: Path) -> None:
    with path.open("wb") as sink:
        for batch in batches:
            for row in batch.to_pylist():
                sink.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))


def _write_parquet(batches: Iterator[pa.RecordBatch], path: Path) -> None:
    writer = None
    for batch in batches:
        writer = writer or pq.ParquetWriter(path, batch.schema, compression="zstd")
        writer.write_batch(batch)
    if writer is not None:
        writer.close()


ARCHIVE_ROWS = 200
ENDINGS = {"zip-originals": "-originals.zip"}
FORMATS: dict[str, Callable[[Iterator[pa.RecordBatch], Path], None]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}


def formats_of(version: Version) -> list[str]:
    """Return the formats in which a version can be had."""
    pictures = "image" in version.manifest.get("roles", {})
    return [*sorted(FORMATS), *(ARCHIVES if pictures else ())]


def request_download(*, actor: Actor, version_id: int, file_format: str) -> tuple[str | None, Job | None]:
    """Return the address of a version as a file when it is written already, or else the job that writes it.

    Raises:
        DomainError: ``format_unknown``; NotAllowed for originals, which may tell place and device, without data.write.
    """
    version = Version.objects.visible_to(actor).select_related("dataset").filter(pk=version_id).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    formats = formats_of(version)
    if file_format not in formats:
        choices = ", ".join(formats)
        raise DomainError("format_unknown", _("Choose one of these formats: %(formats)s.") % {"formats": choices})
    if ARCHIVES.get(file_format) and not actor.can("data.write"):
        raise NotAllowed(("data.write",))
    key = _key(version, file_format)
    if objects.exists(key):
        audit.record(actor=actor, action="version.download", subject=f"version:{version.pk}", format=file_format)
        name = f"{version.dataset.name}-v{version.number}{ENDINGS.get(file_format, f'.{file_format}')}"
        return objects.signed_url(key, name), None
    subject = f"version:{version.pk}"
    with transaction.atomic():
        running = Job.objects.visible_to(actor).filter(kind="curation.write_download", subject=subject)
        job = running.filter(finished_at=None, params__file_format=file_format).first()
        if job is None:
            params = {"version_id": version.pk, "file_format": file_format}
            job = enqueue(kind="curation.write_download", actor=actor, params=params, subject=subject)
    return None, job


def write_download(*, job: JobContext, version_id: int, file_format: str) -> dict[str, Any]:
    """Write one version in one format, streaming, and store it under its content hash."""
    version = Version.objects.get(pk=version_id, organization_id=job.organization_id)
    key = _key(version, file_format)
    with work_folder(job) as folder, open_version(version) as reader:
        path = folder / f"out.{file_format}"
        batches = _watched(job, reader.batches(), version.row_count)
        if file_format in ARCHIVES:
            # No batch of rows is so long that the cancel button would not answer.
            batches = _watched(job, reader.batches(batch_rows=ARCHIVE_ROWS), version.row_count)
            roles, originals = reader.manifest.roles, ARCHIVES[file_format]
            write_archive(batches, path, organization_id=version.organization_id, roles=roles, originals=originals)
        else:
            FORMATS[file_format](batches, path)
        size = path.stat().st_size
        objects.put_file(path, key)
    return {"version": version.pk, "format": file_format, "bytes": size}


def _watched(job: JobContext, batches: Iterator[pa.RecordBatch], total: int) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in batches:
        yield batch
        done += batch.num_rows
        job.progress(done, total, _("writing"), rows_done=done)


def _key(version: Version, file_format: str) -> str:
    return objects.key("downloads", version.organization_id, f"{version.content_hash}.{file_format}")
