"""Imports that are too large for a request, or whose pictures must be fetched: a job takes them, all or none.

What cannot be fetched is told of and the rest is taken.
"""

import hashlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import DomainError, NotFound
from curation.engine.pictures.decode import PictureError
from curation.engine.pictures.taking import Picture, take
from curation.engine.readers import ReadError
from curation.engine.url_guard import Limits, UrlRefused, check_form, fetch
from curation.services.media import store_pictures
from curation.services.upload import keep_upload, shown_name
from labeling.engine.formats.files import Files
from labeling.engine.formats.label_studio_words import Words
from labeling.engine.formats.record import FormatError, Losses
from labeling.engine.formats.rows import json_rows, table_rows
from labeling.models import LabelStudioImport, Project
from labeling.services.arriving import send_growth
from labeling.services.growth import reserve_items
from labeling.services.label_studio.intake import (
    NAMED,
    Checking,
    Pictures,
    Row,
    check_all,
    open_for_import,
    refused_as_error,
    store_taken,
)
from labeling.services.label_studio.project import words_of
from labeling.services.labeled_import import picture_columns
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

KIND = "labeling.label_studio_import"
BATCH = 500
# Pictures that are fetched at once, and how large one may be and how long it may take.
FETCHED_AT_ONCE, PICTURE_BYTES, PICTURE_SECONDS = 4, 64 << 20, 60.0
SUFFIXES = (".json", ".csv", ".tsv", ".txt")


@transaction.atomic
def start_import(*, actor: Actor, project_id: int, path: Path, file_name: str) -> LabelStudioImport:
    """Keep a file of tasks as it came and send the job that takes them.

    Raises:
        NotFound: No such project. Conflict: ``project_fixed``, ``project_archived``, ``questions_changing``.
        DomainError: ``file_unknown`` for a file that holds no tasks by its name, ``file_too_large``.
    """
    project = open_for_import(actor=actor, project_id=project_id)
    if not file_name.lower().endswith(SUFFIXES):
        raise _unknown(file_name)
    if path.stat().st_size > settings.ASSAY_UPLOAD_LIMIT:
        limit = settings.ASSAY_UPLOAD_LIMIT // (1 << 20)
        detail = _("The file is larger than %(limit)s MB. Split it, or raise ASSAY_UPLOAD_LIMIT_MB.")
        raise DomainError("file_too_large", detail % {"limit": limit}, status=413)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    upload = keep_upload(
        actor=actor,
        dataset=project.version.dataset,
        path=path,
        file_name=shown_name(file_name),
        sha256=digest,
        size=path.stat().st_size,
        said={},
    )
    arrival = LabelStudioImport.objects.create(
        project=project, created_by_id=actor.user_id or None, upload=upload, sha256=digest
    )
    arrival.job = enqueue(
        kind=KIND,
        actor=actor,
        params={"import_id": arrival.pk},
        title=_("Import tasks into %(project)s") % {"project": project.name},
        subject=f"project:{project.pk}",
    )
    arrival.save(update_fields=["job"])
    audit.record(actor=actor, action="project.import_tasks", subject=f"project:{project.pk}", **{"import": arrival.pk})
    return arrival


def _unknown(file_name: str) -> DomainError:
    detail = _("%(file)s is no file of tasks. Send one that ends with .json, .csv, .tsv or .txt, or pictures.")
    return DomainError("file_unknown", detail % {"file": shown_name(file_name)}, field="file")


def rows_of(path: Path, file_name: str, words: Words) -> Iterator[Any]:
    """Give the tasks of a file: of JSON its objects, of a table its rows, of a text its lines.

    Raises:
        DomainError: ``file_broken`` with what is wrong and where, ``file_unknown``.
    """
    name = file_name.lower()
    if not name.endswith(SUFFIXES):
        raise _unknown(file_name)
    losses, files = Losses(), Files({file_name: path})
    try:
        if name.endswith(".txt"):
            yield from _lines(path, words)
            return
        read = json_rows if name.endswith(".json") else table_rows
        for _where, row in read(files, file_name, losses):
            yield row
            _refuse_broken(losses)
        _refuse_broken(losses)
    except (FormatError, ReadError) as error:
        raise DomainError("file_broken", error.message, field="file") from None
    except UnicodeDecodeError:
        raise DomainError("file_broken", _("The file is no text in UTF-8."), field="file") from None


def _refuse_broken(losses: Losses) -> None:
    if losses.total:
        loss = losses.listed[0]
        raise DomainError("file_broken", f"{loss.where}: {loss.reason}", field="file")


