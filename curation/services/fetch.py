"""Files that the service gets itself: from web addresses, and what every way of getting shares."""

import hashlib
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.engine.url_guard import Limits, SinkFailed, UrlRefused, check_form, fetch
from curation.models import Dataset, Fetch, FetchState, Upload, Version
from curation.services.intake import Arrival, commit_arrivals, read_uploads
from curation.services.upload import keep_upload, shown_name
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue, retry_job
from workers.work_folder import work_folder

ADDRESS_LIMIT = 1_000
ADDRESS_LENGTH = 2_000
# Pauses before an address is asked again that may well answer then.
PAUSES = (1.0, 4.0)
_SAID = ("licence", "source", "consent", "collected_on")


class Refusal(Exception):
    """A file that could not be got.

    Args:
        code: Stable name, snake_case.
        reason: What is wrong and how to mend it.
        transient: Whether the same may be got another time without a change.
        soon: Whether to ask again after a short pause.
        stop: Whether none of the files behind it can be got either.
    """

    def __init__(
        self, code: str, reason: str, transient: bool = False, *, soon: bool = False, stop: bool = False
    ) -> None:
        super().__init__(reason)
        self.code, self.reason, self.transient, self.soon, self.stop = code, reason, transient, soon, stop


class Getter(Protocol):
    """A way to get files."""

    def get(self, row: Fetch, sink: BinaryIO, on_length: Callable[[int | None], None]) -> None:
        """Write the file's bytes.

        Raises:
            Refusal: It cannot be got.
        """

    def file_name(self, row: Fetch) -> str:
        """Return what people call it."""

    def address(self, row: Fetch) -> str:
        """Return where it came from, without anything secret."""


def start_fetch(
    *,
    actor: Actor,
    dataset_id: int,
    urls: list[str],
    append: bool = False,
    options: dict[str, Any] | None = None,
    licence: str = "",
    source: str = "",
    consent: str = "",
    collected_on: date | None = None,
) -> Job:
    """Send the job that fetches the files at these addresses and makes one version of all their rows.

    Args:
        actor: Who imports.
        dataset_id: Where the rows belong.
        urls: 1 to 1,000 addresses of files, in the order of their rows; the same one twice is fetched once.
        append: Put the rows behind those of the newest version.
        options: How every file is to be read, where the guess is wrong.
        licence: Licence of the content, kept for each item, as are `source`, `consent` and `collected_on`.
        source: Where it came from in the words of a person; the address is kept besides.
        consent: On what ground it may be used.
        collected_on: When it was collected.

    Raises:
        NotFound: No such dataset.
        DomainError: ``urls_missing``, ``urls_too_many``, or ``url_invalid`` and its like, naming the address.
    """
    dataset = Dataset.objects.visible_to(actor).filter(pk=dataset_id, deleted_at=None).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset."))
    addresses = _checked(urls)
    said = {"licence": licence, "source": source, "consent": consent}
    said["collected_on"] = collected_on.isoformat() if collected_on else ""
    with transaction.atomic():
        title = _("Import from %(count)s addresses") % {"count": len(addresses)}
        if len(addresses) == 1:
            title = _("Import %(file)s") % {"file": _name_of(addresses[0])}
        job = enqueue(
            kind="curation.import_addresses",
            actor=actor,
            params={"dataset_id": dataset.pk, "append": append, "options": options or {}, "said": said},
            title=title,
            subject=f"dataset:{dataset.pk}",
        )
        Fetch.objects.bulk_create(
            Fetch(organization_id=actor.organization_id, dataset=dataset, job=job, number=number, address=address)
            for number, address in enumerate(addresses, 1)
        )
        hosts = sorted({urlsplit(address).hostname or "" for address in addresses})[:20]
        facts = {"addresses": len(addresses), "hosts": hosts, "job": job.pk, "append": append}
        audit.record(actor=actor, action="fetch.start", subject=f"dataset:{dataset.pk}", **facts)
    return job


