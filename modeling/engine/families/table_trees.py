"""Gradient-boosted trees of rows: mixed columns, gaps and thresholds, without scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from modeling.engine.bundle.runtime.columns import Column
from modeling.engine.bundle.runtime.trees import Trees
from modeling.engine.callbacks import stop_if
from modeling.engine.families.family import Family, FamilyResult
from modeling.engine.families.table_linear import REGRESSION, cross_entropy, usable_columns
from modeling.engine.tabular.matrix import for_trees
from modeling.engine.tabular.trees import load_trees, save_trees, trees_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.bundle.plan import Plan
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel

Array = np.ndarray[Any, Any]
FILE = "trees.npz"
# Tried on the validation rows: learning rate, leaves of a tree, and rows that a leaf needs. Small tables want shallow
# trees; the number of rounds is chosen as well.
SHAPES = ((0.1, 31, 20), (0.1, 8, 5), (0.05, 4, 10))
MOST_ROUNDS = 300
ROUNDS_BETWEEN = 5
ROWS_FOR_THREADS = 20_000


class TableTrees(Family):
    """Boosted trees by histograms, as of scikit-learn, stored as plain arrays."""

    name = "table-trees"
    title = "Gradient-boosted trees of rows"
    tasks: ClassVar[tuple[str, ...]] = ("table", REGRESSION)
    exportable = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return nothing of weight: shape and rounds are chosen on the validation rows."""
        return {"epochs": 1, "batch_size": 1, "learning_rate": 1.0, "patience": 1, "dropout": 0.0}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Fit trees of each shape, keep the rounds of the least validation loss, write trees.npz."""
        from threadpoolctl import threadpool_limits

        context.stage("training")
        train, validation = data.part("train"), data.part("validation")
        columns = usable_columns(train.inputs)
        known, is_category = for_trees(train.inputs, columns)
        held_out, _same = for_trees(validation.inputs, columns)
        answers = [_answers(part, data) for part in (train, validation)]
        best: tuple[float, int, tuple[float, int, int], Trees] | None = None
        # Threads that wait for each other at every node of a small table took 50 times as long on a busy machine.
        threads = settings.threads if len(known) >= ROWS_FOR_THREADS else 1
        with threadpool_limits(threads, "openmp"):
            for shape in SHAPES:
                stop_if(context.cancelled, "Training")
                trees = trees_of(_fitted(known, answers[0], is_category, shape, data.task, settings))
                loss, rounds = _best_rounds(trees, held_out, answers[1], data.task)
                if best is None or loss < best[0]:
                    best = (loss, rounds, shape, trees.first(rounds))
        assert best is not None
        save_trees(best[3], folder / FILE)
        return FamilyResult(
            {"columns": [column.to_dict() for column in columns], "validation_loss": best[0], "rounds": best[1],
             "tree_rate": best[2][0], "tree_leaves": best[2][1], "tree_leaf_rows": best[2][2]}
        )  # fmt: skip

    def predict(self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext) -> Array:
        """Return logits [n, k], or numbers [n]."""
        rows, _categories = for_trees(inputs, [Column.from_dict(column) for column in facts["columns"]])
        return _outputs(load_trees(folder / FILE).raw(rows), facts["task"])

    def plan(self, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
        """Return the plan of columns and trees."""
        from modeling.engine.bundle.row_plan import trees_plan

        return trees_plan(model)


def _answers(part: Examples, data: Examples) -> Array:
    return np.array(part.answers, float) if data.task == REGRESSION else part.targets(data.classes)


def _fitted(
    rows: Array, answers: Array, is_category: list[bool], shape: tuple[float, int, int], task: str,
    settings: TrainingSettings,
) -> Any:  # fmt: skip
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    rate, leaves, leaf_rows = shape
    chosen: dict[str, Any] = {
        "learning_rate": rate,
        "max_leaf_nodes": leaves,
        "min_samples_leaf": max(1, min(leaf_rows, len(rows) // 10)),
        "max_iter": MOST_ROUNDS,
        "early_stopping": False,
        "categorical_features": is_category if any(is_category) else None,
        "random_state": settings.seed,
    }
    if task == REGRESSION:
        return HistGradientBoostingRegressor(**chosen).fit(rows, answers)
    weight = "balanced" if settings.class_weights else None
    return HistGradientBoostingClassifier(class_weight=weight, **chosen).fit(rows, answers)


def _best_rounds(trees: Trees, rows: Array, answers: Array, task: str) -> tuple[float, int]:
    """Return the least validation loss and the number of rounds that gives it."""
    losses = {}
    for rounds in range(ROUNDS_BETWEEN, len(trees.root) + 1, ROUNDS_BETWEEN):
        made = _outputs(trees.first(rounds).raw(rows), task)
        losses[rounds] = float(np.square(made - answers).mean()) if task == REGRESSION else cross_entropy(made, answers)
    best = min(losses, key=lambda rounds: (losses[rounds], rounds))
    return losses[best], best


def _outputs(raw: Array, task: str) -> Array:
    """Return numbers [n], or logits with a column for each class: two classes share one sum."""
    if task == REGRESSION:
        return raw[:, 0]
    return np.concatenate([-raw / 2, raw / 2], axis=1) if raw.shape[1] == 1 else raw
