"""Runs of plans: each step reads what the one before it wrote, so memory is bounded and a killed run goes on."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.engine.benchmarks import Benchmarks, OpenedBenchmarks
from curation.engine.manifest import VersionManifest
from curation.engine.media import Media, NoMedia
from curation.engine.near.space import Space
from curation.engine.reader import VersionReader
from curation.engine.replacements import MAPPING_FILE, REPLACEMENTS_FILE, join_sealed
from curation.engine.shards import Shards, read_notes, schema_of_notes, write_whole
from curation.engine.sources import BATCH_ROWS, Source
from curation.engine.step_failure import Cancelled, StepFailed
from curation.engine.step_run import StepReport, StepRun
from curation.engine.steps.base import Context, Step
from curation.engine.writer import VersionWriter

__all__ = ["Cancelled", "RunReport", "StepFailed", "StepReport", "Steps", "emptied_by", "figures", "run_plan"]

# The steps' shards and markers, and all that a run writes into its folder; what says whose they are goes first.
STEP_FILES = ("run.json", "run.part", "step-[0-9][0-9][0-9]*", "shards", "near-duplicate-images")
NOTE_FILES = ("drops.parquet", "findings.parquet", REPLACEMENTS_FILE, MAPPING_FILE)
OWN_FILES = (*STEP_FILES, "manifest.json", "part-*.parquet", *NOTE_FILES)


class Steps(Protocol):
    """A plan, as far as a run needs it."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The configured steps in order."""

    @property
    def on_error(self) -> str:
        """``stop``, or ``find`` to go on with an item on which a step raises and list it as a finding."""

    def fingerprint(self) -> str:
        """A hash of all steps."""


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


def emptied_by(steps: Sequence[StepReport]) -> int | None:
    """Return the number, from 1, of the step that dropped the last items; None when some are left or none came in."""
    places = [number for number, step in enumerate(steps, 1) if step.rows_in and not step.rows_out]
    return places[0] if places else None


def run_plan(
    plan: Steps,
    reader: VersionReader,
    folder: Path,
    *,
    progress: Callable[[int, int, str], None] = lambda _done, _total, _stage: None,
    cancelled: Callable[[], bool] = lambda: False,
    media: Media | None = None,
    key: bytes = b"",
    benchmarks: Benchmarks | None = None,
    threads: int | None = None,
    space: Space | None = None,
    vectors: Path | None = None,
    first_new_id: int | None = None,
) -> RunReport:
    """Apply a plan to a version and write the output into a folder.

    The folder gets the parts, ``drops.parquet`` (item_id, step, reason, detail, then the item's columns as they were
    when it was dropped), ``findings.parquet``, ``replacements.parquet`` (where values were replaced, not which)
    and ``mapping.sealed`` (pseudonyms with their values, for the holder of the key); what has no rows is left out.
    Run again in the same folder after a crash, it goes on behind the last finished shard: at most one batch of rows is
    decided again, besides what the step at hand must know of all rows. The same plan on the same input gives the same
    content hash.

    Args:
        plan: The steps.
        reader: The input.
        folder: An empty folder, or that of an interrupted run of the same plan on the same input.
        progress: Called with rows done over all steps, rows in all, and what is going on.
        cancelled: Polled once a batch.
        media: The pictures of the version, when it has any.
        key: Secret bytes of the dataset, for pseudonyms and their sealed mapping.
        benchmarks: The versions that steps name beside the input.
        threads: How many batches a step decides at once; a thread for each processor when None. Most of a step's time
            is spent in compiled loops that run beside each other (`bench/parallel_steps.py`); the result does not
            depend on it.
        space: Where steps may go on when memory is short, and who works there; below `folder` when None.
        vectors: Where steps that embed find the vectors of earlier runs, and leave theirs.
        first_new_id: First of as many ids as `most_new_items` says, which no other item has or will have; the ids
            behind the last one of the input when None.

    Raises:
        Cancelled: `cancelled` returned true.
        StepError: A step cannot run on this input.
        StepFailed: A step raised on an item; run again in the same folder, the run goes on there.
    """
    _same_run(folder, plan.fingerprint(), reader.manifest.content_hash)
    beside: dict[str, Any] = {"benchmarks": benchmarks or OpenedBenchmarks(), "vectors": vectors}
    context = replace(_context(reader, cancelled, media, key, folder), **beside)
    how: dict[str, Any] = {"on_error": plan.on_error, "threads": threads or len(os.sched_getaffinity(0))}
    source_of_all = f"{plan.fingerprint()} {reader.manifest.content_hash}"
    room = replace(space or Space(folder / "shards"), source=source_of_all, check=context.check)
    runs = []
    firsts = _first_ids(plan, reader, first_new_id)
    for number, (step, first) in enumerate(zip(plan.steps, firsts, strict=True), 1):
        own = replace(context, space=replace(room, folder=room.folder / f"step-{number:03d}"), first_new_id=first)
        runs.append(StepRun(step, number, folder, own, **how))
    if any(run.is_damaged(runs[number:]) for number, run in enumerate(runs, 1)):
        _remove(folder, OWN_FILES)
        _same_run(folder, plan.fingerprint(), reader.manifest.content_hash)
    total = reader.row_count * (len(runs) + 1)
    reports: list[StepReport] = []
    source = Source.of_version(reader)
    for run in runs:
        reports.append(run.run(source, partial(_tell, progress, reader.row_count, run.number, total, run.step.title)))
        if run is runs[-1] or not runs[run.number].is_done:
            source = run.output()
        if run is not runs[0]:
            # The step before is not read again, also not by a run that goes on: its rows need no more space.
            runs[run.number - 2].shards.forget_rows()
    encoders = reader.manifest.encoders + tuple(one for report in reports for one in report.notes.get("encoders", ()))
    new = [first for step, first in zip(plan.steps, firsts, strict=True) if step.adds()]
    manifest = _write_version(_in_order(source, new), reader, folder, cancelled, encoders)
    progress(total, total, "")
    _join_notes(folder, [run.shards for run in runs])
    return RunReport(plan.fingerprint(), figures(reader.manifest), figures(manifest), reports, manifest)


