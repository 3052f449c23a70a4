"""Training items that the test, or a benchmark, holds too."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.benchmarks import CONTENT_HASH, VERSION_ID
from curation.engine.folding import as_text
from curation.engine.leakage import MATCHERS, Matches, TooManyMatches
from curation.engine.near.shingles import Shingles, exact_threshold
from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step, StepError
from curation.engine.steps.columns import TRAIN, require

ACTIONS = ("find", "drop")
HELD_OUT = ("validation", "test")
# Code points of a benchmark's text in a finding, which has room for 500.
QUOTED = 300


@dataclass(frozen=True, slots=True)
class SplitLeakage(Step):
    """Finds or drops items of the training part that the validation or test part, or a benchmark, holds too.

    A test that shares items with training measures memory (Lee et al. 2022, "Deduplicating training data makes language
    models better", section 5). Equal texts are found whatever their case and blanks; with ``near`` also texts whose
    sets of shingles have at least the given Jaccard similarity, all of them (an exact join). Memory: the texts of both
    sides, and for ``near`` about 300 bytes a short text more.

    Attributes:
        method: How alike texts must be: ``exact`` or ``near``.
        threshold: Least similarity for ``near``, above 0, at most 1.
        shingles: For ``near``: ``auto`` (characters for Chinese and Japanese text, words for other), ``word:K`` or
            ``char:K``.
        split_column: Column that holds ``train``, ``validation`` and ``test``. Empty: every item is one to train on,
            and only the benchmark counts.
        columns: Columns that make up the text, joined by a line feed; the text column when empty. A benchmark has the
            same columns.
        benchmark: Another version that training items may not be like, by its content hash, or in a service by the
            number in its page's address; all of its rows count.
        benchmark_column: Column that holds a benchmark's texts, in any rows, which training items may not be like.
        action: ``find`` or ``drop``.
    """

    name: ClassVar[str] = "split_leakage"
    version: ClassVar[int] = 2
    title: ClassVar[str] = "Leakage between splits"
    reasons: ClassVar[dict[str, str]] = {
        "in_held_out": "An item of the validation or test part has the same text, or nearly the same.",
        "in_benchmark": "A benchmark has the same text, or nearly the same.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"method": tuple(MATCHERS), "action": ACTIONS}
    method: str = "exact"
    threshold: float = 0.8
    shingles: str = "auto"
    split_column: str = "split"
    columns: tuple[str, ...] = ()
    benchmark: str = ""
    benchmark_column: str = ""
    action: str = "find"

    def __post_init__(self) -> None:
        if self.method not in MATCHERS:
            raise ValueError(f"method is {self.method!r}; choose one of {', '.join(MATCHERS)}")
        if self.action not in ACTIONS:
            raise ValueError(f"action is {self.action!r}; choose one of {', '.join(ACTIONS)}")
        exact_threshold(self.threshold)
        if self.shingles != "auto":
            Shingles.parse(self.shingles)
        if self.benchmark and not (CONTENT_HASH.fullmatch(self.benchmark) or VERSION_ID.fullmatch(self.benchmark)):
            raise ValueError(
                f"benchmark is {self.benchmark[:80]!r}; give a version's number as in its address, or its content hash"
            )

    def prepare(self, batches: Batches, context: Context) -> dict[int, tuple[str, str]]:
        """Return the training items that leak with the reason and a detail.

        Raises:
            StepError: A column or the benchmark is not there, or nothing is named to compare with.
        """
        if not (self.split_column or self.benchmark or self.benchmark_column):
            raise StepError("split_column is empty and no benchmark is given, so there is nothing to compare with.")
        training, held_out, benchmark = _Texts(), _Texts(), _Texts()
        for table in batches():
            context.check()
            texts, ids = self._texts(table, context.roles), table["item_id"]
            if self.split_column:
                side = pc.fill_null(as_text(table[self.split_column]), "")
                training.add(texts, ids, pc.equal(side, TRAIN))
                held_out.add(texts, ids, pc.is_in(side, value_set=pa.array(HELD_OUT, pa.large_string())))
            else:
                training.add(texts, ids, pa.array(np.ones(table.num_rows, bool)))
            if self.benchmark_column:
                listed = as_text(table[self.benchmark_column])
                benchmark.add(listed, ids, pc.is_valid(listed))
        leaks: dict[int, tuple[str, str]] = {}
        self._compare(leaks, training, held_out, "in_held_out", "item")
        self._compare(leaks, training, benchmark, "in_benchmark", "the row of item")
        self._compare(leaks, training, self._benchmark(context), "in_benchmark", "benchmark item")
        return leaks

    def _compare(
        self, leaks: dict[int, tuple[str, str]], training: "_Texts", others: "_Texts", reason: str, shown: str
    ) -> None:
        """Note the training items that are like one of the others and were not noted before."""
        if not len(others.ids):
            return
        try:
            found = MATCHERS[self.method](training.texts, others.texts, self.threshold, self.shingles)
        except TooManyMatches as error:
            raise StepError(str(error)) from None
        items, partners = training.ids[found.left], others.ids[found.right]
        told = zip(items.tolist(), partners.tolist(), found.similarity.tolist(), strict=True)
        quotes = self._quotes(others, found) if reason == "in_benchmark" else [""] * len(items)
        for (item, other, likeness), quote in zip(told, quotes, strict=True):
            leaks.setdefault(item, (reason, f"{shown} {other}, similarity {likeness:.3f}{quote}"))

    def _quotes(self, others: "_Texts", found: Matches) -> list[str]:
        """Return the texts that were matched, which no version beside the item shows, cut for a detail."""
        texts = others.texts.take(pa.array(found.right))
        cut = pc.utf8_slice_codeunits(texts, 0, QUOTED)
        more = pc.if_else(pc.greater(pc.utf8_length(texts), QUOTED), "…", "")
        return [f": “{text}{dots}”" for text, dots in zip(cut.to_pylist(), more.to_pylist(), strict=True)]

    def _benchmark(self, context: Context) -> "_Texts":
        """Return the texts of the version that is named."""
        found = _Texts()
        if not self.benchmark:
            return found
        reader = context.benchmarks.reader(self.benchmark)
        if reader is None:
            raise StepError(
                f"There is no version with the content {self.benchmark[:12]} to compare with. Give the number of a "
                "version that is not in the trash, or, on the command line, a file with --benchmark."
            )
        names = self._compared(reader.manifest.roles, "benchmark")
        missing = [name for name in names if name not in reader.schema.names]
        if missing:
            there = ", ".join(reader.schema.names[1:])
            raise StepError(f"The benchmark has no column {missing[0]}. It has {there}.")
        for batch in reader.batches(["item_id", *names]):
            context.check()
            table = pa.Table.from_batches([batch])
            texts = _joined(table, names)
            found.add(texts, table["item_id"], pc.not_equal(texts, ""))
        return found

    def apply(self, table: pa.Table, state: dict[int, tuple[str, str]], context: Context) -> Outcome:
        """List or drop the training items that leak."""
        ids = table["item_id"].to_numpy()
        bad = np.isin(ids, np.fromiter(state, np.int64, len(state)))
        leaking = ids[bad].tolist()
        if self.action == "find":
            return Outcome(table, found=[Found(item, *state[item]) for item in leaking])
        drops = [Drop(item, *state[item]) for item in leaking]
        return Outcome(table.filter(pa.array(~bad)) if drops else table, drops)

    def _texts(self, table: pa.Table, roles: dict[str, str]) -> pa.Array:
        """Return what is compared of each row, large_string [n] without nulls."""
        names = self._compared(roles, "version")
        if self.split_column and self.split_column not in table.schema.names and self.benchmark:
            raise StepError(
                f"There is no column {self.split_column}. Put the step split before this one, or leave split_column "
                "empty to compare every item with the benchmark."
            )
        require(table, [*(name for name in (self.split_column, self.benchmark_column) if name), *names])
        return _joined(table, names)

    def _compared(self, roles: dict[str, str], whose: str) -> tuple[str, ...]:
        if not self.columns and "text" not in roles:
            raise StepError(f"The {whose} has no text column. Name the columns to compare in columns.")
        return self.columns or (roles["text"],)


def _joined(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    parts = [pc.fill_null(as_text(table[name]), "") for name in names]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, pa.scalar("\n", pa.large_string()))


class _Texts:
    """Texts with the ids of their items, collected batch by batch."""

    def __init__(self) -> None:
        self._texts = [pa.array([], pa.large_string())]
        self._ids = [pa.array([], pa.int64())]

    def add(self, texts: pa.Array, ids: pa.Array | pa.ChunkedArray, chosen: pa.Array) -> None:
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
