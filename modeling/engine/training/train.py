"""Train a model into a folder, and open such a folder again."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.embedding.choose import choose_encoder
from modeling.engine.augmentation.fitting import check_family
from modeling.engine.data import text_of
from modeling.engine.errors import EngineError
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family
from modeling.engine.tasks import Task, get_task
from modeling.engine.training.settings import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.data import Examples
    from modeling.engine.families.family import Family

MODEL_FILE = "model.json"
# What a family that goes on to learn from the validation rows said of them before.
HELD_OUT = "held_out.npy"
# In place of a family's name: the one that suits the data.
AUTO = "auto"
_PACKAGES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "tokenizers", "torch")


@dataclass(frozen=True)
class TrainedModel:
    """A trained model in a folder; `facts` is the content of its model.json."""

    folder: Path
    facts: dict[str, Any]

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names in the order of every row of predictions."""
        return tuple(self.facts["labels"])

    @property
    def task(self) -> Task:
        """What it was trained for."""
        return get_task(self.facts["task"])

    def raw(self, inputs: Sequence[Any], context: TrainingContext | None = None) -> Any:
        """Return what the family gives: logits [n, k] for classification, else the task's predictions."""
        context = context or TrainingContext()
        if self.facts.get("encoder_fingerprint"):
            context.source_of(self.facts)
        return get_family(self.facts["family"]).predict(self.folder, self.facts, inputs, context)

    def predictions(self, inputs: Sequence[Any], context: TrainingContext | None = None) -> Any:
        """Return the task's predictions: for classification, calibrated probabilities [n, k]."""
        return self.task.finish(self.raw(inputs, context), self.facts)

    def held_out(self, validation: Examples, context: TrainingContext | None = None) -> Any:
        """Return predictions for the validation rows by a model that did not learn from them.

        Families that learn from these rows in the end keep what they said of them before.
        """
        stored = self.folder / HELD_OUT
        kept = stored.exists()
        raw = np.load(stored, allow_pickle=False) if kept else self.raw(validation.inputs, context)
        return self.task.finish(raw, self.facts)

    @staticmethod
    def load(folder: Path) -> TrainedModel:
        """Open a folder that `train` wrote."""
        return TrainedModel(folder, json.loads((folder / MODEL_FILE).read_text(encoding="utf-8")))


def environment() -> dict[str, str]:
    """Return the versions that a training's result may depend on."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{name: version(name) for name in _PACKAGES},
    }


def train(
    data: Examples, folder: Path, settings: TrainingSettings | None = None, context: TrainingContext | None = None
) -> TrainedModel:
    """Train, calibrate on the validation rows, and write the model into `folder` (made when missing).

    The test rows are not looked at. With `context.checkpoints`, a training of the same data and settings goes on from
    its last checkpoint.

    Raises:
        Cancelled, TrainingDiverged, BadData, EngineError; OthersDone in the processes of a team but the first.
    """
    settings, context = settings or TrainingSettings(), context or TrainingContext()
    if settings.family == AUTO:
        from modeling.engine.training.auto import train_auto

        return train_auto(data, folder, settings, context)
    family, task = get_family(settings.family), data.kind
    if data.task not in family.tasks:
        raise EngineError(
            f"The family {family.name} does not learn {data.task}; it learns {', '.join(family.tasks)}.",
            code="wrong_family",
        )
    check_family(settings.augment, family, task)
    settings, reason = _complete(family, data, settings)
    _leave_to_first(family)
    folder.mkdir(parents=True, exist_ok=True)
    result = family.train(data, settings, folder, context)
    facts: dict[str, Any] = {
        "task": data.task,
        "family": family.name,
        "labels": list(data.classes),
        "encoder": settings.encoder,
        "encoder_reason": reason,
        "encoder_fingerprint": context.source(settings.encoder).fingerprint() if family.encoders else None,
        "settings": settings.to_dict(),
        "data_hash": data.content_hash(),
        "environment": environment(),
        **result.facts,
        "rows": {split: data.splits.count(split) for split in ("train", "validation", "test")},
    }
    context.stage("calibrating")
    validation = data.part("validation")
    raw = result.held_out
    if raw is not None:
        np.save(folder / HELD_OUT, np.asarray(raw))
    else:
        raw = family.predict(folder, facts, validation.inputs, context)
    # A family that held out more rows than the validation rows has calibrated by all of them.
    facts = {**task.calibrate(raw, validation, data.classes), **facts}
    facts["validation"] = headline(task, task.finish(raw, facts), validation, data.classes)
    facts["fingerprint"] = _fingerprint(facts)
    (folder / MODEL_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    return TrainedModel(folder, facts)


def _leave_to_first(family: Family) -> None:
    """End the other processes of a team where the family has nothing that they could share."""
    from modeling.engine.training.team import OthersDone, team

    if not family.loops and not team().first:
        raise OthersDone


def _complete(family: Family, data: Examples, settings: TrainingSettings) -> tuple[TrainingSettings, str]:
    """Return settings without gaps, and why the encoder is what it is."""
    settings = settings.with_defaults(**family.defaults(data.task))
    if not family.encoders:
        return replace(settings, encoder="none"), ""
    if settings.encoder != "auto":
        return settings, "The encoder was chosen by hand."
    choice = choose_encoder([text_of(one) for one in data.part("train").inputs])
    return replace(settings, encoder=choice.name), choice.reason


def headline(task: Task, predictions: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
    """Return the figures of the validation rows that are one number each."""
    figures = task.figures(predictions, examples, classes)
    return {name: value for name, value in figures.items() if isinstance(value, int | float)}


def _fingerprint(facts: dict[str, Any]) -> str:
    """Return a hash of what the training came from: family, settings, data, encoder and environment."""
    parents = {name: facts[name] for name in ("family", "data_hash", "encoder_fingerprint", "environment")}
    # Weights are what tells encoders apart, wherever they lie.
    parents["settings"] = {name: value for name, value in facts["settings"].items() if name != "encoder"}
    return hashlib.sha256(json.dumps(parents, sort_keys=True).encode()).hexdigest()
