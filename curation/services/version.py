"""Versions: committed once, opened for reading, never changed."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.engine.writer import VersionManifest, VersionReader, VersionWriter
from curation.models import Dataset, Version, VersionKind
from curation.services.dependency import holders_of
from workers.context import JobContext

# First key of the advisory locks on the objects of an organization's versions; any number that nobody else uses.
OBJECTS_LOCK = 0x0B1EC7


class NewestMoved(Exception):
    """A version came in between: what was to be added to the newest one must be added to that."""


def newest_version(dataset: Dataset) -> Version | None:
    """Return the dataset's newest version that is not in the trash."""
    rows = dataset.versions.filter(trashed_at=None, purged_at=None).order_by("-number")
    return rows.first()  # type: ignore[no-any-return]


@contextmanager
def open_version(version: Version) -> Iterator[VersionReader]:
    """Give a reader over the parts of a version for the time of the block.

    Raises:
        DomainError: ``version_purged`` when its objects were removed after it had lain in the trash.
    """
    if version.purged_at is not None:
        detail = _("The content of v%(number)s was removed after it had lain in the trash. Its record stays.")
        raise DomainError("version_purged", detail % {"number": version.number}, status=410)
    try:
        with open_objects(version) as reader:
            yield reader
    except FileNotFoundError:
        refuse_if_changed(version)
        raise


def refuse_if_changed(version: Version) -> None:
    """Stop whoever works with what a version held before a person was erased from it.

    Raises:
        Conflict: ``version_changed``.
    """
    if not Version.objects.filter(pk=version.pk, content_hash=version.content_hash).exists():
        detail = _(
            "A person was erased from v%(number)s while this was under way. Nothing was kept of it; send it again."
        )
        raise Conflict("version_changed", detail % {"number": version.number})


@contextmanager
def open_objects(version: Version) -> Iterator[VersionReader]:
    """Give a reader over parts that are still there, also of a version that was given up; for garbage collection."""
    manifest = VersionManifest.from_json(version.manifest)
    with ExitStack() as stack:
        parts = [stack.enter_context(objects.local_path(part_key(version, part.sha256))) for part in manifest.parts]
        yield VersionReader(parts, manifest)


def part_key(version: Version, sha256: str) -> str:
    """Return the object key of one Parquet part."""
    return objects.key("versions", version.organization_id, f"{sha256}.parquet")


def index_key(version: Version) -> str:
    """Return the object key of the explorer's index; versions of equal content share it."""
    return objects.key("indexes", version.organization_id, f"{version.content_hash}.idx")


