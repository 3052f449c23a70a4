"""Bundles of texts without an encoder: TF-IDF and small networks, over words and over characters."""

from pathlib import Path

import numpy as np
import pytest

from modeling.engine.bundle import ExportResult, export_bundle
from modeling.engine.bundle.runtime.vocabulary import terms_of
from modeling.engine.data import Examples, split_rows
from modeling.engine.families.tfidf import vectorizer_of
from modeling.engine.serving import Predictor
from modeling.engine.training import TrainedModel, TrainingSettings, train
from tests.modeling.engine.bundle.answers import told_by_script
from tests.modeling.engine.conftest import CREATED_AT, demo_rows

ODD = ["", "  ", "?!", "\ud800 free", "İSTANBUL İ\u0307", "a\u2028b\x85c  d", "word " * 400, "我 喜欢\t\t你"]


@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_terms_are_those_of_scikit_learn(analyzer: str, sms: Examples) -> None:
    expected = vectorizer_of(analyzer).build_analyzer()
    for text in [*ODD, *sms.inputs[:50], *demo_rows("reviews_zh")[0][:50]]:
        assert sorted(terms_of(text, analyzer)) == sorted(expected(text))


def exported(
    data: Examples, family: str, folder: Path, rung: str | None = None, **settings: object
) -> tuple[TrainedModel, ExportResult]:
    chosen = TrainingSettings.from_dict({"family": family, "device": "cpu", "threads": 1, **settings})
    model = train(data, folder / "model", chosen)
    rungs = [rung] if rung else None
    return model, export_bundle(model, data, folder / "b.zip", created_at=CREATED_AT, rungs=rungs, limit_points=5.0)


def chinese() -> Examples:
    texts, labels = demo_rows("reviews_zh")
    return split_rows(texts[:200], labels[:200], seed=1)


def test_tfidf_is_exported_in_int8(sms: Examples, tmp_path: Path) -> None:
    model, made = exported(sms, "tfidf-linear", tmp_path)
    assert made.rungs[0]["rung"] == "int8"
    assert made.rungs[0]["same_answer"] == 1.0
    assert made.manifest["needs"] == ["numpy", "onnxruntime"]
    answers = Predictor(made.path).predict(ODD)
    got = [[answer["probabilities"][label] for label in model.labels] for answer in answers]
    np.testing.assert_allclose(got, model.predictions(ODD), atol=1e-5)
    assert told_by_script(made.path, tmp_path / "apart", *ODD[:2]) == answers[:2]


def test_tfidf_of_characters_and_of_several_labels(tmp_path: Path) -> None:
    _model, made = exported(chinese(), "tfidf-linear", tmp_path / "zh", "fp32")
    assert made.manifest["reading"] == {"kind": "terms", "analyzer": "char"}
    assert made.rungs[0]["largest_difference"] < 1e-5
    rows = [("red apple", ("fruit", "red")), ("green apple", ("fruit",)), ("red car", ("red",)), ("blue car", ())] * 10
    splits = ("train", "train", "validation", "test")
    data = Examples.of(
        "text-multilabel", [f"{text} {number}" for number, (text, _) in enumerate(rows)], [own for _, own in rows],
        [splits[number // 4 % 4] for number in range(len(rows))],
    )  # fmt: skip
    model, made = exported(data, "tfidf-linear", tmp_path / "many")
    answer = Predictor(made.path).predict(["red apple"])[0]
    assert answer["labels"] == ["fruit", "red"]
    expected = model.predictions(["red apple"])[0]
    np.testing.assert_allclose(list(answer["probabilities"].values()), expected, atol=0.01)


@pytest.mark.parametrize(("network", "tolerance"), [("cnn", 1e-5), ("rnn", 1e-5), ("transformer", 1e-5)])
def test_small_networks_are_exact_in_float(network: str, tolerance: float, sms: Examples, tmp_path: Path) -> None:
    model, made = exported(sms, "from-scratch", tmp_path, "fp32", network=network, epochs=2)
    assert made.rungs[0]["same_answer"] == 1.0
    answers = Predictor(made.path).predict(ODD)
    # One by one, as the bundle reads them: a convolution sees the padding of a batch.
    got = [[answer["probabilities"][label] for label in model.labels] for answer in answers]
    alone = np.concatenate([model.predictions([text]) for text in ODD])
    np.testing.assert_allclose(got, alone, atol=tolerance)


def test_a_small_network_over_characters_in_int8(tmp_path: Path) -> None:
    _model, made = exported(chinese(), "from-scratch", tmp_path, "int8", network="transformer", epochs=2)
    assert made.manifest["reading"]["analyzer"] == "char"
    assert made.rungs[0]["largest_difference"] < 0.05
    text = "房间很干净"
    assert told_by_script(made.path, tmp_path / "apart", text) == Predictor(made.path).predict([text])
