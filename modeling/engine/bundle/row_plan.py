"""Rows of tables as a bundle: columns as training saw them, a linear map or trees in float64."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.arrays import array_bytes
from modeling.engine.bundle.linear_graph import EXACT, linear_graph
from modeling.engine.bundle.plan import Plan
from modeling.engine.families.table_linear import FILE as LINEAR_FILE
from modeling.engine.families.table_linear import REGRESSION
from modeling.engine.families.table_trees import FILE as TREES_FILE
from modeling.engine.tabular.columns import MISSING_WORDS
from modeling.engine.tabular.trees import load_trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.training.train import TrainedModel

Array = np.ndarray[Any, Any]
EPOCH = date(1970, 1, 1)


def linear_plan(model: TrainedModel) -> Plan:
    """Return the plan of a linear model of rows."""
    with np.load(model.folder / LINEAR_FILE, allow_pickle=False) as arrays:
        weights, bias = arrays["weights"], arrays["bias"]
    return _plan(model, "row", weights, bias, {}, "It is linear in scaled numbers and in categories.")


def trees_plan(model: TrainedModel) -> Plan:
    """Return the plan of boosted trees, which the runtime walks; the graph makes answers of their sums."""
    trees = load_trees(model.folder / TREES_FILE)
    outputs = len(trees.baseline)
    # Two classes share one sum.
    halved = model.facts["task"] != REGRESSION and outputs == 1
    weights = np.array([[-0.5], [0.5]]) if halved else np.eye(outputs)
    members = {f"assets/{name}.npy": array_bytes(array) for name, array in trees.to_arrays().items()}
    about = f"It adds up {trees.root.size:,} trees over {model.facts['rounds']:,} rounds."
    return _plan(model, "tree-row", weights, np.zeros(len(weights)), members, about)


def _plan(
    model: TrainedModel,
    reading: str,
    weights: Array,
    bias: Array,
    members: dict[str, bytes],
    about: str,
) -> Plan:
    is_number = model.facts["task"] == REGRESSION
    temperature = 1.0 if is_number else float(model.facts["temperature"])
    columns = [column for column in model.facts["columns"] if column["kind"] != "unused"]
    end, output = ("value", "value") if is_number else ("label", "probabilities")
    return Plan(
        rungs=EXACT,
        build=lambda _rung: linear_graph(weights / temperature, bias / temperature, end, output=output),
        reading={"kind": reading, "columns": columns, "missing": sorted(MISSING_WORDS)},
        answering={"kind": end},
        inputs=("row",),
        outputs=(output,),
        members=members,
        needs=(),
        licences=[],
        encoder=None,
        said=lambda rows: model.predictions(list(rows)),
        about=f"{about} The columns it reads are {', '.join(column['name'] for column in columns)}.",
        example=_example(columns),
    )


def _example(columns: Sequence[dict[str, Any]]) -> str:
    """Return a row as a word of a shell: middle numbers and first categories, nobody's own."""
    row: dict[str, Any] = {}
    for column in columns:
        if column["kind"] == "category":
            row[column["name"]] = next(iter(column["categories"]), None)
        elif column["kind"] == "date":
            row[column["name"]] = (EPOCH + timedelta(days=round(column["median"]))).isoformat()
        else:
            row[column["name"]] = column["median"]
    text = json.dumps(row, ensure_ascii=False)
    return "'" + text.replace("'", "'\\''") + "'"
