"""Climb the compression ladder: build each rung, measure it on the whole test split, stop at the first that passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.gate import GateResult, gate
from modeling.engine.bundle.graph import Rung, build_graph, classifier_module, float_probabilities, run_graph
from modeling.engine.callbacks import stop_if
from modeling.engine.data import Examples
from modeling.engine.families.family import TrainingContext
from modeling.engine.metrics import classification_figures
from modeling.engine.training.train import TrainedModel

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from curation.engine.embedding.source import EncoderSource


@dataclass(frozen=True)
class Candidate:
    """A compressed graph with its figures, its gate result and its parity with the float model over the test rows."""

    rung: Rung
    graph: bytes
    figures: dict[str, Any]
    result: GateResult
    same_label: float
    largest_difference: float

    def report(self) -> dict[str, Any]:
        """Return the figures of this rung, JSON-ready."""
        return {
            "rung": self.rung.name,
            "title": self.rung.title,
            "bytes": len(self.graph),
            **self.result.to_dict(),
            "same_label": self.same_label,
            "largest_probability_difference": self.largest_difference,
        }


def climb(
    model: TrainedModel,
    source: EncoderSource,
    test: Examples,
    pieces: list[int] | None,
    tokenizer: Tokenizer,
    ladder: tuple[Rung, ...],
    limit_points: float,
    context: TrainingContext,
) -> tuple[dict[str, Any], list[Candidate]]:
    """Return the float model's figures and the rungs tried; only the last can have passed.

    The float model has its whole vocabulary; the rungs have the bundle's, so that trimming counts as loss as well.
    """
    threads, truth = int(model.facts["settings"]["threads"]), test.targets(model.labels)
    context.stage("float figures")
    reference = float_probabilities(model, source, test.inputs, threads)
    float_figures = classification_figures(reference, truth, model.labels)
    tokens = [encoding.ids for encoding in tokenizer.encode_batch(list(test.inputs))]
    candidates: list[Candidate] = []
    for rung in ladder:
        stop_if(context.cancelled, "Exporting")
        context.stage(f"compressing: {rung.name}")
        graph = build_graph(classifier_module(model, source, pieces), rung)
        made = run_graph(graph, tokens, threads)
        figures = classification_figures(made, truth, model.labels)
        result = gate(float_figures, figures, limit_points)
        same = float((made.argmax(axis=1) == reference.argmax(axis=1)).mean())
        candidates.append(Candidate(rung, graph, figures, result, same, float(np.abs(made - reference).max())))
        if result.passed:
            break
    return float_figures, candidates
