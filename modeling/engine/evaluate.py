"""Figures of a trained model on the locked test rows, beside the baseline's on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.metrics import bootstrap_f1_difference, classification_figures, mcnemar_exact

if TYPE_CHECKING:
    import numpy as np

    from modeling.engine.data import LabeledTexts
    from modeling.engine.training.family import TrainingContext
    from modeling.engine.training.train import TrainedModel


@dataclass(frozen=True)
class Comparison:
    """A model against the baseline on the same rows; differences are model - baseline."""

    baseline: dict[str, Any]
    macro_f1_difference: dict[str, float]
    mcnemar: dict[str, float | int]
    verdict: str


@dataclass(frozen=True)
class Evaluation:
    """Figures of `classification_figures`, the temperature that made the probabilities, and the comparison when
    asked."""

    split: str
    figures: dict[str, Any]
    temperature: float
    comparison: Comparison | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as a JSON-ready mapping."""
        out: dict[str, Any] = {"split": self.split, "temperature": self.temperature, **self.figures}
        if self.comparison:
            out["comparison"] = self.comparison.__dict__
        return out


def evaluate(
    model: TrainedModel,
    data: LabeledTexts,
    *,
    baseline: TrainedModel | None = None,
    split: str = "test",
    context: TrainingContext | None = None,
    seed: int = 0,
) -> Evaluation:
    """Evaluate a model on one split, and compare it with a baseline when one is given.

    The temperature was fitted on the validation rows by `train`. Definitions stand with each figure in `metrics` and
    `calibration`.
    """
    part = data.part(split)
    truth = part.targets(model.labels)
    probabilities = model.probabilities(part.texts, context)
    figures = classification_figures(probabilities, truth, model.labels)
    comparison = None
    if baseline is not None:
        comparison = compare(probabilities, baseline.probabilities(part.texts, context), truth, model.labels, seed=seed)
    return Evaluation(split, figures, model.facts["temperature"], comparison)


def compare(
    model: np.ndarray[Any, Any],
    baseline: np.ndarray[Any, Any],
    truth: np.ndarray[Any, Any],
    labels: tuple[str, ...],
    *,
    seed: int = 0,
) -> Comparison:
    """Compare two models' probabilities [n, k] for the same rows."""
    first, second = model.argmax(axis=1), baseline.argmax(axis=1)
    difference = bootstrap_f1_difference(truth, first, second, len(labels), seed=seed)
    if difference["low"] > 0:
        verdict = "better"
    elif difference["high"] < 0:
        verdict = "worse"
    else:
        verdict = "no clear difference"
    return Comparison(
        classification_figures(baseline, truth, labels), difference, mcnemar_exact(truth, first, second), verdict
    )
