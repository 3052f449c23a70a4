"""Rewards of answers as a bundle: counts alone, counts beside frozen vectors, or a fine-tuned encoder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.graph import LADDER, compressed, kept_pieces
from modeling.engine.bundle.plan import Plan
from modeling.engine.bundle.runtime.answers import padded
from modeling.engine.bundle.runtime.counts import NAMES, counted_features
from modeling.engine.bundle.runtime.windows import readable
from modeling.engine.bundle.text_plan import encoder_facts
from modeling.engine.families.reward import FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.bundle.plan import Rung
    from modeling.engine.data import Examples, Pair
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.families.reward_tuned import RewardTuned
    from modeling.engine.preference.graphs import VectorRewards
    from modeling.engine.training.train import TrainedModel

EXAMPLE = "'" + json.dumps({"prompt": "a question", "first": "an answer", "second": "another"}) + "'"
OUTPUT = "first_is_better"


def vector_plan(model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
    """Return the plan of a reward over counts and frozen vectors."""
    source = context.source_of(model.facts)
    pieces = kept_pieces(source, _texts(data))
    with np.load(model.folder / FILE, allow_pickle=False) as arrays:
        weights = arrays["weights"]

    def build(rung: Rung) -> bytes:
        import torch

        module = _vector_rewards(model, source, weights, pieces)
        inputs = _ids(3) | {"counts": torch.ones((2, len(NAMES)))}
        return compressed(module.encoder, rung, lambda path: _write(module, path, inputs))

    return _plan(
        model,
        source,
        pieces,
        build=build,
        reading={"kind": "pair-vectors", "pad": source.pad_id},
        inputs=("input_ids", "attention_mask", "counts"),
        tokenizer=source.tokenizer(pieces).to_str(),
        said=lambda pairs: _float_chances(model, source, weights, pairs),
    )


def row_plan(family: RewardTuned, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
    """Return the plan of a reward whose encoder was trained further."""
    from modeling.engine.preference.net import whole_tokenizer

    source = context.source_of(model.facts)
    pieces = kept_pieces(source, _texts(data), whole_tokenizer(source))

    def build(rung: Rung) -> bytes:
        import torch

        from modeling.engine.preference.graphs import ReadRewards

        _reader, net = family.opened(model.folder, model.facts, source, pieces)
        module = ReadRewards(net, float(model.facts["temperature"]))
        inputs = _ids(2) | {"is_answer": torch.ones((2, 8)), "counts": torch.ones((2, len(NAMES)))}
        return compressed(net.encoder, rung, lambda path: _write(module, path, inputs))

    return _plan(
        model,
        source,
        pieces,
        build=build,
        reading={"kind": "pair-rows", "longest": source.max_tokens, "pad": source.pad_id},
        inputs=("input_ids", "attention_mask", "is_answer", "counts"),
        tokenizer=whole_tokenizer(source, pieces).to_str(),
        said=lambda pairs: model.predictions(list(pairs), context),
    )


def _plan(model: TrainedModel, source: EncoderSource, pieces: list[int] | None, *, tokenizer: str, **own: Any) -> Plan:
    return Plan(
        rungs=LADDER,
        answering={"kind": "better"},
        outputs=(OUTPUT,),
        members={"tokenizer.json": tokenizer.encode("utf-8")},
        needs=("tokenizers",),
        licences=source.licences(),
        encoder=encoder_facts(model, source, len(pieces or [])),
        about=f"It gives answers a reward by the {source.name} encoder ({source.languages}) and by what can be counted "
        f"of them. {model.facts['encoder_reason']}",
        example=EXAMPLE,
        **own,
    )


def _vector_rewards(
    model: TrainedModel, source: EncoderSource, weights: Any, pieces: list[int] | None
) -> VectorRewards:
    from curation.engine.embedding.graph import load_encoder
    from modeling.engine.preference.graphs import VectorRewards

    return VectorRewards(load_encoder(source, pieces), weights, float(model.facts["temperature"])).eval()


def _float_chances(model: TrainedModel, source: EncoderSource, weights: Any, pairs: Sequence[Pair]) -> Any:
    """Return what the model says with an encoder in float32 and its whole vocabulary; it learned from int8 vectors."""
    import torch

    module, tokenizer = _vector_rewards(model, source, weights, None), source.tokenizer()
    chances = []
    with torch.inference_mode():
        for pair in pairs:
            texts = [readable(text) for text in pair]
            ids, mask = padded([encoding.ids for encoding in tokenizer.encode_batch(texts)], source.pad_id)
            counts = counted_features([pair.prompt] * 2, [pair.first, pair.second])
            inputs = torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(counts).float()
            chances.append(float(module(*inputs)[0]))
    return np.array(chances)


def _texts(data: Examples) -> list[str]:
    pairs = data.part("train").inputs + data.part("validation").inputs
    return [readable(text) for pair in pairs for text in pair]


def _ids(rows: int) -> dict[str, Any]:
    import torch

    ids = torch.ones((rows, 8), dtype=torch.int64)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def _write(module: Any, path: Path, inputs: dict[str, Any]) -> None:
    """Write a module whose number of rows is fixed and whose pieces are free."""
    from curation.engine.embedding.graph import write_graph

    write_graph(module, path, inputs, OUTPUT, {name: {1: "length"} for name in inputs if name != "counts"})
