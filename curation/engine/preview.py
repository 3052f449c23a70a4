"""A plan tried on a sample: what each step would drop, change and find; bounded in rows, bytes and time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.engine.benchmarks import Benchmarks, OpenedBenchmarks
from curation.engine.copy_examples import CopyExample, TriedMedia, copy_examples
from curation.engine.folding import as_text
from curation.engine.plan import Plan
from curation.engine.reader import VersionReader
from curation.engine.step_failure import Cancelled, StepFailed, apply_step, prepare_step
from curation.engine.steps.base import Context, Outcome, Step, StepError
from curation.engine.warming import is_warm

SAMPLE_ROWS = 1_000
SAMPLE_BYTES = 4 << 20
# Decoding a group of this size takes about 0.1 s; random rows come from at most eight groups.
GROUP_BYTES = 32 << 20
GROUPS = 8
SECONDS = 8.0
# Steps look at the clock once a batch.
BATCH_ROWS = 250
EXAMPLES = 3
PREPARING = (
    "This step is being prepared for this machine, which happens once after an installation. "
    "Try the plan again in a minute."
)
TEXT = 600


@dataclass(slots=True)
class Example:
    """One item as an example.

    Attributes:
        item_id: The item.
        text: Its text, or the column that changed, as it was; cut at 600 code points.
        after: As it is after the step, for a change.
        column: Which column that is.
        label: Its label.
        detail: What the step said.
    """

    item_id: int
    text: str
    after: str = ""
    column: str = ""
    label: str | None = None
    detail: str = ""


@dataclass(slots=True)
class StepPreview:
    """What one step did to the sample.

    Attributes:
        name: The step.
        rows_in: Rows it got.
        rows_out: Rows it kept.
        changed: Rows whose values it changed.
        changes: Examples of these.
        dropped: For each reason the count, and examples.
        found: For each code the count, and examples.
        columns: Columns that it added.
        error: Why it could not run; the steps behind it were not tried.
        added: Items that it added.
        copies: Examples of these beside the items that they were made from.
    """

    name: str
    rows_in: int = 0
    rows_out: int = 0
    changed: int = 0
    changes: list[Example] = field(default_factory=list)
    dropped: dict[str, tuple[int, list[Example]]] = field(default_factory=dict)
    found: dict[str, tuple[int, list[Example]]] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    error: str = ""
    added: int = 0
    copies: list[CopyExample] = field(default_factory=list)


class OutOfTime(Cancelled):
    """The preview has used its seconds."""


def sample_rows(reader: VersionReader, *, seed: int = 0) -> pa.Table:
    """Return the first 500 rows of a version and 500 random ones, in the version's order.

    At most a thousand rows, four megabytes of values and nine row groups are read, however large the version is; random
    rows come from groups that are drawn by the seed.
    """
    first = _first_rows(reader)
    rest = _random_rows(reader, first, seed)
    table = pa.concat_tables([first, rest]) if rest.num_rows else first
    return _within(table)


def _first_rows(reader: VersionReader) -> pa.Table:
    wanted = SAMPLE_ROWS if reader.row_count <= SAMPLE_ROWS else SAMPLE_ROWS // 2
    found, rows, size = [reader.schema.empty_table()], 0, 0
    for batch in reader.batches(batch_rows=100):
        table = pa.Table.from_batches([batch]).slice(0, wanted - rows)
        found.append(table)
        rows, size = rows + table.num_rows, size + table.nbytes
        if rows >= wanted or size >= SAMPLE_BYTES // 2:
            break
    return pa.concat_tables(found)


def _random_rows(reader: VersionReader, first: pa.Table, seed: int) -> pa.Table:
    empty = reader.schema.empty_table()
    if reader.row_count <= first.num_rows:
        return empty
    rng = np.random.default_rng(seed)
    groups = [
        (path, number)
        for path, part in zip(reader.paths, reader.manifest.parts, strict=True)
        for number in range(len(part.groups))
    ]
    chosen = sorted(rng.permutation(len(groups))[:GROUPS].tolist())
    seen = pc.SetLookupOptions(first["item_id"].combine_chunks())
    found = [empty]
    for place in chosen:
        path, number = groups[place]
        with pq.ParquetFile(path, pre_buffer=False) as part:
            if part.metadata.row_group(number).total_byte_size > GROUP_BYTES:
                continue
            table = part.read_row_group(number, use_threads=False)
        table = table.filter(pc.invert(pc.is_in(table["item_id"], options=seen)))
        count = min(table.num_rows, SAMPLE_ROWS // 2 // len(chosen))
        rows = np.sort(rng.choice(table.num_rows, count, replace=False)) if count else np.empty(0, np.int64)
        found.append(table.take(pa.array(rows, pa.int64())))
    return pa.concat_tables(found)


def _within(table: pa.Table) -> pa.Table:
    """Return as many rows from the start as fit into `SAMPLE_BYTES`, at least one."""
    table = table.slice(0, SAMPLE_ROWS)
    while table.num_rows > 1 and table.combine_chunks().nbytes > SAMPLE_BYTES:
        table = table.slice(0, table.num_rows // 2)
    return table.combine_chunks()


def preview_plan(
    plan: Plan,
    sample: pa.Table,
    roles: dict[str, str],
    *,
    seconds: float = SECONDS,
    benchmarks: Benchmarks | None = None,
) -> list[StepPreview]:
    """Run a plan over a sample in this process; see `preview_steps`."""
    return list(preview_steps(plan, sample, roles, seconds=seconds, benchmarks=benchmarks))


def preview_steps(
    plan: Plan,
    sample: pa.Table,
    roles: dict[str, str],
    *,
    seconds: float = SECONDS,
    benchmarks: Benchmarks | None = None,
    media: TriedMedia | None = None,
) -> Iterator[StepPreview]:
    """Run a plan over a sample in this process, and give each step when it is done.

    Args:
        plan: The steps.
        sample: Rows of a version; figures of steps that compare items hold for the sample alone.
        roles: Which column is ``text``, ``label``, ``id``.
        seconds: Steps behind the one in which the time ran out are not tried. A step that looks at the clock nowhere,
            or compiles, is not interrupted: `curation.engine.preview_process` can end it.
        benchmarks: The versions that steps name beside the input.
        media: Some pictures of the sample, for steps that change them.
    """
    until = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > until:
            raise OutOfTime

    # Pseudonyms of a preview are not those of the run: they must not tell which value is which before it.
    beside: dict[str, Any] = {"benchmarks": benchmarks or OpenedBenchmarks(), "media": media or TriedMedia()}
    # What a step adds has no id before the run, which sets some aside.
    free = (pc.max(sample["item_id"]).as_py() or 0) + 1
    context = Context(roles, check, key=token_bytes(32), first_new_id=free, trying=True, **beside)
    table = sample
    for number, step in enumerate(plan.steps, 1):
        preview = StepPreview(step.name, rows_in=table.num_rows)
        preview.error = step.untried()
        if preview.error:
            yield preview
            return
        try:
            check()
            table = _try_step(step, number, plan.on_error, table, context, preview)
        except OutOfTime:
            preview.error = stopped(seconds)
        except StepFailed as error:
            preview.error = f"Failed {error.where()}: {error.cause}."
        except (StepError, ValueError, KeyError, pa.ArrowException) as error:
            preview.error = str(error)[:500]
        else:
            preview.rows_out = table.num_rows
        yield preview
        if preview.error:
            return


def stopped(seconds: float) -> str:
    """Return what a preview says of the step in which its time ran out."""
    return f"The preview stopped here after {seconds:g} seconds." if is_warm() else PREPARING


def _try_step(
    step: Step, number: int, on_error: str, table: pa.Table, context: Context, preview: StepPreview
) -> pa.Table:
    def batches() -> Iterator[pa.Table]:
        if not table.num_rows:
            yield table
        for start in range(0, table.num_rows, BATCH_ROWS):
            context.check()
            yield table.slice(start, BATCH_ROWS)

    state = prepare_step(step, batches, context, number=number)
    kept = []
    row = 0
    for batch in batches():
        outcome = apply_step(step, batch, state, context, number=number, row=row, on_error=on_error)
        row += batch.num_rows
        kept.append(outcome.kept)
        preview.changed += outcome.changed
        preview.added += outcome.added
        left = EXAMPLES - len(preview.copies)
        if outcome.added and left:
            preview.copies += copy_examples(batch, outcome, context.roles, context.media, left)
        _note(batch, outcome, context.roles, preview)
    after = pa.concat_tables(kept, promote_options="permissive").combine_chunks()
    preview.columns = [name for name in after.schema.names if name not in table.schema.names]
    return after


def _note(batch: pa.Table, outcome: Outcome, roles: dict[str, str], preview: StepPreview) -> None:
    if not (outcome.drops or outcome.found or outcome.changed):
        return
    place = {item: row for row, item in enumerate(batch["item_id"].to_pylist())}
    for drop in outcome.drops:
        count, examples = preview.dropped.get(drop.reason, (0, []))
        if len(examples) < EXAMPLES:
            examples.append(_example(batch, place.get(drop.item_id), drop.item_id, roles, drop.detail))
        preview.dropped[drop.reason] = (count + 1, examples)
    for entry in outcome.found:
        count, examples = preview.found.get(entry.code, (0, []))
        if len(examples) < EXAMPLES:
            examples.append(_example(batch, place.get(entry.item_id), entry.item_id, roles, entry.detail))
        preview.found[entry.code] = (count + 1, examples)
    if outcome.changed and len(preview.changes) < EXAMPLES:
        preview.changes += _changes(batch, outcome.kept, place)[: EXAMPLES - len(preview.changes)]


def _example(batch: pa.Table, row: int | None, item: int, roles: dict[str, str], detail: str) -> Example:
    if row is None:
        return Example(item, "", detail=detail[:TEXT])
    values = batch.slice(row, 1).to_pylist()[0]
    text = values.get(roles["text"]) if "text" in roles else ", ".join(str(value) for value in values.values())
    label = values.get(roles.get("label", ""))
    return Example(item, _cut(text), label=None if label is None else str(label)[:100], detail=detail[:TEXT])


def _changes(before: pa.Table, after: pa.Table, place: dict[int, int]) -> list[Example]:
    """Return the first rows that differ, column by column."""
    ids = after["item_id"].to_pylist()
    known = [row for row, item in enumerate(ids) if item in place]
    left = before.take(pa.array([place[ids[row]] for row in known], pa.int64()))
    right = after.take(pa.array(known, pa.int64()))
    found = []
    for name in right.schema.names:
        if name == "item_id" or name not in left.schema.names or pa.types.is_nested(right.schema.field(name).type):
            continue
        old, new = pc.fill_null(as_text(left[name]), "\0"), pc.fill_null(as_text(right[name]), "\0")
        for row in pc.indices_nonzero(pc.not_equal(old, new)).to_pylist()[:EXAMPLES]:
            values = (_cut(left[name][row].as_py()), _cut(right[name][row].as_py()))
            found.append(Example(right["item_id"][row].as_py(), *values, column=name))
    return found


def _cut(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= TEXT else text[:TEXT] + "…"
