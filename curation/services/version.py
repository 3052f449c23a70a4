"""Versions: committed once, opened for reading, never changed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

from django.db import transaction
from django.db.models import Max

from accounts.services import audit
from core import objects
from curation.engine.writer import VersionManifest, VersionReader
from curation.models import Dataset, Version
from workers.context import JobContext


@contextmanager
def open_version(version: Version) -> Iterator[VersionReader]:
    """Give a reader over the parts of a version for the time of the block."""
    manifest = VersionManifest.from_json(version.manifest)
    with ExitStack() as stack:
        parts = [stack.enter_context(objects.local_path(part_key(version, part.sha256))) for part in manifest.parts]
        yield VersionReader(parts, manifest)


def part_key(version: Version, sha256: str) -> str:
    """Return the object key of one Parquet part."""
    return objects.key("versions", version.organization_id, f"{sha256}.parquet")


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
    """
    done = Version.objects.filter(job_id=job.job_id).first()
    if done is not None:
        return done  # type: ignore[no-any-return]
    for part in manifest.parts:
        # Named by content: an equal part of another version is the same object.
        name = objects.key("versions", dataset.organization_id, f"{part.sha256}.parquet")
        if not objects.exists(name):
            objects.put_file(folder / part.name, name)
    job.check()
    with transaction.atomic():
        # The lock orders two jobs that finish at once; the unique number is the last word.
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        newest = dataset.versions.aggregate(newest=Max("number"))["newest"] or 0
        version, created = Version.objects.get_or_create(
            job_id=job.job_id,
            defaults={
                "organization_id": dataset.organization_id,
                "dataset": dataset,
                "number": newest + 1,
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
            audit.record(
                actor=job.actor,
                action="version.commit",
                subject=f"version:{version.pk}",
                content_hash=version.content_hash,
                rows=version.row_count,
            )
    return version
