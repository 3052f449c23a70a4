"""What the training loop does when a smaller encoder is taught: the lesson's texts, and a head that starts as a
probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from curation.engine.embedding.graph import load_encoder
from modeling.engine.compress.smaller import (
    MEASURED_TEXTS,
    Zeros,
    importances,
    keep_layers,
    narrow_layers,
    narrow_words,
)
from modeling.engine.families.encoder_linear import choose, fit_chosen
from modeling.engine.families.ensemble import MEMBERS
from modeling.engine.families.family import TextFamily
from modeling.engine.families.features import TokenRows
from modeling.engine.families.table import get_family
from modeling.engine.families.token_texts import freeze_words, pooled_vectors, tokenize
from modeling.engine.families.tuning_work import TuningWork
from modeling.engine.heads.classifier import TextClassifier
from modeling.engine.heads.mlp import MlpHead, linear_head
from modeling.engine.training.loop import choose_device
from modeling.engine.training.work import ClassifierWork

if TYPE_CHECKING:
    from curation.engine.embedding.bert import BertEncoder
    from modeling.engine.compress.lesson import Lesson
    from modeling.engine.compress.smaller_cut import Cut
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel

# Rows whose gradients are looked at together.
_MEASURED_AT_ONCE = 16


class SmallerWork(TuningWork):
    """A lesson and validation texts as tokens, and a smaller encoder with its head."""

    def __init__(
        self,
        teacher: TrainedModel,
        lesson: Lesson,
        data: Examples,
        settings: TrainingSettings,
        cut: Cut,
        context: TrainingContext,
    ) -> None:
        torch.set_num_threads(settings.threads)
        source = context.source(settings.encoder)
        self.pad, self.device = source.pad_id, choose_device(settings.device)
        self.classes, self.multilabel = data.classes, data.task.endswith("multilabel")
        validation, train = data.part("validation"), data.part("train")
        context.stage("encoding")
        tokens = [tokenize(source, texts) for texts in (lesson.texts, validation.inputs)]
        rows = [
            TokenRows(tokens[0], self.pad, lesson.targets),
            TokenRows(tokens[1], self.pad, validation.shares(data.classes)),
        ]
        self.labeled, self.context = train, context
        self.encoder = self._cut(starting_classifier(teacher, settings.encoder, context), settings, cut, rows[0])
        self.head = self._probe(self.encoder, rows[0], settings.seed)
        self.width = self.head.layers[-1].in_features
        module = TextClassifier(self.encoder, self.head)
        ClassifierWork.__init__(self, module, rows[0], rows[1], settings, multilabel=self.multilabel)

    def _probe(self, encoder: BertEncoder, rows: TokenRows, seed: int) -> MlpHead:
        """Return the head that suits an encoder's vectors of the rows with a label, which are the lesson's first."""
        self.context.stage("encoding")
        tokens, train = rows.tokens[: len(self.labeled.inputs)], self.labeled
        vectors = pooled_vectors(encoder.to(self.device), tokens, self.pad, self.device, self.context.cancelled)
        choice = choose(vectors, train, self.classes, seed, self.context)
        return linear_head(*fit_chosen(vectors, train.shares(self.classes), choice, task=train.task))

    def _cut(self, classifier: Any, settings: TrainingSettings, cut: Cut, rows: TokenRows) -> BertEncoder:
        """Return the teacher's encoder made smaller, the rows of its word table frozen."""
        encoder: BertEncoder = classifier.encoder
        if cut.shrinks_layers:
            if isinstance(classifier.head, torch.nn.Identity):
                classifier.head = self._probe(encoder, rows, settings.seed)
            self.context.stage("measuring heads and units")
            batches, cancelled = self._measured(rows), self.context.cancelled
            found = importances(classifier.to("cpu"), batches, multilabel=self.multilabel, cancelled=cancelled)
            narrow_layers(encoder, found, cut.heads, cut.feed)
        if cut.layers:
            keep_layers(encoder, cut.layers)
        freeze_words(encoder)
        if cut.word_rank:
            pieces = torch.tensor([piece for row in rows.tokens for piece in row])
            narrow_words(encoder, cut.word_rank, pieces.bincount(minlength=encoder.shape.vocabulary).float())
        for module in encoder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = settings.dropout or 0.0
        self.zeros = Zeros(encoder, cut.zeros) if cut.zeros else None
        self._hold()
        return encoder.to(self.device)

    def _measured(self, rows: TokenRows) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Return some texts of the lesson, evenly spread, as batches of like length."""
        step = max(1, len(rows.tokens) // MEASURED_TEXTS)
        chosen = torch.arange(0, len(rows.tokens), step)[:MEASURED_TEXTS]
        chosen = chosen[torch.tensor([len(rows.tokens[int(i)]) for i in chosen]).argsort(stable=True)]
        return [(*rows.inputs(part), rows.targets[part]) for part in chosen.split(_MEASURED_AT_ONCE)]  # type: ignore[misc]

    def _hold(self) -> None:
        if self.zeros:
            self.zeros.hold()

    def loss(self, rows: Tensor, device: torch.device) -> Tensor:
        """Return the loss; what the last step moved away from 0 goes back there first."""
        self._hold()
        return super().loss(rows, device)

    def validate(self, device: torch.device) -> dict[str, float]:
        """Return the figures."""
        self._hold()
        return super().validate(device)

    def trained(self) -> dict[str, Tensor]:
        """Return all weights but the rows of the word table, which come from the encoder."""
        left_out = ("encoder.words.weight", "encoder.words.rows.")
        return {name: value for name, value in self.module.state_dict().items() if not name.startswith(left_out)}

    def sizes(self) -> list[dict[str, int]]:
        """Return heads and inner units of each layer."""
        layers: Any = self.encoder.layers
        return [{"heads": row.heads, "feed": row.feed_out.in_features} for row in layers]


def starting_classifier(teacher: TrainedModel, encoder: str, context: TrainingContext) -> Any:
    """Return encoder and head of a teacher that has them, of the first such member of an ensemble; else the pretrained
    encoder of that name without a head."""
    from modeling.engine.training.train import TrainedModel

    family = get_family(teacher.facts["family"])
    if isinstance(family, TextFamily):
        return family.module(teacher.folder, teacher.facts, context.source_of(teacher.facts), None)
    for name in teacher.facts.get("members", []):
        member = TrainedModel.load(teacher.folder / MEMBERS / name)
        if member.facts.get("encoder") == encoder:
            return starting_classifier(member, encoder, context)
    return TextClassifier(load_encoder(context.source(encoder)), torch.nn.Identity())
