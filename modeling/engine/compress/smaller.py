"""Make an encoder smaller before it is taught: which layers stay, which heads and inner units, how wide a word is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from curation.engine.embedding.bert import NarrowEmbedding
from modeling.engine.callbacks import stop_if
from modeling.engine.families.student import empty_layer

if TYPE_CHECKING:
    from curation.engine.embedding.bert import BertEncoder, BertLayer
    from modeling.engine.callbacks import IsCancelled

Array = np.ndarray[Any, Any]
# Texts over which importance is added up; more change the order of few heads.
MEASURED_TEXTS = 512


@dataclass(frozen=True)
class Importance:
    """How much a loss feels each part of a layer: `heads` [h], `feed` [f]."""

    heads: Array
    feed: Array


def keep_layers(encoder: BertEncoder, count: int) -> None:
    """Leave the first layers and the last of an encoder, `count` in all.

    The lower layers know words and their neighbours; the last one is where vectors are taken from. Which of the layers
    between go matters less than that the rest is trained on (Sajjad et al. 2020, "On the Effect of Dropping Layers").
    """
    layers = list(encoder.layers)
    encoder.layers = nn.ModuleList(layers[:count])


def importances(
    classifier: nn.Module,
    batches: list[tuple[Tensor, Tensor, Tensor]],
    *,
    multilabel: bool,
    cancelled: IsCancelled | None = None,
) -> list[Importance]:
    """Return for each layer how much the loss would change without a head or an inner unit, to first order (Michel et
    al. 2019, "Are Sixteen Heads Really Better than One?"): |value x gradient|, added up over tokens, then texts.

    Args:
        classifier: Encoder and head, ids and mask to logits.
        batches: Ids, mask and targets.
        multilabel: Whether labels do not exclude each other.
        cancelled: Asked at every batch.
    """
    layers = cast("list[BertLayer]", list(cast("Any", classifier).encoder.layers))
    seen: dict[nn.Module, Tensor] = {}

    def keep(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        if given[0].requires_grad:
            given[0].retain_grad()
        seen[module] = given[0]

    hooks = [module.register_forward_pre_hook(keep) for row in layers for module in (row.attention_out, row.feed_out)]
    totals = [(torch.zeros(row.heads), torch.zeros(row.feed_out.in_features)) for row in layers]
    classifier.eval()
    try:
        for ids, mask, targets in batches:
            stop_if(cancelled, "Pruning")
            logits = classifier(ids, mask)
            loss = (
                nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
                if multilabel
                else -(targets * logits.log_softmax(dim=1)).sum()
            )
            classifier.zero_grad(set_to_none=True)
            loss.backward()
            for row, total in zip(layers, totals, strict=True):
                mixed, inner = _felt(seen[row.attention_out]), _felt(seen[row.feed_out])
                total[0].add_(mixed.view(len(mixed), row.heads, -1).sum(dim=2).abs().sum(dim=0))
                total[1].add_(inner.abs().sum(dim=0))
    finally:
        for hook in hooks:
            hook.remove()
        classifier.zero_grad(set_to_none=True)
    return [Importance(heads.numpy(), feed.numpy()) for heads, feed in totals]


def _felt(value: Tensor) -> Tensor:
    """Return value times gradient, added up over the tokens of each text, [b, n]."""
    assert value.grad is not None
    return (value.detach() * value.grad).sum(dim=1).cpu()


def narrow_layers(encoder: BertEncoder, found: list[Importance], heads: float, feed: float) -> None:
    """Replace each layer by one with its most important heads and inner units."""
    made = []
    for layer, importance in zip(encoder.layers, found, strict=True):
        old = cast("BertLayer", layer)
        kept_heads = _best(importance.heads, heads)
        kept_feed = _best(importance.feed, feed)
        new = cast("BertLayer", empty_layer(encoder, len(kept_heads), len(kept_feed)))
        rows = torch.cat([torch.arange(old.head_width) + int(head) * old.head_width for head in kept_heads])
        with torch.no_grad():
            for name in ("query", "key", "value"):
                _copy(getattr(new, name), getattr(old, name), rows=rows)
            _copy(new.attention_out, old.attention_out, columns=rows)
            _copy(new.feed_in, old.feed_in, rows=torch.from_numpy(kept_feed))
            _copy(new.feed_out, old.feed_out, columns=torch.from_numpy(kept_feed))
        new.attention_norm.load_state_dict(old.attention_norm.state_dict())
        new.feed_norm.load_state_dict(old.feed_norm.state_dict())
        made.append(new)
    encoder.layers = nn.ModuleList(made)


def _best(importance: Array, share: float) -> Array:
    """Return the places of the most important ones, ascending; at least one."""
    count = max(1, round(len(importance) * share))
    return np.sort(np.argsort(-importance, kind="stable")[:count])


def _copy(new: nn.Linear, old: nn.Linear, rows: Tensor | None = None, columns: Tensor | None = None) -> None:
    weight, bias = old.weight.detach(), old.bias.detach()
    if rows is not None:
        weight, bias = weight[rows], bias[rows]
    if columns is not None:
        weight = weight[:, columns]
    new.weight.copy_(weight)
    new.bias.copy_(bias)


def narrow_words(encoder: BertEncoder, rank: int, counts: Tensor) -> None:
    """Replace the word table by rows of `rank` numbers and what widens them again, with the least squared error over
    the pieces of the texts.

    Args:
        encoder: One with a whole table.
        rank: Below the encoder's width.
        counts: How often the texts have each piece, [v]; each piece counts once more, so that none is forgotten.
    """
    table = cast("nn.Embedding", encoder.words).weight.detach()
    weight = (counts.sqrt() + 1.0).to(table.dtype).unsqueeze(1)
    mean = (table * weight).sum(dim=0) / weight.sum()
    scaled = (table - mean) * weight.sqrt()
    _values, axes = torch.linalg.eigh((scaled.T @ scaled).double())
    down = axes.flip(dims=[1])[:, :rank]
    # The sign of an eigenvector is nobody's choice; with the largest entry positive it is the same everywhere.
    down = down * down.gather(0, down.abs().argmax(dim=0, keepdim=True)).sign()
    encoder.words = NarrowEmbedding.of(table, down.to(table.dtype).contiguous(), mean)


class Zeros:
    """The smallest weights of an encoder's matrices, held at 0 while the others learn."""

    def __init__(self, encoder: BertEncoder, share: float) -> None:
        self.matrices = [value for value in encoder.layers.parameters() if value.ndim > 1]
        sizes = torch.cat([value.detach().abs().flatten() for value in self.matrices])
        least = sizes.kthvalue(max(1, round(len(sizes) * share))).values
        self.masks = [value.detach().abs() > least for value in self.matrices]

    def hold(self) -> None:
        """Set them to 0 again."""
        with torch.no_grad():
            for value, mask in zip(self.matrices, self.masks, strict=True):
                value.mul_(mask)
