"""The sizes and the weights of a BERT encoder as plain values, so that tables of encoders load without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# Names in config.json; the second and third are one function, by the hyperbolic tangent.
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu")
Weights = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class BertShape:
    """The sizes of a BERT encoder, and what else tells one from another.

    `activation` is one of `ACTIVATIONS`. With `first_token` the state of the first token is the sentence vector, else
    the mean over all. `embedding` is the width of the word table, 0 for `width`. `relative` counts the buckets of
    distances that attention is biased by, 0 for none.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    feed_forward: int
    positions: int
    types: int = 2
    epsilon: float = 1e-12
    activation: str = "gelu"
    first_token: bool = False
    embedding: int = 0
    relative: int = 0
