"""The search for a person: all versions of all datasets, what runs dropped, tasks, and the texts of all rows."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from core import objects
from curation.engine.erasure.finding import COPY, COPY_OF, TEXT, Finder, Sought, copies_in
from curation.engine.erasure.rewriting import items_in
from curation.models import Picture, Run, Version
from curation.services.media import open_media
from curation.services.version import open_objects
from labeling.models import Project
from modeling.models import Erasure, ErasureHit, ErasureState
from modeling.services.erasure import open_sought, widened
from modeling.services.erasure_places import TABLES
from modeling.services.erasure_rows import count_rows, rows_with
from workers.context import JobContext

# (dataset, item) → how it was found, in which column, in which version.
Hits = dict[tuple[int, int], tuple[str, str, int | None]]
Check = Callable[[], None]


def execute_search(*, job: JobContext, erasure_id: int) -> dict[str, Any]:
    """Search, and lay what was found before people; done twice, it finds the same and keeps what was said of it."""
    erasure = Erasure.objects.get(pk=erasure_id, organization_id=job.organization_id)
    if erasure.state != ErasureState.SEARCHING:
        return {"erasure": erasure.pk, "items": erasure.hits.count()}
    sought = sought_of(erasure, job.check)
    hits = search_items(erasure.organization_id, sought, lambda done, all_: job.progress(done, all_, _("searching")))
    places = count_rows(erasure.organization_id, sought.matcher())
    with transaction.atomic():
        store_hits(erasure, hits)
        moved = Erasure.objects.filter(pk=erasure.pk, state=ErasureState.SEARCHING)
        moved.update(places=places, state=ErasureState.REVIEW)
    return {"erasure": erasure.pk, "items": len(hits)}


def sought_of(erasure: Erasure, check: Check) -> Sought:
    """Return what is sought with the pseudonyms that stand for it and the pictures that look like those named."""
    sought = widened(erasure.organization_id, open_sought(erasure))
    if erasure.alike_pictures and sought.pictures:
        alike = alike_pictures(erasure.organization_id, sought.pictures, check)
        pictures = tuple(dict.fromkeys([*sought.pictures, *alike]))
        sought = Sought(sought.identifiers, sought.texts, sought.near, pictures, sought.threshold)
    return sought


def alike_pictures(organization_id: int, wanted: tuple[str, ...], check: Check) -> list[str]:
    """Return the hashes of stored pictures that look like some: scaled, cropped, compressed, brighter, marked.

    Faces are not looked at. The search is that of the step near_duplicate_images, verified on the pixels.
    """
    from curation.engine.near_pictures.search import PictureSearch  # slow import: numba
    from curation.engine.near_pictures.store import Store

    names = list(Picture.objects.filter(organization_id=organization_id).order_by("sha256").values_list("sha256"))
    items = [sha256 for (sha256,) in names]
    with open_media(organization_id) as media, tempfile.TemporaryDirectory(prefix="erasure-") as folder:
        result = PictureSearch().run(items, media.path, Store(Path(folder)), lambda *_told: check())
        left, right, _score = result.pairs()
    pairs = [(items[one], items[two]) for one, two in zip(left.tolist(), right.tolist(), strict=True)]
    return sorted({b if a in wanted else a for a, b in pairs if a in wanted or b in wanted})


def search_items(organization_id: int, sought: Sought, told: Callable[[int, int], None]) -> Hits:
    """Return the items that belong to what is sought, wherever they stand."""
    hits: Hits = {}
    finder = Finder(sought)
    seen: dict[tuple[str, str], dict[int, tuple[str, str]]] = {}
    versions = living_versions(organization_id)
    for number, version in enumerate(versions):
        check = partial(told, number, len(versions))
        for item, (how, column) in _in_version(version, finder, seen, check).items():
            hits.setdefault((version.dataset_id, item), (how, column, version.pk))
    for run in Run.objects.filter(organization_id=organization_id).exclude(drops_key="").select_related("input"):
        if objects.exists(run.drops_key):
            with objects.local_path(run.drops_key) as path:
                for item, (how, column) in finder.in_file(path).items():
                    hits.setdefault((run.input.dataset_id, item), (how, column, None))
    for dataset_id, item in _in_tasks(organization_id, sought):
        hits.setdefault((dataset_id, item), (TEXT, "", None))
    _add_copies(hits, versions)
    return hits


def _add_copies(hits: Hits, versions: list[Version]) -> None:
    """Add the changed copies of items that were found; a copy has none."""
    parents: dict[int, list[int]] = {}
    for dataset_id, item in hits:
        parents.setdefault(dataset_id, []).append(item)
    for version in versions:
        if version.dataset_id in parents and COPY_OF in dict(version.manifest["columns"]):
            wanted = np.array(parents[version.dataset_id], np.int64)
            with open_objects(version) as reader:
                for path in reader.paths:
                    for item in copies_in(path, wanted).tolist():
                        hits.setdefault((version.dataset_id, item), (COPY, COPY_OF, version.pk))


def living_versions(organization_id: int) -> list[Version]:
    """Return all versions whose objects are there, in the trash too, newest first."""
    rows = Version.objects.filter(organization_id=organization_id, objects_removed_at=None)
    return list(rows.select_related("dataset").order_by("-pk"))


def _in_version(
    version: Version, finder: Finder, seen: dict[tuple[str, str], dict[int, tuple[str, str]]], check: Check
) -> dict[int, tuple[str, str]]:
    image = version.manifest["roles"].get("image", "")
    found: dict[int, tuple[str, str]] = {}
    with open_objects(version) as reader:
        for path, part in zip(reader.paths, reader.manifest.parts, strict=True):
            key = (part.sha256, image)
            if key not in seen:
                seen[key] = finder.in_file(path, check, image)
            found |= seen[key]
    check()
    return found


def _in_tasks(organization_id: int, sought: Sought) -> Iterator[tuple[int, int]]:
    """Give the items whose tasks hold a value: copies of parts of items, or what was sent and is in no version yet."""
    projects = dict(Project.objects.filter(organization_id=organization_id).values_list("pk", "version__dataset_id"))
    for name in ("labeling.Task", "labeling.LabelStudioTask"):
        table = TABLES[name]
        for task in rows_with(name, table, table.blanked, organization_id, sought.matcher()):
            yield projects[task.project_id], task.item_id


def store_hits(erasure: Erasure, hits: Hits) -> int:
    """Write hits that are not there yet and how many versions hold each item; return how many are new."""
    before = erasure.hits.count()
    rows = [
        ErasureHit(erasure=erasure, dataset_id=dataset, item_id=item, how=how, column=column[:200], version_id=version)
        for (dataset, item), (how, column, version) in sorted(hits.items())
    ]
    ErasureHit.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2_000)
    _count_versions(erasure, hits)
    return erasure.hits.count() - before


def _count_versions(erasure: Erasure, hits: Hits) -> None:
    by_dataset: dict[int, list[int]] = {}
    for dataset, item in hits:
        by_dataset.setdefault(dataset, []).append(item)
    for dataset, items in by_dataset.items():
        wanted, counts = np.array(items, np.int64), dict.fromkeys(items, 0)
        shown: dict[int, int] = {}
        for version in living_versions(erasure.organization_id):
            if version.dataset_id == dataset:
                for item in items_of(version, wanted):
                    counts[item] += 1
                    shown.setdefault(item, version.pk)
        rows = list(erasure.hits.filter(dataset_id=dataset, item_id__in=items))
        for row in rows:
            row.version_count = counts[row.item_id]
            row.version_id = row.version_id or shown.get(row.item_id)
        ErasureHit.objects.bulk_update(rows, ["version_count", "version"], batch_size=1_000)


def items_of(version: Version, wanted: Any) -> list[int]:
    """Return which items a version holds."""
    with open_objects(version) as reader:
        return sorted({int(item) for path in reader.paths for item in items_in(path, wanted)})


def sweep(erasure: Erasure, sought: Sought, check: Check) -> tuple[int, list[int]]:
    """Search once more; return how many items are new, and the versions that hold an item that was to go."""
    new = store_hits(erasure, search_items(erasure.organization_id, sought, lambda *_told: check()))
    left: list[int] = []
    for dataset, items in going(erasure).items():
        versions = [one for one in living_versions(erasure.organization_id) if one.dataset_id == dataset]
        left += [version.pk for version in versions if items_of(version, items)]
    return new, left


def going(erasure: Erasure) -> dict[int, Any]:
    """Return the items that go, int64 [n] by dataset."""
    found: dict[int, list[int]] = {}
    for dataset, item in erasure.hits.filter(kept=False).order_by("item_id").values_list("dataset_id", "item_id"):
        found.setdefault(dataset, []).append(item)
    return {dataset: np.array(items, np.int64) for dataset, items in found.items()}
