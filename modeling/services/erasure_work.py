"""The erasure itself: every step may be done twice, so a job whose worker died begins again and does no harm."""

import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.services import audit
from accounts.services.actor import system_actor
from core import objects
from core.errors import DomainError
from curation.engine.erasure.finding import Finder, Sought, texts_of
from curation.engine.item_lookup import items_by_id
from curation.engine.readers import ReadError, read_batches, sniff
from curation.models import Provenance, Run, Upload, Version
from curation.services.erasing import (
    Change,
    erase_from_run,
    erase_from_version,
    erase_upload,
    remove_orphans,
    remove_pending,
)
from curation.services.version import open_objects
from labeling.models import Project
from labeling.services.erasing import erase_tasks
from modeling.models import ErasedVersion, Erasure, ErasureState
from modeling.services.check import forget_checked
from modeling.services.erasure_certificate import issue_certificate
from modeling.services.erasure_ledger import replayed
from modeling.services.erasure_rows import blank_rows
from modeling.services.erasure_search import Check, going, living_versions, sought_of, sweep
from modeling.services.explaining import forget_explanations
from modeling.services.judged import forget_judged
from workers.context import JobContext
from workers.models import Job
from workers.work_folder import work_root

ROUNDS = 5
# How long an erasure waits for jobs that still read what was there before; then it can be sent again.
PATIENCE_SECONDS = 600.0
_LOOK_SECONDS = 1.0


def execute_erasure(*, job: JobContext, erasure_id: int) -> dict[str, Any]:
    """Erase what was confirmed, search once more, and issue the certificate.

    When the last search finds items that nobody has seen, the erasure goes back to review and no certificate is issued.

    Raises:
        DomainError: ``readers_under_way`` when other jobs still read what was there before.
    """
    erasure = Erasure.objects.get(pk=erasure_id, organization_id=job.organization_id)
    if erasure.state != ErasureState.ERASING:
        return _result(erasure)
    sought = sought_of(erasure, job.check)
    for number in range(ROUNDS):
        job.progress(number, ROUNDS, _("erasing"))
        carry_out(erasure, sought, job.check)
        job.progress(number, ROUNDS, _("waiting for jobs that read what was there before"))
        _wait_for_readers(job, erasure)
        clear_work_folders(erasure.organization_id)
        _add_up(erasure, remove_orphans(organization_id=erasure.organization_id))
        job.progress(number, ROUNDS, _("searching once more"))
        new, left = sweep(erasure, sought, job.check)
        if new:
            return _back_to_review(job, erasure, new)
        if not left:
            break
    else:
        raise DomainError(
            "erasure_unfinished", _("New versions came in faster than they could be erased. Send it again.")
        )
    issue_certificate(erasure=erasure, sought=sought, actor=job.actor)
    return _result(erasure)


def _result(erasure: Erasure) -> dict[str, Any]:
    erasure.refresh_from_db()
    return {"erasure": erasure.pk, "state": erasure.state, "versions": erasure.versions.count()}


@transaction.atomic
def _back_to_review(job: JobContext, erasure: Erasure, new: int) -> dict[str, Any]:
    Erasure.objects.filter(pk=erasure.pk, state=ErasureState.ERASING).update(state=ErasureState.REVIEW)
    audit.record(actor=job.actor, action="erasure.found_more", subject=f"erasure:{erasure.pk}", items=new)
    return _result(erasure) | {"new_items": new}


def carry_out(erasure: Erasure, sought: Sought, check: Check) -> None:
    """Remove what an erasure names from every place; done twice, the second time finds nothing."""
    items = going(erasure)
    removed: Counter[str] = Counter()
    removed += _from_runs(erasure, items, sought, check)
    for version in reversed(living_versions(erasure.organization_id)):
        if version.dataset_id in items:
            erase_from_version(
                version_id=version.pk, items=items[version.dataset_id], settle=_Noted(erasure), check=check
            )
    for row in erasure.versions.exclude(pending={}).order_by("pk"):
        removed += remove_pending(organization_id=erasure.organization_id, pending=row.pending)
        ErasedVersion.objects.filter(pk=row.pk).update(pending={})
    for project in Project.objects.filter(organization_id=erasure.organization_id).select_related("version"):
        if (gone := items.get(project.version.dataset_id)) is not None:
            removed += erase_tasks(project_id=project.pk, items=gone.tolist())
    removed["trainings"] += forget_judged(organization_id=erasure.organization_id, items=items)
    removed["modeling.Check"] += forget_checked(organization_id=erasure.organization_id, items=items)
    removed["modeling.Explanation"] += forget_explanations(
        organization_id=erasure.organization_id, items=items, matcher=sought.matcher()
    )
    removed["curation.Upload"] += _from_uploads(erasure, items, sought, check)
    removed += Counter(
        {f"blanked {name}": n for name, n in blank_rows(erasure.organization_id, sought.matcher()).items()}
    )
    _add_up(erasure, removed)


