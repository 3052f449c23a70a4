"""What an ONNX graph from anywhere may be: known operators, no data outside the file, no functions, no NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.errors import BundleInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onnx import ModelProto, NodeProto, TensorProto

# Standard ONNX and the contributed operators of ONNX Runtime; any other domain would need foreign code.
DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})
DEEPEST = 8


def check_graph(name: str, content: bytes, said: dict[str, Any] | None) -> None:
    """Check a graph of that name; `said` is the manifest's, with its `inputs` and `outputs`, None for another graph.

    Raises:
        BundleInvalid: The sentence says what is wrong.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as error:
        raise BundleInvalid(f"{name} is not an ONNX graph.") from error
    if model.functions:
        raise BundleInvalid(f"{name} defines functions of its own, which are not accepted.")
    for node in _nodes(model.graph):
        if node.domain not in DOMAINS:
            raise BundleInvalid(f"{name} uses operators of {node.domain!r}, which are not accepted.")
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise BundleInvalid(f"{name} points to data outside the file.")
        if _has_nan(tensor):
            raise BundleInvalid(f"{name} has a weight that is no number, in {tensor.name[:100]!r}.")
    if said is None:
        return
    found = {
        side: [value.name for value in values]
        for side, values in (("inputs", model.graph.input), ("outputs", model.graph.output))
    }
    for side, names in found.items():
        if names != said[side]:
            raise BundleInvalid(f"{name} has the {side} {', '.join(names)}; the manifest says {', '.join(said[side])}.")


def _graphs(graph: Any, depth: int = 0) -> Iterator[Any]:
    """Yield a graph and those inside its branches and loops."""
    if depth > DEEPEST:
        raise BundleInvalid(f"model.onnx nests graphs more than {DEEPEST} deep.")
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                yield from _graphs(inner, depth + 1)


def _nodes(graph: Any) -> Iterator[NodeProto]:
    return (node for each in _graphs(graph) for node in each.node)


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    for graph in _graphs(model.graph):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in _nodes(model.graph):
        for attribute in node.attribute:
            yield from ([attribute.t] if attribute.HasField("t") else [])
            yield from attribute.tensors
            for sparse in [
                *([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []),
                *attribute.sparse_tensors,
            ]:
                yield from (sparse.values, sparse.indices)


def _has_nan(tensor: TensorProto) -> bool:
    import onnx
    from onnx import numpy_helper

    if tensor.data_type not in {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16}:
        return False
    try:
        return bool(np.isnan(numpy_helper.to_array(tensor)).any())
    except (ValueError, TypeError) as error:
        raise BundleInvalid(f"model.onnx has a tensor whose size is not that of its shape: {tensor.name!r}.") from error
