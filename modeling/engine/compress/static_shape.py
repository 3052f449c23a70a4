"""The sizes of a student of static vectors, apart from the network so that tables load without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StaticShape:
    """Sizes of a student: `width` numbers a vector, `pairs` rows of the table of pairs (0 for none)."""

    width: int = 256
    pairs: int = 16_384
