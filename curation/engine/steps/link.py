"""Rows that are the same thing in different spellings."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.linkage.link import THRESHOLD, Linked, LinkSettings, link_table
from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step, StepError
from curation.engine.steps.columns import MISSING, missing, require

ACTIONS = ("find", "drop")
KEEP = ("fullest", "first", "last", "labeled")


@dataclass(slots=True)
class _Clusters:
    """For each row in a cluster of two or more: its cluster's number, the row that stays, and how sure the link is."""

    group: dict[int, int]
    kept: dict[int, int]
    certainty: dict[int, float]
    summary: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LinkRecords(Step):
    """Finds rows of a table that are the same thing, such as one place in many spellings, and lists or drops them.

    Record linkage after Fellegi and Sunter (1969, "A theory for record linkage"): blocking, comparison of fields with
    rare values weighing more, weights estimated without labels by EM, average-linkage clusters. Memory: the compared
    columns, and about 20 bytes a candidate pair.

    Attributes:
        fields: Columns to compare.
        kinds: Column → ``text``, ``code`` (telephone numbers, postcodes) or ``number``, where the guess is wrong.
        threshold: Mean probability inside a cluster, above 0 and below 1.
        action: ``find`` lists every row of a cluster, ``drop`` keeps one of each cluster.
        keep: Which one stays: the ``fullest`` (most values, then longest), the ``first``, the ``last``, or the first
            ``labeled`` one (else the fullest).
    """

    name: ClassVar[str] = "link_records"
    title: ClassVar[str] = "Link records"
    reasons: ClassVar[dict[str, str]] = {"same_record": "Another row is the same thing in another spelling."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS, "keep": KEEP}
    fields: tuple[str, ...] = ()
    kinds: dict[str, str] = field(default_factory=dict)
    threshold: float = THRESHOLD
    action: str = "find"
    keep: str = "fullest"

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"action is {self.action!r}; choose one of {', '.join(ACTIONS)}")
        if self.keep not in KEEP:
            raise ValueError(f"keep is {self.keep!r}; choose one of {', '.join(KEEP)}")
        LinkSettings(self.threshold, self.kinds)

    def prepare(self, batches: Batches, context: Context) -> _Clusters:
        """Return the clusters of two or more rows."""
        parts: list[pa.Table] = []
        label = context.roles.get("label")
        for table in batches():
            context.check()
            require(table, self.fields)
            wanted = ["item_id", *self.fields, *([label] if label in table.schema.names else [])]
            parts.append(table.select(list(dict.fromkeys(wanted))))
        whole = pa.concat_tables(parts)
        try:
            linked = link_table(whole, list(self.fields), LinkSettings(self.threshold, self.kinds))
        except ValueError as error:
            raise StepError(str(error)) from None
        return _clusters(linked, whole["item_id"].to_numpy(), self._order(whole, label))

    def notes(self, state: _Clusters) -> dict[str, Any]:
        """Return how many pairs were compared and the weights that EM found."""
        return state.summary

    def apply(self, table: pa.Table, state: _Clusters, context: Context) -> Outcome:
        """List the rows of clusters, or drop all but one of each."""
        ids = table["item_id"].to_pylist()
        within = [item for item in ids if item in state.group]
        if self.action == "find":
            found = [Found(item, "same_record", _detail(item, state), state.group[item]) for item in within]
            return Outcome(table, found=found)
        drops = [Drop(item, "same_record", _detail(item, state)) for item in within if state.kept[item] != item]
        gone = {drop.item_id for drop in drops}
        keep = pa.array([item not in gone for item in ids], pa.bool_())
        return Outcome(table.filter(keep) if drops else table, drops)

    def _order(self, whole: pa.Table, label: str | None) -> np.ndarray:
        """Return for each row its rank as the one that stays; the lowest of a cluster does."""
        place = np.arange(whole.num_rows)
        if self.keep in {"first", "last"}:
            return place if self.keep == "first" else -place
        filled, length = np.zeros(len(place), np.int64), np.zeros(len(place), np.int64)
        for name in self.fields:
            there = ~missing(whole[name], MISSING).to_numpy(zero_copy_only=False)
            filled += there
            lengths = pc.fill_null(pc.utf8_length(as_text(whole[name])), 0).to_numpy(zero_copy_only=False)
            length += np.where(there, lengths, 0)
        labeled = np.zeros(len(place), bool)
        if self.keep == "labeled" and label in whole.schema.names:
            labeled = ~missing(whole[label], MISSING).to_numpy(zero_copy_only=False)
        # Among labeled rows the first stays, whatever it holds.
        order = np.lexsort((place, np.where(labeled, 0, -length), np.where(labeled, 0, -filled), ~labeled))
        rank = np.empty(len(place), np.int64)
        rank[order] = place
        return rank


def _clusters(linked: Linked, ids: np.ndarray, rank: np.ndarray) -> _Clusters:
    """Return clusters by item id; a row's certainty is that of its best link."""
    rows = np.unique(np.concatenate([linked.left, linked.right]))
    cluster = linked.cluster[rows]
    best: dict[int, int] = {}
    for row, first in sorted(zip(rows.tolist(), cluster.tolist(), strict=True), key=lambda pair: rank[pair[0]]):
        best.setdefault(first, row)
    numbers = {first: number for number, first in enumerate(np.unique(cluster).tolist(), 1)}
    certainty = np.zeros(len(ids))
    np.maximum.at(certainty, linked.left, linked.probability)
    np.maximum.at(certainty, linked.right, linked.probability)
    pairs = list(zip(rows.tolist(), cluster.tolist(), strict=True))
    return _Clusters(
        group={int(ids[row]): numbers[first] for row, first in pairs},
        kept={int(ids[row]): int(ids[best[first]]) for row, first in pairs},
        certainty={int(ids[row]): float(certainty[row]) for row, _first in pairs},
        summary={"linkage": linked.summary()},
    )


def _detail(item: int, state: _Clusters) -> str:
    kept = state.kept[item]
    sure = f"probability {state.certainty[item]:.3f}"
    return f"the one to keep; {sure}" if kept == item else f"same as item {kept}; {sure}"