def _lines(path: Path, words: Words) -> Iterator[Row]:
    fields = [name for name in words.fields if name != words.picture]
    if len(words.fields) != 1:
        detail = _("A text file has one field for each line, and this project shows %(count)s: %(fields)s. Send JSON.")
        values = {"count": len(words.fields), "fields": ", ".join(words.fields)}
        raise DomainError("file_unknown", detail % values, field="file")
    name = fields[0] if fields else words.picture
    with path.open(encoding="utf-8-sig") as stream:
        for line in stream:
            if line.strip():
                yield {name: line.rstrip("\r\n")}


def needs_fetching(words: Words, rows: Sequence[Any]) -> bool:
    """Tell whether tasks name pictures on the web, which no request fetches."""
    return bool(words.picture) and any(_address_of(words, row) for row in rows)


def _address_of(words: Words, row: Any) -> str:
    data = row.get("data", row) if isinstance(row, dict) else None
    value = data.get(words.picture) if isinstance(data, dict) else None
    return value if isinstance(value, str) and value.lower().startswith(("http://", "https://")) else ""


def run_import(*, job: JobContext, import_id: int) -> dict[str, Any]:
    """Take the tasks of an import's file; an attempt goes on at the batch where the one before stopped.

    Returns:
        The job's result: the counts of the import, and how many rows could not be taken.

    Raises:
        DomainError: ``tasks_invalid``, ``file_broken``: nothing is taken.
    """
    rows = LabelStudioImport.objects.select_related("project__version__dataset", "project__label_studio", "upload")
    arrival = rows.filter(pk=import_id, project__organization_id=job.organization_id).first()
    if arrival is None or arrival.upload is None or not arrival.upload.object_key:
        raise NotFound(_("This project is gone."))
    project = arrival.project
    with _file_of(arrival) as path:
        words = words_of(project)
        if "checked" not in job.state:
            job.save_state({**job.state, "checked": _check(job, arrival, path, words), "batch": 0})
        count = job.state["checked"]
        given = rows_of(path, arrival.upload.file_name, words)
        number = 0
        while batch := list(islice(given, BATCH)):
            if number >= job.state["batch"]:
                _take(job, project, arrival, words, batch, number * BATCH)
                job.save_state({**job.state, "batch": number + 1})
            number += 1
            job.progress(min(number * BATCH, count), count, _("taking tasks"), rows_done=arrival.task_count)
    arrival.finished_at = timezone.now()
    arrival.save()
    with transaction.atomic():
        send_growth(actor=job.actor, project=project)
    return {
        "import": arrival.pk,
        "tasks": arrival.task_count,
        "annotations": arrival.annotation_count,
        "predictions": arrival.prediction_count,
        "refused": arrival.refused_count,
    }


@contextmanager
def _file_of(arrival: LabelStudioImport) -> Iterator[Path]:
    assert arrival.upload is not None
    with objects.local_path(arrival.upload.object_key) as path:
        yield path


def _check(job: JobContext, arrival: LabelStudioImport, path: Path, words: Words) -> int:
    """Check every task but for its picture, and return how many there are."""
    assert arrival.upload is not None
    given = rows_of(path, arrival.upload.file_name, words)
    refused: list[Row] = []
    count = 0
    while batch := list(islice(given, BATCH)):
        checking = Checking(job.actor, words, _believed(words, batch))
        refused += check_all(checking, batch, count)[1]
        count += len(batch)
        job.progress(count, None, _("checking"))
        if len(refused) >= NAMED:
            break
    if refused:
        raise refused_as_error(refused)
    if not count:
        raise DomainError("tasks_missing", _("Send a list with at least one task."))
    return count


def _believed(words: Words, rows: Sequence[Any]) -> Pictures:
    """Return pictures of no known size for addresses that are to be fetched, so that all else can be checked first.

    Raises:
        DomainError: ``tasks_invalid`` for an address that leads nowhere it may.
    """
    if not words.picture:
        return Pictures()
    found: dict[str, Row] = {}
    for number, row in enumerate(rows):
        address = _address_of(words, row)
        if address and address not in found:
            try:
                check_form(address, settings.ASSAY_FETCH_ALLOWED_HOSTS)
            except UrlRefused as error:
                raise refused_as_error([{"row": number, "detail": f"{address[:200]}: {error.message}"}]) from None
            # Per cent of a picture of a million pixels a side: what lies outside of it lies outside of any.
            side = 1_000_000
            found[address] = {"image": "", "image_file": "", "image_width": side, "image_height": side}
    return Pictures(found)


