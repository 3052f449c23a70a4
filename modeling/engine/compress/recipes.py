"""What a search for smaller models tries: exports of the model itself, and students of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from modeling.engine.compress.smaller_cut import Cut


@dataclass(frozen=True)
class Recipe:
    """One candidate of a search.

    Attributes:
        name: Short and stable.
        title: What it is, in words.
        rung: Of the model's own plan; empty for a student, whose rungs are tried from small to safe.
        width: Of the vectors of a student without an encoder; 0 for other candidates.
        cut: Of a smaller encoder.
    """

    name: str
    title: str
    rung: str = ""
    width: int = 0
    cut: Cut | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe JSON-ready."""
        return asdict(self)


# In the order in which they are tried: the cheap ones first.
STUDENTS: tuple[Recipe, ...] = (
    Recipe("static-64", "static vectors of 64 numbers", width=64),
    Recipe("static-256", "static vectors of 256 numbers", width=256),
    Recipe("layers-2", "the encoder's first two layers", cut=Cut(layers=2)),
    Recipe("layers-3", "the encoder's first three layers", cut=Cut(layers=3)),
    Recipe(
        "narrow-half",
        "half of the heads and inner units, words of 128 numbers",
        cut=Cut(heads=0.5, feed=0.5, word_rank=128),
    ),
    Recipe("zeros-half", "half of the encoder's weights set to 0", cut=Cut(zeros=0.5)),
)
