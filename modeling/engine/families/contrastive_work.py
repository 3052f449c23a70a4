"""What the loop does when an encoder learns which texts belong together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from curation.engine.embedding.bert import sentence_vectors
from curation.engine.embedding.encode import pad_tokens
from curation.engine.embedding.graph import load_encoder
from modeling.engine.augmentation.texts import text_changes
from modeling.engine.families.encoder_linear import choose, fit_chosen
from modeling.engine.families.token_texts import freeze_words, layer_groups, pooled_vectors, tokenize
from modeling.engine.heads.classifier import TextClassifier
from modeling.engine.heads.linear import fit_linear
from modeling.engine.heads.mlp import linear_head
from modeling.engine.training.loop import choose_device
from modeling.engine.training.work import Work

if TYPE_CHECKING:
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings

Array = np.ndarray[Any, Any]
# Khosla et al. 2020 use 0.1; of 0.05, 0.1 and 0.2 it was best on banking77 with 8 labels a class.
TEMPERATURE = 0.1
# Rows of one label in a batch; the rest of the batch is what they must keep away from.
ROWS_OF_A_LABEL = 4
# Steps of an epoch: few labels are seen often, and many labels need not all be seen.
LEAST_STEPS, MOST_STEPS = 15, 200


class ContrastiveWork(Work):
    """Training texts as tokens, by label; batches hold several texts of each of some labels."""

    starts_trained = True

    def __init__(self, data: Examples, settings: TrainingSettings, context: TrainingContext) -> None:
        torch.set_num_threads(settings.threads)
        source = context.source(settings.encoder)
        self.pad, self.device, self.data, self.context = source.pad_id, choose_device(settings.device), data, context
        self.train, self.validation, self.seed = data.part("train"), data.part("validation"), settings.seed
        self.tokens = [tokenize(source, part.inputs) for part in (self.train, self.validation)]
        self.changes, self.source, self.changed = text_changes(self.train, settings, context), source, self.tokens[0]
        self.module = self.encoder = load_encoder(source, dropout=settings.dropout or 0.0).to(self.device)
        freeze_words(self.encoder)
        self.targets = torch.from_numpy(self.train.targets(data.classes))
        self.members = [torch.nonzero(self.targets == k).ravel() for k in range(len(data.classes))]
        batch = settings.batch_size or 1
        self.steps = min(MOST_STEPS, max(LEAST_STEPS, math.ceil(len(self.targets) / batch)))
        self.size, self.width = self.steps * batch, 2 * source.width

    def begin_epoch(self, epoch: int) -> None:
        """Change the texts that are compared; the regression learns from them as they are."""
        if self.changes is not None:
            self.changed = tokenize(self.source, self.changes.texts(epoch + 1))

    def batches(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, ...]:
        """Return batches of some labels with a few rows of each; every label comes equally often."""
        labels = max(2, min(len(self.members), batch_size // ROWS_OF_A_LABEL))
        rows = max(2, batch_size // labels)
        queue: list[int] = []
        out = []
        for _ in range(self.steps):
            chosen: list[Tensor] = []
            for _ in range(labels):
                if not queue:
                    queue = torch.randperm(len(self.members), generator=generator).tolist()
                members = self.members[queue.pop()]
                places = torch.randperm(len(members), generator=generator)[:rows]
                chosen.append(members[places])
            out.append(torch.cat(chosen))
        return tuple(out)

    def loss(self, rows: Tensor, device: torch.device) -> Tensor:
        """Return the supervised contrastive loss of sentence vectors, which have length 1."""
        ids, mask = pad_tokens([self.changed[int(row)] for row in rows], self.pad)
        on = torch.from_numpy(mask).to(device)
        vectors = sentence_vectors(self.encoder, self.encoder(torch.from_numpy(ids).to(device), on), on)
        return contrastive_loss(vectors, self.targets[rows].to(device))

    def groups(self, decay: float) -> list[dict[str, Any]]:
        """Return groups by layer."""
        return layer_groups(self.encoder, None, decay, 1.0)

    def validate(self, device: torch.device) -> dict[str, float]:
        """Return how a regression on the vectors does on the validation rows.

        The score is exp(-log loss), the geometric mean of the probability of the right label: accuracy on the few
        validation rows that few labels leave is too coarse to stop by.
        """
        held_out = self._held_out(self._vectors())
        facts = self.data.kind.calibrate(held_out, self.validation, self.data.classes)
        made = self.data.kind.finish(held_out, facts)
        loss = float(self.data.kind.losses(made, self.validation, self.data.classes).mean())
        right = (made.argmax(axis=1) == self.validation.targets(self.data.classes)).mean()
        return {"validation_loss": loss, "validation_accuracy": float(right), "score": math.exp(-loss)}

    def _vectors(self) -> list[Array]:
        stop = self.context.cancelled
        return [pooled_vectors(self.encoder, rows, self.pad, self.device, stop) for rows in self.tokens]

    def _held_out(self, vectors: list[Array]) -> Array:
        weights, bias = fit_linear(vectors[0], self.train.shares(self.data.classes), 10.0, task=self.data.task)
        held_out: Array = vectors[1] @ weights.T + bias
        return held_out

    def finished(self) -> tuple[Array, TextClassifier]:
        """Return logits of the validation rows by a regression that did not see them, and the encoder with one that
        learned from these too."""
        vectors, data = self._vectors(), self.data
        choice = choose(vectors[0], self.train, data.classes, self.seed, self.context)
        shares = [part.shares(data.classes) for part in (self.train, self.validation)]
        weights, bias = fit_chosen(vectors[0], shares[0], choice, task=data.task)
        held_out = vectors[1] @ weights.T + bias
        head = linear_head(*fit_chosen(np.concatenate(vectors), np.concatenate(shares), choice, task=data.task))
        return held_out, TextClassifier(self.encoder.cpu(), head).eval()


def contrastive_loss(vectors: Tensor, targets: Tensor) -> Tensor:
    """Return the supervised contrastive loss (Khosla et al. 2020, eq. 2) of vectors [b, d] of length 1.

    Rows without another of their label in the batch do not count.
    """
    near = vectors @ vectors.T / TEMPERATURE
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    logs = near.masked_fill(itself, float("-inf")).log_softmax(dim=1)
    same = (targets[:, None] == targets[None, :]) & ~itself
    counts = same.sum(dim=1)
    of_row = -logs.masked_fill(~same, 0.0).sum(dim=1) / counts.clamp_min(1)
    return of_row[counts > 0].mean() if bool((counts > 0).any()) else near.sum() * 0.0
