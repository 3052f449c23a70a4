"""Rewards as modules of a graph: both answers of a pair to the probability that the first is better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from curation.engine.embedding.bert import layered_pool

if TYPE_CHECKING:
    import numpy as np

    from curation.engine.embedding.bert import BertEncoder
    from modeling.engine.preference.net import RewardNet


class VectorRewards(nn.Module):
    """A reward that is linear in counts and frozen vectors: `blocks_of` in torch.

    Args:
        encoder: Pretrained.
        weights: Of the blocks, one after the other.
        temperature: Of the difference of rewards.
    """

    weights: Tensor

    def __init__(self, encoder: BertEncoder, weights: np.ndarray[Any, Any], temperature: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("weights", torch.from_numpy(weights / temperature).float())

    def forward(self, ids: Tensor, mask: Tensor, counts: Tensor) -> Tensor:
        """Return [1] for prompt, first and second in rows [3, t], and counts [2, c] of both answers."""
        vectors = layered_pool(self.encoder, ids, mask)
        half = vectors.shape[1] // 2
        prompt, answers = vectors[:1], vectors[1:3]
        product = prompt * answers
        close = [product[:, :half].sum(dim=1, keepdim=True), product[:, half:].sum(dim=1, keepdim=True)]
        # A product and a sum, not a matrix product: those become int8, and these weights are few.
        rewards = (torch.cat([counts, *close, answers, product], dim=1) * self.weights).sum(dim=1)
        return torch.sigmoid(rewards[:1] - rewards[1:2])


class ReadRewards(nn.Module):
    """A reward whose encoder was trained further."""

    def __init__(self, net: RewardNet, temperature: float) -> None:
        super().__init__()
        self.net, self.temperature = net.eval(), temperature

    def forward(self, ids: Tensor, mask: Tensor, is_answer: Tensor, counts: Tensor) -> Tensor:
        """Return [1] for both answers with the prompt in rows [2, t], and counts [2, c]."""
        rewards = cast("Tensor", self.net(ids, mask, is_answer, counts))
        return torch.sigmoid((rewards[:1] - rewards[1:2]) / self.temperature)
