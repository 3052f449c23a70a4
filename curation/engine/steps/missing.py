"""Missing values: rows that go, cells that are filled, columns that are mostly empty."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.steps.base import Batches, Context, Drop, Outcome, Step, StepError
from curation.engine.steps.columns import MISSING, missing, require, require_numbers, teaching_rows


@dataclass(slots=True)
class _Figures:
    """What is filled in where, and which columns go."""

    fill: dict[str, Any]
    leave_out: list[str]
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class MissingValues(Step):
    """Drops or fills what is missing, column by column.

    Medians, means and modes are those of the training part when the table has a column ``split``, so that nothing of
    the test leaks into it. A column without any value has none of them and stays as it is. Columns too empty go first,
    then rows, then cells are filled.

    Attributes:
        drop: Columns whose rows go when they have no value.
        constant: Column → what to fill in.
        median: Columns of numbers to fill with their median; for whole numbers the lower of the two middle ones.
        mean: Columns of numbers to fill with their mean.
        mode: Columns to fill with their most frequent value, the smallest of equally frequent ones.
        drop_columns_above: Columns with a larger share of missing values go, 0 to 1; the text, the label and the id
            stay.
        missing: Texts that mean no value.
    """

    name: ClassVar[str] = "missing_values"
    title: ClassVar[str] = "Missing values"
    reasons: ClassVar[dict[str, str]] = {"value_missing": "A column that must have a value has none."}
    drop: tuple[str, ...] = ()
    constant: dict[str, str] = field(default_factory=dict)
    median: tuple[str, ...] = ()
    mean: tuple[str, ...] = ()
    mode: tuple[str, ...] = ()
    drop_columns_above: float = 1.0
    missing: tuple[str, ...] = MISSING

    def __post_init__(self) -> None:
        if not 0 <= self.drop_columns_above <= 1:
            raise ValueError(f"drop_columns_above is {self.drop_columns_above}; it is a share from 0 to 1")
        named = Counter([*self.constant, *self.median, *self.mean, *self.mode])
        twice = [name for name, times in named.items() if times > 1]
        if twice:
            raise ValueError(f"the column {twice[0]} is filled in two ways; choose one")

    def prepare(self, batches: Batches, context: Context) -> _Figures:
        """Return the share of missing values of each column, and what is filled in."""
        empty: Counter[str] = Counter()
        rows = 0
        samples: dict[str, list[np.ndarray]] = {name: [] for name in (*self.median, *self.mean)}
        counts: dict[str, Counter[Any]] = {name: Counter() for name in self.mode}
        schema: pa.Schema | None = None
        for table in batches():
            context.check()
            if schema is None:
                schema = table.schema
                self._check(table)
            rows += table.num_rows
            for name in table.schema.names[1:]:
                empty[name] += pc.sum(missing(table[name], self.missing)).as_py() or 0
            teaching = teaching_rows(table)
            for name, parts in samples.items():
                parts.append(_filled(teaching[name], self.missing).to_numpy(zero_copy_only=False))
            for name, count in counts.items():
                for entry in pc.value_counts(_filled(teaching[name], self.missing)).to_pylist():
                    count[entry["values"]] += entry["counts"]
        assert schema is not None
        shares = {name: empty[name] / rows if rows else 0.0 for name in schema.names[1:]}
        kept = set(context.roles.values())
        too_empty = [name for name, share in shares.items() if share > self.drop_columns_above and name not in kept]
        return _Figures(self._fills(schema, samples, counts), too_empty, shares)

    def notes(self, state: _Figures) -> dict[str, Any]:
        """Return the share of missing values, what is filled in, and the columns left out."""
        shares = {name: round(share, 6) for name, share in state.shares.items() if share}
        filled = {
            name: value if isinstance(value, bool | int | float) else str(value) for name, value in state.fill.items()
        }
        return {"missing_shares": shares, "filled_with": filled, "columns_left_out": state.leave_out}

    def apply(self, table: pa.Table, state: _Figures, context: Context) -> Outcome:
        """Return the rows that stay, with their cells filled."""
        kept = table.drop_columns(state.leave_out)
        gone = np.zeros(table.num_rows, bool)
        why = [""] * table.num_rows
        for name in self.drop:
            if name in kept.schema.names:
                here = missing(table[name], self.missing).to_numpy(zero_copy_only=False) & ~gone
                for row in np.flatnonzero(here).tolist():
                    why[row] = name
                gone |= here
        ids = table["item_id"].to_numpy()
        drops = [Drop(int(ids[row]), "value_missing", why[row]) for row in np.flatnonzero(gone).tolist()]
        kept = kept.filter(pa.array(~gone)) if drops else kept
        changed = np.zeros(kept.num_rows, bool)
        for name, value in state.fill.items():
            if name not in kept.schema.names:
                continue
            place, empty = kept.schema.get_field_index(name), missing(kept[name], self.missing)
            column = pc.if_else(empty, pa.scalar(value, kept.schema.field(name).type), kept[name])
            kept = kept.set_column(place, name, column)
            changed |= empty.to_numpy(zero_copy_only=False)
        return Outcome(kept, drops, changed=int(changed.sum()))

    def _check(self, table: pa.Table) -> None:
        require(table, (*self.drop, *self.constant, *self.mode))
        require_numbers(table, (*self.median, *self.mean))

    def _fills(
        self, schema: pa.Schema, samples: dict[str, list[np.ndarray]], counts: dict[str, Counter[Any]]
    ) -> dict[str, Any]:
        fill: dict[str, Any] = {}
        for name, value in self.constant.items():
            fill[name] = constant(name, value, schema.field(name).type)
        for name, parts in samples.items():
            values = np.concatenate(parts)
            whole = pa.types.is_integer(schema.field(name).type)
            if not len(values):
                continue
            if name in self.mean:
                mean = float(values.mean())
                fill[name] = round(mean) if whole else mean
            elif whole:
                fill[name] = int(np.percentile(values, 50, method="lower"))
            else:
                fill[name] = float(np.median(values))
        for name, count in counts.items():
            if count:
                most = max(count.values())
                fill[name] = min(value for value, rows in count.items() if rows == most)
        return fill


def constant(name: str, value: str, kind: pa.DataType) -> Any:
    """Return a parameter's text as a value of a column's type.

    Raises:
        StepError: It is none.
    """
    # Arrow reads 1 and 0 as true and false too.
    try:
        return pc.cast(pa.array([value], pa.string()), kind)[0].as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise StepError(f"The column {name} holds {kind}; {value!r} is none. Name a value of that type.") from None


def _filled(column: pa.ChunkedArray, markers: tuple[str, ...]) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array.filter(pc.invert(missing(array, markers)))