def lock_objects(organization_id: int) -> None:
    """Make whoever adds or removes objects of versions of this organization wait until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [OBJECTS_LOCK, organization_id % (1 << 31)])


def store_parts(organization_id: int, folder: Path, manifest: VersionManifest) -> None:
    """Store the parts that are not there yet. They are named by content: an equal part is the same object."""
    for part in manifest.parts:
        name = objects.key("versions", organization_id, f"{part.sha256}.parquet")
        if not objects.exists(name):
            objects.put_file(folder / part.name, name)


def commit_version(
    *,
    job: JobContext,
    dataset: Dataset,
    parent: Version | None,
    kind: str,
    folder: Path,
    manifest: VersionManifest,
    note: str = "",
    licence: str = "",
    source: str = "",
    consent: str = "",
    collected_on: date | None = None,
    newest: int | None = None,
    settle: Callable[[Version], None] = lambda _version: None,
) -> Version:
    """Store the parts and add the version row; done twice by one job, it gives the same row.

    Args:
        job: The job whose work this is; the version is tied to it.
        dataset: Where it belongs.
        parent: The version it was made from.
        kind: A value of `VersionKind`.
        folder: Holds the part files named in the manifest.
        manifest: What `VersionWriter.finish` returned.
        note: One line on what was done.
        licence: Licence of the content; the parent's when empty.
        source: Where the content came from; the parent's when empty.
        consent: On what ground it may be used; the parent's when empty.
        collected_on: When it was collected; the parent's when None.
        newest: Commit only while the dataset's newest version that is not in the trash is this one, 0 for none.
        settle: Called with the new version in the same transaction, for the rows that belong to it.

    Raises:
        NewestMoved: Another version came between.
        Conflict: ``version_changed`` when a person was erased from the parent meanwhile.
    """
    done = Version.objects.filter(job_id=job.job_id).first()
    if done is not None:
        return done  # type: ignore[no-any-return]
    store_parts(dataset.organization_id, folder, manifest)
    job.check()
    with transaction.atomic():
        # The lock orders two jobs that finish at once; the unique number is the last word.
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        if newest is not None and newest != (base.pk if (base := newest_version(dataset)) else 0):
            raise NewestMoved
        lock_objects(dataset.organization_id)
        _refuse_if_parent_changed(parent, manifest)
        # An equal part that was there a moment ago may have been garbage; nothing removes it from here on.
        store_parts(dataset.organization_id, folder, manifest)
        last = dataset.versions.aggregate(last=Max("number"))["last"] or 0
        version, created = Version.objects.get_or_create(
            job_id=job.job_id,
            defaults={
                "organization_id": dataset.organization_id,
                "dataset": dataset,
                "number": last + 1,
                "kind": kind,
                "parent": parent,
                "created_by_id": job.job.created_by_id,
                "note": note[:200],
                "content_hash": manifest.content_hash,
                "row_count": manifest.row_count,
                "byte_count": sum(part.bytes for part in manifest.parts),
                "manifest": manifest.to_json(),
                "licence": licence or (parent.licence if parent else ""),
                "source": source or (parent.source if parent else ""),
                "consent": consent or (parent.consent if parent else ""),
                "collected_on": collected_on or (parent.collected_on if parent else None),
            },
        )
        if created:
            settle(version)
            facts = {"content_hash": version.content_hash, "rows": version.row_count}
            audit.record(actor=job.actor, action="version.commit", subject=f"version:{version.pk}", **facts)
    return version


@transaction.atomic
def commit_empty(*, actor: Actor, dataset: Dataset, schema: pa.Schema, roles: dict[str, str]) -> Version:
    """Add a version that has columns and no rows, for what is made before its items are there.

    Args:
        actor: Who makes it.
        dataset: Of the actor's organization; the version is its next.
        schema: Its columns, ``item_id`` first.
        roles: Which column is ``text``, ``image`` and so on.
    """
    with tempfile.TemporaryDirectory(prefix="assay-empty-") as folder:
        writer = VersionWriter(Path(folder), roles=roles)
        writer.write(schema.empty_table())
        manifest = writer.finish()
    Dataset.objects.select_for_update().get(pk=dataset.pk)
    last = dataset.versions.aggregate(last=Max("number"))["last"] or 0
    version: Version = Version.objects.create(
        organization_id=dataset.organization_id,
        dataset=dataset,
        number=last + 1,
        kind=VersionKind.IMPORT,
        created_by_id=actor.user_id or None,
        content_hash=manifest.content_hash,
        row_count=0,
        byte_count=0,
        manifest=manifest.to_json(),
    )
    audit.record(actor=actor, action="version.commit", subject=f"version:{version.pk}", rows=0)
    return version


def _refuse_if_parent_changed(parent: Version | None, manifest: VersionManifest) -> None:
    """Refuse what was made of rows that were erased meanwhile, and remove its parts: it must not bring them back."""
    if parent is None:
        return
    try:
        refuse_if_changed(parent)
    except Conflict:
        rows = Version.objects.filter(organization_id=parent.organization_id, objects_removed_at=None)
        for part in manifest.parts:
            if not rows.filter(manifest__parts__contains=[{"sha256": part.sha256}]).exists():
                objects.delete(part_key(parent, part.sha256))
        raise


@transaction.atomic
def annotate_version(*, actor: Actor, version_id: int, notes: str) -> Version:
    """Write down what people should know about a version; its content never changes."""
    version = _locked(actor, version_id)
    version.notes = notes
    version.save(update_fields=["notes"])
    audit.record(actor=actor, action="version.annotate", subject=f"version:{version.pk}", notes=notes[:500])
    return version


@transaction.atomic
def trash_version(*, actor: Actor, version_id: int) -> Version:
    """Put a version in the trash, from where `restore_version` brings it back until the grace period is over.

    Raises:
        Conflict: ``version_held`` when a tag, a project, a training or another row needs it; it names some.
    """
    version = _locked(actor, version_id)
    if version.trashed_at is not None:
        return version
    held = [holder for holder in holders_of([version.pk]) if holder.model != "curation.run"]
    if held:
        names = ", ".join(holder.title for holder in held[:5])
        detail = _("Something needs this version: %(names)s. Remove or move that first.") % {"names": names}
        raise Conflict("version_held", detail, holders=[holder.title for holder in held])
    version.trashed_at = timezone.now()
    version.save(update_fields=["trashed_at"])
    audit.record(actor=actor, action="version.trash", subject=f"version:{version.pk}", number=version.number)
    return version


@transaction.atomic
def restore_version(*, actor: Actor, version_id: int) -> Version:
    """Bring a version back from the trash.

    Raises:
        Conflict: ``version_purged`` when its content is gone.
    """
    version = _locked(actor, version_id)
    if version.purged_at is not None:
        raise Conflict("version_purged", _("The content of this version was removed. It cannot come back."))
    if version.trashed_at is not None:
        version.trashed_at = None
        version.save(update_fields=["trashed_at"])
        audit.record(actor=actor, action="version.restore", subject=f"version:{version.pk}", number=version.number)
    return version


def _locked(actor: Actor, version_id: int) -> Version:
    rows = Version.objects.visible_to(actor).filter(pk=version_id, dataset__deleted_at=None).defer("manifest")
    version = rows.select_for_update(of=("self",)).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    return version  # type: ignore[no-any-return]
