"""Train a text classifier into a folder, and open such a folder again."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from curation.engine.embedding.choose import choose_encoder
from curation.engine.embedding.table import get_encoder
from modeling.engine.calibration import fit_temperature, softmax
from modeling.engine.training.family import TrainingContext
from modeling.engine.training.settings import TrainingSettings
from modeling.engine.training.table import get_family

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from modeling.engine.data import LabeledTexts

MODEL_FILE = "model.json"
_PACKAGES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "tokenizers", "torch")


@dataclass(frozen=True)
class TrainedModel:
    """A trained classifier in a folder; `facts` is the content of its model.json."""

    folder: Path
    facts: dict[str, Any]

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names in the order of every probability row."""
        return tuple(self.facts["labels"])

    def logits(self, texts: Sequence[str], context: TrainingContext | None = None) -> np.ndarray[Any, Any]:
        """Return raw logits [n, k]."""
        return get_family(self.facts["family"]).logits(self.folder, self.facts, texts, context or TrainingContext())

    def probabilities(self, texts: Sequence[str], context: TrainingContext | None = None) -> np.ndarray[Any, Any]:
        """Return calibrated probabilities [n, k]."""
        return softmax(self.logits(texts, context) / self.facts["temperature"])

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
    data: LabeledTexts, folder: Path, settings: TrainingSettings | None = None, context: TrainingContext | None = None
) -> TrainedModel:
    """Train, calibrate on the validation rows, and write the model into `folder` (made when missing).

    The test rows are not looked at. With `context.checkpoints`, a training of the same data and settings goes on from
    its last finished epoch.

    Raises:
        Cancelled, TrainingDiverged, BadData, EngineError.
    """
    settings, context = settings or TrainingSettings(), context or TrainingContext()
    family = get_family(settings.family)
    settings = settings.with_defaults(**family.defaults())
    choice = choose_encoder(data.part("train").texts)
    encoder = choice.name if settings.encoder == "auto" else settings.encoder
    reason = choice.reason if settings.encoder == "auto" else "The encoder was chosen by hand."
    folder.mkdir(parents=True, exist_ok=True)
    result = family.train(data, settings, encoder, folder, context)
    facts: dict[str, Any] = {
        "family": family.name,
        "labels": list(data.classes),
        "encoder": encoder,
        "encoder_reason": reason,
        "encoder_fingerprint": get_encoder(encoder).fingerprint() if family.exportable else None,
        "settings": settings.to_dict(),
        "data_hash": data.content_hash(),
        "environment": environment(),
        **result.facts,
        "rows": {split: len(data.part(split).texts) for split in ("train", "validation", "test")},
    }
    context.stage("calibrating")
    validation = data.part("validation")
    logits = family.logits(folder, facts, validation.texts, context)
    facts["temperature"] = fit_temperature(logits, validation.targets(data.classes))
    facts["fingerprint"] = _fingerprint(facts)
    (folder / MODEL_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    return TrainedModel(folder, facts)


def _fingerprint(facts: dict[str, Any]) -> str:
    """Return a hash of what the training came from: family, settings, data, encoder and environment."""
    parents = {name: facts[name] for name in ("family", "settings", "data_hash", "encoder_fingerprint", "environment")}
    return hashlib.sha256(json.dumps(parents, sort_keys=True).encode()).hexdigest()
