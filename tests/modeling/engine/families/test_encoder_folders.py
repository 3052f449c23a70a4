"""Families that start from an encoder of the operator: each learns, predicts as stored, and is bundled as it says."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from curation.engine.embedding.minilm import MiniLM
from modeling.engine.bundle import export_bundle, verify_bundle
from modeling.engine.commands import main
from modeling.engine.data import Examples, Pair, Span
from modeling.engine.errors import EngineError
from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings, train
from tests.curation.engine.embedding.test_folder import graph
from tests.curation.engine.embedding.tiny_folders import bert_folder, distilbert_folder, roberta_folder
from tests.modeling.engine.families.test_texts import few

LOST, FEE = ("card lost", "card stolen", "the card never came", "lost a card"), ("fee too high", "the fee is wrong")
SPLITS = ["train"] * 8 + ["validation"] * 2 + ["test"] * 2
KINDS = {"bert": bert_folder, "roberta": roberta_folder, "distilbert": distilbert_folder}


def complaints(count: int = 6) -> Examples:
    """Return short texts of two labels in turn."""
    texts = [f"{'a ' * (row // 2)}{(LOST if row % 2 else FEE)[row // 2 % 2]}" for row in range(2 * count)]
    return Examples.of("text-classification", texts, ["fee", "lost"] * count, SPLITS)


def marked() -> Examples:
    spans = [(Span(2, 6, "thing"),)] * 12
    return Examples.of("ner", [f"a card {'was ' * row}lost" for row in range(12)], spans, SPLITS)


def compared() -> Examples:
    pairs = [Pair("the fee" + " is" * row, "too high !", "a card .") for row in range(12)]
    return Examples.of("preference", pairs, [row % 2 for row in range(12)], SPLITS)


def settings(**changes: object) -> TrainingSettings:
    return TrainingSettings.from_dict({"threads": 1, "seed": 1, "epochs": 1, "batch_size": 4, **changes})


@pytest.mark.parametrize(
    ("family", "kind"),
    [
        ("encoder-linear", "bert"),
        ("encoder-head", "distilbert"),
        ("few-shot", "roberta"),
        ("fine-tuning", "distilbert"),
        ("tagger", "roberta"),
        ("reward-tuned", "distilbert"),
        ("reward", "bert"),
    ],
)
def test_families_start_from_a_folder_and_predict_as_stored(
    family: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = KINDS[kind](tmp_path / "encoder")
    monkeypatch.setenv("ASSAY_ENCODERS", f"ours={folder}")
    data = {"tagger": marked, "reward-tuned": compared, "reward": compared}.get(family, complaints)()
    context = TrainingContext(cache_dir=tmp_path / "cache")
    model = train(data, tmp_path / "model", settings(family=family, encoder="ours"), context)
    texts = data.part("test").inputs
    stored = TrainedModel.load(tmp_path / "model")
    made = [one.predictions(texts, context) for one in (model, stored)]
    assert repr(made[0]) == repr(made[1])
    assert model.facts["encoder_fingerprint"] == context.source("ours").fingerprint()
    # Other weights under the same name are another encoder.
    shutil.rmtree(folder)
    KINDS[kind](folder, seed=1)
    with pytest.raises(EngineError, match="encoder ours are not those that the model was trained with"):
        stored.predictions(texts, context)


def test_fine_tuning_from_the_folder_of_minilm_gives_what_its_name_gives(cache_dir: Path, tmp_path: Path) -> None:
    # One step suffices: what comes after depends on the weights and the settings alone.
    data, folder = few(4), str(MiniLM()._folder)
    context = TrainingContext(cache_dir=cache_dir, folders=True)
    models = [
        train(data, tmp_path / str(place), settings(family="fine-tuning", encoder=encoder, batch_size=8), context)
        for place, encoder in enumerate(("minilm", folder))
    ]
    weights = [load_file(model.folder / "tuned.safetensors") for model in models]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert len(weights[0]) == len(weights[1]) > 90
    texts = data.part("test").inputs[:2]
    assert np.array_equal(*(model.predictions(texts, context) for model in models))


def test_a_path_is_no_name_for_who_may_not_name_folders(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "encoder")
    chosen = settings(family="fine-tuning", encoder=str(folder))
    with pytest.raises(EngineError, match="There is no encoder"):
        train(complaints(), tmp_path / "model", chosen, TrainingContext(cache_dir=tmp_path))


def test_a_bundle_of_a_tuned_folder_says_what_the_model_says(tmp_path: Path) -> None:
    folder, data = roberta_folder(tmp_path / "encoder"), complaints()
    context = TrainingContext(cache_dir=tmp_path / "cache", folders=True)
    model = train(data, tmp_path / "model", settings(family="fine-tuning", encoder=str(folder)), context)
    result = export_bundle(
        model, data, tmp_path / "b.zip", created_at="-", rungs=["fp32"], limit_points=100, context=context
    )
    assert result.rungs[-1]["same_answer"] == 1.0
    assert result.rungs[-1]["largest_difference"] < 1e-5
    opened = verify_bundle(tmp_path / "b.zip")
    assert opened.manifest["encoder"]["name"] == opened.manifest["settings"]["encoder"] == "encoder"
    assert b"The files of the encoder encoder name none" in opened.members["README.md"]
    assert not any(str(tmp_path).encode() in content for content in opened.members.values())


def test_a_graph_gives_vectors_and_is_not_trained(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    graph(folder / "model.onnx")
    shutil.copy(MiniLM()._folder / "tokenizer.json", folder)
    context = TrainingContext(cache_dir=tmp_path / "cache", folders=True)
    model = train(complaints(), tmp_path / "model", settings(family="encoder-linear", encoder=str(folder)), context)
    assert model.predictions(["card lost"], context).shape == (1, 2)
    with pytest.raises(EngineError, match="an ONNX graph: its vectors can be used, but it can neither be trained"):
        train(complaints(), tmp_path / "other", settings(family="fine-tuning", encoder=str(folder)), context)


def test_the_shell_takes_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bert_folder(tmp_path / "encoder")
    rows = complaints()
    lines = [f"{text},{label},{split}" for text, label, split in zip(rows.inputs, rows.answers, SPLITS, strict=True)]
    (tmp_path / "rows.csv").write_text("text,label,split\n" + "\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSAY_MODEL_CACHE", str(tmp_path / "cache"))
    told = ["--split", "split", "--family", "fine-tuning", "--set", "epochs=1", "--threads", "1"]
    assert main(["train", "rows.csv", "--out", "model", "--encoder", "encoder", *told]) == 0
    assert TrainedModel.load(tmp_path / "model").facts["encoder"] == str(tmp_path / "encoder")
    monkeypatch.chdir("/")
    assert main(["predict", str(tmp_path / "model"), str(tmp_path / "rows.csv")]) == 0
    assert main(["train", str(tmp_path / "rows.csv"), "--out", "model", "--encoder", "hf:me/missing", *told]) == 1
    assert "Run: hf download me/missing (or set ASSAY_DOWNLOAD_ENCODERS=yes" in capsys.readouterr().err
