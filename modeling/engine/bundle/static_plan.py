"""A student of static vectors as a bundle: look-ups, a sum and a head in one graph behind the encoder's tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.plan import Plan, Rung
from modeling.engine.bundle.text_plan import encoder_facts
from modeling.engine.families.static import stored, tokenizer_of

if TYPE_CHECKING:
    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.training.train import TrainedModel

Array = np.ndarray[Any, Any]
# Of the encoder's opset, so that bundles of texts ask one version of ONNX Runtime.
_OPSET, _IR = 17, 8
RUNGS = (
    Rung("int8", "int8 vectors with one scale a piece", {"int8": True}),
    Rung("fp32", "float32 throughout"),
)


def static_plan(model: TrainedModel, source: EncoderSource) -> Plan:
    """Return the plan of a student of static vectors."""
    facts, arrays = model.facts, stored(model.folder)
    many = facts["task"] == "text-multilabel"
    return Plan(
        rungs=RUNGS,
        build=lambda rung: build_static_graph(arrays, facts, int8=bool(rung.settings.get("int8"))),
        reading={"kind": "text"},
        answering={"kind": "labels" if many else "label"},
        inputs=("input_ids", "attention_mask"),
        outputs=("probabilities",),
        members={"tokenizer.json": tokenizer_of(source, arrays).to_str().encode("utf-8")},
        needs=("tokenizers",),
        licences=source.licences(),
        encoder=encoder_facts(model, source, len(arrays["pieces"])),
        said=model.predictions,
        about=(
            f"It adds up one vector for each piece of a text, without running an encoder. A larger model taught it. "
            f"Pieces and first vectors come from {source.name} ({source.languages})."
        ),
        example='"a text"',
    )


def build_static_graph(arrays: dict[str, Array], facts: dict[str, Any], *, int8: bool) -> bytes:
    """Return the serialized graph, ids and mask [b, t] to probabilities [b, k]; temperature and thresholds are in the
    last layer."""
    graph = _Graph()
    mask = graph.add("Unsqueeze", [graph.add("Cast", ["attention_mask"], to=1), graph.ints("last", [2])])
    sums = graph.looked_up("table", arrays["table"], "input_ids", mask, int8=int8)
    length = graph.add(
        "Max", [graph.add("ReduceL2", [sums], axes=[1], keepdims=1), graph.floats("least", np.float32(1e-6))]
    )
    out = graph.add("Div", [sums, length])
    weight, bias = _head(arrays, facts)
    out = graph.add("Gemm", [out, graph.floats("weight", weight), graph.floats("bias", bias)], transB=1)
    last, more = ("Sigmoid", {}) if facts["task"] == "text-multilabel" else ("Softmax", {"axis": 1})
    graph.add(last, [out], name="probabilities", **more)
    return graph.serialized(len(facts["labels"]))


def _head(arrays: dict[str, Array], facts: dict[str, Any]) -> tuple[Array, Array]:
    """Return weights and bias that give logits over the temperature, moved by the thresholds of labels."""
    weight, bias = (arrays[name] / facts["temperature"] for name in ("weight", "bias"))
    if facts["task"] == "text-multilabel":
        bias = bias - np.array([np.log(t / (1 - t)) for t in facts["thresholds"]])
    return weight, bias


class _Graph:
    """An ONNX graph in the making: each operator returns the name of what it gives."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, inputs: list[str], name: str = "", **attributes: Any) -> str:
        """Add an operator."""
        from onnx import helper

        name = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=f"/{name}", **attributes))
        return name

    def floats(self, name: str, value: Array | np.float32) -> str:
        """Add float32 constants."""
        return self._constant(name, np.asarray(value, np.float32))

    def ints(self, name: str, value: list[int]) -> str:
        """Add int64 constants."""
        return self._constant(name, np.array(value, np.int64))

    def _constant(self, name: str, value: Array) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def looked_up(self, name: str, table: Array, rows: str, mask: str, *, int8: bool) -> str:
        """Add the sum [b, d] of rows of a table where the mask [b, t, 1] is 1."""
        if int8:
            scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
            codes = np.rint(table / scale).astype(np.int8)
            found = self.add("Gather", [self._constant(name, codes), rows])
            scales = self.add("Gather", [self.floats(f"{name}_scale", scale), rows])
            found = self.add("Mul", [self.add("Cast", [found], to=1), scales])
        else:
            found = self.add("Gather", [self.floats(name, table), rows])
        return self.add("ReduceSum", [self.add("Mul", [found, mask]), self.ints(f"{name}_axis", [1])], keepdims=0)

    def serialized(self, classes: int) -> bytes:
        """Return the whole model."""
        from onnx import TensorProto, checker, helper

        graph = helper.make_graph(
            self.nodes,
            "static",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
                for name in ("input_ids", "attention_mask")
            ],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes])],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content
