"""Pictures that are too small, too large, or of another size than the others."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from curation.engine.steps.base import Batches, Context, Outcome, Step
from curation.engine.steps.pictures import ACTIONS, act, check_action, figures_of
from curation.engine.steps.rules import Rule, check_amounts

# Fewer pictures have no quartiles worth the name.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class ImageSize(Step):
    """Finds or drops pictures by their pixels, after EXIF orientation; 0 switches a limit off.

    `min_side` is the least the shorter side may have and `max_side` the most of the longer. `iqr_factor` finds pictures
    unlike the others: the root of width times height lies further than so many distances of the quartiles outside them.
    3 is cleanvision's factor of odd_size; where more than half of the pictures have one size, any other is odd there,
    and here only with `min_side` or `max_side`. Memory: 8 bytes a row.
    """

    name: ClassVar[str] = "image_size"
    title: ClassVar[str] = "Sizes of pictures"
    reasons: ClassVar[dict[str, str]] = {
        "image_too_small": "The picture has fewer pixels a side than wanted.",
        "image_too_large": "The picture has more pixels a side than wanted.",
        "image_odd_size": "The picture is much smaller or larger than the others.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    min_side: int = 0
    max_side: int = 0
    iqr_factor: float = 3.0
    action: str = "find"

    def __post_init__(self) -> None:
        check_amounts(self, "min_side", "max_side", "iqr_factor")
        check_action(self.action)
        if 0 < self.max_side < self.min_side:
            raise ValueError("min_side is larger than max_side, so that every picture would be found")

    def prepare(self, batches: Batches, context: Context) -> tuple[float, float]:
        """Return the smallest and the largest size, in pixels a side, that is not odd."""
        if self.iqr_factor <= 0:
            return 0.0, 0.0
        sizes = np.concatenate([self._sizes(table, context)[2] for table in batches()])
        sizes = sizes[np.isfinite(sizes)]
        if len(sizes) < FEWEST:
            return 0.0, 0.0
        first, third = (float(value) for value in np.percentile(sizes, [25, 75]))
        reach = self.iqr_factor * (third - first)
        return (max(0.0, first - reach), third + reach) if reach > 0 else (0.0, 0.0)

    def notes(self, state: tuple[float, float]) -> dict[str, Any]:
        """Return the sizes, in pixels a side, between which a picture is not odd."""
        return {"limits": {"size": [round(value, 1) for value in state]}} if state[1] else {}

    def apply(self, table: pa.Table, state: tuple[float, float], context: Context) -> Outcome:
        """Compare the sides."""
        shorter, longer, size = self._sizes(table, context)
        rules = [
            Rule("image_too_small", "the shorter side has {} pixels", shorter, self.min_side, most=False),
            Rule("image_too_large", "the longer side has {} pixels", longer, self.max_side),
            Rule("image_odd_size", "its size is {} pixels a side", np.round(size, 1), round(state[0], 1), most=False),
            Rule("image_odd_size", "its size is {} pixels a side", np.round(size, 1), round(state[1], 1)),
        ]
        return act(table, rules, self.action)

    @staticmethod
    def _sizes(table: pa.Table, context: Context) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the shorter side, the longer one and the root of their product in pixels, each float64 [n]."""
        context.check()
        width, height = (figures_of(table, context, name) for name in ("image_width", "image_height"))
        return np.minimum(width, height), np.maximum(width, height), np.sqrt(width * height)
