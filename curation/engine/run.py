"""Runs of plans: each step reads what the one before it wrote, so memory is bounded and a killed run goes on."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, Self

import pyarrow as pa
import pyarrow.parquet as pq

from curation.engine.findings import found_rows
from curation.engine.manifest import VersionManifest
from curation.engine.media import Media, NoMedia
from curation.engine.reader import VersionReader
from curation.engine.steps.base import Context, Drop, Step
from curation.engine.writer import VersionWriter

BATCH_ROWS = 10_000
NOTES = pa.schema([("item_id", pa.int64()), ("step", pa.string()), ("reason", pa.string()), ("detail", pa.string())])


class Steps(Protocol):
    """A plan, as far as a run needs it."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The configured steps in order."""

    def fingerprint(self) -> str:
        """A hash of all steps."""


class Cancelled(Exception):
    """The caller asked the run to stop; running it again in the same folder goes on after the last finished step."""


@dataclass(slots=True)
class StepReport:
    """What one step did.

    Attributes:
        name: The step's name.
        title: What people call it.
        params: Its parameters.
        rows_in: Rows it got.
        rows_out: Rows it kept.
        changed: Rows whose values it changed.
        dropped: Rows left out by reason.
        findings: Findings by code.
        seconds: How long it took, wall time.
        notes: What the step says beside the counts, such as the type it found for each column.
    """

    name: str
    title: str
    params: dict[str, Any]
    rows_in: int = 0
    rows_out: int = 0
    changed: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RunReport:
    """What a run did, with the figures before and after.

    Attributes:
        fingerprint: Hash of the plan.
        before: Rows, labels and text lengths of the input.
        after: The same of the output.
        steps: One report for each step.
        manifest: The output version.
    """

    fingerprint: str
    before: dict[str, Any]
    after: dict[str, Any]
    steps: list[StepReport]
    manifest: VersionManifest

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and dicts, without the manifest, which belongs to the version."""
        return {
            "fingerprint": self.fingerprint,
            "before": self.before,
            "after": self.after,
            "steps": [asdict(step) for step in self.steps],
        }


def run_plan(
    plan: Steps,
    reader: VersionReader,
    folder: Path,
    *,
    progress: Callable[[int, int, str], None] = lambda _done, _total, _stage: None,
    cancelled: Callable[[], bool] = lambda: False,
    media: Media | None = None,
    vectors: Path | None = None,
) -> RunReport:
    """Apply a plan to a version and write the output into a folder.

    The folder gets the parts, ``drops.parquet`` (item_id, step, reason, detail, then the item's columns as they were
    when it was dropped) and ``findings.parquet``; a file without rows is left out. Run again in the same folder after a
    crash, it reuses the steps that had finished. The same plan on the same input gives the same content hash.

    Args:
        plan: The steps.
        reader: The input.
        folder: An empty folder, or that of an interrupted run of the same plan on the same input.
        progress: Called with rows done over all steps, rows in all, and what is going on.
        cancelled: Polled once a batch.
        media: The pictures of the version, when it has any.
        vectors: Where steps that embed find the vectors of earlier runs, and leave theirs.

    Raises:
        Cancelled: `cancelled` returned true.
        StepError: A step cannot run on this input.
    """
    _same_run(folder, plan.fingerprint(), reader.manifest.content_hash)
    total = reader.row_count * (len(plan.steps) + 1)
    reports: list[StepReport] = []
    source = _Source.of_version(reader)
    for number, step in enumerate(plan.steps, 1):
        runner = _StepRun(step, number, folder, _context(reader, cancelled, media, vectors))
        reports.append(runner.run(source, partial(_tell, progress, reader.row_count, number, total, step.title)))
        source = _Source.of_file(folder / f"step-{number:03d}.arrow")
        # The step before is not read again, also not by a run that goes on: its rows need no more space on the disk.
        (folder / f"step-{number - 1:03d}.arrow").unlink(missing_ok=True)
    encoders = reader.manifest.encoders + tuple(one for report in reports for one in report.notes.get("encoders", ()))
    manifest = _write_version(source, reader, folder, cancelled, encoders)
    progress(total, total, "")
    _join_notes(folder, len(plan.steps))
    return RunReport(plan.fingerprint(), figures(reader.manifest), figures(manifest), reports, manifest)


def _context(
    reader: VersionReader, cancelled: Callable[[], bool], media: Media | None, vectors: Path | None
) -> Context:
    def check() -> None:
        if cancelled():
            raise Cancelled

    return Context(dict(reader.manifest.roles), check, media or NoMedia(), vectors)


def _tell(progress: Callable[[int, int, str], None], rows: int, number: int, total: int, title: str, done: int) -> None:
    """Report rows of one step as rows of the whole run."""
    progress(min(rows * number, rows * (number - 1) + done), total, title)


def figures(manifest: VersionManifest) -> dict[str, Any]:
    """Return rows, labels and text lengths of a version, as a report shows them."""
    stats = manifest.stats
    return {"rows": manifest.row_count, "labels": stats["labels"], "text_length": stats["text_length"]}


def _same_run(folder: Path, plan: str, content: str) -> None:
    """Clear the folder when it holds the steps of another plan or another input."""
    marker = folder / "run.json"
    wanted = {"plan": plan, "input": content}
    if marker.exists() and json.loads(marker.read_text()) == wanted:
        return
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    _write_whole(marker, json.dumps(wanted))


def _write_whole(path: Path, text: str) -> None:
    """Write a marker so that a kill leaves the old one or the new one, never half of it."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows that can be read from the start more than once."""

    read: Callable[[], Iterator[pa.Table]]

    @classmethod
    def of_version(cls, reader: VersionReader) -> Self:
        def read() -> Iterator[pa.Table]:
            empty = True
            for batch in reader.batches(batch_rows=BATCH_ROWS):
                empty = False
                yield pa.Table.from_batches([batch])
            if empty:
                yield reader.schema.empty_table()

        return cls(read)

    @classmethod
    def of_file(cls, path: Path) -> Self:
        def read() -> Iterator[pa.Table]:
            with pa.memory_map(str(path)) as stream, pa.ipc.open_stream(stream) as batches:
                empty = True
                for batch in batches:
                    empty = False
                    yield pa.Table.from_batches([batch])
                if empty:
                    yield batches.schema.empty_table()

        return cls(read)


