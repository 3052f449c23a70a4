"""Buckets as sources of a dataset: described, changed, forgotten, and synced."""

from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.engine.bucket import BucketRefused, Place, check_place
from curation.models import Dataset, Source
from curation.services.bucket_keys import keys_for
from workers.models import Job
from workers.services.job import enqueue

FIELDS = (
    "name", "endpoint", "bucket", "prefix", "pattern", "region", "keys_name", "options", "licence", "source", "consent",
    "collected_on",
)  # fmt: skip


def create_source(*, actor: Actor, dataset_id: int, **fields: Any) -> Source:
    """Describe a bucket; nothing is asked of it before the first sync.

    Args:
        actor: Who does.
        dataset_id: Where its rows will belong.
        fields: See `Source`: name, endpoint, bucket, and prefix, pattern, region, keys_name, options, provenance.

    Raises:
        NotFound: No such dataset.
        Conflict: ``source_exists`` when the dataset has one of this name.
        DomainError: What `check_place` and `keys_for` refuse.
    """
    dataset = Dataset.objects.visible_to(actor).filter(pk=dataset_id, deleted_at=None).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset."))
    source = Source(organization_id=actor.organization_id, dataset=dataset, created_by_id=actor.user_id or None)
    return _store(actor, source, fields, "source.create")


def change_source(*, actor: Actor, source_id: int, **fields: Any) -> Source:
    """Change a source. What was taken stays taken, unless it is another bucket now.

    Raises:
        NotFound: No such source.
        Conflict: ``source_exists``, or ``sync_running`` while it is synced.
        DomainError: What `check_place` and `keys_for` refuse.
    """
    return _store(actor, visible_source(actor, source_id), fields, "source.change")


def _store(actor: Actor, source: Source, fields: dict[str, Any], action: str) -> Source:
    if source.job is not None and source.job.is_open:
        raise Conflict("sync_running", _("This source is being synced already."), job=source.job_id)
    before = (source.endpoint, source.bucket)
    for name in FIELDS:
        if name in fields:
            setattr(source, name, fields[name])
    source.endpoint = source.endpoint.strip().rstrip("/")
    try:
        check_place(place_of(source), settings.ASSAY_FETCH_ALLOWED_HOSTS)
    except BucketRefused as error:
        field = (
            "bucket" if error.code == "bucket_invalid" else "region" if error.code == "region_invalid" else "endpoint"
        )
        raise DomainError(error.code, error.message, field=field) from None
    if source.keys_name:
        keys_for(
            organization_id=actor.organization_id,
            name=source.keys_name,
            endpoint=source.endpoint,
            bucket=source.bucket,
        )
    try:
        with transaction.atomic():
            source.save()
            if source.pk and before != (source.endpoint, source.bucket):
                source.fetches.update(source=None)
            facts = {name: getattr(source, name) for name in ("name", "endpoint", "bucket", "prefix", "keys_name")}
            audit.record(actor=actor, action=action, subject=f"source:{source.pk}", **facts)
    except IntegrityError:
        detail = _("This dataset has a source called %(name)s already.")
        raise Conflict("source_exists", detail % {"name": source.name}, field="name") from None
    return source


@transaction.atomic
def delete_source(*, actor: Actor, source_id: int) -> None:
    """Forget a source and what was taken from it. Versions made from it stay, and so does where their items come from.

    Raises:
        NotFound: No such source.
        Conflict: ``sync_running`` while it is synced.
    """
    source = visible_source(actor, source_id)
    if source.job is not None and source.job.is_open:
        raise Conflict("sync_running", _("This source is being synced already."), job=source.job_id)
    source.delete()
    audit.record(actor=actor, action="source.delete", subject=f"source:{source_id}", name=source.name)


@transaction.atomic
def start_sync(*, actor: Actor, source_id: int, again: bool = False) -> Job:
    """Send the job that takes what is new in the bucket and adds it to the dataset's newest version.

    Args:
        actor: Who syncs.
        source_id: The source.
        again: Take objects that were refused before too, although they have not changed.

    Raises:
        NotFound: No such source.
        Conflict: ``sync_running`` when it is being synced already.
    """
    visible_source(actor, source_id)
    source = Source.objects.select_for_update(of=("self",)).select_related("job").get(pk=source_id)
    if source.job is not None and source.job.is_open:
        raise Conflict("sync_running", _("This source is being synced already."), job=source.job_id)
    job = enqueue(
        kind="curation.sync_source",
        actor=actor,
        params={"source_id": source.pk, "again": again},
        title=_("Sync %(name)s") % {"name": source.name},
        subject=f"dataset:{source.dataset_id}",
    )
    source.job = job
    source.save(update_fields=["job", "updated_at"])
    audit.record(actor=actor, action="source.sync", subject=f"source:{source.pk}", job=job.pk)
    return job


def place_of(source: Source) -> Place:
    """Return where a source's objects are."""
    return Place(source.endpoint, source.bucket, source.prefix, source.pattern, source.region)


def visible_source(actor: Actor, source_id: int) -> Source:
    """Return a source of the actor's organization whose dataset is not in the trash.

    Raises:
        NotFound: No such source.
    """
    rows = Source.objects.visible_to(actor).filter(pk=source_id, dataset__deleted_at=None)
    source = rows.select_related("dataset", "job").first()
    if source is None:
        raise NotFound(_("There is no such source."))
    return source  # type: ignore[no-any-return]
