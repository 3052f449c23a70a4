"""A labeled dataset of another tool becomes a version and a project with everybody's answers.

Two jobs: one makes the version and the project, the other brings tasks and answers. The file is read in each; reading
is deterministic, so a record is the same item in both.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from curation.engine.pictures.decode import PictureError
from curation.engine.pictures.facts import FACTS, as_columns
from curation.engine.pictures.taking import Picture, take
from curation.engine.writer import VersionManifest, VersionWriter
from curation.models import Upload, Version, VersionKind
from curation.services.import_ import reserve_ids
from curation.services.intake import keep_refused
from curation.services.media import store_pictures
from curation.services.provenance import record_provenance
from curation.services.spreadsheet import harmless
from curation.services.version import commit_version
from labeling.engine.cells import cell, type_of
from labeling.engine.formats.files import Files, opened
from labeling.engine.formats.record import FormatError, Losses, Reading, Record
from labeling.engine.formats.table import FORMATS, find_format
from labeling.engine.schema import Schema, parse_schema
from labeling.models import Project
from labeling.services.project import make_project
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue
from workers.work_folder import work_folder

KIND, ANSWERS_KIND = "labeling.import_labeled", "labeling.take_answers"
ID, PICTURE, FILE = "item_id", "image", "image_file"
# Records whose pictures are in memory at once.
BATCH = 50
# Overlap of a project at most: as many people may have answered one item.
MOST_OVERLAP = 100


def free_name(*, actor: Actor, name: str) -> str:
    """Return a name for a project without needless blanks.

    Raises:
        DomainError: ``name_missing``. Conflict: ``project_exists``.
    """
    name = " ".join(name.split())
    if not name:
        raise DomainError("name_missing", _("Give the project a name."), field="name")
    if Project.objects.visible_to(actor).filter(name=name).exists():
        detail = _("There is a project called %(name)s already.") % {"name": name}
        raise Conflict("project_exists", detail, field="name")
    return name


@transaction.atomic
def start_labeled_import(*, actor: Actor, upload_id: int, name: str, file_format: str = "") -> Job:
    """Send the job that makes a version and a project of a labeled dataset.

    Args:
        actor: Who imports; manages projects and data.
        upload_id: A file that was sent: one file, or an archive with pictures.
        name: Of the project.
        file_format: A row of FORMATS; found by content when empty.

    Raises:
        NotFound: No such upload. NotAllowed. Conflict: ``import_running``, ``upload_erased``, ``project_exists``.
        DomainError: ``format_unknown``, ``name_missing``.
    """
    if not actor.can("data.write"):
        raise NotAllowed(("data.write",))
    upload = Upload.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=upload_id).first()
    if upload is None:
        raise NotFound(_("There is no such upload."))
    if not upload.object_key:
        raise Conflict("upload_erased", _("This file was removed when a person was erased."))
    if upload.job is not None and upload.job.is_open:
        raise Conflict("import_running", _("This file is being imported already."), job=upload.job_id)
    if file_format and file_format not in FORMATS:
        detail = _("Choose one of these formats: %(formats)s.") % {"formats": ", ".join(FORMATS)}
        raise DomainError("format_unknown", detail, field="format")
    name = free_name(actor=actor, name=name)
    job = enqueue(
        kind=KIND,
        actor=actor,
        params={"upload_id": upload.pk, "name": name, "file_format": file_format},
        title=_("Import %(file)s with its labels") % {"file": upload.file_name},
        subject=f"dataset:{upload.dataset_id}",
    )
    upload.job = job
    upload.save(update_fields=["job", "updated_at"])
    audit.record(actor=actor, action="upload.import_labeled", subject=f"upload:{upload.pk}", job=job.pk, project=name)
    return job


def run_labeled_import(*, job: JobContext, upload_id: int, name: str, file_format: str = "") -> dict[str, Any]:
    """Make the version and the project, and send the job that brings the answers.

    Returns:
        The job's result: dataset, version, project, format, items, losses by code, and the job of the answers.
    """
    upload = Upload.objects.select_related("dataset").get(pk=upload_id, organization_id=job.organization_id)
    version = Version.objects.filter(job_id=job.job_id).first()
    if version is None:
        version = _make_version(job, upload, file_format)
    project = Project.objects.filter(version=version).first()
    if project is None:
        # The job that brings the answers makes the tasks, and says at its end from when on a model learns.
        project = make_project(
            actor=job.actor,
            version_id=version.pk,
            name=name,
            schema=job.state["schema"],
            overlap=job.state["overlap"],
            suggest_every=0,
        )
    brings = Job.objects.filter(kind=ANSWERS_KIND, subject=f"project:{project.pk}").first()
    if brings is None:
        params = {"project_id": project.pk, "upload_id": upload.pk, "file_format": job.state["format"]}
        brings = enqueue(
            kind=ANSWERS_KIND,
            actor=job.actor,
            params={**params, "first_item_id": job.state["first_item_id"], "left_out": job.state["left_out"]},
            title=_("Answers of %(project)s") % {"project": name},
            subject=f"project:{project.pk}",
        )
    return {
        "dataset": version.dataset_id,
        "version": version.pk,
        "project": project.pk,
        "format": job.state["format"],
        "items": version.row_count,
        "losses": job.state["losses"],
        "upload": upload.pk,
        "answers_job": brings.pk,
    }


@contextmanager
def _files_of(upload: Upload) -> Iterator[Files]:
    with objects.local_path(upload.object_key) as path, opened(path, upload.file_name) as files:
        yield files


def read_labeled(files: Files, file_format: str, losses: Losses) -> tuple[str, Reading]:
    """Return the format of some files and what it reads.

    Raises:
        DomainError: The files cannot be read, with the format's own code and sentence.
    """
    try:
        found = file_format or find_format(files)
        return found, FORMATS[found].read(files, losses)
    except FormatError as error:
        raise DomainError(error.code, error.message, title=_("The file cannot be read")) from None


def _make_version(job: JobContext, upload: Upload, file_format: str) -> Version:
    losses = Losses()
    with work_folder(job) as folder, _files_of(upload) as files:
        found, reading = read_labeled(files, file_format, losses)
        schema = parse_schema(reading.schema)
        staged = folder / "records.jsonl"
        count, columns, overlap = _stage(job, reading, staged, losses)
        if not count:
            raise DomainError("no_good_rows", _("No item of the file could be read."), losses=dict(losses.counts))
        first = reserve_ids(job, upload, count)
        layout = _Layout(schema, columns)
        manifest, left_out = _write(job, upload, files, staged, layout, (first, count, folder), losses)
        if not manifest.row_count:
            raise DomainError("no_good_rows", _("No item of the file could be read."), losses=dict(losses.counts))
        report = folder / "refused.csv"
        _report(report, losses)
        keep_refused(upload, report, losses.total)
        # Before the version is there: an attempt that finds it needs the rest of what was read.
        made = {"format": found, "schema": layout.schema, "left_out": left_out, "losses": dict(losses.counts)}
        job.save_state({**job.state, **made, "overlap": min(max(overlap, 1), MOST_OVERLAP)})
        version = commit_version(
            job=job,
            dataset=upload.dataset,
            parent=None,
            kind=VersionKind.IMPORT,
            folder=folder,
            manifest=manifest,
            note=upload.file_name,
            licence=upload.licence,
            source=upload.source,
            consent=upload.consent,
            collected_on=upload.collected_on,
        )
    record_provenance(version=version, upload=upload, first_item_id=first, row_count=version.row_count)
    return version


def _stage(job: JobContext, reading: Reading, staged: Path, losses: Losses) -> tuple[int, dict[str, set[str]], int]:
    """Write what items are down and return how many, which types each column has, and the most people on one item."""
    columns: dict[str, set[str]] = {}
    count = overlap = 0
    with staged.open("wb") as out:
        for count, record in enumerate(reading.records(), 1):
            for name, value in record.fields.items():
                columns.setdefault(name, set()).add(type(value).__name__ if value is not None else "NoneType")
            overlap = max(overlap, len({said.by for said in record.answers}))
            _tell_of_earlier(record, losses)
            row = {"name": record.name, "fields": record.fields, "picture": record.picture}
            out.write(orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))
            if count % 500 == 0:
                job.progress(count, reading.items, _("reading"), rows_done=count)
    return count, columns, overlap


def _tell_of_earlier(record: Record, losses: Losses) -> None:
    """Note answers and predictions that a later one of the same person or model takes the place of."""
    for code, rows in (("answer_earlier", record.answers), ("prediction_earlier", record.predictions)):
        for by, times in Counter(said.by for said in rows).items():
            if times > 1:
                who = by or "somebody who is not named"
                losses.add(record.name, code, f"There are {times} of {who} for this item. The last one is kept.")


class _Layout:
    """How records become rows: names and types of the columns, and the schema over these names."""

    def __init__(self, schema: Schema, columns: dict[str, set[str]]) -> None:
        self.picture = schema.picture
        taken = {ID, *((PICTURE, FILE, *FACTS) if self.picture else ())}
        self.names: dict[str, str] = {}
        for name in [*columns, *(name for name in schema.needed if name != self.picture and name not in columns)]:
            free, number = name, 2
            while free in taken or free in self.names.values():
                free, number = f"{name}_{number}", number + 1
            self.names[name] = free
        self.types = {name: type_of(columns.get(name, set())) for name in self.names}
        self.schema = _renamed(schema.to_json(), {**self.names, **({self.picture: PICTURE} if self.picture else {})})
        shown = [self.names.get(name, name) for name in schema.texts]
        self.roles = {**({"text": shown[0]} if shown else {}), **({"image": PICTURE} if self.picture else {})}

    @property
    def arrow(self) -> pa.Schema:
        """The columns of the version."""
        fields = [pa.field(ID, pa.int64())]
        if self.picture:
            facts = [pa.field(name, kind) for name, kind in FACTS.items()]
            fields += [pa.field(PICTURE, pa.string()), pa.field(FILE, pa.string()), *facts]
        return pa.schema([*fields, *(pa.field(self.names[name], kind) for name, kind in self.types.items())])

    def cells(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the columns of one record."""
        return {self.names[name]: cell(values.get(name), kind) for name, kind in self.types.items()}


