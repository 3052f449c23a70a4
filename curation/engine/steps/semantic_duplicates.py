"""Texts that mean the same in other words."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.meaning.duplicates import keep_one
from curation.engine.meaning.pairs import TooManyPairs, pairs_above
from curation.engine.meaning.texts import AUTO, UNTRIED, check_encoder, embedded_rows
from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step, StepError

ACTIONS = ("find", "drop")
KEEP = ("longest", "first")


@dataclass(frozen=True, slots=True)
class SemanticDuplicates(Step):
    """Finds or drops texts whose meaning, as an encoder sees it, is as good as that of another.

    All pairs at or above the threshold are found (`curation.engine.meaning.pairs`), and every text that goes is in such
    a pair with one that stays. Which threshold means "the same" depends on the texts and the encoder: judge a sample of
    pairs on the version's page, which proposes one. SemDeDup (Abbas and others 2023) drops at cosines from 0.92 to
    0.99. Empty texts are left alone. Memory: 2 kB a short text; time grows with the square of the rows.

    Attributes:
        threshold: Least cosine, above 0 to 1.
        encoder: ``auto`` (by the script of the texts) or a name of `curation.engine.embedding`.
        keep: Which text stays: ``longest`` or ``first``; ties go to the first.
        action: ``find`` lists each group for people to decide, ``drop`` drops.
    """

    name: ClassVar[str] = "semantic_duplicates"
    title: ClassVar[str] = "Semantic duplicates"
    reasons: ClassVar[dict[str, str]] = {"semantic_duplicate": "Another item means nearly the same."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"keep": KEEP, "action": ACTIONS}
    threshold: float = 0.95
    encoder: str = AUTO
    keep: str = "longest"
    action: str = "find"

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"threshold is {self.threshold}; it must be above 0 and at most 1")
        for name, value, known in (("keep", self.keep, KEEP), ("action", self.action, ACTIONS)):
            if value not in known:
                raise ValueError(f"{name} is {value!r}; choose one of {', '.join(known)}")
        check_encoder(self.encoder)

    def untried(self) -> str:
        """Say that a preview has no time for a model."""
        return UNTRIED

    def prepare(self, batches: Batches, context: Context) -> "_Decided":
        """Embed all texts, find the pairs and decide which stay."""
        rows = embedded_rows(batches, context, self.encoder)
        try:
            pairs = pairs_above(rows.vectors, self.threshold, progress=lambda _done, _total: context.check())
        except TooManyPairs as error:
            raise StepError(str(error)) from None
        kept = keep_one(len(rows.items), pairs, rows.lengths if self.keep == "longest" else None)
        gone = kept.dropped()
        notes = {**rows.notes(), "pairs": len(pairs.left), "duplicates": len(gone)}
        groups = np.unique(kept.stays[gone])
        members = np.concatenate([groups, gone])
        order = np.argsort(rows.items[members], kind="stable")
        members = members[order]
        return _Decided(
            rows.items[members],
            rows.items[kept.stays[members]],
            kept.cosine[members],
            np.searchsorted(groups, kept.stays[members]) + 1,
            np.isin(members, gone),
            notes,
        )

    def notes(self, state: "_Decided") -> dict[str, Any]:
        """Return the encoder, the pairs and the items without text."""
        return state.notes

    def apply(self, table: pa.Table, state: "_Decided", context: Context) -> Outcome:
        """List the groups, or drop what goes."""
        items = table["item_id"].to_numpy()
        place = np.searchsorted(state.items, items).clip(max=max(0, len(state.items) - 1))
        inside = state.items[place] == items if len(state.items) else np.zeros(len(items), np.bool_)
        if self.action == "find":
            found = [state.finding(row) for row in place[inside].tolist()]
            return Outcome(table, found=found)
        gone = inside & state.gone[place] if len(state.items) else inside
        drops = [Drop(int(state.items[row]), "semantic_duplicate", state.detail(row)) for row in place[gone].tolist()]
        return Outcome(table.filter(pa.array(~gone)) if drops else table, drops)


@dataclass(frozen=True, slots=True)
class _Decided:
    """Items of all groups in rising order, with what stays for each."""

    items: NDArray[np.int64]
    stays: NDArray[np.int64]
    cosine: NDArray[np.float32]
    group: NDArray[np.int64]
    gone: NDArray[np.bool_]
    notes: dict[str, Any] = field(default_factory=dict)

    def detail(self, row: int) -> str:
        if not self.gone[row]:
            return "stays for its group"
        return f"{self.cosine[row]:.3f} like item {self.stays[row]}"

    def finding(self, row: int) -> Found:
        return Found(int(self.items[row]), "semantic_duplicate", self.detail(row), int(self.group[row]))
