"""One or many uploads become a version, or more rows behind those of the newest one."""

import csv
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core import objects
from core.errors import DomainError
from curation.engine.reader import VersionReader
from curation.engine.readers import Batch, ReadError, sniff
from curation.engine.staging import Staged, check_fit, settle_columns, stage, write_joined
from curation.models import Dataset, Provenance, Upload, Version, VersionKind
from curation.services.media import store_pictures
from curation.services.provenance import record_provenance
from curation.services.spreadsheet import harmless
from curation.services.version import NewestMoved, commit_version, newest_version, open_version
from workers.context import JobContext

# Fields of what was said of a file, and how long each may be on a version; files that differ are named one after the
# other.
_SAID = {"licence": 120, "source": 500, "consent": 200}


@dataclass(slots=True)
class Arrival:
    """A file that is being imported together with others.

    Attributes:
        upload: The file.
        staged: Its good rows.
        code: Why nothing of it is taken; empty when it is.
        reason: The same in words.
    """

    upload: Upload
    staged: Staged | None = None
    code: str = ""
    reason: str = ""
    line: int | None = None


@dataclass(slots=True)
class Taken:
    """The version that files were made into, and the first item of each.

    Attributes:
        version: The version.
        added: Rows that it has more than the one before.
        warnings: What people should know.
    """

    version: Version
    added: int
    warnings: list[str] = field(default_factory=list)


def read_uploads(job: JobContext, uploads: list[Upload], folder: Path) -> list[Arrival]:
    """Read files to their ends; the refused rows of each are stored with it.

    Args:
        job: Progress is told in bytes.
        uploads: In the order of their rows.
        folder: Takes the good rows.
    """
    tally = _Tally(job, sum(upload.byte_count for upload in uploads), len(uploads))
    arrivals = []
    for number, upload in enumerate(uploads):
        arrival = Arrival(upload)
        tally.begin(number)
        _read_one(arrival, folder / f"staged-{number:06d}.parquet", tally)
        tally.end(arrival)
        arrivals.append(arrival)
    return arrivals


@dataclass(slots=True)
class _Tally:
    """Tells the progress of reading several files as one."""

    job: JobContext
    total: int
    count: int
    stage: str = ""
    before: int = 0
    good: int = 0
    bad: int = 0

    def begin(self, number: int) -> None:
        self.stage = _("reading")
        if self.count > 1:
            self.stage = _("reading %(number)s of %(count)s") % {"number": number + 1, "count": self.count}

    def see(self, done: int, rows: int, refused: int) -> None:
        self.job.progress(
            min(self.before + done, self.total), self.total, self.stage,
            rows_done=self.good + rows, rows_refused=self.bad + refused,
        )  # fmt: skip

    def end(self, arrival: Arrival) -> None:
        self.before += arrival.upload.byte_count
        self.good += arrival.staged.rows if arrival.staged else 0
        self.bad += arrival.upload.refused_count
        self.see(0, 0, 0)


def _read_one(arrival: Arrival, target: Path, tally: _Tally) -> None:
    upload = arrival.upload
    listed = target.with_suffix(".refused.csv")
    bad = 0
    with objects.local_path(upload.object_key) as path, listed.open("w", encoding="utf-8-sig", newline="") as sink:
        rows = csv.writer(sink)
        rows.writerow(["line", "code", "reason", "raw"])

        def see(batch: Batch, good: int) -> None:
            nonlocal bad
            rows.writerows([row.line, row.code, row.reason, harmless(row.raw)] for row in batch.refused)
            bad += len(batch.refused)
            if batch.pictures:
                store_pictures(organization_id=upload.organization_id, pictures=batch.pictures)
            tally.see(min(batch.bytes_read, upload.byte_count), good, bad)

        try:
            arrival.staged = stage(path, sniff(path, upload.file_name, **upload.options), target, see)
        except ReadError as error:
            arrival.code, arrival.reason, arrival.line = error.code, error.message, error.line
    keep_refused(upload, listed, bad)
    listed.unlink()
    if arrival.staged is not None and arrival.staged.rows == 0:
        arrival.staged = None
        arrival.code = "no_good_rows"
        arrival.reason = no_good_rows(bad)


def no_good_rows(bad: int) -> str:
    """Return the sentence on a file of which nothing is left."""
    return _("No row of the file is good: %(bad)s were refused. Download the list to see why.") % {"bad": bad}


def keep_refused(upload: Upload, listed: Path, bad: int) -> None:
    """Store the list of a file's refused rows, if there are any."""
    upload.refused_count = bad
    upload.refused_key = ""
    if bad:
        upload.refused_key = objects.put_file(
            listed, objects.key("refused", upload.organization_id, f"upload-{upload.pk}.csv")
        )
    upload.save(update_fields=["refused_count", "refused_key", "updated_at"])