def _renamed(schema: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a schema that names columns as the version does."""
    for row in [*schema["display"], *schema["controls"]]:
        for key in ("field", "a", "b", "start_from"):
            if isinstance(row.get(key), str) and row[key] in names:
                row[key] = names[row[key]]
        for column in row.get("columns", []):
            column["field"] = names.get(column["field"], column["field"])
    return schema


def _write(
    job: JobContext,
    upload: Upload,
    files: Files,
    staged: Path,
    layout: _Layout,
    place: tuple[int, int, Path],
    losses: Losses,
) -> tuple[VersionManifest, list[int]]:
    """Write the version's parts, and return the manifest and the records whose picture could not be taken."""
    first, count, folder = place
    writer = VersionWriter(folder, roles=layout.roles)
    left_out: list[int] = []
    next_id, done = first, 0
    for rows in _batches(staged):
        taken = _take_all(files, [row["picture"] for row in rows])
        kept: list[dict[str, Any]] = []
        pictures: dict[str, Picture] = {}
        for number, (row, picture) in enumerate(zip(rows, taken, strict=True), done):
            if isinstance(picture, PictureError):
                losses.add(row["name"], picture.code, picture.message)
                left_out.append(number)
                continue
            cells = {ID: next_id, **layout.cells(row["fields"])}
            if layout.picture:
                cells |= picture_columns(picture, row["name"])
            if picture is not None:
                pictures[picture.sha256] = picture
            kept.append(cells)
            next_id += 1
        if pictures:
            store_pictures(organization_id=upload.organization_id, pictures=list(pictures.values()))
        if kept:
            writer.write(pa.Table.from_pylist(kept, schema=layout.arrow))
        done += len(rows)
        job.progress(done, count, _("writing"), rows_done=next_id - first, rows_refused=len(left_out))
    return writer.finish(), left_out


def _batches(staged: Path) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    with staged.open("rb") as lines:
        for line in lines:
            rows.append(orjson.loads(line))
            if len(rows) == BATCH:
                yield rows
                rows = []
    if rows:
        yield rows


def _take_all(files: Files, paths: list[str]) -> list[Picture | PictureError | None]:
    """Take the pictures of a batch in, two at a time; None for a record without one."""

    def one(path: str) -> Picture | PictureError | None:
        if not path:
            return None
        try:
            return take(files.bytes(path), path)
        except PictureError as error:
            return error

    if not any(paths):
        return [None] * len(paths)
    with ThreadPoolExecutor(2, thread_name_prefix="pictures") as pool:
        return list(pool.map(one, paths))


def picture_columns(picture: Picture | None, name: str) -> dict[str, Any]:
    """Return the columns in which a version keeps a picture and what is known of it; none for none."""
    if picture is None:
        return {}
    facts = (picture.width, picture.height, picture.format, picture.mode, len(picture.data))
    return {PICTURE: picture.sha256, FILE: name, **as_columns(*facts, picture.measures, picture.oddities)}


def _report(path: Path, losses: Losses) -> None:
    """Write the losses as the list of refused rows: number, code, reason, and where."""
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        rows = csv.writer(sink)
        rows.writerow(["line", "code", "reason", "raw"])
        for number, loss in enumerate(losses.listed, 1):
            rows.writerow([number, loss.code, harmless(loss.reason), harmless(loss.where)])


def records_with_items(reading: Reading, first_item_id: int, left_out: list[int]) -> Iterator[tuple[int, Record]]:
    """Give each record that became an item with the item's id."""
    gone, item = set(left_out), first_item_id
    for number, record in enumerate(reading.records()):
        if number not in gone:
            yield item, record
            item += 1