class _Noted:
    """Writes what became of a version, in the transaction in which it did."""

    def __init__(self, erasure: Erasure) -> None:
        self._erasure = erasure

    def __call__(self, version: Version, change: Change) -> None:
        ErasedVersion.objects.create(
            erasure=self._erasure,
            version=version,
            old_hash=change.old_hash,
            new_hash=version.content_hash,
            rest_hash=change.made.rest_after,
            rows_before=change.rows_before,
            rows_after=version.row_count,
            item_ids=change.made.gone.tolist(),
            old_parts=change.old_parts,
            new_parts=[part.sha256 for part in change.made.manifest.parts],
            pending=change.pending,
        )


def _from_runs(erasure: Erasure, items: dict[int, Any], sought: Sought, check: Check) -> Counter[str]:
    removed: Counter[str] = Counter()
    matcher, nothing = sought.matcher(), np.empty(0, np.int64)
    # Read before the versions are written again: what a mapping keeps of these items stands in their texts.
    texts = {dataset: _texts(erasure, dataset, gone) for dataset, gone in items.items()}
    for run in Run.objects.filter(organization_id=erasure.organization_id).select_related("input").order_by("pk"):
        check()
        dataset = run.input.dataset_id
        removed += erase_from_run(
            run=run, items=items.get(dataset, nothing), matcher=matcher, texts=texts.get(dataset, set())
        )
    return removed


def _texts(erasure: Erasure, dataset: int, items: Any) -> set[str]:
    found: set[str] = set()
    for version in living_versions(erasure.organization_id):
        if version.dataset_id == dataset:
            with open_objects(version) as reader:
                rows = items_by_id(reader, items.tolist()).values()
            found |= {text for row in rows for value in row.values() for text in texts_of(value)}
    return found


def _from_uploads(erasure: Erasure, items: dict[int, Any], sought: Sought, check: Check) -> int:
    """Remove original files that gave an item, or that hold a value and were never imported."""
    count = 0
    for upload in Upload.objects.filter(organization_id=erasure.organization_id).exclude(object_key="").order_by("pk"):
        check()
        ranges = Provenance.objects.filter(upload=upload).values_list("first_item_id", "last_item_id")
        gone = items.get(upload.dataset_id, np.empty(0, np.int64))
        gave = any(((gone >= first) & (gone <= last)).any() for first, last in ranges)
        if gave or upload_holds(upload, sought, check):
            count += erase_upload(upload=upload)
    return count


def upload_holds(upload: Upload, sought: Sought, check: Check) -> bool:
    """Tell whether rows of an original file, or those refused of it, hold what is sought; unreadable files do not."""
    finder = Finder(sought)
    for key, name, options in (
        (upload.object_key, upload.file_name, upload.options),
        (upload.refused_key, "refused.csv", {}),
    ):
        if not key or not objects.exists(key):
            continue
        try:
            with objects.local_path(key) as path:
                for batch in read_batches(path, sniff(path, name, **options)):
                    check()
                    if finder.any_in(batch.table, [row.raw for row in batch.refused]):
                        return True
        except ReadError:
            continue
    return False


def _add_up(erasure: Erasure, removed: Counter[str]) -> None:
    with transaction.atomic():
        row = Erasure.objects.select_for_update(of=("self",)).get(pk=erasure.pk)
        row.removed = dict(sorted((+(Counter(row.removed) + removed)).items()))
        row.save(update_fields=["removed", "updated_at"])


def _wait_for_readers(job: JobContext, erasure: Erasure) -> None:
    """Wait until no job runs that began before the versions were written again: it may still read what was there."""
    since, until = timezone.now(), time.monotonic() + PATIENCE_SECONDS
    rows = Job.objects.filter(
        organization_id=erasure.organization_id, state__in=("running", "cancelling"), started_at__lt=since
    )
    rows = rows.exclude(pk=job.job_id).exclude(kind="workers.check")
    while waiting := list(rows.order_by("pk").values_list("pk", "title")[:5]):
        job.check()
        if time.monotonic() > until:
            names = ", ".join(f"{title} ({pk})" for pk, title in waiting)
            detail = _(
                "These jobs still read what was there before: %(names)s. Wait for them or cancel them, then send this "
                "job again. What is erased stays erased."
            )
            raise DomainError("readers_under_way", detail % {"names": names}, status=409)
        time.sleep(_LOOK_SECONDS)


def clear_work_folders(organization_id: int) -> int:
    """Remove what jobs that ended left on this machine to be gone on from; they begin anew when they are sent again."""
    ended = Job.objects.filter(organization_id=organization_id, finished_at__isnull=False)
    numbers, count = set(ended.values_list("pk", flat=True)), 0
    for path in Path(work_root()).glob("*-*"):
        number = path.name.split("-")[1]
        if number.isdigit() and int(number) in numbers:
            shutil.rmtree(path, ignore_errors=True)
            count += 1
    return count


def replay_erasure(*, entry: dict[str, Any]) -> int:
    """Erase the items of a line of the ledger again; return how many versions held one.

    Only items can be named again: values in free texts of a restored database are found by a new search for the person.
    """
    erasure = replayed(entry)
    before = erasure.versions.count()
    carry_out(erasure, Sought(), lambda: None)
    _add_up(erasure, remove_orphans(organization_id=erasure.organization_id))
    actor = system_actor(organization_id=erasure.organization_id)
    issue_certificate(erasure=erasure, sought=Sought(), actor=actor)
    return erasure.versions.count() - before
