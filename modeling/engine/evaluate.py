"""Figures of a trained model on the locked test rows, beside the baseline's on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.tasks.task import bootstrap_interval

if TYPE_CHECKING:
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.tasks import Comparison
    from modeling.engine.training.train import TrainedModel


@dataclass(frozen=True)
class Evaluation:
    """Figures of the task on one split, the 95 % interval of the primary one, the comparison when asked, and each row's
    prediction with its loss, worst first."""

    split: str
    task: str
    primary: str
    interval: tuple[float, float]
    figures: dict[str, Any]
    calibration: dict[str, Any]
    rows: list[dict[str, Any]]
    comparison: Comparison | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the rows as a JSON-ready mapping."""
        out: dict[str, Any] = {
            "split": self.split,
            "task": self.task,
            "primary": self.primary,
            "interval": list(self.interval),
            **self.calibration,
            **self.figures,
        }
        if self.comparison:
            out["comparison"] = dict(self.comparison.__dict__)
        return out


def evaluate(
    model: TrainedModel,
    data: Examples,
    *,
    baseline: TrainedModel | None = None,
    split: str = "test",
    context: TrainingContext | None = None,
    seed: int = 0,
) -> Evaluation:
    """Evaluate a model on one split, and compare it with a baseline when one is given.

    The calibration was fitted on the validation rows by `train`. Definitions stand with each figure in `tasks`,
    `metrics` and `calibration`.
    """
    part, task = data.part(split), model.task
    predictions = model.predictions(part.inputs, context)
    comparison = None
    if baseline is not None:
        other = baseline.predictions(part.inputs, context)
        comparison = task.compare(predictions, other, part, model.labels, seed=seed)
    return Evaluation(
        split,
        task.name,
        task.primary,
        bootstrap_interval(task.scorer(predictions, part, model.labels), len(part.inputs), seed=seed),
        task.figures(predictions, part, model.labels),
        {name: model.facts[name] for name in ("temperature", "thresholds") if name in model.facts},
        judged_rows(model, part, predictions),
        comparison,
    )


def judged_rows(model: TrainedModel, part: Examples, predictions: Any) -> list[dict[str, Any]]:
    """Return for each row its id, answer, prediction, confidence, loss, and whether it is right (None where that is
    no question of yes or no), the worst first."""
    task = model.task
    losses, right = task.losses(predictions, part, model.labels), task.right(predictions, part, model.labels)
    rows = [
        {
            "id": part.ids[row],
            "answer": task.row_answer(part.answers[row]),
            **_prediction(task.row_prediction(predictions[row], model.labels)),
            "loss": float(losses[row]),
            "right": None if right is None else bool(right[row]),
        }
        for row in range(len(part.inputs))
    ]
    return sorted(rows, key=lambda row: -row["loss"])


def _prediction(made: dict[str, Any]) -> dict[str, Any]:
    return {"prediction": made["answer"], "confidence": made["confidence"]}
