"""Train, validation and test: stratified or by time, seeded, and never through the middle of a group."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text, fold, hash64
from curation.engine.steps.base import Batches, Context, Outcome, Step, StepError, replace

NAMES = ("train", "validation", "test")
# The column by which the step augment says of what item a row is a copy.
COPY_OF = "augmented_from"


@dataclass(frozen=True, slots=True)
class Split(Step):
    """Adds the column ``split``, stratified by label.

    Equal texts (folded) always fall on the same side. So do rows with the same value in `group_column`, and whatever is
    tied to them by an equal text; a row without a value is tied by its text alone. The place of a group depends on its
    content and the seed alone, not on the order of the rows. In a table without a text, rows that are equal but for
    their id and label stay together.

    With `date_column` the newest rows are the test, those before them the validation, and the oldest are trained on:
    whole dates, as many as come nearest to the shares, and a group counts as new as its newest row. Rows without a date
    are trained on. Labels and seed then decide nothing.

    A test set is locked by the column that an earlier version wrote (`lock_column`) or by ids (`locked_items`): what is
    in that test stays there, with whatever is tied to it, and nothing else joins; the other rows are shared out between
    training and validation.

    Attributes:
        validation: Share of rows for validation, 0 to 1.
        test: Share of rows for the test, 0 to 1.
        seed: Another seed gives another split.
        group_column: Column whose equal values stay together too, such as the author or a cluster of near-duplicates.
        date_column: Column of dates, times or numbers by which to split.
        lock_column: Column that holds ``test`` for the items of a test set that must not change, such as ``split``.
        locked_items: The same, as ids of items.
    """

    name: ClassVar[str] = "split"
    version: ClassVar[int] = 2
    title: ClassVar[str] = "Split"
    validation: float = 0.1
    test: float = 0.2
    seed: int = 0
    group_column: str = ""
    date_column: str = ""
    lock_column: str = ""
    locked_items: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not (0 <= self.validation < 1 and 0 <= self.test < 1 and self.validation + self.test < 1):
            raise ValueError("validation and test are shares from 0 to 1 and leave something for training")

    def prepare(self, batches: Batches, context: Context) -> tuple[np.ndarray, np.ndarray]:
        """Return the hashes of all texts in rising order, and the side of each as 0, 1 or 2."""
        rows = _Rows()
        label = context.roles.get("label")
        for table in batches():
            context.check()
            _refuse_copies(table)
            rows.texts.append(self._keys(table, context))
            rows.groups.append(self._groups(table))
            rows.labels.append(hash64(as_text(table[label])) if label else np.zeros(table.num_rows, np.uint64))
            rows.dates.append(self._dates(table))
            rows.locked.append(self._locked(table))
        keys = np.concatenate(rows.texts)
        tied = tie(keys, np.concatenate(rows.groups)) if self.group_column else keys
        found, sides = self._sides(tied, rows)
        known, first = np.unique(keys, return_index=True)
        return known, sides[np.searchsorted(found, tied[first])]

    def _sides(self, tied: np.ndarray, rows: "_Rows") -> tuple[np.ndarray, np.ndarray]:
        """Return the groups in rising order and the side of each."""
        locked = np.concatenate(rows.locked)
        kept = np.unique(tied[locked])
        free = ~np.isin(tied, kept)
        test, validation = self.test, self.validation
        if len(kept):
            # The test is what it was: the rest keeps the proportion of training to validation that was asked for.
            test, validation = 0.0, self.validation / (1 - self.test)
        if self.date_column:
            found, sides = assign_dates(tied[free], np.concatenate(rows.dates)[free], validation=validation, test=test)
        else:
            found, sides = assign_groups(
                tied[free], np.concatenate(rows.labels)[free], validation=validation, test=test, seed=self.seed
            )
        groups = np.concatenate([found, kept])
        order = np.argsort(groups, kind="stable")
        return groups[order], np.concatenate([sides, np.full(len(kept), 2, np.int8)])[order]

    def apply(self, table: pa.Table, state: tuple[np.ndarray, np.ndarray], context: Context) -> Outcome:
        """Return the table with the column ``split``."""
        known, sides = state
        places = np.searchsorted(known, self._keys(table, context))
        names = pa.array(NAMES, pa.string()).take(pa.array(sides[places]))
        return Outcome(replace(table, "split", names), changed=table.num_rows)

    def _keys(self, table: pa.Table, context: Context) -> Any:
        """Return a hash of each row's text, or of its values where there is no text, uint64 [n]."""
        if "text" in context.roles:
            return hash64(fold(as_text(table[context.column("text")])))
        left_out = {"item_id", "split", self.lock_column, context.roles.get("id"), context.roles.get("label")}
        keys = np.zeros(table.num_rows, np.uint64)
        for entry in table.schema:
            if entry.name not in left_out and not pa.types.is_nested(entry.type):
                keys = mix(keys, 0) ^ hash64(fold(as_text(table[entry.name])))
        return keys

    def _groups(self, table: pa.Table) -> Any:
        """Return a hash of each row's group, 0 for none, uint64 [n]."""
        name = self.group_column
        if not name:
            return np.empty(0, np.uint64)
        values = pc.fill_null(as_text(self._column(table, name, "group")), "")
        return np.where(pc.equal(values, "").to_numpy(zero_copy_only=False), np.uint64(0), hash64(values))

    def _dates(self, table: pa.Table) -> Any:
        """Return each row's date as a number that rises with time, -inf for none, float64 [n]."""
        if not self.date_column:
            return np.empty(0)
        column = self._column(table, self.date_column, "split").combine_chunks()
        kind = column.type
        if pa.types.is_temporal(kind):
            column = column.cast(pa.timestamp("us", tz=getattr(kind, "tz", None))).cast(pa.int64())
        elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise StepError(
                f"The column {self.date_column} holds {kind}, no dates. Put the step infer_types before this one, with "
                "the way its dates are written in date_formats."
            )
        values = pc.fill_null(pc.cast(column, pa.float64(), safe=False), -np.inf).to_numpy(zero_copy_only=False)
        return np.where(np.isnan(values), -np.inf, values)

    def _locked(self, table: pa.Table) -> Any:
        """Return whether each row belongs to a test set that is locked, bool [n]."""
        locked = np.isin(table["item_id"].to_numpy(), np.array(self.locked_items, np.int64))
        if self.lock_column:
            column = self._column(table, self.lock_column, "lock the test")
            locked |= pc.fill_null(pc.equal(as_text(column), "test"), False).to_numpy(zero_copy_only=False)
        return locked

    def _column(self, table: pa.Table, name: str, what: str) -> pa.ChunkedArray:
        if name not in table.schema.names:
            raise StepError(f"There is no column {name} to {what} by. There are {', '.join(table.schema.names[1:])}.")
        return table[name]


