"""Texts as token ids for families that train the encoder itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from curation.engine.embedding.bert import layered_pool
from modeling.engine.callbacks import IsCancelled, stop_if

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.engine.embedding.bert import BertEncoder
    from curation.engine.embedding.source import EncoderSource

# Rows of this many batches are sorted by length together: little padding, and still other neighbours in each epoch.
WINDOW = 16
# A layer learns this share of the rate of the layer above it: the lower ones are right for most texts already.
LAYER_DECAY = 0.85
PREDICTION_BATCH = 32


def tokenize(source: EncoderSource, texts: Sequence[str]) -> list[list[int]]:
    """Return token ids of each text, cut at the encoder's length."""
    return [encoding.ids for encoding in source.tokenizer().encode_batch(list(texts))]


def length_batches(lengths: Sequence[int], generator: torch.Generator, batch_size: int) -> tuple[Tensor, ...]:
    """Return shuffled batches of rows of like length."""
    order = torch.randperm(len(lengths), generator=generator)
    size = torch.tensor(lengths)
    batches: list[Tensor] = []
    for window in order.split(batch_size * WINDOW):
        batches += window[size[window].argsort(stable=True)].split(batch_size)
    return tuple(batches[int(i)] for i in torch.randperm(len(batches), generator=generator))


def freeze_words(encoder: BertEncoder) -> None:
    """Leave the word table as it is: most of the weights, and words that no training row has would not follow."""
    for parameter in encoder.words.parameters():
        parameter.requires_grad_(False)


def layer_groups(
    encoder: BertEncoder, head: nn.Module | None, decay: float, head_factor: float
) -> list[dict[str, Any]]:
    """Return optimizer groups of an encoder, each layer slower than the one above, and of a head."""
    from modeling.engine.training.work import decay_groups

    def learning(module: nn.Module) -> list[nn.Parameter]:
        return [value for value in module.parameters() if value.requires_grad]

    depth = len(encoder.layers)
    groups = [] if head is None else decay_groups(learning(head), decay, head_factor)
    for number, layer in enumerate(encoder.layers):
        groups += decay_groups(learning(layer), decay, LAYER_DECAY ** (depth - 1 - number))
    rest = [value for part in encoder.below_layers() for value in learning(part)]
    groups += decay_groups(rest, decay, LAYER_DECAY**depth)
    return [group for group in groups if group["params"]]


def pooled_vectors(
    encoder: BertEncoder, tokens: list[list[int]], pad: int, device: torch.device, cancelled: IsCancelled | None = None
) -> np.ndarray[Any, Any]:
    """Return layered vectors, float32 [n, 2 * width], in order."""
    encoder.eval()
    return batched(lambda ids, mask: layered_pool(encoder, ids, mask), tokens, pad, device, cancelled)


def batched(
    module: Any, tokens: list[list[int]], pad: int, device: torch.device, cancelled: IsCancelled | None = None
) -> np.ndarray[Any, Any]:
    """Run a function of ids and mask over token rows, the longest together, and return its float32 rows in order."""
    from curation.engine.embedding.encode import pad_tokens

    order = np.argsort([len(row) for row in tokens], kind="stable")
    made: np.ndarray[Any, Any] | None = None
    with torch.inference_mode():
        for start in range(0, len(order), PREDICTION_BATCH):
            stop_if(cancelled, "Predicting")
            rows = order[start : start + PREDICTION_BATCH]
            ids, mask = pad_tokens([tokens[row] for row in rows], pad)
            out = module(torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device))
            values = cast("Tensor", out).float().cpu().numpy()
            if made is None:
                made = np.empty((len(tokens), values.shape[1]), np.float32)
            made[rows] = values
    return made if made is not None else np.empty((0, 0), np.float32)
