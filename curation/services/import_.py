"""From an upload to version rows: good rows are kept, bad ones are listed with line and reason."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core import objects
from core.errors import DomainError
from curation.engine.readers import Batch, ReadError, SourceProfile, read_batches, sniff
from curation.engine.writer import VersionManifest, VersionWriter
from curation.models import Dataset, Upload, Version, VersionKind
from curation.sentences import in_words
from curation.services.intake import commit_arrivals, keep_refused, no_good_rows, read_uploads
from curation.services.media import store_pictures
from curation.services.provenance import record_provenance
from curation.services.spreadsheet import harmless
from curation.services.version import commit_version
from workers.context import JobContext
from workers.work_folder import work_folder


def run_import(*, job: JobContext, upload_id: int, append: bool = False) -> dict[str, Any]:
    """Read an upload to the end and commit its good rows as a version.

    Args:
        job: The job.
        upload_id: The file.
        append: Make the version of the newest one's rows and these behind them.

    Returns:
        The job's result: version id and number, rows kept and refused, warnings.

    Raises:
        DomainError: The file as a whole cannot be read, or no row of it is good; the refused rows stay downloadable.
    """
    upload = Upload.objects.select_related("dataset").get(pk=upload_id)
    done = Version.objects.filter(job_id=job.job_id).first()
    if done is not None:
        if not done.provenance.exists():
            record_provenance(
                version=done, upload=upload, first_item_id=job.state["first_item_id"], row_count=done.row_count
            )
        return _result(done, upload, job.state)
    if append:
        return _append(job, upload)
    with work_folder(job) as folder, objects.local_path(upload.object_key) as path:
        try:
            profile = sniff(path, upload.file_name, **upload.options)
            manifest, warnings = _read(job, upload, path, profile, folder)
        except ReadError as error:
            raise DomainError(
                error.code, in_words(error.message), title=_("The file cannot be read"), line=error.line
            ) from None
        version = commit_version(
            job=job,
            dataset=upload.dataset,
            parent=None,
            kind=VersionKind.IMPORT,
            folder=folder,
            manifest=manifest,
            note=upload.file_name,
            licence=upload.licence,
            source=upload.source,
            consent=upload.consent,
            collected_on=upload.collected_on,
        )
    first = job.state["first_item_id"]
    record_provenance(version=version, upload=upload, first_item_id=first, row_count=version.row_count)
    _give_back_ids(upload.dataset_id, first, job.state["reserved"], version.row_count)
    return _result(version, upload, {"warnings": warnings})


def _append(job: JobContext, upload: Upload) -> dict[str, Any]:
    with work_folder(job) as folder:
        arrivals = read_uploads(job, [upload], folder)
        taken = commit_arrivals(
            job=job,
            dataset=upload.dataset,
            arrivals=arrivals,
            append=True,
            folder=folder,
            note=upload.file_name,
            settle=lambda _version, _arrivals: None,
        )
        if taken is None:
            refused = arrivals[0]
            if refused.code == "no_good_rows":
                raise DomainError(refused.code, refused.reason, refused=upload.refused_count, upload=upload.pk)
            raise DomainError(refused.code, refused.reason, title=_("The file cannot be read"), line=refused.line)
    return _result(taken.version, upload, job.state)


def _result(version: Version, upload: Upload, state: dict[str, Any]) -> dict[str, Any]:
    return {
        "dataset": version.dataset_id,
        "version": version.pk,
        "number": version.number,
        "rows": version.row_count,
        "added": state.get("added", version.row_count),
        "refused": upload.refused_count,
        "upload": upload.pk,
        "warnings": state.get("warnings", []),
    }


def _read(
    job: JobContext, upload: Upload, path: Path, profile: SourceProfile, folder: Path
) -> tuple[VersionManifest, list[str]]:
    first_id = next_id = reserve_ids(job, upload, profile.row_bound)
    writer = VersionWriter(folder, roles=profile.roles)
    refused = folder / "refused.csv"
    bad = 0
    with refused.open("w", encoding="utf-8-sig", newline="") as sink:
        rows = csv.writer(sink)
        rows.writerow(["line", "code", "reason", "raw"])
        for batch in read_batches(path, profile):
            count = batch.table.num_rows
            if count:
                writer.write(_with_ids(batch.table, next_id))
                next_id += count
            rows.writerows([row.line, row.code, in_words(row.reason), harmless(row.raw)] for row in batch.refused)
            bad += len(batch.refused)
            if batch.pictures:
                store_pictures(organization_id=upload.organization_id, pictures=batch.pictures)
            _report(job, upload, batch, next_id - first_id, bad)
    manifest = writer.finish()
    warnings = list(dict.fromkeys(profile.warnings))
    keep_refused(upload, refused, bad)
    if manifest.row_count == 0:
        raise DomainError("no_good_rows", no_good_rows(bad), refused=bad, upload=upload.pk)
    job.save_state({**job.state, "warnings": warnings})
    return manifest, warnings


def _with_ids(table: pa.Table, first: int) -> pa.Table:
    ids = pa.array(np.arange(first, first + table.num_rows, dtype=np.int64))
    return table.add_column(0, "item_id", ids)


def _report(job: JobContext, upload: Upload, batch: Batch, good: int, bad: int) -> None:
    job.progress(
        min(batch.bytes_read, upload.byte_count), upload.byte_count, _("reading"), rows_done=good, rows_refused=bad
    )


def reserve_ids(job: JobContext, upload: Upload, bound: int) -> int:
    """Set ids aside before the rows are counted, so that two imports at once never give the same one.

    The profile bounds the rows: by the size of a text, by what a Parquet file or workbook says or may hold. A resumed
    job reuses its own ids.
    """
    if "first_item_id" not in job.state:
        with transaction.atomic():
            dataset = Dataset.objects.select_for_update().get(pk=upload.dataset_id)
            first = int(dataset.next_item_id)
            Dataset.objects.filter(pk=dataset.pk).update(next_item_id=F("next_item_id") + bound)
        job.save_state({**job.state, "first_item_id": first, "reserved": bound})
    return int(job.state["first_item_id"])


def _give_back_ids(dataset_id: int, first: int, reserved: int, used: int) -> None:
    """Return the unused tail when nobody has reserved behind it; a compare-and-set, so harmless when somebody has."""
    Dataset.objects.filter(pk=dataset_id, next_item_id=first + reserved).update(next_item_id=first + used)
