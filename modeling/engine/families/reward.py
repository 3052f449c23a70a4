"""Families for preferences: a linear reward over counts, and one over counts and frozen vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from modeling.engine.bundle.runtime.counts import counted_features
from modeling.engine.callbacks import stop_if
from modeling.engine.families.family import Family, FamilyResult
from modeling.engine.families.vectors import encoded
from modeling.engine.preference.linear import (
    blocks_of,
    differences_of,
    fit_bradley_terry,
    scales_of,
    texts_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.bundle.plan import Plan
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel

Array = np.ndarray[Any, Any]
FILE = "reward.npz"
# Variances of the prior that are tried on the validation rows.
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 1.0)


class RewardCounted(Family):
    """Bradley-Terry over what can be counted of an answer."""

    name = "reward-counted"
    title = "Reward from length, overlap and form (baseline)"
    tasks: ClassVar[tuple[str, ...]] = ("preference",)

    def defaults(self, task: str) -> dict[str, Any]:
        """Return nothing of weight: the only choice, the strength, is made on the validation rows."""
        return {"epochs": 1, "batch_size": 1, "learning_rate": 1.0, "patience": 1, "dropout": 0.0}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Fit rewards of each strength, keep that of the least validation log-loss, write reward.npz."""
        parts = [data.part("train"), data.part("validation")]
        blocks = [self.blocks(part.inputs, settings.encoder, settings.threads, context) for part in parts]
        scales = scales_of(blocks[0])
        known, held_out = (differences_of(np.concatenate(own, axis=1) / scales) for own in blocks)
        shares = [first_shares(part) for part in parts]
        context.stage("training")
        best: tuple[float, float, Array] | None = None
        for strength in STRENGTHS:
            stop_if(context.cancelled, "Training")
            weights = fit_bradley_terry(known, shares[0], strength)
            odds = held_out @ weights
            loss = float((np.logaddexp(0, -odds) * shares[1] + np.logaddexp(0, odds) * (1 - shares[1])).mean())
            if best is None or loss < best[0]:
                best = (loss, strength, weights)
        assert best is not None
        np.savez_compressed(folder / FILE, weights=best[2] / scales)
        return FamilyResult({"strength": best[1], "validation_loss": best[0], "features": len(scales)})

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
        blocks = self.features(prompts, answers, facts["encoder"], facts["settings"]["threads"], context)
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            rewards: Array = np.concatenate(blocks, axis=1) @ arrays["weights"]
        return rewards

    def blocks(self, pairs: Sequence[Any], encoder: str, threads: int, context: TrainingContext) -> list[Array]:
        """Return the features of both answers of each pair, one after the other."""
        return self.features(*texts_of(pairs), encoder, threads, context)

    def features(
        self, prompts: Sequence[str], answers: Sequence[str], encoder: str, threads: int, context: TrainingContext
    ) -> list[Array]:
        """Return blocks of features, each [n, ...]."""
        return [counted_features(prompts, answers)]


class Reward(RewardCounted):
    """Bradley-Terry over counts and the frozen vectors of prompt and answer."""

    name = "reward"
    title = "Reward from frozen vectors and counts"
    encoders = True
    exportable = True

    def features(
        self, prompts: Sequence[str], answers: Sequence[str], encoder: str, threads: int, context: TrainingContext
    ) -> list[Array]:
        """Return counts, closeness and vectors."""
        context.stage("encoding")
        vectors = encoded([*prompts, *answers], encoder, threads, context).astype(np.float64)
        return blocks_of(counted_features(prompts, answers), vectors[: len(prompts)], vectors[len(prompts) :])

    def plan(self, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
        """Return the plan of encoder, counts and weights."""
        from modeling.engine.bundle.pair_plan import vector_plan

        return vector_plan(model, data, context)


def first_shares(data: Examples) -> Array:
    """Return the share of people who prefer the first answer of each pair, float64 [n]."""
    if data.soft is not None:
        shares: Array = np.asarray(data.soft[:, 0], float)
        return shares
    return 1.0 - np.array(data.answers, float)
