"""Graphs of a linear map in float64, for models whose reading gives numbers: small, and exactly what was learned."""

from __future__ import annotations

from typing import Any

import numpy as np

from modeling.engine.bundle.plan import Rung

Array = np.ndarray[Any, Any]
# What the graph ends with: probabilities of which one holds, of any, or the numbers themselves.
ENDS = {"label": "Softmax", "labels": "Sigmoid", "value": ""}
EXACT: tuple[Rung, ...] = (Rung("float64", "float64 throughout"),)


def linear_graph(weights: Array, bias: Array, end: str, *, given: str = "row", output: str = "probabilities") -> bytes:
    """Return the serialized graph of `given` [n, d] times `weights` [k, d], plus `bias` [k], ended as ENDS says."""
    from onnx import TensorProto, helper, numpy_helper

    from curation.engine.embedding.graph import OPSET

    last = ENDS[end]
    nodes = [
        helper.make_node("MatMul", [given, "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["sums" if last else output]),
    ]
    if last:
        nodes.append(helper.make_node(last, ["sums"], [output]))
    tensors = {"weights": np.ascontiguousarray(weights.T, np.float64), "bias": np.asarray(bias, np.float64)}
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info(given, TensorProto.DOUBLE, ["rows", weights.shape[1]])],
        [helper.make_tensor_value_info(output, TensorProto.DOUBLE, ["rows", weights.shape[0]])],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content
