"""A part of the rows: random, stratified, or the first of each group."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from curation.engine.folding import as_text, hash64
from curation.engine.meaning.diverse import diverse
from curation.engine.meaning.texts import UNTRIED, check_encoder, embedded_rows
from curation.engine.steps.base import Batches, Context, Drop, Outcome, Step
from curation.engine.steps.columns import require
from curation.engine.steps.split import mix

STRATEGIES = ("random", "diverse")


@dataclass(frozen=True, slots=True)
class Sample(Step):
    """Keeps a part of the rows and drops the others.

    Which rows depends on their ids and the seed alone, not on their order; a larger sample with the same seed holds the
    smaller one. Exactly one of `rows`, `share` and `head` is set. Memory: 16 bytes a row.

    Attributes:
        rows: Keep this many rows, all when there are fewer.
        share: Keep this share of the rows, above 0, at most 1; rounded to whole rows.
        head: Keep the first rows of each value of `column`, in the order of the table.
        column: With `rows` or `share`: keep each value's share of the rows (the largest remainders get the rows that
            rounding leaves). Rows without a value are a group of their own.
        seed: Another seed gives another sample.
        strategy: ``random``; or ``diverse``: each next row is the one whose text is furthest in meaning from those
            chosen (k-center greedy, Gonzalez 1985), so that the sample covers the set. Then all vectors are held in
            memory, 2 kB a row, `column` and `seed` decide nothing, and rows without text are never chosen.
        encoder: With ``diverse``: ``auto`` (by the script of the texts) or a name of `curation.engine.embedding`.
    """

    name: ClassVar[str] = "sample"
    title: ClassVar[str] = "Sample"
    reasons: ClassVar[dict[str, str]] = {"not_sampled": "The row is not in the sample."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"strategy": STRATEGIES}
    rows: int = 0
    share: float = 0.0
    head: int = 0
    column: str = ""
    seed: int = 0
    strategy: str = "random"
    encoder: str = "auto"

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise ValueError(f"strategy is {self.strategy!r}; choose one of {', '.join(STRATEGIES)}")
        if self.strategy == "diverse" and (self.head or self.column):
            raise ValueError("a diverse sample has rows or a share, and neither head nor column")
        check_encoder(self.encoder)
        if self.rows < 0 or self.head < 0 or not 0 <= self.share <= 1:
            raise ValueError("rows and head are at least 0 and share is from 0 to 1")
        if sum(bool(value) for value in (self.rows, self.share, self.head)) > 1:
            raise ValueError("rows, share and head exclude each other; set one of them")
        if self.head and not self.column:
            raise ValueError("head counts within the values of a column; name it in column")

    def untried(self) -> str:
        """Say that a preview has no time for a model."""
        return UNTRIED if self.strategy == "diverse" else ""

    def prepare(self, batches: Batches, context: Context) -> np.ndarray:
        """Return the ids of the rows to keep in rising order, int64 [k]; all of them when nothing is asked for."""
        if self.strategy == "diverse" and (self.rows or self.share):
            return self._diverse(batches, context)
        ids, groups = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
        for table in batches():
            context.check()
            require(table, [self.column] if self.column else [])
            ids.append(table["item_id"].to_numpy())
            groups.append(self._groups(table))
        item, group = np.concatenate(ids), np.concatenate(groups)
        chosen = first_of_groups(group, self.head) if self.head else self._random(item, group)
        return np.sort(item[chosen])

    def apply(self, table: pa.Table, state: np.ndarray, context: Context) -> Outcome:
        """Keep the rows of the sample."""
        ids = table["item_id"].to_numpy()
        keep = np.isin(ids, state, assume_unique=False)
        drops = [Drop(item, "not_sampled") for item in ids[~keep].tolist()]
        return Outcome(table.filter(pa.array(keep)) if drops else table, drops)

    def _diverse(self, batches: Batches, context: Context) -> np.ndarray:
        rows = embedded_rows(batches, context, self.encoder)
        total = len(rows.items) + len(rows.without)
        wanted = self.rows or int(np.floor(self.share * total + 0.5))
        return np.sort(rows.items[diverse(rows.vectors, wanted, check=context.check)])

    def _groups(self, table: pa.Table) -> np.ndarray:
        if not self.column:
            return np.zeros(table.num_rows, np.uint64)
        texts = as_text(table[self.column])
        # A missing value is not an empty one.
        return np.where(texts.is_null().to_numpy(zero_copy_only=False), np.uint64(1), hash64(texts))

    def _random(self, item: np.ndarray, group: np.ndarray) -> np.ndarray:
        wanted = self.rows or int(np.floor(self.share * len(item) + 0.5))
        if not (self.rows or self.share) or wanted >= len(item):
            return np.arange(len(item))
        drawn = mix(item.astype(np.uint64), self.seed)
        order = np.lexsort((item, drawn, group))
        _names, sizes = np.unique(group, return_counts=True)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        place = np.arange(len(item)) - np.repeat(starts, sizes)
        return np.asarray(order[place < np.repeat(shares_of(sizes, wanted), sizes)])


def shares_of(sizes: np.ndarray, wanted: int) -> np.ndarray:
    """Return how many of each group's rows make up `wanted` rows, int64 [g], by largest remainders (Hamilton)."""
    exact = sizes * wanted / max(1, int(sizes.sum()))
    given = np.floor(exact).astype(np.int64)
    # Equal remainders: the larger group first, then the one that comes first.
    order = np.lexsort((np.arange(len(sizes)), -sizes, given - exact))
    given[order[: wanted - int(given.sum())]] += 1
    return given


def first_of_groups(groups: np.ndarray, count: int) -> np.ndarray:
    """Return the places of the first rows of each group, int64, rising."""
    order = np.argsort(groups, kind="stable")
    _names, sizes = np.unique(groups, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(sizes) else np.empty(0, np.int64)
    place = np.arange(len(groups)) - np.repeat(starts, sizes)
    return np.sort(order[place < count])
