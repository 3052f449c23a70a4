"""Training items that the test holds too."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.leakage import MATCHERS
from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step
from curation.engine.steps.columns import TRAIN, require

ACTIONS = ("find", "drop")
HELD_OUT = ("validation", "test")


@dataclass(frozen=True, slots=True)
class SplitLeakage(Step):
    """Finds or drops items of the training part that equal an item of the validation or test part, or a benchmark text.

    A test that shares items with training measures memory (Lee et al. 2022, "Deduplicating training data makes language
    models better", section 5). Memory: the texts of both sides.

    Attributes:
        method: How alike texts must be: a name in `curation.engine.leakage.MATCHERS`.
        threshold: Least similarity for methods that have degrees, above 0, at most 1.
        split_column: Column that holds ``train``, ``validation`` and ``test``.
        columns: Columns that make up the text, joined by a line feed; the text column when empty.
        benchmark_column: Column that holds a benchmark's texts, in any rows; training items may not equal one of them.
        action: ``find`` or ``drop``.
    """

    name: ClassVar[str] = "split_leakage"
    title: ClassVar[str] = "Leakage between splits"
    reasons: ClassVar[dict[str, str]] = {
        "in_held_out": "An item of the validation or test part has the same text.",
        "in_benchmark": "A benchmark has the same text.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"method": tuple(MATCHERS), "action": ACTIONS}
    method: str = "exact"
    threshold: float = 1.0
    split_column: str = "split"
    columns: tuple[str, ...] = ()
    benchmark_column: str = ""
    action: str = "find"

    def __post_init__(self) -> None:
        if self.method not in MATCHERS:
            raise ValueError(f"method is {self.method!r}; choose one of {', '.join(MATCHERS)}")
        if self.action not in ACTIONS:
            raise ValueError(f"action is {self.action!r}; choose one of {', '.join(ACTIONS)}")
        if not 0 < self.threshold <= 1:
            raise ValueError("threshold is above 0 and at most 1")

    def prepare(self, batches: Batches, context: Context) -> dict[int, tuple[str, str]]:
        """Return the training items that leak with the reason and a detail."""
        training, held_out, benchmark = _Texts(), _Texts(), _Texts()
        for table in batches():
            context.check()
            texts = self._texts(table, context)
            side = pc.fill_null(as_text(table[self.split_column]), "")
            ids = table["item_id"].combine_chunks()
            training.add(texts, ids, pc.equal(side, TRAIN))
            held_out.add(texts, ids, pc.is_in(side, value_set=pa.array(HELD_OUT, pa.large_string())))
            if self.benchmark_column:
                listed = as_text(table[self.benchmark_column])
                benchmark.add(listed, ids, pc.is_valid(listed))
        leaks: dict[int, tuple[str, str]] = {}
        for reason, others, shown in (
            ("in_held_out", held_out, "item"),
            ("in_benchmark", benchmark, "the row of item"),
        ):
            found = MATCHERS[self.method](training.texts, others.texts, self.threshold)
            items, partners = training.ids[found.left], others.ids[found.right]
            for item, other, likeness in zip(items.tolist(), partners.tolist(), found.similarity.tolist(), strict=True):
                leaks.setdefault(item, (reason, f"{shown} {other}, similarity {likeness:.3f}"))
        return leaks

    def apply(self, table: pa.Table, state: dict[int, tuple[str, str]], context: Context) -> Outcome:
        """List or drop the training items that leak."""
        ids = table["item_id"].to_numpy()
        bad = np.isin(ids, np.fromiter(state, np.int64, len(state)))
        leaking = ids[bad].tolist()
        if self.action == "find":
            return Outcome(table, found=[Found(item, *state[item]) for item in leaking])
        drops = [Drop(item, *state[item]) for item in leaking]
        return Outcome(table.filter(pa.array(~bad)) if drops else table, drops)

    def _texts(self, table: pa.Table, context: Context) -> pa.Array:
        names = self.columns or (context.column("text"),)
        require(table, [self.split_column, *names, *([self.benchmark_column] if self.benchmark_column else [])])
        parts = [pc.fill_null(as_text(table[name]), "") for name in names]
        return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, pa.scalar("\n", pa.large_string()))


class _Texts:
    """Texts with the ids of their items, collected batch by batch."""

    def __init__(self) -> None:
        self._texts = [pa.array([], pa.large_string())]
        self._ids = [pa.array([], pa.int64())]

    def add(self, texts: pa.Array, ids: pa.Array, chosen: pa.Array) -> None:
        """Keep the chosen rows."""
        self._texts.append(texts.filter(chosen))
        self._ids.append(as_ids(ids).filter(chosen))

    @property
    def texts(self) -> pa.Array:
        """Return all texts, large_string [n]."""
        return pa.concat_arrays(self._texts)

    @property
    def ids(self) -> np.ndarray:
        """Return all ids, int64 [n]."""
        return np.asarray(pa.concat_arrays(self._ids).to_numpy())


def as_ids(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return ids as one array of int64."""
    array = pa.concat_arrays(ids.chunks) if isinstance(ids, pa.ChunkedArray) else ids
    return array.cast(pa.int64())
