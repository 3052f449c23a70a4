"""Client files: taken in as they are, looked at, and handed to an import job."""

import hashlib
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.engine.readers import ReadError, sniff
from curation.models import Dataset, Upload
from curation.services.packing import Stream, as_one
from workers.models import Job
from workers.services.job import enqueue


def receive_upload(
    *,
    actor: Actor,
    dataset_id: int,
    file: Stream,
    more: Sequence[Stream] = (),
    licence: str = "",
    source: str = "",
    consent: str = "",
    collected_on: date | None = None,
) -> Upload:
    """Keep a file as it came and say what is in it; several are kept as one archive of them.

    Args:
        actor: Who sends it.
        dataset_id: Where it belongs.
        file: The file.
        more: Files that came with it.
        licence: Licence of its content, kept for each item.
        source: Where it came from, kept for each item.
        consent: On what ground it may be used, kept for each item.
        collected_on: When it was collected, kept for each item.

    Raises:
        NotFound: No such dataset.
        DomainError: ``file_too_large`` or ``file_empty``. A file that cannot be read is kept; its profile says why.
    """
    dataset = Dataset.objects.visible_to(actor).filter(pk=dataset_id, deleted_at=None).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset."))
    said = {"licence": licence, "source": source, "consent": consent, "collected_on": collected_on}
    with as_one([file, *more]) as one, tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
        name = shown_name(one.name or "upload")
        digest, size = _spool(one, copy)
        return keep_upload(
            actor=actor, dataset=dataset, path=Path(copy.name), file_name=name, sha256=digest, size=size, said=said
        )


def keep_upload(
    *,
    actor: Actor,
    dataset: Dataset,
    path: Path,
    file_name: str,
    sha256: str,
    size: int,
    said: dict[str, Any],
    options: dict[str, Any] | None = None,
    address: str = "",
    job_id: int | None = None,
) -> Upload:
    """Put a file that lies on this machine into the object store and make its row.

    Args:
        actor: For whom.
        dataset: Where it belongs.
        path: The file.
        file_name: What people call it.
        sha256: Of its bytes.
        size: Its bytes.
        said: ``licence``, ``source``, ``consent``, ``collected_on``.
        options: How it is to be read.
        address: Where it was fetched from.
        job_id: The job that imports it.
    """
    name = objects.key("uploads", actor.organization_id, dataset.pk, sha256)
    objects.put_file(path, name)
    profile = _profile(path, file_name, options or {})
    with transaction.atomic():
        upload = Upload.objects.create(
            organization_id=actor.organization_id,
            dataset=dataset,
            created_by_id=actor.user_id or None,
            file_name=file_name,
            object_key=name,
            byte_count=size,
            sha256=sha256,
            profile=profile,
            options=options or {},
            address=address[:2000],
            job_id=job_id,
            **said,
        )
        facts = {"file": file_name, "sha256": sha256, **({"address": address} if address else {})}
        audit.record(actor=actor, action="upload.receive", subject=f"dataset:{dataset.pk}", **facts)
    return upload


def shown_name(name: str) -> str:
    """Keep the last part of a name, without control characters; it is only ever shown, never used as a path."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:255] or "upload"


def _spool(file: Stream, copy: Any) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in file.chunks(1 << 20):
        size += len(chunk)
        if size > settings.ASSAY_UPLOAD_LIMIT:
            limit = settings.ASSAY_UPLOAD_LIMIT // (1 << 20)
            raise DomainError(
                "file_too_large",
                _("The file is larger than %(limit)s MB. Split it, or raise ASSAY_UPLOAD_LIMIT_MB.") % {"limit": limit},
                status=413,
            )
        digest.update(chunk)
        copy.write(chunk)
    copy.flush()
    if size == 0:
        raise DomainError("file_empty", _("The file is empty: it has no bytes at all."))
    return digest.hexdigest(), size


def _profile(path: Path, file_name: str, options: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"readable": True, **sniff(path, file_name, **options).to_json()}
    except ReadError as error:
        return {"readable": False, "error": {"code": error.code, "detail": error.message, "line": error.line}}


def preview_upload(*, actor: Actor, upload_id: int, options: dict[str, Any]) -> dict[str, Any]:
    """Look at a file again with other reading options; nothing is stored.

    Raises:
        Conflict: ``upload_erased`` when the file went with a person who was erased.
    """
    upload = find_upload(actor=actor, upload_id=upload_id)
    _refuse_if_erased(upload)
    with objects.local_path(upload.object_key) as path:
        return _profile(path, upload.file_name, options)


@transaction.atomic
def start_import(*, actor: Actor, upload_id: int, options: dict[str, Any], append: bool = False) -> Job:
    """Send the job that turns an upload into a version.

    Args:
        actor: Who imports.
        upload_id: The upload.
        options: What overrides the profile: ``encoding``, ``delimiter``, ``header``, ``format``, ``sheet``, ``roles``.
        append: Make the version of the newest one's rows and these behind them, instead of these alone.

    Raises:
        Conflict: ``import_running`` when this upload is being imported already; ``upload_erased`` when its file went
            with a person who was erased.
    """
    upload = find_upload(actor=actor, upload_id=upload_id)
    Upload.objects.select_for_update().get(pk=upload.pk)
    upload.refresh_from_db()
    _refuse_if_erased(upload)
    if upload.job is not None and upload.job.is_open:
        raise Conflict("import_running", _("This file is being imported already."), job=upload.job_id)
    job = enqueue(
        kind="curation.import_file",
        actor=actor,
        params={"upload_id": upload.pk, "append": append},
        title=_("Import %(file)s") % {"file": upload.file_name},
        subject=f"dataset:{upload.dataset_id}",
    )
    upload.options, upload.job = options, job
    upload.save(update_fields=["options", "job", "updated_at"])
    audit.record(actor=actor, action="upload.import", subject=f"upload:{upload.pk}", job=job.pk, append=append)
    return job


def _refuse_if_erased(upload: Upload) -> None:
    if not upload.object_key:
        raise Conflict("upload_erased", said_erased())


def said_erased() -> str:
    """Return why an original file is not there any more."""
    return _("This file was removed when a person was erased. Its other rows live on in the versions made of it.")


def find_upload(*, actor: Actor, upload_id: int) -> Upload:
    """Return an upload with its job, or raise NotFound."""
    upload = Upload.objects.visible_to(actor).select_related("job").filter(pk=upload_id).first()
    if upload is None:
        raise NotFound(_("There is no such upload."))
    return upload  # type: ignore[no-any-return]
