"""Near-duplicate texts: an exact join, one of each cluster kept, and pairs near the threshold shown to people."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text, hash64
from curation.engine.near.clusters import KEEP, Clusters
from curation.engine.near.shingles import Shingles, exact_threshold
from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step, StepError

if TYPE_CHECKING:
    from curation.engine.near.result import NearDuplicates as Result

ACTIONS = ("drop", "find")
KEEPS = (*KEEP, "best_quality")


@dataclass(frozen=True, slots=True)
class NearDuplicates(Step):
    """Keeps one text of each cluster of near-duplicates, by Jaccard similarity of their sets of shingles.

    All pairs at or above the threshold are found and counted in full (`curation.engine.near`); clusters are what pairs
    connect. Texts without a letter or number (or, for characters, without anything visible) are like nothing. The
    default threshold and five-word shingles are those of usual practice for training data (Lee and others 2022 drop at
    0.8 with five words). Memory: about 300 bytes a short text, 30 bytes a word of long ones.

    Attributes:
        threshold: Least similarity, above 0 to 1.
        shingles: ``auto`` (characters for Chinese and Japanese text, words for other), ``word:K`` or ``char:K``.
        keep: Which text stays: ``longest``, ``first``, ``newest`` (highest value of `newest_by`), ``labeled_first``
            (one with a label before one without, then the longest) or ``best_quality`` (highest score of
            `curation.engine.quality`: letters, signs, word length, repetition, ends of lines and encoding, by published
            signals; then the longest). Ties go to the first.
        newest_by: The column that says how new a row is: numbers, or dates written year first.
        action: ``drop``, or ``find`` to keep all and list each cluster as findings.
        near_margin: With ``drop``: pairs less than this above the threshold do not drop anything; what they alone
            connect is listed as findings.
        find_conflicts: With ``drop``: an item whose label is another one than that of the text that stays is not
            dropped; both become findings. Items without a label contradict none.
    """

    name: ClassVar[str] = "near_duplicates"
    title: ClassVar[str] = "Drop near-duplicates"
    reasons: ClassVar[dict[str, str]] = {
        "near_duplicate": "Another item has nearly the same text.",
        "near_duplicate_margin": "Another item has a similar text; whether both are needed is for a person to say.",
        "near_label_conflict": "Another item has nearly the same text and another label.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"keep": KEEPS, "action": ACTIONS}
    threshold: float = 0.8
    shingles: str = "auto"
    keep: str = "longest"
    newest_by: str = ""
    action: str = "drop"
    near_margin: float = 0.0
    find_conflicts: bool = False

    def __post_init__(self) -> None:
        exact_threshold(self.threshold)
        if self.shingles != "auto":
            Shingles.parse(self.shingles)
        for name, value, known in (("keep", self.keep, KEEPS), ("action", self.action, ACTIONS)):
            if value not in known:
                raise ValueError(f"{name} is {value!r}; choose one of {', '.join(known)}")
        if (self.keep == "newest") != bool(self.newest_by):
            raise ValueError("newest_by names the column by which keep: newest chooses; give both or neither")
        if not 0 <= self.near_margin <= 0.5:
            raise ValueError(f"near_margin is {self.near_margin}; it must be from 0 to 0.5")

    def prepare(self, batches: Batches, context: Context) -> "_Decided":
        """Read all texts and decide about each."""
        # The compiler is slow to import, and the web process reads plans without running them.
        from curation.engine.near.search import suited_shingles

        if self.shingles == "auto":
            shingles = suited_shingles(as_text(table[context.column("text")]) for table in batches())
        else:
            shingles = Shingles.parse(self.shingles)
        rows = _Rows(self, context)
        result = self._search(rows.texts(batches()), shingles, self.threshold, context)
        clusters = result.clusters()
        if self.keep == "best_quality":
            # Few texts are in clusters, and measuring is slower than reading.
            rows.measure(batches(), clusters.label >= 0)
        stays = clusters.keep(*rows.scores())
        items = rows.items()
        search = _search_notes(result)
        if self.action == "find":
            return _Decided(found=(("near_duplicate", _findings(result, clusters, stays, items)),), search=search)
        if not self.near_margin:
            dropped, found = self._dropped(result, clusters, stays, rows)
            return _Decided(dropped, found, search)
        upper = round(min(1.0, self.threshold + self.near_margin), 6)
        if result.listed:
            sure = result.rethreshold(upper)
        else:
            sure = self._search(_Rows(self, context).texts(batches()), shingles, upper, context)
        surely = sure.clusters().keep(*rows.scores())
        left = _several(np.where(surely == np.arange(len(items)), clusters.label, -1), clusters.count)
        unsure = Clusters(left.astype(np.int32), clusters.count)
        doubtful = _findings(result, unsure, unsure.keep(*rows.scores()), items)
        dropped, found = self._dropped(sure, sure.clusters(), surely, rows)
        return _Decided(dropped, (*found, ("near_duplicate_margin", doubtful)), search)

    def notes(self, state: "_Decided") -> dict[str, Any]:
        """Return how the pairs were found: method, recall, what sets were made of, and counts."""
        return {"search": state.search}

    def _dropped(
        self, result: "Result", clusters: Clusters, stays: NDArray[np.int64], rows: "_Rows"
    ) -> tuple["_Notes", tuple[tuple[str, "_Notes"], ...]]:
        """Return which items go, and the findings about those that do not because of their label."""
        items, own = rows.items(), np.arange(len(stays))
        if not self.find_conflicts or "label" not in rows.roles:
            return _going(result, stays, items), ()
        labels = rows.labels()
        spared = (labels != labels[stays]) & (labels != 0) & (labels[stays] != 0)
        told = spared.copy()
        told[stays[spared]] = True
        group = Clusters(np.where(told, clusters.label, -1).astype(np.int32), clusters.count)
        found = _findings(result, group, stays, items)
        return _going(result, np.where(spared, own, stays), items), (("near_label_conflict", found),)

    def apply(self, table: pa.Table, state: "_Decided", context: Context) -> Outcome:
        """Drop or list the rows of one batch as decided."""
        items = table["item_id"].to_numpy()
        found = [
            notes.finding(item, code)
            for code, notes in state.found
            for item in items[np.isin(items, notes.items)].tolist()
        ]
        gone = np.isin(items, state.dropped.items)
        drops = [Drop(item, "near_duplicate", state.dropped.detail(item)) for item in items[gone].tolist()]
        return Outcome(table.filter(pa.array(~gone)) if drops else table, drops, found)

    def _search(self, texts: Iterator[pa.Array], shingles: Shingles, threshold: float, context: Context) -> "Result":
        from curation.engine.near.search import Search

        space = context.space
        if space is not None:
            space = replace(space, folder=space.folder / f"{shingles.kind}-{shingles.size}-{threshold}")
        return Search(shingles, threshold).run(texts, space=space)


class _Rows:
    """What the keep rule needs of each row, gathered while the texts go by."""

    def __init__(self, step: NearDuplicates, context: Context) -> None:
        self._step, self._context = step, context
        self._items: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._lengths: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        self._labels: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        self._newest: list[pa.Array] = []
        self._quality: NDArray[np.float64] = np.empty(0)

    def texts(self, tables: Iterator[pa.Table]) -> Iterator[pa.Array]:
        """Give the text column of each table."""
        keep = self._step.keep
        label = self._context.column("label") if keep == "labeled_first" else ""
        if self._step.find_conflicts:
            label = self.roles.get("label", "")
        for table in tables:
            self._context.check()
            texts = as_text(table[self._context.column("text")])
            self._items.append(table["item_id"].to_numpy())
            if keep in {"longest", "labeled_first", "best_quality"}:
                self._lengths.append(pc.fill_null(pc.utf8_length(texts), 0).to_numpy().astype(np.int32))
            if label:
                names = pc.utf8_trim_whitespace(pc.fill_null(as_text(table[label]), ""))
                named = pc.not_equal(names, "").to_numpy(zero_copy_only=False)
                # A hash of 0 stands for no label; a label whose hash it is counts as 1.
                self._labels.append(np.where(named, np.maximum(hash64(names), np.uint64(1)), np.uint64(0)))
            if keep == "newest":
                self._newest.append(self._newest_of(table))
            yield texts

    def measure(self, tables: Iterator[pa.Table], wanted: NDArray[np.bool_]) -> None:
        """Measure the quality of the wanted texts, bool [n]; that of the others stays 0."""
        from curation.engine.quality import quality

        self._quality, row = np.zeros(len(wanted)), 0
        for table in tables:
            self._context.check()
            rows = row + np.flatnonzero(wanted[row : row + table.num_rows])
            texts = as_text(table[self._context.column("text")])
            self._quality[rows] = quality(texts.take(pa.array(rows - row)))
            row += table.num_rows

    @property
    def roles(self) -> dict[str, str]:
        """Return which column is the label, if any."""
        return self._context.roles

    def labels(self) -> NDArray[np.uint64]:
        """Return uint64 [n], a hash of each row's label, 0 for none."""
        return np.concatenate(self._labels)

    def items(self) -> NDArray[np.int64]:
        """Return int64 [n], the item of each row."""
        return np.concatenate(self._items)

    def scores(self) -> list[NDArray[Any]]:
        """Return the scores of the keep rule, most important first, [n] each."""
        if self._step.keep == "longest":
            return [np.concatenate(self._lengths)]
        if self._step.keep == "labeled_first":
            return [self.labels() != 0, np.concatenate(self._lengths)]
        if self._step.keep == "best_quality":
            return [self._quality, np.concatenate(self._lengths)]
        if self._step.keep == "newest":
            return [_order(pa.chunked_array(self._newest))]
        return []

    def _newest_of(self, table: pa.Table) -> pa.Array:
        name = self._step.newest_by
        if name not in table.schema.names:
            raise StepError(f"There is no column {name} to choose the newest by. There are {table.schema.names[1:]}.")
        values = table[name].combine_chunks()
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            trimmed = pc.utf8_trim_whitespace(as_text(values))
            return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.large_string()), trimmed)
        return values


