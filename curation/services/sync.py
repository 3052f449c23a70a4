"""What is new in a bucket becomes rows behind those of its dataset's newest version."""

from collections.abc import Callable
from typing import Any, BinaryIO

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from curation.engine.bucket import Bucket, BucketRefused, Listed
from curation.models import Fetch, FetchState, Source, Version
from curation.services.bucket_keys import keys_for
from curation.services.fetch import Refusal, take_in
from curation.services.source import place_of
from curation.services.upload import shown_name
from workers.context import JobContext

# One sync makes one version of at most so many objects; what is left is taken by the next one.
OBJECT_LIMIT = 10_000
# What one object is refused for and would be every other: the rest waits for the next sync.
_FOR_ALL = {
    "bucket_missing", "bucket_throttled", "bucket_unreachable", "clock_wrong", "host_unknown", "host_not_public",
    "keys_expired", "keys_unknown", "keys_wrong",
}  # fmt: skip


def execute_sync(*, job: JobContext, source_id: int, again: bool) -> dict[str, Any]:
    """List the bucket, take what was not taken before, and commit it; nothing new makes no version.

    An object is known by key, ETag and size. One that was refused for its content is left alone until it changes, or
    until somebody asks for it again; one that could not be got is tried in every sync.

    Raises:
        DomainError: The bucket cannot be listed, or ``nothing_taken`` when all that is new was refused.
    """
    source = Source.objects.select_related("dataset").get(pk=source_id, organization_id=job.organization_id)
    if source.job_id != job.job_id:
        # Sent again although a newer one has been started: both would take the same objects.
        raise DomainError("sync_superseded", _("This source was synced anew since. Sync it again from its page."))
    keys = None
    if source.keys_name:
        keys = keys_for(
            organization_id=source.organization_id,
            name=source.keys_name,
            endpoint=source.endpoint,
            bucket=source.bucket,
        )
    try:
        bucket = Bucket(
            place_of(source), keys, allowed=settings.ASSAY_FETCH_ALLOWED_HOSTS, seconds=settings.ASSAY_FETCH_SECONDS
        )
        try:
            return _sync(job, source, bucket, again)
        finally:
            bucket.close()
    except BucketRefused as error:
        title = _("The bucket cannot be read")
        raise DomainError(error.code, error.message, title=title, source=source.pk) from None


def _sync(job: JobContext, source: Source, bucket: Bucket, again: bool) -> dict[str, Any]:
    if not Version.objects.filter(job_id=job.job_id).exists():
        _list(job, source, bucket, again)
    result = None
    if Fetch.objects.filter(job_id=job.job_id).exists():
        result = take_in(
            job=job,
            dataset=source.dataset,
            getter=_Objects(source, bucket),
            append=True,
            options=source.options,
            said={name: getattr(source, name) for name in ("licence", "source", "consent", "collected_on")},
        )
        if result is None:
            _refuse(job, source)
    Source.objects.filter(pk=source.pk).update(synced_at=timezone.now())
    seen = {name: job.state.get(name, 0) for name in ("listed", "passed_over", "known", "left")}
    nothing: dict[str, Any] = {
        "dataset": source.dataset_id,
        "version": None,
        "files": 0,
        "files_refused": 0,
        "added": 0,
        "warnings": [],
    }
    return {**(result or nothing), **seen, "source": source.pk}


def _refuse(job: JobContext, source: Source) -> None:
    rows = Fetch.objects.filter(job_id=job.job_id, state=FetchState.REFUSED).order_by("number")
    first = rows.first()
    detail = _("None of the %(count)s new objects could be taken. %(name)s: %(reason)s") % {
        "count": rows.count(), "name": first.address if first else "", "reason": first.reason if first else "",
    }  # fmt: skip
    raise DomainError("nothing_taken", detail, title=_("Nothing was imported"), source=source.pk)


def _list(job: JobContext, source: Source, bucket: Bucket, again: bool) -> None:
    """Write down what is to be got; an attempt after a lost worker goes on with the list of the one before."""
    if job.state.get("listing_done"):
        return
    # A list that was cut off is made anew; nothing of it was got yet.
    Fetch.objects.filter(job_id=job.job_id).delete()
    counts = {"listed": 0, "passed_over": 0, "known": 0, "left": 0}
    number = 0
    for page in bucket.pages():
        counts["listed"] += page.seen
        counts["passed_over"] += page.seen - len(page.objects)
        fresh = _unknown(source, page.objects, again)
        counts["known"] += len(page.objects) - len(fresh)
        taken = fresh[: OBJECT_LIMIT - number]
        counts["left"] += len(fresh) - len(taken)
        Fetch.objects.bulk_create(
            Fetch(
                organization_id=source.organization_id, dataset_id=source.dataset_id, job_id=job.job_id, source=source,
                number=number + place, address=listed.key, etag=listed.etag[:200], byte_count=listed.size,
            )
            for place, listed in enumerate(taken, 1)
        )  # fmt: skip
        number += len(taken)
        job.progress(counts["listed"], None, _("listing the bucket: %(count)s objects") % {"count": counts["listed"]})
    job.save_state({**job.state, **counts, "listing_done": True})


def _unknown(source: Source, objects: list[Listed], again: bool) -> list[Listed]:
    """Return the objects that were not dealt with before as they are now."""
    rows = Fetch.objects.filter(source=source, address__in=[listed.key for listed in objects])
    settled = rows.filter(state=FetchState.IMPORTED)
    if not again:
        settled = settled | rows.filter(state=FetchState.REFUSED, transient=False)
    known = set(settled.values_list("address", "etag", "byte_count"))
    return [listed for listed in objects if (listed.key, listed.etag[:200], listed.size) not in known]


class _Objects:
    """Gets objects of a bucket."""

    def __init__(self, source: Source, bucket: Bucket) -> None:
        self._source, self._bucket = source, bucket

    def get(self, row: Fetch, sink: BinaryIO, on_length: Callable[[int | None], None]) -> None:
        size = row.byte_count or 0
        if size > settings.ASSAY_UPLOAD_LIMIT:
            limit = settings.ASSAY_UPLOAD_LIMIT // (1 << 20)
            detail = _("The file is larger than %(limit)s MB. Split it, or raise ASSAY_UPLOAD_LIMIT_MB.")
            raise Refusal("file_too_large", detail % {"limit": limit})
        try:
            self._bucket.fetch(Listed(row.address, row.etag, size), sink, on_length)
        except BucketRefused as error:
            # Whatever else may pass was asked for several times already.
            soon = error.code in {"bucket_failed", "bucket_unreachable"}
            stop = error.code in _FOR_ALL
            raise Refusal(error.code, error.message, error.transient, soon=soon, stop=stop) from None

    def file_name(self, row: Fetch) -> str:
        return shown_name(row.address)

    def address(self, row: Fetch) -> str:
        return f"s3://{self._source.bucket}/{row.address}"
