"""Values of a column: renamed by a table, or held to a range and a set."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.steps.base import Context, Drop, Found, Outcome, Step
from curation.engine.steps.columns import require, require_numbers
from curation.engine.steps.missing import constant

ACTIONS = ("find", "drop", "clip")
OTHERS = ("keep", "missing", "find", "drop")


@dataclass(frozen=True, slots=True)
class MapValues(Step):
    """Replaces values of columns by a table, such as ``M`` and ``m`` by ``male``; missing values stay missing.

    Values are compared as text after trimming, and what they become must be of the column's type.

    Attributes:
        mapping: Column → value → what it becomes; an empty text makes the value missing.
        others: What happens to values that a column's table does not name (and that it does not map to): ``keep``,
            ``missing``, ``find`` or ``drop``.
    """

    name: ClassVar[str] = "map_values"
    title: ClassVar[str] = "Map values"
    reasons: ClassVar[dict[str, str]] = {"value_unmapped": "The table of values does not name this one."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"others": OTHERS}
    mapping: dict[str, dict[str, str]] = field(default_factory=dict)
    others: str = "keep"

    def __post_init__(self) -> None:
        if self.others not in OTHERS:
            raise ValueError(f"others is {self.others!r}; choose one of {', '.join(OTHERS)}")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Return the table with its values replaced."""
        require(table, self.mapping)
        ids = table["item_id"].to_numpy()
        marks = _Marks(ids)
        changed = np.zeros(table.num_rows, bool)
        kept = table
        for name, pairs in self.mapping.items():
            before = pc.utf8_trim_whitespace(as_text(table[name]))
            place = pc.index_in(before, value_set=pa.array(pairs, pa.large_string()))
            strange = pc.and_(pc.is_valid(before), pc.is_null(place))
            known = pa.array([value for value in pairs.values() if value], pa.large_string())
            strange = pc.and_(strange, pc.invert(pc.is_in(before, value_set=known)))
            column, touched = self._replaced(table, name, pairs, place, strange)
            if self.others in {"find", "drop"}:
                marks.add(strange.to_numpy(zero_copy_only=False), "value_unmapped", name, before)
            kept = kept.set_column(kept.schema.get_field_index(name), name, column)
            changed |= touched
        return marks.outcome(kept, drop=self.others == "drop", changed=changed)

    def _replaced(
        self, table: pa.Table, name: str, pairs: dict[str, str], place: pa.Array, strange: pa.Array
    ) -> tuple[pa.Array, np.ndarray]:
        kind = table.schema.field(name).type
        values = [constant(name, value, kind) if value else None for value in pairs.values()]
        column = pc.if_else(pc.is_valid(place), pa.array(values, kind).take(place), table[name].combine_chunks())
        if self.others == "missing":
            column = pc.if_else(strange, pa.scalar(None, kind), column)
        before, after = as_text(table[name]), as_text(column)
        same = pc.equal(pc.fill_null(before, "\0"), pc.fill_null(after, "\0"))
        return column, ~same.to_numpy(zero_copy_only=False)


