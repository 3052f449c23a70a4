"""Few labels: the encoder learns to bring texts of one label together, then a regression takes its vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modeling.engine.families.encoder_head import seed_torch
from modeling.engine.families.family import FamilyResult, TrainingContext
from modeling.engine.families.fine_tuning import WEIGHTS_FILE, FineTuning

if TYPE_CHECKING:
    from pathlib import Path

    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings


class Contrastive(FineTuning):
    """Contrastive fine-tuning before a regression, after SetFit (Tunstall et al. 2022), with the supervised
    contrastive loss over whole batches (Khosla et al. 2020) in place of pairs, which asks fewer passes for as much."""

    name = "few-shot"
    title = "Contrastive fine-tuning for few labels (after SetFit)"
    tasks: ClassVar[tuple[str, ...]] = ("text-classification",)
    learns_validation = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults chosen on banking77 with 8 labels a class (bench/train_texts.py)."""
        return {"epochs": 4, "batch_size": 32, "learning_rate": 5e-5, "patience": 2, "dropout": 0.1}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Tune the encoder, fit the regression, and write both."""
        from safetensors.torch import save_file

        from modeling.engine.families.contrastive_work import ContrastiveWork

        seed_torch(settings.seed)
        work = ContrastiveWork(data, settings, context)
        context.stage("training")
        result = context.run(work, data, settings)
        context.stage("fitting")
        held_out, module = work.finished()
        weights = {
            name: value.detach().cpu().contiguous()
            for name, value in module.state_dict().items()
            if not name.startswith("encoder.words.")
        }
        save_file(weights, folder / WEIGHTS_FILE)
        facts = {**result.__dict__, "width": work.width, "hidden": 0, "precision": "float32"}
        return FamilyResult(facts, held_out)
