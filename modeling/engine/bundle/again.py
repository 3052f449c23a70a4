"""Judge a bundle again, on rows that its receiver has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.gate import gate
from modeling.engine.bundle.ladder import given_of
from modeling.engine.bundle.said import as_predictions, parity
from modeling.engine.errors import BadData
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family
from modeling.engine.tasks import get_task

if TYPE_CHECKING:
    from modeling.engine.data import Examples
    from modeling.engine.serving import Predictor
    from modeling.engine.training.train import TrainedModel


def judge_again(
    predictor: Predictor,
    rows: Examples,
    limit_points: float,
    model: TrainedModel | None = None,
    learned: Examples | None = None,
    context: TrainingContext | None = None,
) -> dict[str, Any]:
    """Return a bundle's figures on rows, its gate on them, and how alike it answers to the float model.

    Args:
        predictor: Of the bundle.
        rows: Of the bundle's task, with their answers.
        limit_points: Points of the task's primary figure that the bundle may lose.
        model: The trained model the bundle was made of. Without it the gate compares with the float figure that the
            bundle states, of its own test rows, and `parity` is None.
        learned: The rows it was trained on; needed with `model`.
        context: Where encoders and vectors are kept.

    Raises:
        BadData: There are no rows, they have labels that the bundle does not know, or without `model` the bundle
            states no float figure.
    """
    task = get_task(predictor.manifest["task"])
    labels = predictor.labels
    if not rows.inputs:
        raise BadData("There is no row to judge the bundle on.")
    unknown = sorted(set(rows.classes) - set(labels))
    if unknown:
        raise BadData(f"The rows have the label {unknown[0]!r}, which the bundle does not know.")
    made = as_predictions([predictor.predict([given_of(one)])[0] for one in rows.inputs], labels)
    figures = task.figures(made, rows, labels)
    alike = None
    if model is not None and learned is not None:
        said = get_family(model.facts["family"]).plan(model, learned, context or TrainingContext()).said(rows.inputs)
        before, against = task.figures(said, rows, labels)[task.primary], "the float model on the same rows"
        alike = parity(task, said, made, rows, labels)
    else:
        before, against = _stated(predictor.metrics, task.primary), "what the bundle states of its own test rows"
    result = gate(task.primary, before, figures[task.primary], limit_points)
    return {"rows": len(rows.inputs), "against": against, "parity": alike, "gate": result.to_dict(), "figures": figures}


def _stated(metrics: dict[str, Any], figure: str) -> float:
    stated = metrics.get("float")
    value = stated.get(figure) if isinstance(stated, dict) else None
    if not isinstance(value, int | float):
        raise BadData(f"The bundle does not state the float model's {figure}. Name the model it was made of: --model.")
    return float(value)