@dataclass(frozen=True, slots=True)
class ValueRange(Step):
    """Holds columns to a smallest and a largest number and to a set of values; missing values pass.

    Attributes:
        minimum: Column of numbers → smallest value allowed.
        maximum: Column of numbers → largest value allowed.
        allowed: Column → values allowed, compared as text after trimming.
        action: ``find`` lists the rows, ``drop`` drops them, ``clip`` brings numbers to the limit and makes values
            outside the set missing. Infinite values are clipped too.
    """

    name: ClassVar[str] = "value_range"
    title: ClassVar[str] = "Ranges and sets of values"
    reasons: ClassVar[dict[str, str]] = {
        "value_below": "The value is below the smallest one allowed.",
        "value_above": "The value is above the largest one allowed.",
        "value_not_allowed": "The value is not among the allowed ones.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    minimum: dict[str, float] = field(default_factory=dict)
    maximum: dict[str, float] = field(default_factory=dict)
    allowed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    action: str = "find"

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"action is {self.action!r}; choose one of {', '.join(ACTIONS)}")
        for name, least in self.minimum.items():
            if least > self.maximum.get(name, least):
                raise ValueError(f"the minimum of {name} is {least}, above its maximum {self.maximum[name]}")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Return the rows, listed, dropped or clipped."""
        require_numbers(table, (*self.minimum, *self.maximum))
        require(table, self.allowed)
        marks = _Marks(table["item_id"].to_numpy())
        kept = table
        for reason, limits, outside, clip in (
            ("value_below", self.minimum, pc.less, pc.max_element_wise),
            ("value_above", self.maximum, pc.greater, pc.min_element_wise),
        ):
            for name, limit in limits.items():
                bad = pc.fill_null(outside(table[name].combine_chunks(), limit), False)
                marks.add(bad.to_numpy(zero_copy_only=False), reason, name, as_text(table[name]))
                kept = self._clipped(kept, name, bad, clip, limit)
        for name, values in self.allowed.items():
            trimmed = pc.utf8_trim_whitespace(as_text(table[name]))
            bad = pc.and_(
                pc.is_valid(trimmed), pc.invert(pc.is_in(trimmed, value_set=pa.array(values, pa.large_string())))
            )
            marks.add(bad.to_numpy(zero_copy_only=False), "value_not_allowed", name, trimmed)
            if self.action == "clip":
                column = pc.if_else(bad, pa.scalar(None, kept.schema.field(name).type), kept[name].combine_chunks())
                kept = kept.set_column(kept.schema.get_field_index(name), name, column)
        if self.action == "clip":
            return Outcome(kept, changed=int(marks.rows.sum()))
        return marks.outcome(kept, drop=self.action == "drop", changed=None)

    def _clipped(self, kept: pa.Table, name: str, bad: pa.Array, clip: Any, limit: float) -> pa.Table:
        if self.action != "clip":
            return kept
        kind = kept.schema.field(name).type
        if pa.types.is_integer(kind):
            # Inside the range: 2.5 as a smallest value is 3 for whole numbers, as a largest one 2.
            limit = int(np.ceil(limit)) if clip is pc.max_element_wise else int(np.floor(limit))
        column = pc.if_else(bad, pa.scalar(limit, kind), kept[name].combine_chunks())
        return kept.set_column(kept.schema.get_field_index(name), name, column)


class _Marks:
    """Rows that a step objects to, each with its reason and value; a row is dropped once and found for each reason."""

    def __init__(self, ids: np.ndarray) -> None:
        self.ids = ids
        self.rows = np.zeros(len(ids), bool)
        self.entries: list[tuple[int, str, str]] = []

    def add(self, bad: np.ndarray, reason: str, name: str, shown: pa.Array) -> None:
        """Note the rows where `bad` is true."""
        rows = np.flatnonzero(bad)
        values = shown.take(pa.array(rows)).to_pylist()
        self.entries += [(row, reason, f"{name}: {value}") for row, value in zip(rows.tolist(), values, strict=True)]
        self.rows |= bad

    def outcome(self, kept: pa.Table, *, drop: bool, changed: np.ndarray | None) -> Outcome:
        """Return the outcome; `changed` is True for rows with a new value."""
        self.entries.sort(key=lambda entry: entry[0])
        count = 0 if changed is None else int((changed & ~self.rows if drop else changed).sum())
        if not drop:
            found = [Found(int(self.ids[row]), reason, detail) for row, reason, detail in self.entries]
            return Outcome(kept, found=found, changed=count)
        first: dict[int, tuple[str, str]] = {}
        for row, reason, detail in self.entries:
            first.setdefault(row, (reason, detail))
        drops = [Drop(int(self.ids[row]), reason, detail) for row, (reason, detail) in first.items()]
        return Outcome(kept.filter(pa.array(~self.rows)) if drops else kept, drops, changed=count)
