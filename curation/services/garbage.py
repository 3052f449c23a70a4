"""Garbage collection: the objects of versions that lay in the trash for long and that nothing needs."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.services import audit
from accounts.services.actor import system_actor
from core import objects
from curation.models import Diff, Version
from curation.services.dependency import Holder, held_among, holders_of
from curation.services.download import FORMATS
from curation.services.meaning import forget_vectors, meaning_key
from curation.services.media import fresh_among, keys_of, pictures_only_of, remove_pictures
from curation.services.picture_export import ARCHIVES
from curation.services.version import index_key, lock_objects, part_key

log = structlog.get_logger(__name__)
# One pass; the next goes on. 200 versions are some thousand objects.
BATCH = 200


@dataclass(slots=True)
class Collected:
    """What a pass did, or would do when dry.

    Attributes:
        versions: The versions given up.
        object_keys: The objects removed.
        byte_count: Their size.
        kept: What holds the trashed versions that stay.
        vectors: Cached vectors removed whose content no living version holds.
    """

    versions: list[int] = field(default_factory=list)
    object_keys: list[str] = field(default_factory=list)
    byte_count: int = 0
    kept: list[Holder] = field(default_factory=list)
    vectors: int = 0


def collect_garbage(*, dry_run: bool = True, grace: timedelta | None = None) -> Collected:
    """Remove the objects of trashed versions after the grace period.

    A version that anything holds is left alone: a tag, a project, a training (and with it models and bundles), a run
    whose output is still there, or a row of any later app with a protecting foreign key. An object that another
    version still uses is left too, since equal parts are stored once. Rows stay, so that the lineage can be told.

    Safe beside itself and beside everything else: the row of a version is locked while its holders are looked for, and
    whoever adds one waits for that lock; giving up and removing are two steps, and a pass that died between them is
    finished by the next.

    Args:
        dry_run: Only say what would go.
        grace: How long a version stays in the trash; ASSAY_TRASH_DAYS when None.
    """
    done = Collected()
    before = timezone.now() - (timedelta(days=settings.ASSAY_TRASH_DAYS) if grace is None else grace)
    waiting = Version.objects.filter(trashed_at__lt=before, purged_at=None).order_by("pk")
    candidates = list(waiting.values_list("pk", flat=True)[:BATCH])
    free = set(candidates) - held_among(candidates)
    done.kept = holders_of(sorted(set(candidates) - free))
    if dry_run:
        for version in Version.objects.filter(pk__in=free).order_by("pk"):
            done.versions.append(version.pk)
            pictures = _picture_keys(version, _pictures_of(version, also_free=free))
            _note(done, [*unshared_keys(version, also_free=free), *pictures])
        return done
    done.versions = [pk for pk in sorted(free) if _give_up(pk)]
    unfinished = Version.objects.filter(purged_at__isnull=False, objects_removed_at=None).order_by("pk")
    for pk in unfinished.values_list("pk", flat=True)[:BATCH]:
        _remove(pk, done)
    for organization_id in Version.objects.values_list("organization_id", flat=True).distinct().order_by():
        done.vectors += forget_vectors(organization_id, before=before.timestamp())
    if done.versions or done.vectors:
        log.info("garbage_collected", versions=len(done.versions), bytes=done.byte_count, vectors=done.vectors)
    return done


def _give_up(pk: int) -> bool:
    """Mark a version as given up unless somebody restored it or began to need it meanwhile."""
    with transaction.atomic():
        # FOR UPDATE conflicts with the key share lock that every new foreign key takes on the row.
        version = Version.objects.select_for_update(of=("self",)).defer("manifest").filter(pk=pk).first()
        if version is None or version.trashed_at is None or version.purged_at is not None or held_among([pk]):
            return False
        version.purged_at = timezone.now()
        version.save(update_fields=["purged_at"])
        actor = system_actor(organization_id=version.organization_id, user_id=0, request_id="")
        facts = {"number": version.number, "content_hash": version.content_hash}
        audit.record(actor=actor, action="version.purge", subject=f"version:{pk}", **facts)
    return True


def _remove(pk: int, done: Collected) -> None:
    with transaction.atomic():
        version = Version.objects.select_for_update(of=("self",)).get(pk=pk)
        # Held until the objects are gone: whoever commits a version with an equal part waits, and stores it again.
        lock_objects(version.organization_id)
        pictures = _pictures_of(version, also_free=set())
        if fresh_among(version.organization_id, pictures):
            # An import is bringing one again; the next pass looks anew.
            return
        keys = unshared_keys(version, also_free=set())
        _note(done, [*keys, *_picture_keys(version, pictures)])
        remove_pictures(organization_id=version.organization_id, hashes=pictures)
        for key in keys:
            objects.delete(key)
        Diff.objects.filter(older=version).delete()
        Diff.objects.filter(newer=version).delete()
        version.objects_removed_at = timezone.now()
        version.save(update_fields=["objects_removed_at"])


def _pictures_of(version: Version, *, also_free: set[int]) -> list[str]:
    """Return the hashes of pictures that go with a version; its parts, which name them, are still there."""
    if not version.manifest["roles"].get("image"):
        return []
    living = Version.objects.filter(organization_id=version.organization_id, purged_at=None)
    living = living.filter(manifest__roles__image__isnull=False).exclude(pk__in={version.pk, *also_free})
    return pictures_only_of(version, living.order_by("-pk").iterator(chunk_size=20))


def _picture_keys(version: Version, hashes: list[str]) -> list[str]:
    keys = [key for sha256 in hashes for key in keys_of(version.organization_id, sha256)]
    return [key for key in keys if objects.exists(key)]


def _note(done: Collected, keys: list[str]) -> None:
    for key in keys:
        if key not in done.object_keys:
            done.object_keys.append(key)
            done.byte_count += objects.size(key)


def unshared_keys(version: Version, *, also_free: set[int]) -> list[str]:
    """Return the objects of a version that exist and that no living version uses."""
    shared = _shared_hashes(version, also_free)
    parts = {part["sha256"] for part in version.manifest["parts"]} - shared
    keys = [part_key(version, sha) for sha in sorted(parts)]
    living = Version.objects.filter(organization_id=version.organization_id, content_hash=version.content_hash)
    if not living.filter(purged_at=None).exclude(pk__in={version.pk, *also_free}).exists():
        names = [f"{version.content_hash}.{file_format}" for file_format in [*sorted(FORMATS), *ARCHIVES]]
        keys += [objects.key("downloads", version.organization_id, name) for name in names]
        keys += [index_key(version), meaning_key(version)]
    for diff in Diff.objects.filter(older=version) | Diff.objects.filter(newer=version):
        names = [f"diff-{diff.pk}.{file_format}" for file_format in sorted(FORMATS)]
        keys += [objects.key("diffs", version.organization_id, name) for name in names]
    return [key for key in keys if objects.exists(key)]


def _shared_hashes(version: Version, also_free: set[int]) -> set[str]:
    """Return the hashes of this version's parts that versions which stay use too; the database reads the manifests."""
    hashes = [part["sha256"] for part in version.manifest["parts"]]
    statement = """
        SELECT DISTINCT part->>'sha256'
        FROM curation_version AS other, jsonb_array_elements(other.manifest->'parts') AS part
        WHERE other.organization_id = %s AND other.purged_at IS NULL AND NOT other.id = ANY(%s)
          AND part->>'sha256' = ANY(%s)
    """
    values: list[Any] = [version.organization_id, [version.pk, *also_free], hashes]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {row[0] for row in cursor.fetchall()}
