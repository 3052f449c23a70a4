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


class TransformerGraph(nn.Module):
    """The same numbers as a `TransformerNetwork` in evaluation, written so that a graph takes texts of any length:
    traced, the layers of torch keep the length of the example."""

    def __init__(self, network: TransformerNetwork) -> None:
        super().__init__()
        self.words, self.places, self.out = network.words, network.places, network.out
        self.layers = nn.ModuleList(
            _LayerGraph(cast("nn.TransformerEncoderLayer", layer)) for layer in network.layers.layers
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return logits [b, classes]."""
        x = self.words(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        bias = (1.0 - mask.to(x.dtype))[:, None, None, :] * -10000.0
        for layer in self.layers:
            x = layer(x, bias)
        weight = mask.to(x.dtype).unsqueeze(-1)
        return cast("Tensor", self.out((x * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1.0)))


class _LayerGraph(nn.Module):
    """One layer of self-attention, normalised first."""

    def __init__(self, layer: nn.TransformerEncoderLayer) -> None:
        super().__init__()
        attention = layer.self_attn
        self.parts = nn.ModuleList()
        for weight, bias in zip(attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3), strict=True):
            part = nn.Linear(WIDTH, WIDTH)
            part.load_state_dict({"weight": weight, "bias": bias})
            self.parts.append(part)
        self.mixed, self.norms = attention.out_proj, nn.ModuleList([layer.norm1, layer.norm2])
        self.wide, self.narrow = layer.linear1, layer.linear2

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return states [b, t, WIDTH]; `bias` [b, 1, 1, t] is very negative for padding."""
        own = self.norms[0](x)
        query, key, value = (
            part(own).view(x.shape[0], x.shape[1], HEADS, WIDTH // HEADS).transpose(1, 2) for part in self.parts
        )
        shares = torch.softmax(torch.matmul(query, key.transpose(-1, -2)) / (WIDTH // HEADS) ** 0.5 + bias, dim=-1)
        found = torch.matmul(shares, value).transpose(1, 2).contiguous().view(x.shape[0], x.shape[1], WIDTH)
        x = x + self.mixed(found)
        return cast("Tensor", x + self.narrow(torch.relu(self.wide(self.norms[1](x)))))


_NETWORKS: dict[str, Callable[[int, int, float, int], nn.Module]] = {
    "cnn": ConvolutionNetwork,
    "rnn": RecurrentNetwork,
    "transformer": TransformerNetwork,
}


def build_network(name: str, words: int, classes: int, dropout: float, longest: int) -> nn.Module:
    """Return a fresh network of that name for a vocabulary of `words` ids and texts of at most `longest` tokens."""
    return _NETWORKS[name](words, classes, dropout, longest)


def for_graph(network: nn.Module) -> nn.Module:
    """Return a network as it is traced into a graph."""
    return TransformerGraph(network) if isinstance(network, TransformerNetwork) else network