def _take(
    job: JobContext, project: Project, arrival: LabelStudioImport, words: Words, batch: Sequence[Any], first: int
) -> None:
    pictures, gone = _fetched(job, project, words, batch)
    numbered = [(number, row) for number, row in enumerate(batch, first) if _address_of(words, row) not in gone]
    refused = [
        {"row": number, "detail": gone[_address_of(words, row)]}
        for number, row in enumerate(batch, first)
        if _address_of(words, row) in gone
    ]
    checking = Checking(job.actor, words, pictures)
    taken = []
    for number, row in numbered:
        some, others = check_all(checking, [row], number)
        taken += some
        refused += others
    with transaction.atomic():
        items = reserve_items(project, len(taken))
        # A worker that died behind this and before the job's state was saved would do the batch twice: the import's
        # own count, which is of this transaction, says how far it is.
        arrival.refresh_from_db(from_queryset=LabelStudioImport.objects.select_for_update())
        if arrival.task_count + arrival.refused_count > first:
            return
        if taken:
            store_taken(actor=job.actor, project=project, arrival=arrival, taken=taken, first_item_id=items)
        arrival.refused_count += len(refused)
        arrival.refused = [*arrival.refused, *refused][:100]
        arrival.save()


def _fetched(job: JobContext, project: Project, words: Words, batch: Sequence[Any]) -> tuple[Pictures, dict[str, str]]:
    """Fetch the pictures of a batch; return them, and why others could not be had, by their addresses."""
    addresses = list(dict.fromkeys(filter(None, (_address_of(words, row) for row in batch)))) if words.picture else []
    found: dict[str, Row] = {}
    gone: dict[str, str] = {}
    for start in range(0, len(addresses), FETCHED_AT_ONCE):
        some = addresses[start : start + FETCHED_AT_ONCE]
        job.check()
        with ThreadPoolExecutor(FETCHED_AT_ONCE, thread_name_prefix="pictures") as pool:
            got = list(pool.map(_get, some))
        pictures = [each for each in got if isinstance(each, Picture)]
        if pictures:
            store_pictures(organization_id=project.organization_id, pictures=pictures)
        for address, each in zip(some, got, strict=True):
            if isinstance(each, Picture):
                found[address] = picture_columns(each, _name_of(address))
            else:
                gone[address] = each
    return Pictures(found), gone


def _get(address: str) -> Picture | str:
    """Fetch one picture through the guard and take it in, or return why not."""
    sink = io.BytesIO()
    try:
        limits = Limits(PICTURE_BYTES, PICTURE_SECONDS)
        fetch(address, sink, limits=limits, allowed=settings.ASSAY_FETCH_ALLOWED_HOSTS)
        return take(sink.getvalue(), _name_of(address))
    except (UrlRefused, PictureError) as error:
        return f"{address.partition('?')[0][:200]}: {error.message}"


def _name_of(address: str) -> str:
    return shown_name(address.partition("?")[0].rstrip("/").rpartition("/")[2])


def take_pictures(*, project: Project, files: Sequence[tuple[str, bytes]]) -> dict[str, Row]:
    """Keep pictures that came as files and return their columns by name.

    Raises:
        DomainError: ``picture_unreadable`` naming the file.
    """
    taken = []
    for name, data in files:
        try:
            taken.append((name, take(data, name)))
        except PictureError as error:
            raise DomainError(error.code, f"{shown_name(name)}: {error.message}", field="file") from None
    store_pictures(organization_id=project.organization_id, pictures=[picture for _name, picture in taken])
    return {name: picture_columns(picture, shown_name(name)) for name, picture in taken}


def import_state(arrival: LabelStudioImport) -> tuple[str, str]:
    """Return the state of an import as Label Studio calls it, and what went wrong; empty for nothing."""
    if arrival.finished_at is not None:
        return "completed", ""
    job: Job | None = arrival.job
    if job is None or not job.is_open:
        error = (job.error or {}) if job is not None else {}
        return "failed", str(error.get("detail", "")) or _("The import was cancelled.")
    return "in_progress", ""


@contextmanager
def spooled(data: bytes) -> Iterator[Path]:
    """Give a file with these bytes for the time of the block."""
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".json") as copy:
        copy.write(data)
        copy.flush()
        yield Path(copy.name)
