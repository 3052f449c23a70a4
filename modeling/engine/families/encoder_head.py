"""The default family: a frozen encoder's cached vectors and a small torch head. Seconds once the texts are encoded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modeling.engine.augmentation.fitting import COPIES
from modeling.engine.families.family import FamilyResult, TextFamily, TrainingContext
from modeling.engine.families.vectors import PRECISION, copies_fact, encoded, encoded_copies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings

HEAD_FILE = "head.safetensors"


class EncoderHead(TextFamily):
    """Frozen encoder, trained head."""

    name = "encoder-head"
    title = "Frozen sentence encoder with a small trained head"
    tasks = ("text-classification", "text-multilabel")
    loops = True
    augments = COPIES

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults that were best on validation for SMS spam and Chinese reviews (bench/model_chain.py)."""
        return {"epochs": 60, "batch_size": 64, "learning_rate": 1e-3, "patience": 10, "dropout": 0.3}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Encode, train the head, write head.safetensors."""
        from safetensors.torch import save_file

        from modeling.engine.families.features import VectorRows
        from modeling.engine.heads.mlp import MlpHead
        from modeling.engine.training.work import ClassifierWork

        context.stage("encoding")
        train, validation = data.part("train"), data.part("validation")
        both = encoded(train.inputs + validation.inputs, settings.encoder, settings.threads, context)
        count = len(train.inputs)
        copies, parents, _made = encoded_copies(train, settings, context)
        train_rows = VectorRows(both[:count], train.shares(data.classes), copies, parents)
        validation_rows = VectorRows(both[count:], validation.shares(data.classes))
        context.stage("training")
        seed_torch(settings.seed)
        head = MlpHead(both.shape[1], len(data.classes), settings.hidden, settings.dropout or 0.0)
        head.standardise(train_rows.vectors)
        # One thread: these matrices are too small to share, and on a busy machine two threads that wait for each
        # other at every product took minutes instead of seconds. Nor do the weights depend on `threads` then.
        single = replace(settings, threads=1)
        multilabel = data.task.endswith("multilabel")
        work = ClassifierWork(head, train_rows, validation_rows, single, multilabel=multilabel)
        result = context.run(work, data, single)
        save_file({name: value.contiguous().cpu() for name, value in head.state_dict().items()}, folder / HEAD_FILE)
        return FamilyResult(
            {
                **result.__dict__,
                "width": both.shape[1],
                "hidden": settings.hidden,
                "precision": PRECISION,
                **copies_fact(settings, parents),
            }
        )

    def head(self, folder: Path, facts: dict[str, Any]) -> Any:
        """Return the trained head in evaluation mode."""
        from safetensors.torch import load_file

        from modeling.engine.heads.mlp import MlpHead

        head = MlpHead(facts["width"], len(facts["labels"]), facts["hidden"], 0.0)
        head.load_state_dict(load_file(folder / HEAD_FILE))
        return head.eval()

    def predict(
        self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
    ) -> np.ndarray[Any, Any]:
        """Return logits from cached vectors."""
        import torch

        vectors = encoded(inputs, facts["encoder"], facts["settings"]["threads"], context)
        with torch.inference_mode():
            out: np.ndarray[Any, Any] = self.head(folder, facts)(torch.from_numpy(vectors)).double().numpy()
        return out

    def module(self, folder: Path, facts: dict[str, Any], source: EncoderSource, pieces: list[int] | None) -> Any:
        """Return the encoder with the head on its pooled vector."""
        from curation.engine.embedding.graph import load_encoder
        from modeling.engine.heads.classifier import TextClassifier

        return TextClassifier(load_encoder(source, pieces), self.head(folder, facts)).eval()


def seed_torch(seed: int) -> None:
    """Seed torch before a module draws its first weights."""
    import torch

    torch.manual_seed(seed)
