"""Items that a person chose: kept alone, dropped, or marked with a word."""

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text
from curation.engine.steps.base import Batches, Context, Drop, Outcome, Step, StepError, replace

ACTIONS = ("keep", "drop", "mark")
_PIECE = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")


def parse_ranges(text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and last number of each range of ``1-5,9``, rising and apart, int64 [r] each.

    Raises:
        ValueError: It is written otherwise.
    """
    pairs = []
    for piece in text.replace(" ", "").split(","):
        if not piece:
            continue
        found = _PIECE.fullmatch(piece)
        if found is None or (found[2] and int(found[2]) < int(found[1])):
            raise ValueError(f"items has {piece[:40]!r}; write item numbers and ranges, such as 1-5,9,12")
        pairs.append((int(found[1]), int(found[2] or found[1])))
    merged: list[list[int]] = []
    for first, last in sorted(pairs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    both = np.array(merged, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def write_ranges(items: NDArray[np.int64]) -> str:
    """Return item numbers as ``1-5,9``, which `parse_ranges` reads."""
    items = np.unique(items)
    ends = np.flatnonzero(np.diff(items) != 1)
    firsts = items[np.concatenate([[0], ends + 1])] if len(items) else items
    lasts = items[np.concatenate([ends, [len(items) - 1]])] if len(items) else items
    pairs = zip(firsts.tolist(), lasts.tolist(), strict=True)
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in pairs)


@dataclass(frozen=True, slots=True)
class SelectItems(Step):
    """Keeps only the items chosen, drops them, or writes a word beside each.

    Attributes:
        items: Their numbers, such as ``1-5,9``. Numbers that are not there are no mistake; none keeps everything.
        action: ``keep``, ``drop`` or ``mark``.
        column: With ``mark``: the text column that gets the word; made when it is not there.
        word: With ``mark``: what is written. Other items keep what they have.
    """

    name: ClassVar[str] = "select_items"
    title: ClassVar[str] = "Chosen items"
    reasons: ClassVar[dict[str, str]] = {
        "not_chosen": "The item is not among those chosen.",
        "chosen": "Somebody chose to leave the item out.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    items: str = ""
    action: str = "keep"
    column: str = "tag"
    word: str = ""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"action is {self.action!r}; choose one of {', '.join(ACTIONS)}")
        if self.action == "mark" and (not self.word.strip() or not self.column.strip() or self.column == "item_id"):
            raise ValueError("mark needs a word, and a column other than item_id to write it to")
        parse_ranges(self.items)

    def prepare(self, batches: Batches, context: Context) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ranges."""
        return parse_ranges(self.items)

    def apply(self, table: pa.Table, state: tuple[NDArray[np.int64], NDArray[np.int64]], context: Context) -> Outcome:
        """Keep, drop or mark."""
        firsts, lasts = state
        ids = table["item_id"].to_numpy()
        place = np.searchsorted(firsts, ids, side="right") - 1
        chosen = (place >= 0) & (ids <= lasts[place.clip(min=0)]) if len(firsts) else np.zeros(len(ids), np.bool_)
        if self.action == "mark":
            return self._marked(table, chosen)
        if not len(firsts):
            return Outcome(table)
        keep = chosen if self.action == "keep" else ~chosen
        reason = "not_chosen" if self.action == "keep" else "chosen"
        drops = [Drop(item, reason) for item in ids[~keep].tolist()]
        return Outcome(table.filter(pa.array(keep)) if drops else table, drops)

    def _marked(self, table: pa.Table, chosen: NDArray[np.bool_]) -> Outcome:
        word = pa.scalar(self.word, pa.large_string())
        old = pa.nulls(table.num_rows, pa.large_string())
        if self.column in table.schema.names:
            kind = table.schema.field(self.column).type
            if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                raise StepError(f"Column {self.column} holds no text, so no word can be written to it. Name another.")
            old = as_text(table[self.column])
        new = pc.if_else(pa.array(chosen), word, old)
        return Outcome(replace(table, self.column, new), changed=int(chosen.sum()))
