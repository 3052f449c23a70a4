"""Exact duplicates."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text, fold, hash64
from curation.engine.steps.base import Batches, Context, Drop, Outcome, Step, StepError


@dataclass(frozen=True, slots=True)
class ExactDuplicates(Step):
    """Keeps the first of equal rows and drops the others, naming the one that stays.

    Rows are equal when the text (the picture where there is none), or all of `columns`, are the same; with `folded`
    after NFKC, lower case and single blanks. A 64-bit hash finds candidates, and the texts themselves decide. Memory: 8
    bytes a row, and the texts that occur more than once.
    """

    name: ClassVar[str] = "exact_duplicates"
    title: ClassVar[str] = "Drop exact duplicates"
    reasons: ClassVar[dict[str, str]] = {"duplicate": "An earlier item has the same content."}
    columns: tuple[str, ...] = ()
    folded: bool = True

    def prepare(self, batches: Batches, context: Context) -> dict[str, Any]:
        """Return the hashes that occur more than once, and an empty memory of first items."""
        hashes = [np.empty(0, np.uint64)]
        for table in batches():
            context.check()
            hashes.append(hash64(self._keys(table, context)))
        values, counts = np.unique(np.concatenate(hashes), return_counts=True)
        return {"suspects": values[counts > 1], "first": {}}

    def apply(self, table: pa.Table, state: dict[str, Any], context: Context) -> Outcome:
        """Drop the rows whose key was seen before."""
        keys = self._keys(table, context)
        rows = np.flatnonzero(np.isin(hash64(keys), state["suspects"]))
        if not len(rows):
            return Outcome(table)
        ids = table["item_id"].to_numpy()
        first: dict[str, int] = state["first"]
        keep = np.ones(table.num_rows, bool)
        drops: list[Drop] = []
        for row, key in zip(rows.tolist(), keys.take(pa.array(rows)).to_pylist(), strict=True):
            item = int(ids[row])
            kept = first.setdefault(key, item)
            if kept != item:
                keep[row] = False
                drops.append(Drop(item, "duplicate", f"same as item {kept}"))
        return Outcome(table.filter(pa.array(keep)) if drops else table, drops)

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
