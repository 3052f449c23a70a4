"""All of an encoder trained for the task, from a head that knows it already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modeling.engine.augmentation.fitting import ON_THE_FLY
from modeling.engine.families.encoder_head import seed_torch
from modeling.engine.families.family import FamilyResult, TextFamily, TrainingContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings

WEIGHTS_FILE = "tuned.safetensors"
# The head starts right, and need not run ahead of the encoder.
HEAD_FACTOR = 5.0


class FineTuning(TextFamily):
    """Linear probing, then fine-tuning (Kumar et al. 2022): a regression on the frozen vectors first, then all layers
    but the word table."""

    name = "fine-tuning"
    title = "Sentence encoder fine-tuned for the task"
    tasks: ClassVar[tuple[str, ...]] = ("text-classification", "text-multilabel")
    loops = True
    augments = ON_THE_FLY

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults chosen on the validation rows of banking77 and Chinese reviews (bench/train_texts.py)."""
        return {"epochs": 5, "batch_size": 16, "learning_rate": 1e-4, "patience": 2, "dropout": 0.1}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Probe, tune, and write the tuned weights."""
        from safetensors.torch import save_file

        from modeling.engine.families.tuning_work import TuningWork

        seed_torch(settings.seed)
        work = TuningWork(data, settings, context)
        context.stage("training")
        result = context.run(work, data, settings)
        weights = {name: value.detach().cpu().contiguous() for name, value in work.trained().items()}
        save_file(weights, folder / WEIGHTS_FILE)
        return FamilyResult({**result.__dict__, "width": work.width, "hidden": 0, "precision": "float32"})

    def module(self, folder: Path, facts: dict[str, Any], source: EncoderSource, pieces: list[int] | None) -> Any:
        """Return the tuned encoder with its head."""
        from safetensors.torch import load_file

        from curation.engine.embedding.graph import load_encoder
        from modeling.engine.heads.classifier import TextClassifier
        from modeling.engine.heads.mlp import MlpHead

        encoder = load_encoder(source, pieces)
        module = TextClassifier(encoder, MlpHead(facts["width"], len(facts["labels"]), 0, 0.0))
        module.load_state_dict(load_file(folder / WEIGHTS_FILE), strict=False)
        return module.eval()

    def predict(
        self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
    ) -> np.ndarray[Any, Any]:
        """Return logits."""
        source = context.source(facts["encoder"])
        return tuned_logits(self.module(folder, facts, source, None), source, facts, inputs, context)


def tuned_logits(
    module: Any, source: EncoderSource, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
) -> np.ndarray[Any, Any]:
    """Return float64 logits [n, k] of texts by an encoder with a head, ids of its source to logits."""
    import torch

    from modeling.engine.families.token_texts import batched, tokenize
    from modeling.engine.training.loop import choose_device

    device = choose_device(facts["settings"]["device"] if facts["settings"]["device"] != "cuda" else "auto")
    torch.set_num_threads(facts["settings"]["threads"])
    logits = batched(module.to(device), tokenize(source, inputs), source.pad_id, device, context.cancelled)
    return logits.astype("float64")
