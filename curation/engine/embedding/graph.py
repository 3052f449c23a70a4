"""Torch modules to ONNX graphs: the legacy exporter at opset 17, then dynamic int8 with signed weights per channel."""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from curation.engine.embedding.bert import BertEncoder, layered_pool, load_weights

if TYPE_CHECKING:
    from pathlib import Path

    from curation.engine.embedding.source import EncoderSource

OPSET = 17


class SentenceEncoder(nn.Module):
    """Token ids and mask to the layered vector of a text."""

    def __init__(self, encoder: BertEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return float32 [b, 2 * width]."""
        return layered_pool(self.encoder, ids, mask)


def load_encoder(source: EncoderSource, pieces: list[int] | None = None, dropout: float = 0.0) -> BertEncoder:
    """Return the pretrained encoder in evaluation mode; `pieces` keeps only these rows of the word table, in order."""
    weights = source.weights(pieces)
    shape = replace(source.shape(), vocabulary=len(weights["words.weight"]))
    return load_weights(BertEncoder(shape, dropout), weights).eval()


def to_onnx(module: nn.Module, path: Path, output: str, *, each_token: bool = False) -> None:
    """Write a module of (ids, mask) as ONNX with free batch and length, weights inside the file."""
    ids = torch.ones((2, 8), dtype=torch.int64)
    both = {0: "batch", 1: "length"}
    axes = {"input_ids": both, "attention_mask": both, output: both if each_token else {0: "batch"}}
    write_graph(module, path, {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, output, axes)


def write_graph(
    module: nn.Module, path: Path, inputs: dict[str, Tensor], output: str, axes: dict[str, dict[int, str]]
) -> None:
    """Write a module as ONNX, weights inside the file.

    Args:
        module: Takes the inputs in order and gives one tensor.
        path: The file.
        inputs: An example of each by name; none of its free sides may be 1, which the exporter takes for fixed.
        output: Name of what the module gives.
        axes: Names of the sides of inputs and output that are free.
    """
    with warnings.catch_warnings():
        # The legacy exporter announces its successor; the successor's attention is not fused by ONNX Runtime.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes=axes,
        )


def quantize_matmuls(source: Path, target: Path, exclude: list[str] | None = None) -> None:
    """Write a copy whose weight matrices are signed int8 with a scale per channel; activations get theirs at run
    time."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises a shape inference that dynamic shapes do not need
    try:
        quantize_dynamic(
            str(source),
            str(target),
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=exclude or [],
            extra_options={"DefaultTensorType": 1},
        )
    finally:
        root.setLevel(level)


def export_encoder(source: EncoderSource, path: Path, *, int8: bool) -> None:
    """Write a pretrained encoder as ONNX, token ids to sentence vectors."""
    encoder = load_encoder(source)
    if int8:
        # One scale a row keeps the cosine to the float table above .9999; one scale a table does not.
        encoder.compress_embeddings()
    _export(SentenceEncoder(encoder), path, "vector", int8=int8)


def export_tokens(source: EncoderSource, path: Path) -> None:
    """Write a pretrained encoder as ONNX (int8), token ids to the last layer's states, float32 [b, t, width]."""
    encoder = load_encoder(source)
    encoder.compress_embeddings()
    _export(encoder, path, "states", int8=True, each_token=True)


def _export(module: nn.Module, path: Path, output: str, *, int8: bool, each_token: bool = False) -> None:
    plain = path.with_suffix(".plain.onnx") if int8 else path
    to_onnx(module, plain, output, each_token=each_token)
    if int8:
        quantize_matmuls(plain, path)
        plain.unlink()
