"""Diffs of two versions of a dataset: asked for, written by a job, read page by page, downloaded."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.engine.diff import write_diff
from curation.engine.diff_file import KINDS, SCHEMA, DiffFile
from curation.engine.drop_notes import Drops
from curation.models import Diff, Run, Version
from curation.services.download import FORMATS
from curation.services.version import open_version
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue
from workers.work_folder import work_folder

PAGE_LIMIT = 200
# A chain of versions longer than this is compared without reasons of the oldest runs.
PATH_LIMIT = 500


@transaction.atomic
def request_diff(*, actor: Actor, older_id: int, newer_id: int) -> tuple[Diff, Job | None]:
    """Return the diff of two versions, and the job that writes it when it is not written yet.

    Raises:
        NotFound: One of the versions is not there.
        DomainError: ``versions_unrelated`` when they belong to two datasets, ``versions_equal`` when they are one.
    """
    found = {
        version.pk: version
        for version in Version.objects.visible_to(actor)
        .filter(pk__in=[older_id, newer_id], dataset__deleted_at=None)
        .select_related("dataset")
        .defer("manifest")
    }
    if older_id == newer_id and found:
        raise DomainError("versions_equal", _("These are the same version. Choose another one to compare with."))
    if len(found) < 2:
        raise NotFound(_("There is no such version."))
    older, newer = found[older_id], found[newer_id]
    if older.dataset_id != newer.dataset_id:
        raise DomainError("versions_unrelated", _("Only versions of one dataset can be compared: items have no other."))
    diff, _made = Diff.objects.get_or_create(
        older=older, newer=newer, defaults={"organization_id": actor.organization_id}
    )
    # Two who ask at once wait here for each other, and the second finds the job of the first.
    diff = Diff.objects.select_for_update(of=("self",)).select_related("job").get(pk=diff.pk)
    if diff.summary is not None:
        return diff, None
    if diff.job is not None and diff.job.is_open:
        return diff, diff.job
    words = {"dataset": newer.dataset.name, "older": older.number, "newer": newer.number}
    diff.job = enqueue(
        kind="curation.diff",
        actor=actor,
        params={"diff_id": diff.pk},
        title=_("Compare %(dataset)s v%(older)s with v%(newer)s") % words,
        subject=f"version:{newer.pk}",
    )
    diff.save(update_fields=["job", "updated_at"])
    audit.record(actor=actor, action="diff.request", subject=f"diff:{diff.pk}", older=older_id, newer=newer_id)
    return diff, diff.job


def execute_diff(*, job: JobContext, diff_id: int) -> dict[str, Any]:
    """Write the rows of a diff; done twice, it writes the same file under the same name."""
    diff = Diff.objects.select_related("older", "newer").get(pk=diff_id, organization_id=job.organization_id)
    if diff.summary is None:
        with work_folder(job) as folder, ExitStack() as stack:
            older, newer = (stack.enter_context(open_version(version)) for version in (diff.older, diff.newer))
            drops = [
                Drops(run.pk, stack.enter_context(objects.local_path(run.drops_key)))
                for run in runs_between(older=diff.older, newer=diff.newer)
                if run.drops_key
            ]
            path = folder / "diff.parquet"
            summary = write_diff(older, newer, path, drops=drops, progress=_watch(job))
            key = objects.key("diffs", diff.organization_id, f"diff-{diff.pk}.parquet")
            objects.put_file(path, key)
        job.check()
        Diff.objects.filter(pk=diff.pk).update(summary=summary, object_key=key)
        diff.summary = summary
    counts = {name: diff.summary[name] for name in ("added", "dropped", "changed", "same")}
    return {"diff": diff.pk, "older": diff.older_id, "newer": diff.newer_id, **counts}


def _watch(job: JobContext) -> Any:
    return lambda done, total: job.progress(done, total, _("comparing"), rows_done=done)


def runs_between(*, older: Version, newer: Version) -> list[Run]:
    """Return the runs on the way from the nearest common ancestor to `newer`, the nearest to `newer` first."""
    rows = Version.objects.filter(dataset_id=newer.dataset_id).values_list("pk", "parent_id")
    parents = dict(rows)
    ancestors: set[int] = set()
    place: int | None = older.pk
    while place is not None and place not in ancestors:
        ancestors.add(place)
        place = parents.get(place)
    way: list[int] = []
    place = newer.pk
    while place is not None and place not in ancestors and len(way) < PATH_LIMIT:
        way.append(place)
        place = parents.get(place)
    made = {run.output_id: run for run in Run.objects.filter(output_id__in=way)}
    return [made[pk] for pk in way if pk in made]


def find_diff(*, actor: Actor, diff_id: int) -> Diff:
    """Return a diff with its versions, dataset and job."""
    rows = Diff.objects.visible_to(actor).select_related("older__dataset", "newer", "job")
    diff = rows.defer("older__manifest", "newer__manifest").filter(pk=diff_id, older__dataset__deleted_at=None).first()
    if diff is None:
        raise NotFound(_("There is no such comparison."))
    return diff  # type: ignore[no-any-return]


def page_of_diff(
    *,
    actor: Actor,
    diff_id: int,
    kind: str = "",
    facet: int | None = None,
    column: str = "",
    reason: str = "",
    offset: int = 0,
    limit: int = 50,
) -> dict[str, Any]:
    """Return rows of a diff; the cost does not depend on the size of the versions nor on how deep the page lies.

    Args:
        actor: Who looks.
        diff_id: The diff.
        kind: ``added``, ``dropped``, ``changed`` or ``label``; all when empty.
        facet: Number of one facet of the summary.
        column: Only changes of this column.
        reason: Only drops for this reason.
        offset: First row, from 0.
        limit: Rows, 1 to 200.

    Raises:
        NotFound: No such diff.
        DomainError: ``diff_not_ready`` while its job runs; ``kind_unknown``.
    """
    diff = find_diff(actor=actor, diff_id=diff_id)
    if diff.summary is None:
        raise Conflict("diff_not_ready", _("The comparison is being written. Ask again when its job is done."))
    if kind and kind not in KINDS:
        raise DomainError("kind_unknown", _("Choose one of these kinds: %(kinds)s.") % {"kinds": ", ".join(KINDS)})
    wanted = {"kind": kind, "column": column, "reason": reason}
    limit = max(1, min(limit, PAGE_LIMIT))
    with objects.local_path(diff.object_key) as path:
        file = DiffFile(path, diff.summary)
        chosen = file.facets(lambda entry: all(not value or entry[name] == value for name, value in wanted.items()))
        if facet is not None:
            chosen &= {facet}
        rows, total = file.page(chosen, max(0, offset), limit)
    return {"results": rows, "offset": offset, "limit": limit, "total": total}


def request_diff_download(*, actor: Actor, diff_id: int, file_format: str) -> tuple[str | None, Job | None]:
    """Return the address of a diff as a file, or the job that writes it; Parquet is there at once.

    Raises:
        DomainError: ``format_unknown`` or ``diff_not_ready``.
    """
    diff = find_diff(actor=actor, diff_id=diff_id)
    if file_format not in FORMATS:
        choices = ", ".join(FORMATS)
        raise DomainError("format_unknown", _("Choose one of these formats: %(formats)s.") % {"formats": choices})
    if diff.summary is None:
        raise Conflict("diff_not_ready", _("The comparison is being written. Ask again when its job is done."))
    key = diff.object_key if file_format == "parquet" else _download_key(diff, file_format)
    if objects.exists(key):
        audit.record(actor=actor, action="diff.download", subject=f"diff:{diff.pk}", format=file_format)
        name = f"{diff.newer.dataset.name}-v{diff.older.number}-v{diff.newer.number}.{file_format}"
        return objects.signed_url(key, name), None
    subject = f"diff:{diff.pk}"
    with transaction.atomic():
        Diff.objects.select_for_update().get(pk=diff.pk)
        running = Job.objects.visible_to(actor).filter(kind="curation.write_diff", subject=subject, finished_at=None)
        job = running.filter(params__file_format=file_format).first()
        if job is None:
            params = {"diff_id": diff.pk, "file_format": file_format}
            job = enqueue(kind="curation.write_diff", actor=actor, params=params, subject=subject)
    return None, job


def write_diff_download(*, job: JobContext, diff_id: int, file_format: str) -> dict[str, Any]:
    """Write a diff in one format and store it."""
    diff = Diff.objects.get(pk=diff_id, organization_id=job.organization_id)
    with work_folder(job) as folder, objects.local_path(diff.object_key) as source:
        path = folder / f"out.{file_format}"
        FORMATS[file_format](_watched(job, DiffFile(source, diff.summary), source), path)
        size = path.stat().st_size
        objects.put_file(path, _download_key(diff, file_format))
    return {"diff": diff.pk, "format": file_format, "bytes": size}


def _watched(job: JobContext, file: DiffFile, source: Path) -> Any:
    total, done = pq.read_metadata(source).num_rows, 0
    if total == 0:
        # A diff of equal versions is a file with a header rather than no file.
        yield pa.RecordBatch.from_pylist([], SCHEMA)
    for batch in file.batches():
        yield batch
        done += batch.num_rows
        job.progress(done, total, _("writing"), rows_done=done)


def _download_key(diff: Diff, file_format: str) -> str:
    return objects.key("diffs", diff.organization_id, f"diff-{diff.pk}.{file_format}")
