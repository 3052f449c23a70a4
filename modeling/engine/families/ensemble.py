"""The family of models that are made of others; `modeling.engine.ensembles` makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.errors import EngineError
from modeling.engine.families.family import Family, FamilyResult, TrainingContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings

NAME = "ensemble"
MEMBERS, ARRAYS = "members", "ensemble.npz"
# Those whose predictions are probabilities.
TASKS = ("text-classification", "text-multilabel", "image-classification", "image-multilabel", "table")


class Ensemble(Family):
    """Members in subfolders, each with its own family, and how they are put together."""

    name = NAME
    title = "Several models as one"
    tasks = TASKS
    # How members are put together was learned from them.
    learns_validation = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return nothing: its members have settings of their own."""
        return {}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Refuse: an ensemble is made of trained models."""
        raise EngineError(
            "An ensemble is not trained but made of trained models: train these, then combine them.",
            code="wrong_family",
        )

    def predict(
        self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
    ) -> np.ndarray[Any, Any]:
        """Return logits [n, k] of all members together."""
        from modeling.engine.ensembles.ways import apply_way
        from modeling.engine.training.train import TrainedModel

        models = [TrainedModel.load(folder / MEMBERS / name) for name in facts["members"]]
        made = np.stack([model.predictions(inputs, context) for model in models])
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            return apply_way(facts["way"], dict(arrays), made, facts["task"])
