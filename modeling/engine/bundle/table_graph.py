"""Graphs that look rows of a table up and add them: weights of terms and of features of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.plan import Rung

if TYPE_CHECKING:
    from onnx import NodeProto

Array = np.ndarray[Any, Any]
RUNGS: tuple[Rung, ...] = (
    Rung("int8", "int8 weights with a scale for each row", {"int8": True}),
    Rung("fp32", "float32 throughout"),
)


def terms_graph(table: Array, bias: Array, shift: Array | None, rung: Rung) -> bytes:
    """Return the graph of `terms` int64 [n] with `weights` float32 [n] to `probabilities` [1, k].

    Args:
        table: Of each term what it adds to each label, [terms, k].
        bias: [k].
        shift: What is taken from each sum before a sigmoid, [k]; None for a softmax.
        rung: One of RUNGS.
    """
    from onnx import TensorProto, helper

    nodes, tensors = _looked_up("terms", table, rung)
    tensors |= {"bias": _plain(bias if shift is None else bias - shift), "last": np.array([-1]), "first": np.array([0])}
    nodes += [
        helper.make_node("Unsqueeze", ["weights", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "first"], ["sum"], keepdims=1),
        helper.make_node("Add", ["sum", "bias"], ["logits"]),
        helper.make_node("Softmax" if shift is None else "Sigmoid", ["logits"], ["probabilities"]),
    ]
    inputs = [
        helper.make_tensor_value_info("terms", TensorProto.INT64, ["terms_in_text"]),
        helper.make_tensor_value_info("weights", TensorProto.FLOAT, ["terms_in_text"]),
    ]
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, len(bias)])
    return _model(nodes, inputs, output, tensors)


def features_graph(table: Array, rung: Rung) -> bytes:
    """Return the graph of `features` int64 [1, words, f], numbers of rows of the table, to `scores`, their sums
    [1, words, tags]."""
    from onnx import TensorProto, helper

    nodes, tensors = _looked_up("features", table, rung)
    nodes.append(helper.make_node("ReduceSum", ["rows", "third"], ["scores"], keepdims=0))
    inputs = [helper.make_tensor_value_info("features", TensorProto.INT64, [1, "words", "features_of_word"])]
    output = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, "words", table.shape[1]])
    return _model(nodes, inputs, output, tensors | {"third": np.array([2])})


def _looked_up(given: str, table: Array, rung: Rung) -> tuple[list[NodeProto], dict[str, Array]]:
    """Return nodes that look `rows` up, and their tensors; as int8 each row has a scale, which costs at most 0.4 % of
    the row's peak."""
    from onnx import TensorProto, helper

    if not rung.settings.get("int8"):
        return [helper.make_node("Gather", ["table", given], ["rows"])], {"table": _plain(table)}
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127.0
    nodes = [
        helper.make_node("Gather", ["table", given], ["codes"]),
        helper.make_node("Gather", ["scale", given], ["scales"]),
        helper.make_node("Cast", ["codes"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["numbers", "scales"], ["rows"]),
    ]
    return nodes, {"table": np.round(table / scale).astype(np.int8), "scale": _plain(scale)}


def _plain(array: Array) -> Array:
    return np.ascontiguousarray(array, np.float32)


def _model(nodes: list[NodeProto], inputs: list[Any], output: Any, tensors: dict[str, Array]) -> bytes:
    from onnx import helper, numpy_helper

    from curation.engine.embedding.graph import OPSET

    made = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    graph = helper.make_graph(nodes, "table", inputs, [output], made)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content
