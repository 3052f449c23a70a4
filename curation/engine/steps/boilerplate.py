"""Removes lines that many texts share: menus, signatures, disclaimers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text, fold, hash64
from curation.engine.steps.base import Batches, Context, Outcome, Step, drop_where, replace
from curation.engine.steps.rules import check_amounts, check_shares
from curation.engine.text_lines import Lines

# Counters of the first pass: 2^22 of 4 bytes are 16 MB, however many lines there are.
_BUCKETS = 1 << 22


@dataclass(frozen=True, slots=True)
class DropBoilerplateLines(Step):
    """Removes lines that occur in at least `min_items` texts, and in at least `min_share` of them.

    Lines are compared folded (NFKC, lower case, single blanks). Only texts of at least two lines count and lose lines,
    so that a short message which many people sent is no boilerplate; a line of fewer than `min_chars` characters is
    never one. A text that has nothing left is dropped.

    Two passes count: the first into a fixed number of buckets, which leaves few candidates; the second counts those
    exactly. Memory is 16 MB and the candidates, whatever the number of lines.
    """

    name: ClassVar[str] = "drop_boilerplate_lines"
    title: ClassVar[str] = "Drop boilerplate lines"
    reasons: ClassVar[dict[str, str]] = {"only_boilerplate": "All lines of the text occur in many other texts too."}
    min_items: int = 10
    min_share: float = 0.0
    min_chars: int = 2

    def __post_init__(self) -> None:
        check_amounts(self, "min_chars")
        check_shares(self, "min_share")
        if self.min_items < 2:
            raise ValueError(f"min_items is {self.min_items}; it must be at least 2")

    def prepare(self, batches: Batches, context: Context) -> pa.Array:
        """Return the folded lines that occur in enough texts, sorted."""
        buckets = np.zeros(_BUCKETS, np.uint32)
        rows = 0
        for size, _lines, hashes in self._hashed(batches, context):
            rows += size
            places, counts = np.unique(hashes % _BUCKETS, return_counts=True)
            buckets[places] += counts.astype(np.uint32)
        least = max(self.min_items, int(np.ceil(self.min_share * rows)))
        if not (buckets >= least).any():
            return pa.array([], pa.large_string())
        values, totals = np.empty(0, np.uint64), np.empty(0, np.int64)
        for _size, _lines, hashes in self._hashed(batches, context):
            found = hashes[buckets[hashes % _BUCKETS] >= least]
            values, totals = _added(values, totals, found)
        return self._named(batches, context, values[totals >= least])

    def apply(self, table: pa.Table, state: pa.Array, context: Context) -> Outcome:
        """Return the table without the lines; `changed` counts the texts that lost some and stay."""
        if not len(state):
            return Outcome(table)
        name = context.column("text")
        texts = as_text(table[name])
        places, parts = _several(texts)
        if not len(places):
            return Outcome(table)
        common = np.asarray(pc.is_in(fold(parts.lines), value_set=state))
        hit = np.add.reduceat(common, parts.bounds[:-1]) > 0
        if not hit.any():
            return Outcome(table)
        after = pc.utf8_trim_whitespace(parts.joined(~common)).filter(pa.array(hit))
        mask = np.zeros(len(texts), bool)
        mask[places[hit]] = True
        bare = np.zeros(len(texts), bool)
        bare[places[hit]] = np.asarray(pc.equal(after, ""))
        # A dropped item is noted as it was, so only those that stay are changed.
        outcome = drop_where(table, pa.array(bare), "only_boilerplate")
        stays = mask & ~bare
        if stays.any():
            rest = after.filter(pc.not_equal(after, ""))
            shorter = pc.replace_with_mask(texts, pa.array(stays), rest).filter(pa.array(~bare))
            outcome.kept = replace(outcome.kept, name, shorter)
        outcome.changed = int(stays.sum())
        return outcome

    def _hashed(self, batches: Batches, context: Context) -> Iterator[tuple[int, pa.Array, NDArray[np.uint64]]]:
        """Give for each batch its rows, its folded lines and their hashes; a line counts once a text."""
        for table in batches():
            context.check()
            _places, parts = _several(as_text(table[context.column("text")]))
            folded, owners = fold(parts.lines), parts.owners
            long = np.asarray(pc.greater_equal(pc.utf8_length(folded), max(1, self.min_chars)))
            hashes, owners = hash64(folded)[long], owners[long]
            order = np.lexsort((hashes, owners))
            first = np.ones(len(order), bool)
            first[1:] = (np.diff(hashes[order]) != 0) | (np.diff(owners[order]) != 0)
            chosen = order[first]
            yield table.num_rows, folded.filter(pa.array(long)).take(pa.array(chosen)), hashes[chosen]

    def _named(self, batches: Batches, context: Context, hashes: NDArray[np.uint64]) -> pa.Array:
        """Return the lines of these hashes, so that the lines themselves decide what is removed."""
        found = pa.array([], pa.large_string())
        if not len(hashes):
            return found
        for _size, lines, held in self._hashed(batches, context):
            these = lines.filter(pa.array(np.isin(held, hashes)))
            found = pc.unique(pa.concat_arrays([found, these]))
            if len(found) >= len(hashes):
                break
        return found.take(pc.sort_indices(found))


def _several(texts: pa.Array) -> tuple[NDArray[np.int64], Lines]:
    """Return which rows have several lines, and these rows taken apart."""
    several = pc.fill_null(pc.match_substring(texts, "\n"), False)
    return np.flatnonzero(np.asarray(several)), Lines.of(texts.filter(several))


def _added(
    values: NDArray[np.uint64], totals: NDArray[np.int64], found: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Count more hashes into sorted values and their totals."""
    merged, places = np.unique(np.concatenate([values, found]), return_inverse=True)
    weights = np.concatenate([totals, np.ones(len(found), np.int64)])
    return merged, np.bincount(places, weights, len(merged)).astype(np.int64)
