"""What goes of an encoder, apart from the cutting so that tables load without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cut:
    """How much of an encoder stays.

    Attributes:
        layers: How many layers; 0 keeps all.
        heads: The share of each layer's heads, in (0, 1].
        feed: The share of each feed-forward's inner units, in (0, 1].
        word_rank: Numbers that a word's row keeps; 0 keeps all.
        zeros: The share of all weights of the layers that become 0, the smallest ones, in [0, 1). It makes a bundle
            easier to pack and no faster: matrices stay as large.
    """

    layers: int = 0
    heads: float = 1.0
    feed: float = 1.0
    word_rank: int = 0
    zeros: float = 0.0

    @property
    def shrinks_layers(self) -> bool:
        """Whether heads or inner units go."""
        return self.heads < 1 or self.feed < 1
