"""TF-IDF with a linear model as a bundle: terms and their weights in the runtime, a table of weights as graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modeling.engine.bundle.arrays import array_bytes
from modeling.engine.bundle.plan import Plan
from modeling.engine.bundle.table_graph import RUNGS, terms_graph
from modeling.engine.families.tfidf import TABLE_FILE, VOCABULARY_FILE

if TYPE_CHECKING:
    from modeling.engine.training.train import TrainedModel


def term_plan(model: TrainedModel) -> Plan:
    """Return the plan of terms and weights."""
    facts = model.facts
    with np.load(model.folder / TABLE_FILE, allow_pickle=False) as arrays:
        weights, bias, idf = arrays["weights"].astype(np.float64), arrays["bias"], arrays["idf"]
    many = facts["task"] == "text-multilabel"
    shift = np.array([np.log(t / (1 - t)) for t in facts["thresholds"]]) if many else None
    temperature = float(facts["temperature"])
    kind = "characters" if facts["analyzer"] == "char" else "words"
    return Plan(
        rungs=RUNGS,
        build=lambda rung: terms_graph(weights.T / temperature, bias / temperature, shift, rung),
        reading={"kind": "terms", "analyzer": facts["analyzer"]},
        answering={"kind": "labels" if many else "label"},
        inputs=("terms", "weights"),
        outputs=("probabilities",),
        members={
            "assets/terms.json": (model.folder / VOCABULARY_FILE).read_bytes(),
            "assets/idf.npy": array_bytes(idf),
        },
        needs=(),
        licences=[],
        encoder=None,
        said=lambda texts: model.predictions(list(texts)),
        about=f"It weighs {len(idf):,} terms of neighbouring {kind} by TF-IDF; nothing in it is pretrained.",
        example='"a text"',
    )
