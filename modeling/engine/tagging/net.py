"""The networks of taggers: an encoder whose words also carry their looks, and scores of tags for every word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from modeling.engine.bundle.runtime.looks import ALPHABET, PLACES, SHAPES
from modeling.engine.bundle.runtime.windows import window_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.engine.embedding.bert import BertEncoder
    from modeling.engine.bundle.runtime.windows import Window

Array = np.ndarray[Any, Any]
CHARACTER_WIDTH, FILTERS, TRAIT_WIDTH = 24, 96, 24


@dataclass(frozen=True)
class WordBatch:
    """Rows of the encoder as tensors. Padding has mask 0, and words of padding have `is_word` false.

    ids, mask [b, t]; word [b, t], the place of a piece's word or -1; first, last [b, w]; is_word [b, w]; traits
    [b, w, 3]; letters [b, w, characters].
    """

    ids: Tensor
    mask: Tensor
    word: Tensor
    first: Tensor
    last: Tensor
    is_word: Tensor
    traits: Tensor
    letters: Tensor

    def to(self, device: torch.device) -> WordBatch:
        """Return the same on a device."""
        return WordBatch(*(value.to(device) for value in self.__dict__.values()))


def batch_of(windows: Sequence[Window], forms: Sequence[str], traits: Array, pad: int) -> WordBatch:
    """Return windows as one batch, padded to the longest.

    Args:
        windows: Rows.
        forms: Of all words of all texts.
        traits: Of all words, int64 [n, 3].
        pad: The piece of padding.
    """
    arrays = window_arrays(windows, forms, traits, pad)
    return WordBatch(*(torch.from_numpy(array) for array in arrays.values()))


class Looks(nn.Module):
    """Words to a vector of what they look like: a convolution over their characters beside their traits."""

    width = FILTERS + 3 * TRAIT_WIDTH

    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Embedding(ALPHABET, CHARACTER_WIDTH, padding_idx=0)
        self.filters = nn.Conv1d(CHARACTER_WIDTH, FILTERS, 3, padding=1)
        self.traits = nn.ModuleList(nn.Embedding(count, TRAIT_WIDTH) for count in (SHAPES, PLACES, 4))

    def forward(self, letters: Tensor, traits: Tensor) -> Tensor:
        """Return [words, width] for letters [words, characters] and traits [words, 3]."""
        found = self.filters(self.letters(letters).transpose(1, 2)).amax(dim=2)
        looks = [table(traits[:, place]) for place, table in enumerate(self.traits)]
        return torch.cat([torch.relu(found), *looks], dim=1)


class TaggerNet(nn.Module):
    """Windows of words to scores of tags.

    What words look like is added to the input of the encoder's first layer, where attention can use it, and stands
    beside the encoder's states of a word's first and last piece before the head.

    Args:
        encoder: Pretrained.
        tags: How many there are.
        dropout: Before the head, in [0, 1).
        hidden: Width of the head's layer.
        looks: Whether words carry their looks.
    """

    def __init__(self, encoder: BertEncoder, tags: int, dropout: float, hidden: int, *, looks: bool = True) -> None:
        super().__init__()
        width = encoder.shape.width
        self.encoder = encoder
        self.looks = Looks() if looks else None
        self.inject = nn.Linear(Looks.width, width, bias=False) if looks else None
        if self.inject is not None:
            # Nothing at first: the encoder begins as it was pretrained.
            nn.init.zeros_(self.inject.weight)
        self.dropout = nn.Dropout(dropout)
        self.mix = nn.Linear(2 * width + (Looks.width if looks else 0), hidden)
        self.head = nn.Linear(hidden, tags)

    def forward(self, batch: WordBatch) -> Tensor:
        """Return scores [b, w, tags]."""
        b, w = batch.is_word.shape
        states = self.encoder.embed(batch.ids)
        beside: list[Tensor] = []
        if self.looks is not None and self.inject is not None:
            looks = self.looks(batch.letters.view(b * w, -1), batch.traits.view(b * w, -1)).view(b, w, -1)
            added = self.inject(self.dropout(looks))
            place = batch.word.clamp_min(0).unsqueeze(2).expand(-1, -1, added.shape[2])
            states = states + added.gather(1, place) * (batch.word >= 0).unsqueeze(2)
            beside = [looks]
        states = self.encoder.through(states, batch.mask)
        ends = [states.gather(1, at.unsqueeze(2).expand(-1, -1, states.shape[2])) for at in (batch.first, batch.last)]
        mixed = torch.nn.functional.gelu(self.mix(self.dropout(torch.cat([*ends, *beside], dim=2))))
        return cast("Tensor", self.head(self.dropout(mixed)))


class TaggerGraph(nn.Module):
    """A tagger's network as a graph: tensors in the order of `WordBatch` without `is_word`, to scores [b, w, tags]."""

    def __init__(self, net: TaggerNet) -> None:
        super().__init__()
        self.net = net.eval()

    def forward(
        self, ids: Tensor, mask: Tensor, word: Tensor, first: Tensor, last: Tensor, traits: Tensor, letters: Tensor
    ) -> Tensor:
        """Return scores; what padding scores means nothing."""
        return cast("Tensor", self.net(WordBatch(ids, mask, word, first, last, first >= 0, traits, letters)))


def rate_groups(net: nn.Module, layers: int, falling: float, head: float) -> list[tuple[list[nn.Parameter], float]]:
    """Return the parameters that are trained, with what their learning rate is multiplied by.

    The last layer has 1, each layer below `falling` times the one above, and what is new has `head`.

    Args:
        net: With an `encoder`; whatever else it has is new.
        layers: How many of the encoder's last layers are trained; its embeddings never are.
        falling: In (0, 1].
        head: Above 0.
    """
    encoder = cast("BertEncoder", net.encoder)
    count = len(encoder.layers)
    for parameter in encoder.parameters():
        parameter.requires_grad_(False)
    groups = []
    for number in range(max(0, count - layers), count):
        own = list(encoder.layers[number].parameters())
        for parameter in own:
            parameter.requires_grad_(True)
        groups.append((own, falling ** (count - 1 - number)))
    inside = {id(parameter) for parameter in encoder.parameters()}
    groups.append(([p for p in net.parameters() if id(p) not in inside], head))
    return groups