class _StepRun:
    """One step over all rows: output and notes go to files, and a marker written last says that they are whole."""

    def __init__(self, step: Step, number: int, folder: Path, context: Context) -> None:
        self.step, self.number, self.folder, self.context = step, number, folder, context
        self.marker = folder / f"step-{number:03d}.done.json"

    def run(self, source: _Source, progress: Callable[[int], None]) -> StepReport:
        if self.marker.exists():
            return StepReport(**json.loads(self.marker.read_text()))
        started = time.perf_counter()
        report = StepReport(self.step.name, self.step.title, self.step.params())
        state = self.step.prepare(source.read, self.context)
        report.notes = self.step.notes(state)
        dropped: Counter[str] = Counter()
        findings: Counter[str] = Counter()
        output: pa.ipc.RecordBatchStreamWriter | None = None
        drops = _Notes(self.folder / f"step-{self.number:03d}.drops.parquet")
        found = _Notes(self.folder / f"step-{self.number:03d}.found.parquet")
        for table in source.read():
            self.context.check()
            outcome = self.step.apply(table, state, self.context)
            if output is None:
                output = pa.ipc.new_stream(str(self.folder / f"step-{self.number:03d}.arrow"), outcome.kept.schema)
            output.write_table(outcome.kept.combine_chunks())
            drops.write(_drop_rows(self.step.name, outcome.drops, table))
            found.write(found_rows(self.step.name, outcome.found, table, self.context.roles))
            dropped.update(drop.reason for drop in outcome.drops)
            findings.update(entry.code for entry in outcome.found)
            report.rows_in += table.num_rows
            report.rows_out += outcome.kept.num_rows
            report.changed += outcome.changed
            progress(report.rows_in)
        assert output is not None
        for sink in (output, drops, found):
            sink.close()
        report.dropped, report.findings = dict(dropped), dict(findings)
        report.seconds = round(time.perf_counter() - started, 3)
        _write_whole(self.marker, json.dumps(asdict(report)))
        return report


class _Notes:
    """A Parquet file that is only made when there is a row for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: pq.ParquetWriter | None = None
        path.unlink(missing_ok=True)

    def write(self, table: pa.Table) -> None:
        if table.num_rows == 0:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _drop_rows(step: str, drops: list[Drop], table: pa.Table) -> pa.Table:
    if not drops:
        return NOTES.empty_table()
    place = {item: row for row, item in enumerate(table["item_id"].to_pylist())}
    rows = table.take(pa.array([place[drop.item_id] for drop in drops], pa.int64()))
    notes = pa.table(
        {
            "item_id": rows["item_id"],
            "step": pa.array([step] * len(drops), pa.string()),
            "reason": pa.array([drop.reason for drop in drops], pa.string()),
            "detail": pa.array([drop.detail for drop in drops], pa.string()),
        }
    )
    for name in table.schema.names:
        if name not in notes.schema.names:
            notes = notes.append_column(name, rows[name])
    return notes


def _write_version(
    source: _Source,
    reader: VersionReader,
    folder: Path,
    cancelled: Callable[[], bool],
    encoders: tuple[dict[str, Any], ...],
) -> VersionManifest:
    writer = VersionWriter(folder, roles=dict(reader.manifest.roles), encoders=encoders)
    for table in source.read():
        if cancelled():
            raise Cancelled
        writer.write(table)
    return writer.finish()


def _join_notes(folder: Path, count: int) -> None:
    for kind, name in (("drops", "drops.parquet"), ("found", "findings.parquet")):
        paths = [folder / f"step-{number:03d}.{kind}.parquet" for number in range(1, count + 1)]
        paths = [path for path in paths if path.exists()]
        if not paths:
            continue
        schema = _joined_schema([pq.read_schema(path) for path in paths])
        with pq.ParquetWriter(folder / name, schema, compression="zstd") as sink:
            for path in paths:
                with pq.ParquetFile(path) as notes:
                    for batch in notes.iter_batches(batch_size=BATCH_ROWS):
                        sink.write_table(_fitted(pa.Table.from_batches([batch]), schema))


def _joined_schema(schemas: list[pa.Schema]) -> pa.Schema:
    """Return a schema for all notes; a column that a step gave another type is text where no number holds both."""
    try:
        return pa.unify_schemas(schemas, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        kinds: dict[str, pa.DataType] = {}
        for schema in schemas:
            for entry in schema:
                same = kinds.setdefault(entry.name, entry.type) == entry.type
                kinds[entry.name] = entry.type if same else pa.string()
        return pa.schema(list(kinds.items()))


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the table with all columns of a schema; those it lacks are null."""
    columns = [
        table[field.name].cast(field.type) if field.name in table.schema.names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