def _checked(urls: list[str]) -> list[str]:
    addresses = list(dict.fromkeys(url.strip() for url in urls if url.strip()))
    if not addresses:
        raise DomainError("urls_missing", _("Give at least one address, such as https://example.com/reviews.csv."))
    if len(addresses) > ADDRESS_LIMIT:
        detail = _("These are %(count)s addresses; at most %(limit)s are fetched at once. Send the rest afterwards.")
        raise DomainError("urls_too_many", detail % {"count": len(addresses), "limit": ADDRESS_LIMIT})
    for place, url in enumerate(addresses, 1):
        if len(url) > ADDRESS_LENGTH:
            detail = _("Address %(place)s has more than %(limit)s characters.")
            raise DomainError("url_invalid", detail % {"place": place, "limit": ADDRESS_LENGTH}, field="urls")
        try:
            check_form(url, settings.ASSAY_FETCH_ALLOWED_HOSTS)
        except UrlRefused as error:
            detail = _("Address %(place)s, %(url)s: %(reason)s")
            values = {"place": place, "url": url.partition("?")[0][:200], "reason": error.message}
            raise DomainError(error.code, detail % values, field="urls") from None
    return addresses


class _Web:
    """Gets files from web addresses through the guard."""

    def get(self, row: Fetch, sink: BinaryIO, on_length: Callable[[int | None], None]) -> None:
        limits = Limits(settings.ASSAY_UPLOAD_LIMIT, settings.ASSAY_FETCH_SECONDS)
        allowed = settings.ASSAY_FETCH_ALLOWED_HOSTS
        try:
            fetch(row.address, sink, limits=limits, allowed=allowed, on_length=on_length)
        except UrlRefused as error:
            raise Refusal(error.code, error.message, error.transient, soon=error.transient) from None

    def file_name(self, row: Fetch) -> str:
        return _name_of(row.address)

    def address(self, row: Fetch) -> str:
        return row.address.partition("?")[0]


def _name_of(url: str) -> str:
    parts = urlsplit(url)
    return shown_name(unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.hostname or "file")


def execute_fetch(
    *, job: JobContext, dataset_id: int, append: bool, options: dict[str, Any], said: dict[str, Any]
) -> dict[str, Any]:
    """Fetch, read and commit; what an attempt before has fetched is not fetched again.

    Raises:
        DomainError: ``nothing_fetched`` when no file is left; the refusals stand in the rows of the fetch.
    """
    dataset = Dataset.objects.get(pk=dataset_id, organization_id=job.organization_id)
    told = {**said, "collected_on": date.fromisoformat(said["collected_on"]) if said["collected_on"] else None}
    result = take_in(job=job, dataset=dataset, getter=_Web(), append=append, options=options, said=told)
    if result is None:
        rows = Fetch.objects.filter(job_id=job.job_id, state=FetchState.REFUSED).order_by("number")
        first = rows.first()
        detail = _("Nothing could be imported from %(count)s addresses. The first: %(reason)s") % {
            "count": rows.count(), "reason": first.reason if first else "",
        }  # fmt: skip
        raise DomainError("nothing_fetched", detail, title=_("Nothing was imported"), job=job.job_id)
    return result


def take_in(
    *,
    job: JobContext,
    dataset: Dataset,
    getter: Getter,
    append: bool,
    options: dict[str, Any],
    said: dict[str, Any],
    settle: Callable[[Version], None] = lambda _version: None,
) -> dict[str, Any] | None:
    """Get the files of a job's rows, read them, and commit the good rows of all as one version.

    A file that cannot be got or read is marked with the reason and holds up nobody. Done twice by one job it gives the
    same version; an attempt after a lost worker goes on behind the last file that was got.

    Args:
        job: Its `Fetch` rows say what to get.
        dataset: Where the version belongs.
        getter: How to get them.
        append: Put the rows behind those of the newest version.
        options: How every file is to be read.
        said: ``licence``, ``source``, ``consent``, ``collected_on``.
        settle: Called with the version in the transaction that makes it.

    Returns:
        The job's result, or None when nothing could be taken.
    """
    done = Version.objects.filter(job_id=job.job_id).first()
    if done is not None:
        return _result(job, done)
    with work_folder(job) as folder:
        _get_all(job, dataset, getter, options, said, folder / "fetched")
        rows = {
            row.upload_id: row
            for row in _rows(job).exclude(upload=None).select_related("upload").defer("upload__profile")
        }
        arrivals = read_uploads(job, [row.upload for row in rows.values()], folder)

        def belongs(version: Version, arrivals: list[Arrival]) -> None:
            _mark(rows, arrivals, version)
            settle(version)

        note = _note(arrivals)
        taken = commit_arrivals(
            job=job, dataset=dataset, arrivals=arrivals, append=append, folder=folder, note=note, settle=belongs
        )
        if taken is None:
            _mark(rows, arrivals, None)
            return None
    return _result(job, taken.version)