def _order(values: pa.ChunkedArray) -> NDArray[Any]:
    """Return the rank of each value, missing ones lowest; texts that are all numbers count as numbers."""
    if pa.types.is_large_string(values.type):
        with suppress(pa.ArrowInvalid):
            values = pc.cast(values, pa.float64())
    ranks = pc.rank(values, sort_keys="ascending", tiebreaker="dense").to_numpy()
    missing = pc.is_null(values, nan_is_null=True).to_numpy()
    return np.where(missing, 0, ranks)


@dataclass(frozen=True, slots=True)
class _Notes:
    """Items in rising order with what to say of each: the item that stays, how like it is, and its group."""

    items: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    kept: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    jaccard: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    direct: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    group: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    size: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def detail(self, item: int) -> str:
        """Return "0.87 like item 17"; the text that stays says of how many."""
        place = int(np.searchsorted(self.items, item))
        if self.kept[place] == item:
            return f"first choice of {self.size[place]} similar items"
        words = f"{self.jaccard[place]:.2f} like item {self.kept[place]}"
        return words if self.direct[place] else words + ", through items in between"

    def finding(self, item: int, code: str) -> Found:
        """Return the finding about an item."""
        return Found(item, code, self.detail(item), int(self.group[np.searchsorted(self.items, item)]))


