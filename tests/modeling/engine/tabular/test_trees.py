"""Boosted trees without scikit-learn give what scikit-learn gives."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from modeling.engine.calibration import sigmoid, softmax
from modeling.engine.tabular.trees import load_trees, save_trees, trees_of


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
def test_probabilities_are_those_of_the_library(load: object, tmp_path: Path) -> None:
    rows, answers = load(return_X_y=True)  # type: ignore[operator]
    rows = np.where(np.random.default_rng(0).random(rows.shape) < 0.1, np.nan, rows)
    model = HistGradientBoostingClassifier(max_iter=30, early_stopping=False).fit(rows, answers)
    save_trees(trees_of(model), tmp_path / "trees.npz")
    trees = load_trees(tmp_path / "trees.npz")
    for rounds, expected in ((30, model.predict_proba(rows)), (12, list(model.staged_predict_proba(rows))[11])):
        raw = trees.first(rounds).raw(rows)
        made = softmax(raw) if raw.shape[1] > 1 else np.concatenate([1 - sigmoid(raw), sigmoid(raw)], axis=1)
        np.testing.assert_allclose(made, expected, atol=1e-9)


def test_categories_known_and_unknown() -> None:
    generator = np.random.default_rng(1)
    rows = np.stack([generator.integers(0, 60, 900), generator.normal(size=900), generator.integers(0, 4, 900)], axis=1)
    answers = (np.sin(rows[:, 0]) + rows[:, 1] * (rows[:, 2] == 2) > 0).astype(int) + (rows[:, 2] == 3)
    rows = np.where(generator.random(rows.shape) < 0.1, np.nan, rows)
    model = HistGradientBoostingClassifier(
        max_iter=20, categorical_features=[True, False, True], early_stopping=False
    ).fit(rows[:700], answers[:700])
    rows[800:, 0] = 61  # never seen
    trees = trees_of(model)
    assert (trees.bits >= 0).sum() > 100
    np.testing.assert_allclose(softmax(trees.raw(rows)), model.predict_proba(rows), atol=1e-9)


def test_numbers_are_those_of_the_library() -> None:
    rows, answers = load_diabetes(return_X_y=True)
    model = HistGradientBoostingRegressor(max_iter=40, early_stopping=False).fit(rows, answers)
    np.testing.assert_allclose(trees_of(model).raw(rows)[:, 0], model.predict(rows), rtol=1e-12, atol=1e-9)
