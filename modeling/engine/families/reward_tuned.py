"""The family for preferences whose encoder is trained further."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from modeling.engine.families.encoder_head import seed_torch
from modeling.engine.families.family import Family, FamilyResult
from modeling.engine.families.reward import first_shares
from modeling.engine.preference.linear import differences_of, fit_bradley_terry, texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings

Array = np.ndarray[Any, Any]
FILE = "reward.safetensors"
# Of the prior of the counts' weights, with which training begins.
STRENGTH = 0.01


class RewardTuned(Family):
    """Bradley-Terry over a fine-tuned encoder's reading of prompt and answer, beside counts."""

    name = "reward-tuned"
    title = "Reward from a fine-tuned encoder and counts"
    tasks: ClassVar[tuple[str, ...]] = ("preference",)
    encoders = True
    loops = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults for some hundreds to thousands of pairs."""
        return {"epochs": 3, "batch_size": 8, "learning_rate": 5e-5, "patience": 2, "dropout": 0.1, "layers": 2}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Begin with the linear reward of counts, train the encoder's last layers, keep the best epoch."""
        import torch
        from safetensors.torch import save_file

        from modeling.engine.preference.net import RewardReader, RewardWork
        from modeling.engine.training.checkpoint import trained_state

        context.stage("training")
        seed_torch(settings.seed)
        train, validation = data.part("train"), data.part("validation")
        reader = RewardReader(context.source(settings.encoder))
        net = reader.net(settings.dropout or 0.0)
        shares = first_shares(train)
        work = RewardWork(reader, net, (train.inputs, validation.inputs), (shares, first_shares(validation)), settings)
        scaled = (work.rows.counts / net.deviation).double().numpy()
        first = fit_bradley_terry(differences_of(scaled), shares, STRENGTH)
        with torch.no_grad():
            net.counts.weight.copy_(torch.from_numpy(first)[None, :])
        result = context.run(work, data, settings)
        state = {**trained_state(net), "mean": net.mean, "deviation": net.deviation}
        save_file({name: value.cpu().contiguous() for name, value in state.items()}, folder / FILE)
        return FamilyResult({**result.__dict__})

    def predict(self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext) -> Array:
        """Return the first answer's reward less the second's, float64 [n]."""
        return differences_of(self.rewards(folder, facts, *texts_of(inputs), context))

    def rewards(
        self,
        folder: Path,
        facts: dict[str, Any],
        prompts: Sequence[str],
        answers: Sequence[str],
        context: TrainingContext,
    ) -> Array:
        """Return the reward of each answer to its prompt, float64 [n]; only differences mean something."""
        from safetensors.torch import load_file

        from modeling.engine.preference.net import RewardReader
        from modeling.engine.training.loop import choose_device

        reader = RewardReader(context.source(facts["encoder"]))
        net = reader.net(0.0)
        net.load_state_dict(load_file(folder / FILE), strict=False)
        device = choose_device("cpu" if facts["settings"]["device"] == "cpu" else "auto")
        rows = reader.rows(prompts, answers)
        return reader.predict(net.to(device), rows, device, context.cancelled, context.progress)
