"""The ONNX graphs of a bundle, one per rung of the compression ladder, and the vocabulary they keep."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.plan import Rung
from modeling.engine.families.family import TextFamily
from modeling.engine.families.table import get_family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.training.train import TrainedModel


# From small to safe. Signed weights per channel and scales of activations at run time: on two cores with and without
# VNNI this lost nothing that static or per-tensor int8 kept, and U8S8 saturates on processors without VNNI.
LADDER: tuple[Rung, ...] = (
    Rung("int8", "int8 weights per channel, int8 word table", {"table": True, "matrices": True}),
    Rung(
        "int8-float-ends",
        "int8 weights per channel, float word table and last two layers",
        {"matrices": True, "float_layers": 2},
    ),
    Rung("fp32", "float32 throughout"),
)


def kept_pieces(source: EncoderSource, texts: Sequence[str]) -> list[int] | None:
    """Return the vocabulary ids that a bundle keeps, in order: those the encoder requires and those that the texts use.

    None means the whole vocabulary, for encoders whose vocabulary is small.
    """
    required = source.required_pieces()
    if not required:
        return None
    used = {piece for encoding in source.tokenizer().encode_batch(list(texts)) for piece in encoding.ids}
    return sorted(required | used)


def classifier_module(model: TrainedModel, source: EncoderSource, pieces: list[int] | None) -> nn.Module:
    """Return encoder, head and temperature of a model as one torch module, ids and mask to probabilities."""
    from modeling.engine.heads.classifier import CalibratedClassifier, CalibratedLabels

    facts = model.facts
    family = get_family(facts["family"])
    assert isinstance(family, TextFamily)
    module = family.module(model.folder, facts, source, pieces)
    if facts["task"] == "text-multilabel":
        return CalibratedLabels(module, float(facts["temperature"]), facts["thresholds"]).eval()
    return CalibratedClassifier(module, float(facts["temperature"])).eval()


def build_graph(module: nn.Module, rung: Rung) -> bytes:
    """Return the serialized ONNX graph of a rung; the module is left as it was."""
    from curation.engine.embedding.graph import quantize_matmuls, to_onnx

    module = copy.deepcopy(module)
    encoder: Any = module.classifier.encoder  # type: ignore[union-attr]
    if rung.settings.get("table"):
        encoder.compress_embeddings()
    with tempfile.TemporaryDirectory() as scratch:
        plain, compressed = Path(scratch) / "plain.onnx", Path(scratch) / "int8.onnx"
        to_onnx(module, plain, "probabilities")
        if not rung.settings.get("matrices"):
            return plain.read_bytes()
        first_float = len(encoder.layers) - rung.settings.get("float_layers", 0)
        quantize_matmuls(plain, compressed, _matmuls_of_layers(plain, range(first_float, len(encoder.layers))))
        return compressed.read_bytes()


def _matmuls_of_layers(path: Path, layers: range) -> list[str]:
    """Return the names of a graph's matrix products inside these encoder layers."""
    import onnx

    marks = tuple(f"/layers.{number}/" for number in layers)
    nodes = onnx.load(str(path)).graph.node
    return [node.name for node in nodes if node.op_type == "MatMul" and any(mark in node.name for mark in marks)]


def run_graph(graph: bytes, tokens: Sequence[Sequence[int]], threads: int) -> np.ndarray[Any, Any]:
    """Return probabilities [n, k] of token rows, one row a run so that no row depends on another."""
    from concurrent.futures import ThreadPoolExecutor

    from curation.engine.embedding.encode import open_session

    session = open_session(graph)

    def one(row: Sequence[int]) -> np.ndarray[Any, Any]:
        ids = np.array([row], dtype=np.int64)
        out: np.ndarray[Any, Any] = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
        return out

    with ThreadPoolExecutor(threads) as pool:
        return np.array(list(pool.map(one, tokens)), dtype=np.float64)
