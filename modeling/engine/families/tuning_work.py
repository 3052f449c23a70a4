"""What the loop does when an encoder is fine-tuned: token batches of like length, and a head that starts as a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from curation.engine.embedding.graph import load_encoder
from modeling.engine.augmentation.texts import text_changes
from modeling.engine.families.encoder_linear import choose, fit_chosen
from modeling.engine.families.features import TokenRows
from modeling.engine.families.fine_tuning import HEAD_FACTOR
from modeling.engine.families.token_texts import (
    batched,
    freeze_words,
    layer_groups,
    length_batches,
    pooled_vectors,
    tokenize,
)
from modeling.engine.heads.classifier import TextClassifier
from modeling.engine.heads.mlp import linear_head
from modeling.engine.training.loop import choose_device
from modeling.engine.training.work import ClassifierWork

if TYPE_CHECKING:
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings


class TuningWork(ClassifierWork):
    """Training and validation texts as tokens, and encoder with head."""

    starts_trained = True

    def __init__(self, data: Examples, settings: TrainingSettings, context: TrainingContext) -> None:
        torch.set_num_threads(settings.threads)
        source = context.source(settings.encoder)
        self.pad, self.device = source.pad_id, choose_device(settings.device)
        train, validation = data.part("train"), data.part("validation")
        context.stage("encoding")
        tokens = [tokenize(source, part.inputs) for part in (train, validation)]
        encoder = load_encoder(source, dropout=settings.dropout or 0.0).to(self.device)
        vectors = [pooled_vectors(encoder, rows, self.pad, self.device, context.cancelled) for rows in tokens]
        choice = choose(vectors[0], train, data.classes, settings.seed, context)
        head = linear_head(*fit_chosen(vectors[0], train.shares(data.classes), choice, task=data.task))
        freeze_words(encoder)
        self.width, self.encoder, self.head = vectors[0].shape[1], encoder, head
        changes = text_changes(train, settings, context)
        renew = None if changes is None else lambda epoch: tokenize(source, changes.texts(epoch))
        rows = [
            TokenRows(tokens[0], self.pad, train.shares(data.classes), renew),
            TokenRows(tokens[1], self.pad, validation.shares(data.classes)),
        ]
        module = TextClassifier(encoder, head)
        super().__init__(module, rows[0], rows[1], settings, multilabel=data.task.endswith("multilabel"))

    def batches(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, ...]:
        """Return batches of texts of like length, as long as they are in this epoch."""
        rows: Any = self.train
        return length_batches([len(row) for row in rows.tokens], generator, batch_size)

    def groups(self, decay: float) -> list[dict[str, Any]]:
        """Return groups by layer."""
        return layer_groups(self.encoder, self.head, decay, HEAD_FACTOR)

    def validation_logits(self, device: torch.device) -> Tensor:
        """Return logits of the validation texts, in order."""
        rows: Any = self.validation
        return torch.from_numpy(batched(self.module.eval(), rows.tokens, self.pad, device))

    def trained(self) -> dict[str, Tensor]:
        """Return all weights but the word table."""
        return {
            name: value for name, value in self.module.state_dict().items() if not name.startswith("encoder.words.")
        }
