"""Whole bundles with tiny graphs, so that a test of what is around a model trains none."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from modeling.engine.bundle.pack import pack, to_json
from modeling.engine.bundle.predict import __file__ as predict_file
from modeling.engine.bundle.runtime.model import __file__ as runtime_file

WORDS = ["[UNK]", "free", "prize", "call", "hello", "home", "warm", "up"]
# How much each word speaks for spam; the unknown word speaks for nothing.
SPAM = [0.0, 2.0, 3.0, 1.0, -2.0, -2.0, 0.0, 0.0]


def graph(scores: list[float] | None = None, extra: list[onnx.NodeProto] | None = None, **changes: Any) -> bytes:
    """Return a graph from word ids to the probabilities of ham and spam: the mean of the words' scores, squashed."""
    weights = np.array([[-score, score] for score in (SPAM if scores is None else scores)], np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("ReduceSum", ["words", "axis"], ["sum"], keepdims=0),
        helper.make_node("Softmax", ["sum"], ["probabilities"], axis=-1),
        *(extra or []),
    ]
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, [1, "tokens"])
        for name in ("input_ids", "attention_mask")
    )
    made = helper.make_graph(
        nodes,
        "small",
        [ids, mask],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, changes.get("classes", 2)])],
        [numpy_helper.from_array(weights, "table"), numpy_helper.from_array(np.array([1]), "axis")],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def looping(turns: int, only_for: int | None = None) -> bytes:
    """Return a graph that counts to `turns` before it answers; with `only_for` where that word's id comes up."""
    count = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["count", "one"], ["counted"]),
        ],
        "turn",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("count", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("counted", TensorProto.FLOAT, []),
        ],
        [numpy_helper.from_array(np.float32(1), "one")],
    )
    here = [
        helper.make_node("Equal", ["input_ids", "wanted"], ["equal"]),
        helper.make_node("Cast", ["equal"], ["numbers"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["numbers"], ["found"], keepdims=0),
        helper.make_node("Mul", ["found", "most"], ["turns"]),
    ]
    start = [] if only_for is None else here
    nodes = [
        *start,
        helper.make_node("Loop", ["most" if only_for is None else "turns", "yes", "zero"], ["last"], body=count),
        helper.make_node("Mul", ["last", "zero"], ["nothing"]),
    ]
    model = onnx.load_model_from_string(graph())
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    model.graph.node[-1].input[0] = "with_nothing"
    model.graph.node.insert(len(model.graph.node) - 1, helper.make_node("Add", ["sum", "nothing"], ["with_nothing"]))
    values = {"most": np.int64(turns), "wanted": np.int64(only_for or 0), "yes": np.bool_(True), "zero": np.float32(0)}
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in values.items())
    return model.SerializeToString()


def tokenizer() -> bytes:
    """Return a tokenizer of the eight words."""
    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made.to_str().encode()


def members_of(content: bytes) -> dict[str, bytes]:
    """Return what a bundle holds, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def small_bundle(
    path: Path,
    onnx_bytes: bytes | None = None,
    labels: tuple[str, ...] = ("ham", "spam"),
    **others: bytes,
) -> Path:
    """Write a bundle that takes texts and gives one label; `others` are members such as tokenizer_json."""
    runtime = {f"runtime/{file.name}": file.read_bytes() for file in Path(runtime_file).parent.glob("*.py")}
    facts = {
        "fingerprint": "0" * 64,
        "task": "text-classification",
        "family": "small",
        "reading": {"kind": "text"},
        "answering": {"kind": "label"},
        "graph": {"opset": 17, "inputs": ["input_ids", "attention_mask"], "outputs": ["probabilities"]},
        "needs": ["numpy", "onnxruntime", "tokenizers"],
    }
    members = {
        "model.onnx": graph() if onnx_bytes is None else onnx_bytes,
        "labels.json": to_json(list(labels)),
        "metrics.json": to_json({"primary": "macro_f1", "bundle": {"macro_f1": 1.0}}),
        "sbom.json": to_json({}),
        "predict.py": Path(predict_file).read_bytes(),
        "README.md": b"# Small\n",
        "tokenizer.json": tokenizer(),
        **runtime,
        **{name.replace("_", "."): content for name, content in others.items()},
    }
    path.write_bytes(pack(members, facts)[0])
    return path


def packed_again(path: Path, members: dict[str, bytes], **facts: Any) -> Path:
    """Write members as a bundle whose manifest lists their hashes as they are, as a forger would."""
    manifest = {**json.loads(members["manifest.json"]), **facts}
    rest = {name: content for name, content in members.items() if name not in {"manifest.json", "signature.json"}}
    path.write_bytes(pack(rest, {name: value for name, value in manifest.items() if name != "members"})[0])
    return path
