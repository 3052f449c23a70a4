"""A student that looks up a vector for each piece of a text, adds them up and takes a head: no encoder runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.callbacks import stop_if
from modeling.engine.errors import EngineError
from modeling.engine.families.family import Family, FamilyResult, TrainingContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.bundle.plan import Plan
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel

Array = np.ndarray[Any, Any]
NAME = "static"
STATIC_FILE = "static.npz"
PREDICTED_AT_ONCE = 1000


class Static(Family):
    """Static vectors (after Model2Vec), taught by a larger model."""

    name = NAME
    title = "Static vectors, taught by another model"
    tasks = ("text-classification", "text-multilabel")
    exportable = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults chosen on the validation rows of banking77 (bench/distill.py)."""
        return {"epochs": 25, "batch_size": 64, "learning_rate": 3e-3, "patience": 5, "dropout": 0.2}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Refuse: a student is made by its teacher."""
        raise EngineError(
            "A student is not trained but taught: train a model, then make it smaller.", code="wrong_family"
        )

    def predict(self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext) -> Array:
        """Return logits."""
        arrays = stored(folder)
        tokenizer = tokenizer_of(context.source(facts["encoder"]), arrays)
        parts = []
        for start in range(0, len(inputs), PREDICTED_AT_ONCE):
            stop_if(context.cancelled, "Predicting")
            part = tokenizer.encode_batch_fast(list(inputs[start : start + PREDICTED_AT_ONCE]))
            parts += [logits_of(np.array(each.ids, np.int64), arrays) for each in part]
        return np.array(parts, np.float64).reshape(len(inputs), len(facts["labels"]))

    def plan(self, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
        """Return the plan of tables and head in one graph."""
        from modeling.engine.bundle.static_plan import static_plan

        return static_plan(model, context.source_of(model.facts))


def stored(folder: Path) -> dict[str, Array]:
    """Return the arrays of a student: `table` [v, d], `pieces` int64 [v] (empty where the vocabulary is
    whole), and the head's `weight` [k, d] and `bias` [k]."""
    with np.load(folder / STATIC_FILE, allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) if name != "pieces" else arrays[name] for name in arrays.files}


def tokenizer_of(source: EncoderSource, arrays: dict[str, Array]) -> Tokenizer:
    """Return the tokenizer whose ids are rows of the table."""
    pieces = arrays["pieces"].tolist()
    return source.tokenizer(pieces or None)


def logits_of(ids: Array, arrays: dict[str, Array]) -> Array:
    """Return the logits [k] of the pieces of one text."""
    sums = arrays["table"][ids].sum(axis=0)
    vector: Array = sums / max(float(np.linalg.norm(sums)), 1e-6)
    return vector @ arrays["weight"].T + arrays["bias"]
