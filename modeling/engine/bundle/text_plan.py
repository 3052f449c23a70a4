"""Texts with labels as a bundle: encoder, head and temperature in one graph behind the encoder's tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.graph import LADDER, build_graph, classifier_module, kept_pieces, run_graph
from modeling.engine.bundle.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.data import Examples
    from modeling.engine.training.train import TrainedModel


def text_plan(model: TrainedModel, data: Examples, source: EncoderSource) -> Plan:
    """Return the plan of a family whose `module` takes ids and mask and gives logits."""
    pieces = kept_pieces(source, data.part("train").inputs + data.part("validation").inputs)
    many = model.facts["task"] == "text-multilabel"
    return Plan(
        rungs=LADDER,
        build=lambda rung: build_graph(classifier_module(model, source, pieces), rung),
        reading={"kind": "text"},
        answering={"kind": "labels" if many else "label"},
        inputs=("input_ids", "attention_mask"),
        outputs=("probabilities",),
        members={"tokenizer.json": source.tokenizer(pieces).to_str().encode("utf-8")},
        needs=("tokenizers",),
        licences=source.licences(),
        encoder=encoder_facts(model, source, len(pieces or [])),
        said=lambda texts: _float_probabilities(model, source, texts),
        about=f"It reads texts by the {source.name} encoder ({source.languages}). {model.facts['encoder_reason']}",
        example='"a text"',
    )


def encoder_facts(model: TrainedModel, source: EncoderSource, vocabulary: int) -> dict[str, Any]:
    """Return what a manifest says of a text encoder; `vocabulary` is that of the bundle, 0 for the whole."""
    return {
        "name": source.name,
        "languages": source.languages,
        "fingerprint": model.facts["encoder_fingerprint"],
        "max_tokens": source.max_tokens,
        "reason": model.facts["encoder_reason"],
        "vocabulary": vocabulary or source.shape().vocabulary,
    }


def _float_probabilities(model: TrainedModel, source: EncoderSource, texts: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return the float model's probabilities [n, k] with its whole vocabulary, through a float32 graph.

    The word table is cut to the pieces these texts use, which changes no result and spares hundreds of megabytes.
    """
    tokens = [encoding.ids for encoding in source.tokenizer().encode_batch(list(texts))]
    pieces = sorted({piece for row in tokens for piece in row})
    place = {piece: i for i, piece in enumerate(pieces)}
    graph = build_graph(classifier_module(model, source, pieces), LADDER[-1])
    return run_graph(
        graph, [[place[piece] for piece in row] for row in tokens], int(model.facts["settings"]["threads"])
    )