def _rows(job: JobContext) -> Any:
    return Fetch.objects.filter(job_id=job.job_id).order_by("number")


def _note(arrivals: list[Arrival]) -> str:
    names = [entry.upload.file_name for entry in arrivals if entry.staged is not None]
    return names[0] if len(names) == 1 else _("%(count)s files: %(names)s") % {
        "count": len(names), "names": ", ".join(names[:5]),
    }  # fmt: skip


def _mark(rows: dict[int, Fetch], arrivals: list[Arrival], version: Version | None) -> None:
    """Write what became of each file; files that were taken belong to the version."""
    for entry in arrivals:
        row = rows[entry.upload.pk]
        if entry.staged is None:
            row.state, row.code, row.reason, row.transient = FetchState.REFUSED, entry.code, entry.reason[:1000], False
        elif version is not None:
            row.state, row.version, row.row_count = FetchState.IMPORTED, version, entry.staged.rows
    fields = ["state", "code", "reason", "transient", "version", "row_count"]
    Fetch.objects.bulk_update(rows.values(), fields, batch_size=500)


def _result(job: JobContext, version: Version) -> dict[str, Any]:
    rows = _rows(job)
    uploads = Upload.objects.filter(pk__in=rows.exclude(upload=None).values("upload"))
    return {
        "dataset": version.dataset_id,
        "version": version.pk,
        "number": version.number,
        "rows": version.row_count,
        "added": job.state.get("added", version.row_count),
        "refused": sum(uploads.values_list("refused_count", flat=True)),
        "files": rows.filter(state=FetchState.IMPORTED).count(),
        "files_refused": rows.filter(state=FetchState.REFUSED).count(),
        "warnings": job.state.get("warnings", []),
    }


def _get_all(
    job: JobContext, dataset: Dataset, getter: Getter, options: dict[str, Any], said: dict[str, Any], path: Path
) -> None:
    rows = list(_rows(job).select_related("upload").defer("upload__profile"))
    # An attempt that follows a failed one asks again for what could not be got; what was got stays.
    waiting = [row for row in rows if row.upload_id is None]
    known = [row.upload.byte_count if row.upload else row.byte_count for row in rows]
    total = sum(size for size in known if size is not None) if all(size is not None for size in known) else None
    before = sum(row.upload.byte_count for row in rows if row.upload)
    for row in waiting:
        stage = _("fetching %(number)s of %(count)s: %(name)s") % {
            "number": row.number, "count": len(rows), "name": getter.file_name(row)[:80],
        }  # fmt: skip
        with path.open("wb") as stream:
            sink = _Sink(stream, job, before, total, stage, alone=len(rows) == 1)
            refusal = _got(job, getter, row, sink)
        if refusal is None and sink.size == 0:
            refusal = Refusal("file_empty", _("The file is empty: it has no bytes at all."))
        if refusal is not None:
            row.state, row.code, row.reason = FetchState.REFUSED, refusal.code, refusal.reason[:1000]
            row.transient = refusal.transient or refusal.stop
            row.save(update_fields=["state", "code", "reason", "transient", "updated_at"])
            if refusal.stop:
                _put_off(waiting, row, refusal)
                break
            continue
        with transaction.atomic():
            row.upload = keep_upload(
                actor=job.actor, dataset=dataset, path=path, file_name=getter.file_name(row),
                sha256=sink.digest.hexdigest(), size=sink.size, said=said, options=options,
                address=getter.address(row), job_id=job.job_id,
            )  # fmt: skip
            row.state, row.code, row.reason, row.transient = FetchState.FETCHED, "", "", False
            row.byte_count = sink.size
            row.save(update_fields=["upload", "state", "code", "reason", "transient", "byte_count", "updated_at"])
        before += sink.size
    path.unlink(missing_ok=True)


