"""Small networks from scratch as a bundle: words of their own vocabulary behind one graph."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.plan import Plan, Rung
from modeling.engine.families.from_scratch import LONGEST

if TYPE_CHECKING:
    from modeling.engine.families.from_scratch import FromScratch
    from modeling.engine.training.train import TrainedModel

RUNGS: tuple[Rung, ...] = (
    Rung("int8", "int8 weights per channel, int8 word table", {"int8": True}),
    Rung("fp32", "float32 throughout"),
)


def network_plan(family: FromScratch, model: TrainedModel) -> Plan:
    """Return the plan of a network and its words."""
    facts = model.facts
    words, _network = family.opened(model.folder, facts)
    many = facts["task"] == "text-multilabel"
    # Convolutions see a text without padding and need no mask, so that their graph has none.
    has_mask = facts["network"] != "cnn"
    return Plan(
        rungs=RUNGS,
        build=lambda rung: _graph(family, model, rung),
        reading={"kind": "numbers", "analyzer": facts["analyzer"], "longest": LONGEST, "mask": has_mask},
        answering={"kind": "labels" if many else "label"},
        inputs=("input_ids", "attention_mask") if has_mask else ("input_ids",),
        outputs=("probabilities",),
        members={"assets/words.json": json.dumps(words, ensure_ascii=False).encode("utf-8")},
        needs=(),
        licences=[],
        encoder=None,
        said=lambda texts: model.predictions(list(texts)),
        about=f"It is a small network ({facts['network']}) over {len(words):,} {_units(facts['analyzer'])} of the "
        f"training texts and reads the first {LONGEST} of a text.",
        example='"a text"',
    )


def _units(analyzer: str) -> str:
    return "characters" if analyzer == "char" else "words"


def _graph(family: FromScratch, model: TrainedModel, rung: Rung) -> bytes:
    """Return the graph of a rung. Convolutions and recurrent units stay as they are: they run on few words."""
    from curation.engine.embedding.bert import RowwiseEmbedding
    from curation.engine.embedding.graph import quantize_matmuls, to_onnx
    from modeling.engine.heads.classifier import calibrated
    from modeling.engine.heads.networks import for_graph

    network: Any = family.opened(model.folder, model.facts)[1]
    small = bool(rung.settings.get("int8"))
    if small:
        network.words = RowwiseEmbedding(network.words.weight.detach())
    module = calibrated(for_graph(network), model.facts)
    with tempfile.TemporaryDirectory() as scratch:
        plain, compressed = Path(scratch) / "plain.onnx", Path(scratch) / "int8.onnx"
        to_onnx(module, plain, "probabilities")
        if not small:
            return plain.read_bytes()
        quantize_matmuls(plain, compressed)
        return compressed.read_bytes()