def most_new_items(plan: Steps, rows: int) -> int:
    """Return how many ids a run of a plan over so many rows may need for the items that its steps add."""
    return rows * sum(step.adds() for step in plan.steps)


def clear_steps(folder: Path) -> None:
    """Remove what an interrupted run goes on from; the version and its notes stay."""
    _remove(folder, STEP_FILES)


def _first_ids(plan: Steps, reader: VersionReader, first: int | None) -> list[int]:
    """Return the first id for each step that adds items, 0 for others; each has a range of its own.

    A step adds to items that no step has added, of which there are no more than the input has rows.
    """
    adds = [step.adds() for step in plan.steps]
    if first is None:
        ids = (batch.column(0) for batch in reader.batches(["item_id"], batch_rows=100_000)) if any(adds) else ()
        first = max((pc.max(column).as_py() for column in ids if len(column)), default=0) + 1
    starts = accumulate((reader.row_count * count for count in adds), initial=first)
    return [start if count else 0 for start, count in zip(starts, adds, strict=False)]


def _in_order(source: Source, firsts: Sequence[int]) -> Source:
    """Return the rows with those that steps added behind the others, a step's after another's: in order of their ids.

    Files in the order of their ids are found in, and compared, without being sorted.
    """
    if not firsts:
        return source
    edges = [None, *firsts, None]

    def tables(skip: int) -> Iterator[pa.Table]:
        assert not skip
        for low, high in pairwise(edges):
            for table in source.read():
                ids = table["item_id"]
                if low is not None:
                    table = table.filter(pc.greater_equal(ids, low))  # noqa: PLW2901
                if high is not None:
                    table = table.filter(pc.less(table["item_id"], high))  # noqa: PLW2901
                if table.num_rows or low is None:
                    yield table

    return Source(tables)


def _context(
    reader: VersionReader, cancelled: Callable[[], bool], media: Media | None, key: bytes, folder: Path
) -> Context:
    def check() -> None:
        if cancelled():
            raise Cancelled

    return Context(dict(reader.manifest.roles), check, media or NoMedia(), key=key, folder=folder)


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
    if not marker.exists() or json.loads(marker.read_text()) != wanted:
        _remove(folder, OWN_FILES)
        write_whole(marker, json.dumps(wanted))


def _remove(folder: Path, names: tuple[str, ...]) -> None:
    """Remove files and folders by their patterns, and nothing else: the folder may hold other things of its owner."""
    for path in [path for name in names for path in folder.glob(name)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _write_version(
    source: Source,
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


def _join_notes(folder: Path, steps: list[Shards]) -> None:
    join_sealed([path for shards in steps for path in shards.notes("sealed")], folder / MAPPING_FILE)
    for kind, name in (("drops", "drops.parquet"), ("found", "findings.parquet"), ("replaced", REPLACEMENTS_FILE)):
        (folder / name).unlink(missing_ok=True)
        paths = [path for shards in steps for path in shards.notes(kind)]
        if not paths:
            continue
        schema = _joined_schema([schema_of_notes(path) for path in paths])
        with pq.ParquetWriter(folder / name, schema, compression="zstd") as sink:
            for table in _gathered(paths, schema):
                sink.write_table(table)


def _gathered(paths: list[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    """Give the notes of many small files as tables of about `BATCH_ROWS` rows, each a row group."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in (_fitted(table, schema) for path in paths for table in read_notes(path)):
        waiting.append(table)
        rows += table.num_rows
        if rows >= BATCH_ROWS:
            yield pa.concat_tables(waiting)
            waiting, rows = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


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
