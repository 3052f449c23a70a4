"""Bundles that mean harm are refused by the process that tries them, each with its sentence."""

import io
import json
import pickle
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from modeling.engine.errors import BundleInvalid
from modeling.engine.server import trial
from modeling.engine.server.trial import finish_trial, start_trial
from tests.modeling.engine.small_bundle import SPAM, graph, looping, members_of, packed_again, small_bundle

GIGABYTES = 3 * 2**30


def judged(path, seconds: float = 60) -> str:
    return finish_trial(start_trial(path, GIGABYTES, seconds, None), seconds)


def said_of(path) -> str:
    """Return what the trial says in this process, of what cannot harm it."""
    return trial.judged({"path": str(path), "key": None}).get("sentence", "")


def swelling(shape: list[int]) -> bytes:
    """Return a graph that makes a tensor of a shape before it answers."""
    model = onnx.load_model_from_string(graph())
    big = helper.make_node("Expand", ["zero", "shape"], ["big"])
    small = helper.make_node("ReduceMax", ["big"], ["nothing"], keepdims=0)
    model.graph.node[-1].input[0] = "with_nothing"
    for node in (helper.make_node("Add", ["sum", "nothing"], ["with_nothing"]), small, big):
        model.graph.node.insert(2 if node.op_type == "Add" else 0, node)
    model.graph.initializer.extend(
        [numpy_helper.from_array(np.float32(0), "zero"), numpy_helper.from_array(np.array(shape), "shape")]
    )
    return model.SerializeToString()


def test_a_good_bundle_passes(tmp_path):
    assert len(judged(small_bundle(tmp_path / "b.zip"))) == 64
    assert len(judged(small_bundle(tmp_path / "b.zip", looping(1000)))) == 64
    assert len(judged(small_bundle(tmp_path / "b.zip", swelling([10, 10])))) == 64


def test_a_graph_that_never_ends_is_stopped(tmp_path):
    with pytest.raises(BundleInvalid, match=r"did not answer within|brought down"):
        judged(small_bundle(tmp_path / "b.zip", looping(10**15)), seconds=5)


@pytest.mark.parametrize("shape", [[2**20, 2**20], [2**31, 2**31], [-1, 5], [2**62, 2**62]])
def test_a_graph_that_swells_is_refused(tmp_path, shape):
    with pytest.raises(BundleInvalid, match=r"does not run|brought down|memory"):
        judged(small_bundle(tmp_path / "b.zip", swelling(shape)))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    weights = [*SPAM[:6], value, value]
    said = said_of(small_bundle(tmp_path / "b.zip", graph(weights)))
    assert "no number, in 'table'" in said or "a number that is none" in said


def test_labels_that_are_not_the_graphs_are_refused(tmp_path):
    said = said_of(small_bundle(tmp_path / "b.zip", labels=("ham", "spam", "eel")))
    assert "shape (1, 2) for 3 labels" in said


def test_pickled_arrays_are_never_loaded(tmp_path):
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harmed"), "w"))

    stream = io.BytesIO()
    np.save(stream, np.array([Harm()], dtype=object), allow_pickle=True)
    assert pickle.PROTO in stream.getvalue()
    members = members_of(small_bundle(tmp_path / "b.zip").read_bytes())
    packed_again(tmp_path / "b.zip", {**members, "assets/table.npy": stream.getvalue()})
    assert said_of(tmp_path / "b.zip") == "assets/table.npy holds objects, which are not accepted."
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("name", ["reading", "answering", "graph"])
@pytest.mark.parametrize("value", [None, {}, [], {"kind": "os.system"}, {"kind": ["label"]}, {"inputs": []}])
def test_a_manifest_of_another_kind_is_refused(tmp_path, name, value):
    members = members_of(small_bundle(tmp_path / "b.zip").read_bytes())
    assert name in said_of(packed_again(tmp_path / "b.zip", members, **{name: value}))


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"null", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("name", ["tokenizer.json", "labels.json", "metrics.json", "model.onnx"])
def test_a_member_that_holds_something_else_is_refused(tmp_path, name, content):
    members = {**members_of(small_bundle(tmp_path / "b.zip").read_bytes()), name: content}
    said = said_of(packed_again(tmp_path / "b.zip", members))
    assert said or (name, content) == ("metrics.json", b"{}")


def test_graphs_inside_graphs_are_looked_into(tmp_path):
    inner = helper.make_graph(
        [helper.make_node("Evil", [], ["x"], domain="evil.example")],
        "inner",
        [],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [])],
    )
    model = onnx.load_model_from_string(graph())
    model.graph.node.insert(0, helper.make_node("If", ["yes"], ["x"], then_branch=inner, else_branch=inner))
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(True), "yes"))
    assert "evil.example" in said_of(small_bundle(tmp_path / "b.zip", model.SerializeToString()))


def test_functions_of_its_own_are_refused(tmp_path):
    model = onnx.load_model_from_string(graph())
    one = helper.make_function("own", "F", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], model.opset_import)
    model.functions.append(one)
    assert "functions of its own" in said_of(small_bundle(tmp_path / "b.zip", model.SerializeToString()))


def test_a_table_of_another_size_is_refused(tmp_path):
    stream = io.BytesIO()
    np.save(stream, np.zeros(4))
    members = members_of(small_bundle(tmp_path / "b.zip").read_bytes())
    whole = {**members, "assets/table.npy": stream.getvalue()}
    assert said_of(packed_again(tmp_path / "b.zip", whole)) == ""
    for content in (stream.getvalue()[:-8], stream.getvalue().replace(b"(4,)", b"(9,)"), b"", b"\x93NUMPY\x01\x00"):
        assert "assets/table.npy" in said_of(packed_again(tmp_path / "b.zip", {**whole, "assets/table.npy": content}))


def test_every_altered_member_is_noticed(tmp_path):
    path = small_bundle(tmp_path / "b.zip")
    members = members_of(path.read_bytes())
    for name in members:
        changed = {**members, name: members[name] + b" "}
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in changed.items():
                archive.writestr(member, content)
        if name == "manifest.json":
            # Nothing holds the manifest but a signature; a blank at its end says nothing else.
            assert json.loads(changed[name]) == json.loads(members[name])
            continue
        assert said_of(path).startswith(name)
