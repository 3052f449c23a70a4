"""Encoders in the layout of Hugging Face: types that say the same, and folders that lie."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from curation.engine.embedding import encode, get_encoder, open_encoder
from curation.engine.embedding.errors import EngineError, ModelFolderUnusable
from curation.engine.embedding.graph import load_encoder
from curation.engine.embedding.minilm import MiniLM
from curation.engine.embedding.table import source_in
from curation.engine.embedding.weights_folder import WeightsFolder
from tests.curation.engine.embedding.tiny_folders import (
    BERT,
    HEADS,
    LAYERS,
    WIDTH,
    bert_folder,
    bert_tensors,
    distilbert_folder,
    roberta_folder,
)

IDS, MASK = torch.tensor([[2, 4, 5, 6, 7, 3], [2, 13, 3, 0, 0, 0]]), torch.tensor([[1] * 6, [1] * 3 + [0] * 3])


def by_hand(ids: list[int]) -> np.ndarray:
    """Return the last layer's states of one row, by BERT's formulas in NumPy."""
    w = bert_tensors()

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-12)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    tables = [w[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")]
    x = norm(tables[0][ids] + tables[1][: len(ids)] + tables[2][0], "embeddings.LayerNorm")
    for layer in (f"encoder.layer.{number}" for number in range(LAYERS)):
        query, key, value = (dense(x, f"{layer}.attention.self.{part}") for part in ("query", "key", "value"))
        mixed = []
        for head in np.split(np.arange(WIDTH), HEADS):
            scores = np.exp(query[:, head] @ key[:, head].T / math.sqrt(WIDTH / HEADS))
            mixed.append(scores / scores.sum(axis=1, keepdims=True) @ value[:, head])
        out = dense(np.concatenate(mixed, axis=1), f"{layer}.attention.output.dense")
        x = norm(x + out, f"{layer}.attention.output.LayerNorm")
        inner = dense(x, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = norm(x + dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    return x


@pytest.mark.parametrize("write", [bert_folder, roberta_folder, distilbert_folder])
def test_each_type_gives_the_states_that_its_formulas_give(write: Callable[[Path], Path], tmp_path: Path) -> None:
    encoder = load_encoder(source_in(write(tmp_path / "tiny")))
    with torch.inference_mode():
        states = encoder(IDS, MASK).numpy()
    assert states[0] == pytest.approx(by_hand(IDS[0].tolist()), abs=1e-5)
    assert states[1, :3] == pytest.approx(by_hand([2, 13, 3]), abs=1e-5)


def test_the_folder_of_minilm_is_minilm() -> None:
    shipped, named = MiniLM(), source_in(MiniLM()._folder)
    assert isinstance(named, WeightsFolder)
    assert (named.shape(), named.max_tokens, named.pad_id) == (shipped.shape(), 256, 0)
    ours, theirs = named.weights(), shipped.weights()
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert named.tokenizer().encode("A card, lost.").ids == shipped.tokenizer().encode("A card, lost.").ids
    assert len(named.required_pieces()) == 0


def test_a_word_list_cuts_as_the_tokenizer_made_of_it(tmp_path: Path) -> None:
    for name in ("config.json", "vocab.txt", "model.safetensors"):
        shutil.copy(MiniLM()._folder / name, tmp_path / name)
    texts = ["Ünder the CARD!! 卡丢了", "", "naïve résumé, 3.5 % of it", "x" * 300]
    ours, theirs = source_in(tmp_path).tokenizer(), MiniLM().tokenizer()
    assert [one.ids for one in ours.encode_batch(texts)] == [one.ids for one in theirs.encode_batch(texts)]


def test_vectors_are_pooled_as_the_folder_says_and_cached_by_what_it_holds(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "one")
    mean = encode(["a card"], encoder=open_encoder(str(folder)), cache_dir=tmp_path / "cache", precision="fp32")
    states = by_hand([2, 4, 5, 3])
    expected = states.mean(axis=0)
    assert mean[0] == pytest.approx(expected / np.linalg.norm(expected), abs=2e-3)
    same = source_in(bert_folder(tmp_path / "another name"))
    assert same.fingerprint() == source_in(folder).fingerprint()
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    first = open_encoder(str(folder))
    assert first.fingerprint() != same.fingerprint()
    vectors = encode(["a card"], encoder=first, cache_dir=tmp_path / "cache", precision="fp32")
    assert vectors[0] == pytest.approx(states[0] / np.linalg.norm(states[0]), abs=2e-3)
    assert source_in(bert_folder(tmp_path / "other", seed=1)).fingerprint() != same.fingerprint()


def test_half_precision_and_several_files_are_read(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "tiny")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    for number, part in enumerate((names[::2], names[1::2]), start=1):
        halves = {name: tensors[name].astype(np.float16) for name in part}
        save_file(halves, folder / f"model-{number:05d}-of-00002.safetensors")
    weights = source_in(folder).weights()
    assert weights["words.weight"].dtype == np.float32
    assert weights["words.weight"] == pytest.approx(tensors["bert.embeddings.word_embeddings.weight"], abs=2e-3)


def test_the_operator_names_a_folder_and_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bert_folder(tmp_path / "tiny")
    monkeypatch.setenv("ASSAY_ENCODERS", f"legal={folder}")
    assert get_encoder("legal").name == "legal"
    with pytest.raises(EngineError, match="choose one of minilm, e5-small, legal"):
        get_encoder(str(folder))


def edited(**changes: object) -> Callable[[Path], None]:
    return lambda folder: (folder / "config.json").write_text(json.dumps({**BERT, **changes}))


def without(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        del tensors[name]
        save_file(tensors, folder / "model.safetensors")

    return change


def cut_short(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (edited(model_type="deberta-v2"), "model_type 'deberta-v2'; weights of bert, roberta"),
        (edited(hidden_size=0), "hidden_size must be a whole number above 0, not 0"),
        (edited(num_attention_heads=3), "hidden_size 8 cannot be shared among 3 heads"),
        (edited(hidden_act="silu"), "hidden_act 'silu' is none of gelu"),
        (edited(position_embedding_type="relative_key"), "relative_key"),
        (edited(num_hidden_layers=3), "holds no encoder.layer.2.attention.self.query.weight, which bert needs"),
        (edited(intermediate_size=16), r"has the size \[12, 8\], but by config.json it is \[16, 8\]"),
        (edited(vocab_size=20), r"has the size \[26, 8\]"),
        (without("bert.embeddings.LayerNorm.gamma"), "holds no embeddings.LayerNorm.weight"),
        (cut_short, "is no whole safetensors file"),
        (lambda folder: (folder / "vocab.txt").unlink(), "holds no tokenizer.json"),
        (lambda folder: (folder / "vocab.txt").write_text("a\nb\n"), r"lacks \[CLS\]"),
        (lambda folder: (folder / "vocab.txt").write_text("\n".join(["[CLS]", "[SEP]", "[UNK]", *"abcdefghijklmnopqrstuvwxyz"])), "gives the id 28"),  # noqa: E501
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "save the model as safetensors"),  # noqa: E501
        (lambda folder: (folder / "model.safetensors").unlink(), "holds neither model.safetensors nor model.onnx"),
        (shutil.rmtree, "There is no folder"),
    ],
)  # fmt: skip
def test_a_folder_that_lies_gives_a_sentence(lie: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "tiny")
    lie(folder)
    with pytest.raises(ModelFolderUnusable, match=words):
        source_in(folder)