def commit_arrivals(
    *, job: JobContext, dataset: Dataset, arrivals: list[Arrival], append: bool, folder: Path, note: str, settle: Any
) -> Taken | None:
    """Commit the good rows of files as one version; files that do not fit are marked with the reason.

    Args:
        job: The job; the version is tied to it.
        dataset: Where the version belongs.
        arrivals: From `read_uploads`.
        append: Put the rows behind those of the newest version, whose rows, ids and parts stay as they are.
        folder: Takes the new parts.
        note: One line on what was done.
        settle: Called as ``settle(version, arrivals)`` in the transaction that makes the version.

    Returns:
        The version, or None when no file is left.
    """
    while True:
        base = newest_version(dataset) if append else None
        _refuse_encoded(base)
        with open_version(base) if base else nullcontext() as reader:
            if not _fit(arrivals, reader):
                return None
            try:
                return _commit(job, dataset, arrivals, base, reader, folder, note, settle, append)
            except NewestMoved:
                # Somebody else's rows came in between; ours go behind them.
                continue


def _refuse_encoded(base: Version | None) -> None:
    if base is not None and base.manifest.get("encoders"):
        detail = _(
            "v%(number)s holds scaled or encoded columns, so raw rows cannot stand behind it. Put it in the trash, or "
            "import the file as a version of its own and run the plan on that."
        )
        raise DomainError("version_encoded", detail % {"number": base.number})


def _fit(arrivals: list[Arrival], reader: VersionReader | None) -> bool:
    """Mark the files whose values do not fit; tell whether any is left."""
    left = [entry for entry in arrivals if entry.staged is not None]
    while left:
        files = [entry.staged for entry in left if entry.staged is not None]
        schema, _roles = settle_columns(files, reader)
        misfits = [(entry, check_fit(file, schema)) for entry, file in zip(left, files, strict=True)]
        if not any(misfit for _entry, misfit in misfits):
            return True
        for entry, misfit in misfits:
            if misfit is not None:
                entry.staged, entry.code, entry.reason = None, misfit.code, misfit.message
        left = [entry for entry in left if entry.staged is not None]
    return False


def _commit(
    job: JobContext,
    dataset: Dataset,
    arrivals: list[Arrival],
    base: Version | None,
    reader: VersionReader | None,
    folder: Path,
    note: str,
    settle: Any,
    append: bool,
) -> Taken:
    taken = [entry for entry in arrivals if entry.staged is not None]
    files = [entry.staged for entry in taken if entry.staged is not None]
    added = sum(file.rows for file in files)
    first = _reserve_ids(job, dataset, added)
    schema, roles = settle_columns(files, reader)
    total = added + (base.row_count if base else 0)
    manifest = write_joined(
        folder, files, schema=schema, roles=roles, first_item_id=first, base=reader,
        progress=lambda rows: job.progress(rows, total, _("writing")),
    )  # fmt: skip

    def belongs(version: Version) -> None:
        item_id = first
        for entry, file in zip(taken, files, strict=True):
            record_provenance(version=version, upload=entry.upload, first_item_id=item_id, row_count=file.rows)
            item_id += file.rows
        settle(version, arrivals)

    warnings = _warnings(dataset, taken, append)
    job.save_state({**job.state, "warnings": warnings, "added": added})
    version = commit_version(
        job=job,
        dataset=dataset,
        parent=base,
        kind=VersionKind.IMPORT,
        folder=folder,
        manifest=manifest,
        note=note,
        **_said(base, [entry.upload for entry in taken]),
        newest=(base.pk if base else 0) if append else None,
        settle=belongs,
    )
    return Taken(version, added, warnings)


def _warnings(dataset: Dataset, taken: list[Arrival], append: bool) -> list[str]:
    several = len(taken) > 1
    found = []
    for entry in taken:
        assert entry.staged is not None
        sentences = list(dict.fromkeys(entry.staged.warnings))
        earlier = Provenance.objects.filter(dataset=dataset, sha256=entry.upload.sha256).select_related("version")
        again = earlier.order_by("-pk").first() if append else None
        if again is not None:
            number = again.version.number if again.version else "?"
            sentences.append(
                _("A file with exactly this content came in with v%(number)s already, as %(name)s.")
                % {"number": number, "name": again.file_name}
            )
        found += [f"{entry.upload.file_name}: {sentence}" if several else sentence for sentence in sentences]
    return found[:100]


def _said(base: Version | None, uploads: list[Upload]) -> dict[str, Any]:
    """Return licence, source, consent and date of a version: all that its files and the version before say."""
    rows: list[Any] = [*([base] if base else []), *uploads]
    said: dict[str, Any] = {}
    for name, limit in _SAID.items():
        words = [word for row in rows for word in getattr(row, name).split("; ") if word]
        joined = ""
        for word in dict.fromkeys(words):
            longer = f"{joined}; {word}" if joined else word
            joined = longer if len(longer) <= limit else joined
        said[name] = joined
    said["collected_on"] = max((row.collected_on for row in rows if row.collected_on), default=None)
    return said


def _reserve_ids(job: JobContext, dataset: Dataset, count: int) -> int:
    """Set ids aside for exactly these rows; an attempt that comes to the same count uses those of the one before."""
    if job.state.get("reserved") != count:
        with transaction.atomic():
            first = int(Dataset.objects.select_for_update().get(pk=dataset.pk).next_item_id)
            Dataset.objects.filter(pk=dataset.pk).update(next_item_id=F("next_item_id") + count)
        job.save_state({**job.state, "first_item_id": first, "reserved": count})
    return int(job.state["first_item_id"])