def _put_off(waiting: list[Fetch], row: Fetch, refusal: Refusal) -> None:
    """Mark the files behind one that stopped it all: another time they are tried again."""
    rest = [other.pk for other in waiting if other.number > row.number]
    Fetch.objects.filter(pk__in=rest).update(
        state=FetchState.REFUSED, code=refusal.code, reason=refusal.reason[:1000], transient=True
    )


def _got(job: JobContext, getter: Getter, row: Fetch, sink: "_Sink") -> Refusal | None:
    """Get one file, asking again after a pause where that may help; return why not, or None."""
    for pause in (*PAUSES, None):
        sink.restart()
        try:
            getter.get(row, sink, sink.expect)  # type: ignore[arg-type]
            return None
        except Refusal as refusal:
            if pause is None or not refusal.soon:
                return refusal
            _rest(job, pause)
        except SinkFailed as error:
            # The disk is full here; the host did nothing wrong.
            raise (error.__cause__ or error) from None
    return None


def _rest(job: JobContext, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job.check()
        time.sleep(0.1)


class _Sink:
    """Takes the bytes of one file, hashes them, and tells the progress; a cancelled job ends here."""

    def __init__(
        self, stream: BinaryIO, job: JobContext, before: int, total: int | None, stage: str, *, alone: bool
    ) -> None:
        self._stream, self._job = stream, job
        self._before, self._total, self._stage, self._alone = before, total, stage, alone
        self.restart()

    def restart(self) -> None:
        """Forget what came."""
        self._stream.seek(0)
        self._stream.truncate()
        self.digest = hashlib.sha256()
        self.size = 0
        self._job.progress(self._before, self._total, self._stage)

    def expect(self, length: int | None) -> None:
        """Take the size that the host tells: with a single file it is all there is to come."""
        if self._alone and length is not None:
            self._total = length

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self._stream.write(data)
        self.digest.update(data)
        self.size += len(data)
        self._job.progress(self._before + self.size, self._total, self._stage)
        return len(data)


def fetches_of_job(*, actor: Actor, job_id: int) -> Any:
    """Return the rows of a job's files in their order.

    Raises:
        NotFound: No such job.
    """
    if not Job.objects.visible_to(actor).filter(pk=job_id).exists():
        raise NotFound(_("There is no such job."))
    return Fetch.objects.visible_to(actor).filter(job_id=job_id).select_related("upload", "version").order_by("number")


def retry_refused(*, actor: Actor, job_id: int) -> Job:
    """Try the refused addresses of a job again: the job itself when it failed, else a new one that adds to the newest.

    Raises:
        NotFound: No such job.
        Conflict: ``nothing_refused`` when there is nothing to try again, ``import_running`` while the job runs.
    """
    job = Job.objects.visible_to(actor).filter(pk=job_id, kind="curation.import_addresses").first()
    if job is None:
        raise NotFound(_("There is no such job."))
    if job.is_open:
        raise Conflict("import_running", _("These addresses are being imported already."), job=job.pk)
    if job.state != "succeeded":
        return retry_job(actor=actor, job_id=job.pk)
    refused = list(Fetch.objects.filter(job=job, state=FetchState.REFUSED).order_by("number"))
    if not refused:
        raise Conflict("nothing_refused", _("No address of this import was refused."))
    said = dict(job.params["said"])
    day = date.fromisoformat(said.pop("collected_on")) if said.get("collected_on") else None
    told = {name: said.get(name, "") for name in _SAID if name != "collected_on"}
    return start_fetch(
        actor=actor,
        dataset_id=job.params["dataset_id"],
        urls=[row.address for row in refused],
        append=True,
        options=job.params["options"],
        collected_on=day,
        **told,
    )
