"""The torch head on sentence vectors: standardise, one hidden layer, logits."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn


class MlpHead(nn.Module):
    """Sentence vectors [b, width] to logits [b, classes]; `hidden` 0 means a linear head.

    The vectors are standardised with the training rows' mean and deviation, which the head keeps and the ONNX graph
    holds.
    """

    def __init__(self, width: int, classes: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        if hidden:
            layers += [nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden or width, classes))

    def standardise(self, vectors: Tensor) -> None:
        """Take mean and deviation from training vectors [n, width]."""
        self.mean = vectors.mean(dim=0)
        deviation = vectors.std(dim=0)
        # A few of MiniLM's dimensions are constant (deviation 1e-9): divided by it, the least rounding of another
        # precision would outweigh all other dimensions.
        self.deviation = deviation.clamp_min(float(deviation.median()) / 4 + 1e-6)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return logits [b, classes]."""
        return cast("Tensor", self.layers((vectors - self.mean) / self.deviation))


def linear_head(weights: np.ndarray[Any, Any], bias: np.ndarray[Any, Any]) -> MlpHead:
    """Return a head without hidden layer that gives `vectors @ weights.T + bias`, weights [k, d] and bias [k]."""
    head = MlpHead(weights.shape[1], weights.shape[0], 0, 0.0)
    layer = cast("nn.Linear", head.layers[-1])
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.asarray(weights, np.float32)))
        layer.bias.copy_(torch.from_numpy(np.asarray(bias, np.float32)))
    return head
