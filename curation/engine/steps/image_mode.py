"""Pictures of another colour mode than the others."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step, StepError
from curation.engine.steps.pictures import ACTIONS, check_action, figures_of
from curation.engine.steps.rules import check_shares

KINDS = ("colour", "grey", "black_white", "cmyk", "deep")
# Pillow's modes that are neither grey nor colour of 8 bits.
_MODES = {"1": "black_white", "CMYK": "cmyk", "L": "grey", "LA": "grey", "La": "grey"}
_DEEP = ("I", "F")


@dataclass(frozen=True, slots=True)
class ImageMode(Step):
    """Finds or drops pictures whose kind of colour is rare among the others, or not wanted.

    Kinds: ``colour``, ``grey``, ``black_white`` (one bit), ``cmyk``, ``deep`` (more than 8 bits a channel). A file in
    colour whose pixels are all but grey counts as ``grey``: its `image_colour` is below `grey_below`. Without
    `allowed`, a kind that fewer than `min_share` of the pictures have is odd. cleanvision's grayscale reports every
    grey file, also where all are.

    Attributes:
        allowed: Kinds that are wanted; when empty, those that are not rare.
        min_share: From 0 to 1.
        grey_below: Mean difference of the largest and the smallest channel, from 0 to 1. 0.01 is 2.5 of 255, what JPEG
            makes of a grey picture saved in colour.
        action: ``find`` or ``drop``.
    """

    name: ClassVar[str] = "image_mode"
    title: ClassVar[str] = "Odd colour modes of pictures"
    reasons: ClassVar[dict[str, str]] = {"image_odd_mode": "The picture has another colour mode than the others."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS, "allowed": KINDS}
    allowed: tuple[str, ...] = ()
    min_share: float = 0.05
    grey_below: float = 0.01
    action: str = "find"

    def __post_init__(self) -> None:
        check_shares(self, "min_share", "grey_below")
        check_action(self.action)
        unknown = sorted(set(self.allowed) - set(KINDS))
        if unknown:
            raise ValueError(f"allowed holds {unknown[0]!r}; choose among {', '.join(KINDS)}")

    def prepare(self, batches: Batches, context: Context) -> dict[str, int]:
        """Return how many pictures are of each kind."""
        counts: Counter[str] = Counter()
        for table in batches():
            context.check()
            counts.update(kind for kind in self._kinds(table, context) if kind)
        return dict(sorted(counts.items()))

    def notes(self, state: dict[str, int]) -> dict[str, Any]:
        """Return how many pictures are of each kind."""
        return {"kinds": state}

    def apply(self, table: pa.Table, state: dict[str, int], context: Context) -> Outcome:
        """Compare the kinds."""
        total = sum(state.values())
        wanted = set(self.allowed) or {kind for kind, count in state.items() if count >= self.min_share * total}
        ids = table["item_id"].to_numpy()
        notes, keep = [], np.ones(table.num_rows, bool)
        for row, kind in enumerate(self._kinds(table, context)):
            if kind and kind not in wanted:
                keep[row] = False
                notes.append((int(ids[row]), "image_odd_mode", f"{kind}, as {state[kind]} of {total} pictures are"))
        if self.action == "find" or not notes:
            return Outcome(table, found=[Found(*note) for note in notes])
        return Outcome(table.filter(pa.array(keep)), [Drop(*note) for note in notes])

    def _kinds(self, table: pa.Table, context: Context) -> list[str]:
        """Return the kind of each picture, "" where there is none."""
        colour = figures_of(table, context, "image_colour")
        if "image_mode" not in table.schema.names:
            raise StepError("There is no column image_mode. Put the step measure_images before this one.")
        kinds = []
        for mode, value in zip(table["image_mode"].to_pylist(), colour.tolist(), strict=True):
            if mode is None:
                kinds.append("")
            elif mode.startswith(_DEEP):
                kinds.append("deep")
            else:
                kinds.append(_MODES.get(mode) or ("grey" if value < self.grey_below else "colour"))
        return kinds
