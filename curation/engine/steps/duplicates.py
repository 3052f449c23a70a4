"""Exact duplicates."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text, fold, hash64
from curation.engine.steps.base import Batches, Context, Drop, Outcome, Step, StepError


@dataclass(frozen=True, slots=True)
class ExactDuplicates(Step):
    """Keeps the first of equal rows and drops the others, naming the one that stays.

    Rows are equal when the text (the picture where there is none), or all of `columns`, are the same; with `folded`
    after NFKC, lower case and single blanks. A 64-bit hash finds candidates, and the texts themselves decide. Memory: 8
    bytes a row, 16 bytes a copy, and the texts that occur more than once.
    """

    name: ClassVar[str] = "exact_duplicates"
    title: ClassVar[str] = "Drop exact duplicates"
    reasons: ClassVar[dict[str, str]] = {"duplicate": "An earlier item has the same content."}
    columns: tuple[str, ...] = ()
    folded: bool = True

    def prepare(self, batches: Batches, context: Context) -> "_Copies":
        """Return the items that go, each with the earlier one that stays."""
        hashes = []
        for table in batches():
            context.check()
            hashes.append(hash64(self._keys(table, context)))
        values, counts = np.unique(np.concatenate([np.empty(0, np.uint64), *hashes]), return_counts=True)
        suspects = values[counts > 1]
        first: dict[str, int] = {}
        gone: list[tuple[int, int]] = []
        if len(suspects):
            for table, hashed in zip(batches(), hashes, strict=True):
                context.check()
                some = table.take(pa.array(np.flatnonzero(np.isin(hashed, suspects))))
                for key, item in zip(self._keys(some, context).to_pylist(), some["item_id"].to_pylist(), strict=True):
                    kept = first.setdefault(key, item)
                    if kept != item:
                        gone.append((item, kept))
        pairs = np.array(sorted(gone), np.int64).reshape(-1, 2)
        return _Copies(pairs[:, 0].copy(), pairs[:, 1].copy())

    def apply(self, table: pa.Table, state: "_Copies", context: Context) -> Outcome:
        """Drop the items that an earlier one is equal to."""
        ids = table["item_id"].to_numpy()
        copies = np.isin(ids, state.items)
        if not copies.any():
            return Outcome(table)
        places = np.searchsorted(state.items, ids[copies])
        pairs = zip(ids[copies].tolist(), state.kept[places].tolist(), strict=True)
        drops = [Drop(item, "duplicate", f"same as item {kept}") for item, kept in pairs]
        return Outcome(table.filter(pa.array(~copies)), drops)

    def _keys(self, table: pa.Table, context: Context) -> pa.Array:
        only_pictures = "image" in context.roles and "text" not in context.roles
        names = self.columns or (context.column("image" if only_pictures else "text"),)
        unknown = [name for name in names if name not in table.schema.names]
        if unknown:
            raise StepError(f"There is no column {unknown[0]}. There are {', '.join(table.schema.names[1:])}.")
        parts = [pc.fill_null(as_text(table[name]), "") for name in names]
        if self.folded:
            parts = [fold(part) for part in parts]
        if len(parts) == 1:
            return parts[0]
        # The length before each part keeps "a, b" with "c" apart from "a" with "b, c", whatever the texts hold.
        pieces = [piece for part in parts for piece in (as_text(pc.utf8_length(part)), part)]
        return pc.binary_join_element_wise(*pieces, pa.scalar(":", pa.large_string()))


@dataclass(frozen=True, slots=True)
class _Copies:
    """Items in rising order, int64 [n], and for each the equal one that stays, int64 [n]."""

    items: NDArray[np.int64]
    kept: NDArray[np.int64]
