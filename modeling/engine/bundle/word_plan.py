"""Spans of texts as a bundle: encoder and tagger in one graph behind words, their places and their looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.arrays import array_bytes
from modeling.engine.bundle.graph import LADDER, compressed, kept_pieces
from modeling.engine.bundle.plan import Plan, Rung
from modeling.engine.bundle.runtime.looks import CHARACTERS, TRAITS
from modeling.engine.bundle.runtime.windows import readable
from modeling.engine.bundle.table_graph import RUNGS, features_graph
from modeling.engine.bundle.text_plan import encoder_facts
from modeling.engine.families.tagger_linear import FILE as LINEAR_FILE
from modeling.engine.families.tagger_linear import load_linear
from modeling.engine.tagging.pieces import piece_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.families.tagger import Tagger
    from modeling.engine.training.train import TrainedModel

INPUTS = ("input_ids", "attention_mask", "word", "first", "last", "traits", "letters")


def word_plan(family: Tagger, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
    """Return the plan of a fine-tuned tagger of words."""
    facts = model.facts
    source = context.source_of(facts)
    texts = list(map(readable, data.part("train").inputs + data.part("validation").inputs))
    pieces = kept_pieces(source, texts, piece_tokenizer(source))
    chain = family.opened(model.folder, facts, source).chain
    members = {"tokenizer.json": piece_tokenizer(source, pieces).to_str().encode("utf-8")}
    if chain is not None:
        members["assets/steps.npy"] = _steps_bytes(chain.learned())
    return Plan(
        rungs=LADDER,
        build=lambda rung: _graph(family, model, source, pieces, rung),
        reading={"kind": "windows", "longest": source.max_tokens, "pad": source.pad_id},
        answering=_answering(facts, learned=chain is not None),
        inputs=INPUTS,
        outputs=("scores",),
        members=members,
        needs=("tokenizers",),
        licences=source.licences(),
        encoder=encoder_facts(model, source, len(pieces or [])),
        said=lambda texts: model.predictions(list(texts), context),
        about=f"It reads texts word by word with the {source.name} encoder ({source.languages}), long ones part by "
        f"part with context. {facts['encoder_reason']}",
        example='"a text"',
    )


def feature_plan(model: TrainedModel) -> Plan:
    """Return the plan of the linear tagger: features of words by their codes, a table of weights as graph."""
    facts = model.facts
    tagger, vocabulary = load_linear(model.folder / LINEAR_FILE)
    # A row of zeros for features that training did not see.
    table = np.vstack([tagger.weights, np.zeros((1, tagger.weights.shape[1]))])
    return Plan(
        rungs=RUNGS,
        build=lambda rung: features_graph(table, rung),
        reading={"kind": "features"},
        answering=_answering(facts, learned=True),
        inputs=("features",),
        outputs=("scores",),
        members={"assets/codes.npy": array_bytes(vocabulary.codes), "assets/steps.npy": _steps_bytes(tagger)},
        needs=(),
        licences=[],
        encoder=None,
        said=lambda texts: model.predictions(list(texts)),
        about=f"It tags words by {len(vocabulary.codes):,} features of words and their neighbours; nothing in it is "
        "pretrained.",
        example='"a text"',
    )


def _answering(facts: dict[str, Any], *, learned: bool) -> dict[str, Any]:
    """Return how scores become spans; scores that go with learned steps are no log probabilities."""
    own = {name: facts[name] for name in ("scheme", "bias", "temperature")}
    return {"kind": "spans", **own, "shares": not learned, "steps": learned}


def _steps_bytes(learned: Any) -> bytes:
    """Return learned scores of tags that begin, end and follow one another as one array, float64 [2 + k, k]."""
    return array_bytes(np.vstack([learned.begin, learned.end, learned.follow]).astype(np.float64))


def _graph(family: Tagger, model: TrainedModel, source: EncoderSource, pieces: list[int] | None, rung: Rung) -> bytes:
    """Return the graph of a rung: windows of words to scores of tags."""
    import torch

    from curation.engine.embedding.graph import write_graph
    from modeling.engine.tagging.net import TaggerGraph

    net = family.opened(model.folder, model.facts, source, pieces).net
    batch, length, words = 2, 8, 6
    places = torch.arange(words).repeat(batch, 1)
    inputs = {
        "input_ids": torch.ones((batch, length), dtype=torch.int64),
        "attention_mask": torch.ones((batch, length), dtype=torch.int64),
        "word": torch.tensor([[-1, *range(words), -1]]).repeat(batch, 1),
        "first": places,
        "last": places,
        "traits": torch.ones((batch, words, TRAITS), dtype=torch.int64),
        "letters": torch.ones((batch, words, CHARACTERS), dtype=torch.int64),
    }
    pieces_of, words_of = {0: "batch", 1: "length"}, {0: "batch", 1: "words"}
    axes = {name: pieces_of if name in {"input_ids", "attention_mask", "word"} else words_of for name in inputs}

    def write(path: Path) -> None:
        write_graph(TaggerGraph(net), path, inputs, "scores", axes | {"scores": words_of})

    return compressed(net.encoder, rung, write)
