"""One step over all rows of its input, in shards that an interrupted run goes on behind."""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curation.engine.findings import found_rows
from curation.engine.replacements import replaced_rows, sealed_rows
from curation.engine.shards import Counts, Shards, write_whole
from curation.engine.sources import Source
from curation.engine.step_failure import apply_step, prepare_step
from curation.engine.steps.base import Context, Drop, Outcome, Step

NOTES = pa.schema([("item_id", pa.int64()), ("step", pa.string()), ("reason", pa.string()), ("detail", pa.string())])


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
        seconds: How long it took, wall time, over all attempts.
        added: Rows it added; they are counted in `rows_out`.
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
    added: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


class StepRun:
    """One step over all rows: output and notes go to shards, and a marker written last says that they are all there.

    Args:
        step: What to do.
        number: Its place in the plan, from 1.
        folder: The folder of the run.
        context: What the step may know.
        on_error: ``stop``, or ``find`` to go on with an item on which the step raises and list it as a finding.
        threads: How many batches are decided at once; the result does not depend on it.
    """

    def __init__(
        self, step: Step, number: int, folder: Path, context: Context, *, on_error: str = "stop", threads: int = 1
    ) -> None:
        self.step, self.number, self.context, self.on_error, self.threads = step, number, context, on_error, threads
        self.shards = Shards(folder / f"step-{number:03d}")
        self.marker = folder / f"step-{number:03d}.done.json"

    def run(self, source: Source, progress: Callable[[int], None]) -> StepReport:
        """Go over the rows, from the last finished shard on, and return the report.

        Raises:
            StepError: The step cannot run on this input.
            StepFailed: It raised on an item; what was finished before is kept.
        """
        if self.is_done:
            return self._report()
        done = self.shards.finished()
        total = sum(done, Counts())
        started = time.perf_counter()
        state = prepare_step(self.step, source.read, self.context, number=self.number)
        total.seconds += time.perf_counter() - started
        for place, (table, outcome, seconds) in enumerate(self._outcomes(source, state, total.rows_in), len(done)):
            counts = self._write(place, table, outcome, seconds)
            total += counts
            progress(total.rows_in)
        total.seconds = round(total.seconds, 3)
        report = StepReport(self.step.name, self.step.title, self.step.params(), **asdict(total))
        report.notes = self.step.notes(state)
        write_whole(self.marker, json.dumps(asdict(report)))
        if self.context.space is not None:
            self.context.space.remove()
        return report

    @property
    def is_done(self) -> bool:
        """Whether all rows were gone over."""
        return self.marker.exists()

    def is_damaged(self, behind: "list[StepRun]") -> bool:
        """Tell whether the step is done, the next one is not, and yet rows are missing: after a power cut perhaps."""
        if not self.is_done or (behind and behind[0].is_done):
            return False
        return sum(counts.rows_out for counts in self.shards.counts()) != self._report().rows_out

    def output(self) -> Source:
        """Return the rows that the step kept, once it has run."""
        return self.shards.source(self.shards.counts())

    def _report(self) -> StepReport:
        return StepReport(**json.loads(self.marker.read_text()))

    def _outcomes(self, source: Source, state: Any, skip: int) -> Iterator[tuple[pa.Table, Outcome, float]]:
        """Give each batch with what became of it, in order; others are decided by threads in the meantime."""

        def decide(table: pa.Table, row: int) -> tuple[pa.Table, Outcome, float]:
            started = time.perf_counter()
            where = {"number": self.number, "row": row}
            outcome = apply_step(self.step, table, state, self.context, **where, on_error=self.on_error)
            return table, outcome, (time.perf_counter() - started) / self.threads

        waiting: deque[Future[tuple[pa.Table, Outcome, float]]] = deque()
        row = skip
        with ThreadPoolExecutor(self.threads) as pool:
            try:
                for table in source.tables(skip):
                    self.context.check()
                    if self.threads == 1:
                        yield decide(table, row)
                    else:
                        waiting.append(pool.submit(decide, table, row))
                    row += table.num_rows
                    # A batch for each thread, and one that is being written: memory does not grow with the input.
                    if len(waiting) > self.threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _write(self, place: int, table: pa.Table, outcome: Outcome, seconds: float) -> Counts:
        counts = Counts(
            rows_in=table.num_rows,
            rows_out=outcome.kept.num_rows,
            changed=outcome.changed,
            dropped=dict(Counter(drop.reason for drop in outcome.drops)),
            findings=dict(Counter(entry.code for entry in outcome.found)),
            seconds=seconds,
            added=outcome.added,
        )
        drops = drop_rows(self.step.name, outcome.drops, table)
        found = found_rows(self.step.name, outcome.found, table, self.context.roles)
        replaced = replaced_rows(self.step.name, outcome.replaced)
        sealed = sealed_rows(self.context.key, outcome.replaced)
        notes = {"drops": drops, "found": found, "replaced": replaced, "sealed": sealed}
        self.shards.write(place, counts, rows=outcome.kept, **notes)
        return counts


def drop_rows(step: str, drops: list[Drop], table: pa.Table) -> pa.Table:
    """Return notes on dropped rows: item_id, step, reason, detail, then the columns as they were."""
    if not drops:
        return NOTES.empty_table()
    ids = table["item_id"].to_numpy()
    order = np.argsort(ids, kind="stable")
    wanted = np.fromiter((drop.item_id for drop in drops), np.int64, len(drops))
    rows = table.take(pa.array(order[np.searchsorted(ids, wanted, sorter=order)]))
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