class _Rows:
    """What a split must know of all rows, batch by batch."""

    def __init__(self) -> None:
        self.texts, self.groups, self.labels = ([np.empty(0, np.uint64)] for _column in range(3))
        self.dates = [np.empty(0)]
        self.locked = [np.empty(0, bool)]


def _refuse_copies(table: pa.Table) -> None:
    """Refuse items that were made of others: a copy beside its parent on another side would be a leak.

    Raises:
        StepError: There is one.
    """
    if COPY_OF in table.schema.names and table[COPY_OF].null_count < table.num_rows:
        raise StepError(
            f"Some items are changed copies of others ({COPY_OF}). Split the version that they were made from, "
            "and put the step augment behind."
        )


def tie(texts: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return one key for all rows that are tied by an equal text or an equal group, directly or through other rows.

    Args:
        texts: uint64 [n], hash of each row's text.
        groups: uint64 [n], hash of each row's group; 0 ties nothing.

    Returns:
        uint64 [n], the smallest text hash among the rows tied together, so that the order of rows does not count.
    """
    from scipy.sparse import coo_array  # slow import
    from scipy.sparse.csgraph import connected_components

    names, text = np.unique(texts, return_inverse=True)
    _values, group = np.unique(groups, return_inverse=True)
    has = groups != 0
    size = len(names) + len(_values)
    edges = coo_array((np.ones(int(has.sum()), bool), (text[has], len(names) + group[has])), shape=(size, size))
    _count, component = connected_components(edges, directed=False)
    least = np.full(size, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(least, component[: len(names)], names)
    return np.asarray(least[component[text]], np.uint64)


def assign_groups(
    keys: np.ndarray, labels: np.ndarray, *, validation: float, test: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give each group a side so that every label comes as near to the shares as whole groups allow.

    Each group belongs to the label that most of its rows carry. Within a label the groups are put in an order that
    the seed decides, and filled into test, then validation, then train. A label with three groups or more is seen on
    every side that has a share; one with fewer is first of all trained on.

    Args:
        keys: uint64 [n], the group of each row.
        labels: uint64 [n], the label of each row.
        validation: Share of rows, 0 to 1.
        test: Share of rows, 0 to 1.
        seed: Any integer.

    Returns:
        The group keys in rising order, uint64 [g], and the side of each, int8 [g]: 0 train, 1 validation, 2 test.
    """
    groups, index, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    sides = np.zeros(len(groups), np.int8)
    members: dict[int, list[int]] = defaultdict(list)
    order = np.argsort(mix(groups, seed), kind="stable")
    strata = _label_of_groups(index, labels, len(groups))
    for group in order.tolist():
        members[int(strata[group])].append(group)
    for ordered in members.values():
        _fill(sides, ordered, sizes, validation, test)
    return groups, sides


def assign_dates(
    keys: np.ndarray, dates: np.ndarray, *, validation: float, test: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give each group a side by its newest date: the newest to the test, the next to validation, the oldest to train.

    Whole dates go to a side, as many as come nearest to its share, at least one; the oldest date is always trained on.

    Args:
        keys: uint64 [n], the group of each row.
        dates: float64 [n], rising with time; -inf for none.
        validation: Share of rows, 0 to 1.
        test: Share of rows, 0 to 1.

    Returns:
        The group keys in rising order, uint64 [g], and the side of each, int8 [g]: 0 train, 1 validation, 2 test.
    """
    groups, index, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    newest = np.full(len(groups), -np.inf)
    np.maximum.at(newest, index, dates)
    days, day = np.unique(newest, return_inverse=True)
    rows = np.bincount(day, weights=sizes, minlength=len(days)).astype(np.int64)
    sides = np.zeros(len(days), np.int8)
    ordered = [place for place in range(len(days) - 1, 0, -1) if np.isfinite(days[place])]
    start = 0
    for side, share in ((2, test), (1, validation)):
        want, taken = share * int(rows.sum()), 0
        while start < len(ordered) and share > 0 and (not taken or taken + rows[ordered[start]] / 2 <= want):
            sides[ordered[start]] = side
            taken += int(rows[ordered[start]])
            start += 1
            if taken >= want:
                break
    return groups, sides[day]


def _fill(sides: np.ndarray, ordered: list[int], sizes: np.ndarray, validation: float, test: float) -> None:
    total = int(sizes[ordered].sum())
    start = 0
    for side, share, spare in ((2, test, 2), (1, validation, 1)):
        want = share * total
        taken = 0
        # What lies behind `spare` is left for the sides that come later, so that a rare label reaches them.
        while start < len(ordered) - spare and share > 0:
            size = int(sizes[ordered[start]])
            if taken and taken + size / 2 > want:
                break
            sides[ordered[start]] = side
            taken += size
            start += 1
            if taken >= want:
                break


def _label_of_groups(index: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Return for each group the label that most of its rows carry, the smallest hash among equals."""
    names, codes = np.unique(labels, return_inverse=True)
    pairs, rows = np.unique(index.astype(np.int64) * max(1, len(names)) + codes, return_counts=True)
    group, code = np.divmod(pairs, max(1, len(names)))
    best = np.lexsort((code, -rows, group))
    first = np.ones(len(best), bool)
    first[1:] = group[best][1:] != group[best][:-1]
    chosen = np.zeros(count, np.int64)
    chosen[group[best][first]] = code[best][first]
    return chosen


def mix(values: np.ndarray, seed: int) -> np.ndarray:
    """Return a pseudo-random uint64 for each value and the seed (splitmix64, Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        state = values + np.uint64(seed % 2**64) * np.uint64(0xD1342543DE82EF95) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return state ^ (state >> np.uint64(31))
