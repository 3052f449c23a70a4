"""Graphs of networks on pictures: exported from torch, joined, and their weights in int8."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.embedding.graph import OPSET
from modeling.engine.bundle.plan import Rung

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import nn

# From small to safe. `first` is how many layers of EfficientNet-Lite0 stay in float before the others, `small` how many
# of a network of six layers, `last` whether the backbone's last one does. What tells labels apart always does.
LADDER: tuple[Rung, ...] = (
    Rung("int8", "int8 convolutions with fixed scales, float ends", {"static": True, "first": 6, "small": 0}),
    Rung(
        "int8-float-ends",
        "int8 convolutions with fixed scales, more of both ends in float",
        {"static": True, "first": 12, "small": 2, "last": True},
    ),
    Rung("int8-weights", "int8 weights per channel, computed in float32", {"weights": True}),
    Rung("fp32", "float32 throughout"),
)
# Weights that are kept in int8: of convolutions and of matrices, by output channel.
_CHANNEL = {"Conv": 0, "Gemm": 0}
# Below this many numbers nothing is saved.
_SMALL = 1024


def exported(
    module: nn.Module,
    inputs: Sequence[torch.Tensor],
    names: Sequence[str],
    outputs: Sequence[str],
    free: dict[str, dict[int, str]],
) -> bytes:
    """Return a module as an ONNX graph with its weights inside; `free` names the dimensions that may vary."""
    import torch

    with warnings.catch_warnings(), torch.no_grad(), tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "graph.onnx"
        # The exporter announces its successor, and that sizes of maps are traced.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(inputs),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=list(names),
            output_names=list(outputs),
            dynamic_axes=free,
        )
        return path.read_bytes()


def joined(first: bytes, second: bytes, name: str) -> bytes:
    """Return two graphs as one, where the first one's output of that name is the second one's input."""
    import onnx

    body, head = onnx.load_model_from_string(first), onnx.load_model_from_string(second)
    head = onnx.compose.add_prefix(head, "head/", rename_inputs=False, rename_outputs=False)
    head.ir_version = body.ir_version
    whole = onnx.compose.merge_models(body, head, io_map=[(name, name)])
    return bytes(whole.SerializeToString())


def int8_weights(graph: bytes) -> bytes:
    """Return a graph whose large weights are int8 with a scale per output channel; what it computes stays float32."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load_model_from_string(graph)
    kept = {tensor.name: tensor for tensor in model.graph.initializer}
    done: set[str] = set()
    for node in list(model.graph.node):
        tensor = kept.get(node.input[1]) if node.op_type in _CHANNEL else None
        if tensor is None or tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        transposed = node.op_type == "Conv" or any(own.name == "transB" and own.i for own in node.attribute)
        values = numpy_helper.to_array(tensor)
        if not transposed or values.size < _SMALL:
            continue
        name = tensor.name
        node.input[1] = f"{name}_float"
        if name in done:
            continue
        done.add(name)
        whole, scales = _rounded(values)
        model.graph.initializer.remove(tensor)
        model.graph.initializer.extend(
            [numpy_helper.from_array(whole, f"{name}_int8"), numpy_helper.from_array(scales, f"{name}_scale")]
        )
        inputs = [f"{name}_int8", f"{name}_scale"]
        model.graph.node.insert(0, helper.make_node("DequantizeLinear", inputs, [f"{name}_float"], axis=0))
    return bytes(model.SerializeToString())


def _rounded(values: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return weights as int8 and the scale of each output channel, the first dimension."""
    flat = np.abs(values.reshape(len(values), -1)).max(axis=1)
    scales = (np.where(flat > 0, flat, 1) / 127).astype(np.float32)
    shape = (-1, *([1] * (values.ndim - 1)))
    return np.rint(values / scales.reshape(shape)).astype(np.int8), scales
