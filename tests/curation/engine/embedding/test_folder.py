"""Encoders of the operator: a folder that is what it says, and folders that lie."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from curation.engine.embedding import encode, get_encoder, open_encoder
from curation.engine.embedding.errors import EngineError
from curation.engine.embedding.folder import FolderEncoder, ModelFolderUnusable, named_folders
from curation.engine.embedding.minilm import MiniLM

WORDS = 30_522


def graph(path: Path, *, width: int = 4, inputs: tuple[str, ...] = ("input_ids", "attention_mask")) -> None:
    """Write a tiny encoder: a table of word vectors, looked up, [b, t, width]."""
    table = np.random.default_rng(0).standard_normal((WORDS, width)).astype(np.float32)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    given = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "t"]) for name in inputs]
    made = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["b", "t", width])]
    weights = [helper.make_tensor("table", TensorProto.FLOAT, table.shape, table.tobytes(), raw=True)]
    body = helper.make_graph(nodes, "encoder", given, made, weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tiny"
    graph(made / "model.onnx")
    shutil.copy(MiniLM()._folder / "tokenizer.json", made / "tokenizer.json")
    (made / "config.json").write_text(json.dumps({"hidden_size": 4}))
    return made


def test_a_folder_gives_vectors_of_length_one_through_the_cache(folder: Path, tmp_path: Path) -> None:
    texts = ["a card", "another card", "a card"]
    vectors = encode(texts, encoder=open_encoder(str(folder)), cache_dir=tmp_path / "cache")
    assert vectors.shape == (3, 4)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-3)
    assert np.array_equal(vectors[0], vectors[2])
    seen: list[tuple[int, int]] = []
    encode(texts, encoder=open_encoder(str(folder)), cache_dir=tmp_path / "cache", progress=lambda *at: seen.append(at))
    assert seen == [(3, 3)]


def test_a_changed_graph_has_another_fingerprint(folder: Path) -> None:
    before = FolderEncoder(folder).fingerprint()
    graph(folder / "model.onnx", width=5)
    (folder / "config.json").unlink()
    assert FolderEncoder(folder).fingerprint() != before


def test_the_operator_names_folders_and_a_plan_cannot(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENCODERS", f"tiny={folder}, other=hf:me/other")
    assert get_encoder("tiny").width == 4
    with pytest.raises(EngineError, match="choose one of minilm, e5-small, tiny, other"):
        get_encoder(str(folder))
    with pytest.raises(EngineError, match="hf download me/other"):
        get_encoder("other")
    with pytest.raises(EngineError, match="write name=/folder"):
        named_folders("nothing")


def test_a_folder_that_was_replaced_is_opened_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENCODERS", f"tiny={folder}")
    assert get_encoder("tiny").width == 4
    graph(folder / "model.onnx", width=5)
    (folder / "config.json").unlink()
    assert get_encoder("tiny").width == 5


def test_a_model_of_the_hub_cache_is_found(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "hub" / "models--me--tiny"
    shutil.copytree(folder, kept / "snapshots" / "abc")
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("abc")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert open_encoder("hf:me/tiny").width == 4


def lies(folder: Path, kind: str) -> None:
    if kind == "no graph":
        (folder / "model.onnx").unlink()
    elif kind == "pickle":
        (folder / "model.onnx").rename(folder / "pytorch_model.bin")
    elif kind == "no tokenizer":
        (folder / "tokenizer.json").unlink()
    elif kind == "broken tokenizer":
        (folder / "tokenizer.json").write_text("{}")
    elif kind == "broken graph":
        (folder / "model.onnx").write_bytes(b"\x08\x09not a graph")
    elif kind == "wrong width":
        (folder / "config.json").write_text(json.dumps({"hidden_size": 768}))
    elif kind == "broken config":
        (folder / "config.json").write_text("{")
    elif kind == "pictures":
        graph(folder / "model.onnx", inputs=("pixel_values", "input_ids"))
    elif kind == "gone":
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("no graph", "holds no model.onnx"),
        ("pickle", "holds pytorch_model.bin and no model.onnx. Such weights can run code"),
        ("no tokenizer", "holds no tokenizer.json"),
        ("broken tokenizer", "is no tokenizer"),
        ("broken graph", "cannot be opened as an ONNX graph"),
        ("wrong width", "hidden_size 768, but model.onnx gives 4"),
        ("broken config", "is not JSON"),
        ("pictures", "a text encoder takes input_ids"),
        ("gone", "There is no folder"),
    ],
)
def test_a_folder_that_lies_gives_a_sentence(folder: Path, kind: str, words: str) -> None:
    lies(folder, kind)
    with pytest.raises(ModelFolderUnusable, match=words):
        FolderEncoder(folder)