@dataclass(frozen=True, slots=True)
class _Decided:
    """What `apply` does: which items go, and which are listed under which code."""

    dropped: _Notes = field(default_factory=_Notes)
    found: tuple[tuple[str, _Notes], ...] = ()
    search: dict[str, Any] = field(default_factory=dict)


def _several(label: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return the clusters with -1 for texts that are the only one left of theirs."""
    alone = np.flatnonzero(np.bincount(label[label >= 0], minlength=count) < 2)
    return np.where(np.isin(label, alone), -1, label)


def _search_notes(result: "Result") -> dict[str, Any]:
    """Return what the report says of a search.

    No times, and nothing that depends on the room there was: the same input gives the same report.
    """
    figures = ("texts", "texts_without_tokens", "sets", "sets_that_may_match", "pairs_of_sets")
    chosen = {name: result.figures[name] for name in figures}
    return {"method": result.method, "recall": result.recall, "shingles": str(result.shingles), **chosen}


def _notes(
    result: "Result",
    texts: NDArray[np.int64],
    stays: NDArray[np.int64],
    items: NDArray[np.int64],
    group: NDArray[np.int64],
    size: NDArray[np.int64],
) -> _Notes:
    jaccard = result.similarity(texts, stays[texts])
    # Whole numbers decided the pair; here the comparison only chooses words.
    direct = jaccard >= float(result.threshold) - 1e-12
    order = np.argsort(items[texts], kind="stable")
    one, kept = items[texts][order], items[stays[texts]][order]
    return _Notes(one, kept, jaccard[order], direct[order], group[order], size[order])


def _going(result: "Result", stays: NDArray[np.int64], items: NDArray[np.int64]) -> _Notes:
    texts = np.flatnonzero(stays != np.arange(len(stays)))
    none = np.zeros(len(texts), np.int64)
    return _notes(result, texts, stays, items, none, none)


def _findings(result: "Result", clusters: Clusters, stays: NDArray[np.int64], items: NDArray[np.int64]) -> _Notes:
    texts = np.flatnonzero(clusters.label >= 0)
    label = clusters.label[texts].astype(np.int64)
    # Groups are numbered from 1 in the order of their first items, without gaps.
    groups, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    number = np.empty(len(groups), np.int64)
    number[np.argsort(first)] = np.arange(1, len(groups) + 1)
    return _notes(result, texts, stays, items, number[inverse], clusters.sizes()[label])
