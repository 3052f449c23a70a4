"""Bundles of rows: the trained numbers to the last digit, gaps and odd values as in training, refusals by column."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from modeling.engine.bundle import export_bundle
from modeling.engine.bundle.runtime.trees import Trees
from modeling.engine.data import Examples
from modeling.engine.errors import InputRefused
from modeling.engine.serving import Predictor
from modeling.engine.tabular.trees import load_trees
from modeling.engine.training import TrainedModel, TrainingSettings, train
from tests.modeling.engine.bundle.answers import told_by_script
from tests.modeling.engine.conftest import CREATED_AT
from tests.modeling.engine.samples import masses, penguins
from tests.sharing import made_once

FAMILIES = ["table-linear", "table-trees"]


def exported(family: str, data: Examples) -> tuple[TrainedModel, Path]:
    """Train and export once for all tests."""

    def make(folder: Path) -> tuple[TrainedModel, Path]:
        model = train(data, folder / "model", TrainingSettings(family=family))
        made = export_bundle(model, data, folder / "b.zip", created_at=CREATED_AT, limit_points=0.0)
        assert (made.rungs[0]["loss_points"], made.rungs[0]["same_answer"]) == (0.0, 1.0)
        return model, made.path

    return made_once(f"rows-{family}-{data.task}", make)


@pytest.mark.parametrize("family", FAMILIES)
def test_labels_of_rows_are_exact(family: str, tmp_path: Path) -> None:
    data = penguins()
    model, path = exported(family, data)
    odd = {"island": "Mars", "body_mass_g": "heavy", "bill_length_mm": 10**400, "more": [1]}
    rows = [*data.part("test").inputs[:20], odd, {"island": None}]
    answers = Predictor(path).predict(rows)
    made = [[answer["probabilities"][label] for label in model.labels] for answer in answers]
    np.testing.assert_allclose(made, model.predictions(rows), atol=1e-12)
    # Numbers and texts of numbers are the same, as they are in files.
    numbers = {name: float(value) if name.endswith(("_mm", "_g")) else value for name, value in rows[0].items()}
    assert Predictor(path).predict([numbers])[0] == answers[0]
    assert told_by_script(path, tmp_path, json.dumps(rows[0])) == answers[:1]
    # The card's example is nobody's row.
    (example,) = re.findall(r"^python predict.py '(.*)'$", (tmp_path / "README.md").read_text("utf-8"), re.MULTILINE)
    assert json.loads(example)["island"] == "Biscoe"
    assert example not in [json.dumps(row) for row in data.inputs]


@pytest.mark.parametrize("family", FAMILIES)
def test_numbers_of_rows_are_exact(family: str) -> None:
    data = masses()
    model, path = exported(family, data)
    rows = data.part("test").inputs
    answers = Predictor(path).predict(rows)
    np.testing.assert_allclose([answer["value"] for answer in answers], model.predictions(rows), rtol=1e-12)


def test_a_refusal_names_the_column() -> None:
    _model, path = exported("table-linear", penguins())
    predictor = Predictor(path)
    for given, code, sentence in (
        (3, "not_a_row", "no object of values by column"),
        ({"bill": 3}, "no_columns", "none of the columns that the model reads: island, bill_length_mm"),
        ({"bill_length_mm": [39.1]}, "bad_value", "The column bill_length_mm holds a list; give a number or null."),
    ):
        with pytest.raises(InputRefused, match="Input 1: ") as refused:
            predictor.predict([{"island": "Dream"}, given])
        assert (refused.value.code, refused.value.facts["place"]) == (code, 1)
        assert sentence in str(refused.value)
    with pytest.raises(InputRefused, match="not JSON"):
        predictor.given("{island: Dream}")


def test_trees_from_anywhere_are_walked_only_downwards() -> None:
    model, _path = exported("table-trees", penguins())
    arrays = load_trees(model.folder / "trees.npz").to_arrays()
    assert Trees.of_arrays(arrays, 99).root.shape == arrays["roots"].shape
    inner = int(np.flatnonzero(arrays["nodes"]["feature"] >= 0)[0])
    for name, value in (("left", inner), ("right", 10**6), ("feature", 99), ("bits", 10**6)):
        nodes = arrays["nodes"].copy()
        nodes[name][inner] = value
        with pytest.raises(ValueError, match="do not fit"):
            Trees.of_arrays({**arrays, "nodes": nodes}, 99)
    with pytest.raises(ValueError, match="do not fit"):
        Trees.of_arrays({**arrays, "roots": arrays["roots"].ravel()}, 99)
