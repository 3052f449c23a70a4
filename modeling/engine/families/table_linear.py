"""The plain family for rows of tables: scaled numbers and one-hot categories under a linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from modeling.engine.bundle.runtime.columns import Column
from modeling.engine.callbacks import stop_if
from modeling.engine.errors import BadData
from modeling.engine.families.family import Family, FamilyResult
from modeling.engine.tabular.columns import look_at
from modeling.engine.tabular.matrix import feature_names, scaled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.bundle.plan import Plan
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel

Array = np.ndarray[Any, Any]
# Strengths tried on the validation rows; large means weak regularisation.
STRENGTHS = (0.03, 0.3, 1.0, 10.0, 100.0)
FILE = "linear.npz"
REGRESSION = "table-regression"


class TableLinear(Family):
    """Logistic regression of rows, or ridge regression where the answer is a number."""

    name = "table-linear"
    title = "Linear model of rows (baseline)"
    tasks: ClassVar[tuple[str, ...]] = ("table", REGRESSION)
    exportable = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return nothing of weight: the only choice, the strength, is made on the validation rows."""
        return {"epochs": 1, "batch_size": 1, "learning_rate": 1.0, "patience": 1, "dropout": 0.0}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Type the columns on the training rows, fit, choose the strength on the validation rows, write linear.npz."""
        context.stage("training")
        train, validation = data.part("train"), data.part("validation")
        columns = usable_columns(train.inputs)
        known, held_out = scaled(train.inputs, columns), scaled(validation.inputs, columns)
        best: tuple[float, float, Array, Array] | None = None
        for strength in STRENGTHS:
            stop_if(context.cancelled, "Training")
            if data.task == REGRESSION:
                weights, bias = ridge(known, np.array(train.answers, float), strength)
                loss = float(np.square(held_out @ weights.T + bias - np.array(validation.answers)[:, None]).mean())
            else:
                weights, bias = logistic(known, train.targets(data.classes), strength, balanced=settings.class_weights)
                loss = cross_entropy(held_out @ weights.T + bias, validation.targets(data.classes))
            if best is None or loss < best[0]:
                best = (loss, strength, weights, bias)
        assert best is not None
        np.savez_compressed(folder / FILE, weights=best[2], bias=best[3])
        return FamilyResult(
            {"columns": [column.to_dict() for column in columns], "strength": best[1], "validation_loss": best[0],
             "features": feature_names(columns)}
        )  # fmt: skip

    def predict(self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext) -> Array:
        """Return logits [n, k], or numbers [n]."""
        rows = scaled(inputs, [Column.from_dict(column) for column in facts["columns"]])
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            out: Array = rows @ arrays["weights"].T + arrays["bias"]
        return out[:, 0] if facts["task"] == REGRESSION else out

    def plan(self, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
        """Return the plan of columns and weights."""
        from modeling.engine.bundle.row_plan import linear_plan

        return linear_plan(model)


def usable_columns(rows: Sequence[Any]) -> tuple[Column, ...]:
    """Return the columns of rows.

    Raises:
        BadData: none of them can be learned from.
    """
    columns = look_at(rows)
    if all(column.kind == "unused" for column in columns):
        reasons = "; ".join(f"{column.name}: {column.reason}" for column in columns[:3])
        raise BadData(f"No column of the training rows can be learned from ({reasons or 'there are no columns'}).")
    return columns


def logistic(rows: Array, targets: Array, strength: float, *, balanced: bool = False) -> tuple[Array, Array]:
    """Return weights [k, d] and bias [k] of a multinomial logistic regression; two classes have a row each."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=1000, class_weight="balanced" if balanced else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one that stops early is judged like the others
        model.fit(rows, targets)
    weights, bias = model.coef_, model.intercept_
    if len(weights) == 1:
        weights, bias = np.vstack([-weights[0], weights[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    return weights.astype(float), bias.astype(float)


def ridge(rows: Array, targets: Array, strength: float) -> tuple[Array, Array]:
    """Return weights [1, d] and bias [1] of a ridge regression of weight 1 / strength."""
    mean, centre = rows.mean(axis=0), targets.mean()
    centred = rows - mean
    gram = centred.T @ centred + np.eye(rows.shape[1]) / strength
    weights = np.linalg.solve(gram, centred.T @ (targets - centre))
    return weights[None, :], np.array([centre - mean @ weights])


def cross_entropy(logits: Array, targets: Array) -> float:
    """Return the mean of -ln p(true class)."""
    top = logits.max(axis=1, keepdims=True)
    sums = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    return float((sums - logits[np.arange(len(targets)), targets]).mean())
