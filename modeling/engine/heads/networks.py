"""Small text networks: token ids and mask to logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH = 128
# Kernels of 3, 4 and 5 words with 100 filters each, as in Kim 2014.
KERNELS, FILTERS = (3, 4, 5), 100
HEADS, LAYERS = 4, 2


class ConvolutionNetwork(nn.Module):
    """Convolutions over words, the strongest answer of each filter, logits."""

    def __init__(self, words: int, classes: int, dropout: float, longest: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, WIDTH, padding_idx=0)
        self.filters = nn.ModuleList(nn.Conv1d(WIDTH, FILTERS, size, padding=size - 1) for size in KERNELS)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(FILTERS * len(KERNELS), classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return logits [b, classes]."""
        x = self.dropout(self.words(ids)).transpose(1, 2)
        best = [nn.functional.relu(layer(x)).amax(dim=2) for layer in self.filters]
        return cast("Tensor", self.out(self.dropout(torch.cat(best, dim=1))))


class RecurrentNetwork(nn.Module):
    """A GRU in both directions, the strongest state of each unit, logits."""

    def __init__(self, words: int, classes: int, dropout: float, longest: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, WIDTH, padding_idx=0)
        self.states = nn.GRU(WIDTH, WIDTH, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(2 * WIDTH, classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return logits [b, classes]."""
        lengths = mask.sum(dim=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(self.words(ids)), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(self.states(packed)[0], batch_first=True)
        best = states.masked_fill(mask[:, : states.shape[1], None] == 0, -1.0).amax(dim=1)
        return cast("Tensor", self.out(self.dropout(best)))


class TransformerNetwork(nn.Module):
    """Two layers of self-attention over words with learned places, their mean, logits."""

    def __init__(self, words: int, classes: int, dropout: float, longest: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, WIDTH, padding_idx=0)
        self.places = nn.Embedding(longest, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, dropout, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(WIDTH, classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return logits [b, classes]."""
        steps = torch.arange(ids.shape[1], device=ids.device)
        x = self.layers(self.dropout(self.words(ids) + self.places(steps)), src_key_padding_mask=mask == 0)
        weight = mask.to(x.dtype).unsqueeze(-1)
        return cast("Tensor", self.out(self.dropout((x * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1.0))))


_NETWORKS: dict[str, Callable[[int, int, float, int], nn.Module]] = {
    "cnn": ConvolutionNetwork,
    "rnn": RecurrentNetwork,
    "transformer": TransformerNetwork,
}


def build_network(name: str, words: int, classes: int, dropout: float, longest: int) -> nn.Module:
    """Return a fresh network of that name for a vocabulary of `words` ids and texts of at most `longest` tokens."""
    return _NETWORKS[name](words, classes, dropout, longest)
