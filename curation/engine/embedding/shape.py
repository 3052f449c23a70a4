"""The sizes and the weights of a BERT encoder as plain values, so that tables of encoders load without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Weights = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class BertShape:
    """The sizes of a BERT encoder."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    feed_forward: int
    positions: int
    types: int = 2
    epsilon: float = 1e-12
