"""Figures of a trained model on the locked test rows, beside the baseline's on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.tasks.task import bootstrap_interval

if TYPE_CHECKING:
    from curation.engine.augment import Policy
    from modeling.engine.augmentation.robustness import StepRobustness
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.tasks import Comparison
    from modeling.engine.training.train import TrainedModel


@dataclass(frozen=True)
class Evaluation:
    """Figures of the task on one split, the 95 % interval of the primary one, the comparison and the figures on changed
    rows when asked, and each row's prediction with its loss, worst first."""

    split: str
    task: str
    primary: str
    interval: tuple[float, float]
    figures: dict[str, Any]
    calibration: dict[str, Any]
    rows: list[dict[str, Any]]
    comparison: Comparison | None = None
    robustness: list[StepRobustness] | None = None

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
        if self.robustness is not None:
            out["robustness"] = [step.to_dict() for step in self.robustness]
        return out


def evaluate(
    model: TrainedModel,
    data: Examples,
    *,
    baseline: TrainedModel | None = None,
    split: str = "test",
    context: TrainingContext | None = None,
    seed: int = 0,
    robust: Policy | None = None,
) -> Evaluation:
    """Evaluate a model on one split, compare it with a baseline when one is given, and with a policy of augmentation
    say how its figure stands on rows that each step of it changed.

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
        None if robust is None else _robustness(model, data, part, robust, seed, context),
    )


def _robustness(
    model: TrainedModel, data: Examples, part: Examples, policy: Policy, seed: int, context: TrainingContext | None
) -> list[StepRobustness]:
    from modeling.engine.augmentation.fitting import check_fit
    from modeling.engine.augmentation.robustness import robustness
    from modeling.engine.augmentation.texts import learnt_from

    check_fit(policy, model.task)
    learnt = learnt_from(policy, data.part("train").inputs, context)
    return robustness(model, part, policy, seed, learnt=learnt, context=context)


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
