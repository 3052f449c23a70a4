"""A student that is its teacher's encoder with fewer layers, heads, inner units, or numbers a word."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from modeling.engine.errors import EngineError
from modeling.engine.families.family import FamilyResult, TextFamily, TrainingContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from torch import nn

    from curation.engine.embedding.bert import BertEncoder
    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings

NAME = "student"
STUDENT_FILE = "student.safetensors"


class Student(TextFamily):
    """An encoder made smaller, with a head, taught by the model that it came from."""

    name = NAME
    title = "Smaller encoder, taught by another model"
    tasks = ("text-classification", "text-multilabel")

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults chosen on the validation rows of banking77 (bench/distill.py)."""
        return {"epochs": 4, "batch_size": 16, "learning_rate": 2e-4, "patience": 2, "dropout": 0.1}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Refuse: a student is made by its teacher."""
        raise EngineError(
            "A student is not trained but taught: train a model, then make it smaller.", code="wrong_family"
        )

    def module(self, folder: Path, facts: dict[str, Any], source: EncoderSource, pieces: list[int] | None) -> Any:
        """Return the small encoder with its head."""
        from safetensors.torch import load_file

        from curation.engine.embedding.bert import NarrowEmbedding
        from curation.engine.embedding.graph import load_encoder
        from modeling.engine.heads.classifier import TextClassifier
        from modeling.engine.heads.mlp import MlpHead

        state = load_file(folder / STUDENT_FILE)
        encoder = resized(load_encoder(source, pieces), facts["layers"])
        if facts.get("word_rank"):
            down, mean = state.pop("encoder.words.down"), state.pop("encoder.words.mean")
            encoder.words = NarrowEmbedding.of(cast("nn.Embedding", encoder.words).weight.detach(), down, mean)
            state |= {"encoder.words.down": down, "encoder.words.mean": mean}
        module = TextClassifier(encoder, MlpHead(facts["width"], len(facts["labels"]), 0, 0.0))
        module.load_state_dict(state, strict=False)
        return module.eval()

    def predict(
        self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
    ) -> np.ndarray[Any, Any]:
        """Return logits."""
        from modeling.engine.families.fine_tuning import tuned_logits

        source = context.source(facts["encoder"])
        return tuned_logits(self.module(folder, facts, source, None), source, facts, inputs, context)


def resized(encoder: BertEncoder, layers: Sequence[dict[str, int]]) -> BertEncoder:
    """Return an encoder with layers of these sizes, whose weights are still to be filled in.

    Args:
        encoder: A whole one, whose layers are replaced.
        layers: For each `heads` and `feed`, the width of its feed-forward.
    """
    from torch import nn

    encoder.layers = nn.ModuleList(empty_layer(encoder, **{k: row[k] for k in ("heads", "feed")}) for row in layers)
    encoder.shape = replace(encoder.shape, layers=len(layers))
    return encoder


def empty_layer(encoder: BertEncoder, heads: int, feed: int) -> nn.Module:
    """Return a layer with so many heads and inner units, of the width and dropout of an encoder."""
    from torch import nn

    from curation.engine.embedding.bert import BertLayer

    shape = encoder.shape
    layer = BertLayer(replace(shape, feed_forward=feed), encoder.dropout.p)
    inner = heads * layer.head_width
    layer.heads = heads
    for name in ("query", "key", "value"):
        setattr(layer, name, nn.Linear(shape.width, inner))
    layer.attention_out = nn.Linear(inner, shape.width)
    return layer
