"""A step that raises on an item: which item it is, and going on without the step's word on it."""

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from curation.engine.steps.base import Batches, Context, Found, Outcome, Step, StepError

ON_ERROR = ("stop", "find")
CODE = "step_failed"
# A step that raises on more items than this is at fault, not the items.
MOST = 100
LONGEST_MESSAGE = 200


class Cancelled(Exception):
    """The caller asked the run to stop; running it again in the same folder goes on after the last finished shard."""


class StepFailed(Exception):
    """A step raised something that it should not; what was finished before is kept, and the run can go on from there.

    Attributes:
        number: The step's place in the plan, from 1; 0 when it is not part of one.
        name: Its name.
        item_id: The item on which it raises, None when it is not about a single one.
        row: Place of that item, or of the first one of the batch, in the step's input, from 1; 0 when it raised while
            it looked at all rows.
        last: Place of the last row of the batch when no single item is to blame, else 0.
        cause: Name of the exception and its message, cut.
    """

    def __init__(
        self,
        step: Step,
        number: int,
        error: Exception,
        *,
        item_id: int | None = None,
        row: int = 0,
        last: int = 0,
    ) -> None:
        self.number, self.name, self.item_id, self.row, self.last = number, step.name, item_id, row, last
        self.cause = describe(error)
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        return f"Step {self.number} ({self.name}) failed {self.where()}: {self.cause}. {self.mend()}"

    def where(self) -> str:
        """Return at which item or rows it failed."""
        if self.item_id is not None:
            return f"on item {self.item_id}, row {self.row:,} of what it got"
        if self.last:
            return f"on rows {self.row:,} to {self.last:,} of what it got, though on none of them alone"
        return "while it looked at all rows"

    def mend(self) -> str:
        """Return what to do about it."""
        again = "Start the run again to go on from the last finished shard"
        if self.item_id is None:
            return f"{again}; if it fails there again, leave the step out."
        return f"{again}; if it fails there again, on_error: find goes on with such items and lists them as findings."


def interrupts(error: Exception) -> bool:
    """Tell whether an error is not about items: a plan that cannot run, a stop, a full disk, too little memory."""
    return isinstance(error, StepError | StepFailed | Cancelled | OSError | MemoryError)


def describe(error: Exception) -> str:
    """Return the kind of an exception and its message, cut."""
    message = " ".join(str(error).split())[:LONGEST_MESSAGE].rstrip(".")
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def prepare_step(step: Step, batches: Batches, context: Context, *, number: int) -> Any:
    """Let a step look at all rows, and return what `apply` needs.

    Raises:
        StepFailed: It raised, which no single item can be blamed for.
    """
    try:
        return step.prepare(batches, context)
    except Exception as error:
        if interrupts(error):
            raise
        raise StepFailed(step, number, error) from error


def apply_step(
    step: Step, table: pa.Table, state: Any, context: Context, *, number: int, row: int, on_error: str = "stop"
) -> Outcome:
    """Apply a step to a batch; when it raises, find the item by halving.

    Args:
        step: What to apply; it decides each row whatever the others of the batch are.
        table: The batch.
        state: What the step prepared.
        context: What the step may know.
        number: The step's place in the plan, for the sentence.
        row: Rows of the step's input before this batch.
        on_error: ``stop``, or ``find``: the item stays as it is, with null in columns that the step adds, and becomes
            a finding with the code ``step_failed``.

    Raises:
        StepFailed: The step raised, and `on_error` is ``stop`` or it does so on more than `MOST` items of the batch.
    """
    try:
        return step.apply(table, state, context)
    except Exception as error:
        if interrupts(error):
            raise
        tries = _Tries(step, state, context, number)
        if on_error == "find" and table.num_rows:
            return tries.going_on(table, row, error)
        raise tries.blame(table, row, error) from error


@dataclass(slots=True)
class _Tries:
    """Applying a step to parts of a batch on which it raises."""

    step: Step
    state: Any
    context: Context
    number: int
    failed: list[Found] = field(default_factory=list)

    def blame(self, table: pa.Table, row: int, error: Exception) -> StepFailed:
        """Return the failure with the first item on which the step raises, found in 2 n row visits."""
        first, last = 0, table.num_rows
        while last - first > 1:
            middle = (first + last) // 2
            for start, end in ((first, middle), (middle, last)):
                found = self._error(table.slice(start, end - start))
                if found is not None:
                    first, last, error = start, end, found
                    break
            else:
                return StepFailed(self.step, self.number, error, row=row + first + 1, last=row + last)
        if not table.num_rows:
            return StepFailed(self.step, self.number, error)
        item = table["item_id"][first].as_py()
        return StepFailed(self.step, self.number, error, item_id=item, row=row + first + 1)

    def going_on(self, table: pa.Table, row: int, error: Exception) -> Outcome:
        """Return what the step made of the batch, with the items on which it raises as they were."""
        pieces = self._pieces(table, row, error)
        kept = [piece.kept for piece in pieces if isinstance(piece, Outcome)]
        schema = kept[0].schema if kept else self._columns(table, row, error)
        tables = [piece.kept if isinstance(piece, Outcome) else _fitted(piece, schema) for piece in pieces]
        outcomes = [piece for piece in pieces if isinstance(piece, Outcome)]
        return Outcome(
            pa.concat_tables(tables),
            [drop for outcome in outcomes for drop in outcome.drops],
            [found for outcome in outcomes for found in outcome.found] + self.failed,
            sum(outcome.changed for outcome in outcomes),
            added=sum(outcome.added for outcome in outcomes),
        )

    def _pieces(self, table: pa.Table, row: int, error: Exception) -> list[Outcome | pa.Table]:
        """Return the outcomes of the parts that the step takes, and the single rows that it does not, in order."""
        if table.num_rows == 1:
            item = table["item_id"][0].as_py()
            self.failed.append(Found(item, CODE, describe(error)))
            if len(self.failed) > MOST:
                raise StepFailed(self.step, self.number, error, item_id=item, row=row + 1) from error
            return [table]
        middle = table.num_rows // 2
        pieces: list[Outcome | pa.Table] = []
        for start, part in ((0, table.slice(0, middle)), (middle, table.slice(middle))):
            outcome, found = self._try(part)
            pieces += [outcome] if outcome is not None else self._pieces(part, row + start, found or error)
        return pieces

    def _columns(self, table: pa.Table, row: int, error: Exception) -> pa.Schema:
        outcome, _error = self._try(table.slice(0, 0))
        if outcome is None:
            raise self.blame(table, row, error) from error
        return outcome.kept.schema

    def _error(self, table: pa.Table) -> Exception | None:
        return self._try(table)[1]

    def _try(self, table: pa.Table) -> tuple[Outcome | None, Exception | None]:
        self.context.check()
        try:
            return self.step.apply(table, self.state, self.context), None
        except Exception as error:
            if interrupts(error):
                raise
            return None, error


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a row with the columns of a schema; what it lacks, or holds in another type, is null."""

    def column(entry: pa.Field) -> pa.ChunkedArray | pa.Array:
        if entry.name in table.schema.names:
            try:
                return table[entry.name].cast(entry.type)
            except pa.ArrowException:
                pass
        return pa.nulls(table.num_rows, entry.type)

    return pa.table([column(entry) for entry in schema], schema=schema)
