"""Bundles of taggers: spans as the float model finds them, in long texts and odd ones, and by the script."""

import json
from pathlib import Path

import pytest

from modeling.engine.bundle import ExportResult, export_bundle, verify_bundle
from modeling.engine.bundle.ladder import climb
from modeling.engine.families.table import get_family
from modeling.engine.serving import Predictor
from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings, train
from tests.modeling.engine.bundle.answers import told_by_script
from tests.modeling.engine.conftest import CREATED_AT
from tests.modeling.engine.samples import people
from tests.sharing import made_once

LONG = "nothing happened on day 7. " * 60 + "Ann Lee went to Oslo on day 9."


@pytest.fixture(scope="session")
def bundle(tagger: TrainedModel) -> ExportResult:
    """The tagger in int8."""
    return made_once(
        "tagger-bundle",
        lambda folder: export_bundle(
            tagger, people(), folder / "spans.zip", created_at=CREATED_AT, rungs=["int8"], limit_points=0.5
        ),
    )


def test_the_float_graph_finds_the_same_spans(tagger: TrainedModel) -> None:
    data = people()
    plan = get_family("tagger").plan(tagger, data, TrainingContext())
    figures, tried = climb(tagger, plan, data.part("test"), plan.rungs[-1:], 0.0, TrainingContext())
    assert tried[0].rung.name == "fp32"
    assert tried[0].parity["same_answer"] == 1.0
    assert tried[0].parity["largest_difference"] < 1e-5
    assert tried[0].figures["f1"] == figures["f1"]


def test_int8_loses_nothing_and_is_a_quarter(bundle: ExportResult) -> None:
    (rung,) = bundle.rungs
    assert rung["figure"] == "f1"
    assert (rung["loss_points"], rung["same_answer"], rung["rows"]) == (0.0, 1.0, 18)
    assert rung["bytes"] < 25_000_000
    assert "| F1 of exact spans | 1.0000 | 1.0000 |" in verify_bundle(bundle.path).members["README.md"].decode()


def test_spans_stand_in_code_points_of_long_and_odd_texts(bundle: ExportResult) -> None:
    texts = [LONG, "", "?", "\U0001f600 Ann Lee went to Oslo on day 3.", "\ud800"]
    found = [answer["spans"] for answer in Predictor(bundle.path).predict(texts)]
    assert [(LONG[span["start"] : span["end"]], span["label"]) for span in found[0]] == [
        ("Ann Lee", "PER"), ("Oslo", "LOC"),
    ]  # fmt: skip
    assert all(0.5 < span["score"] <= 1 for span in found[0])
    assert found[1:3] == [[], []]
    assert [(span["start"], span["end"]) for span in found[3]][-2:] == [(2, 9), (18, 22)]


def test_the_script_says_the_same(bundle: ExportResult, tmp_path: Path) -> None:
    text = "Carla Diaz went to Lima on day 4."
    assert told_by_script(bundle.path, tmp_path, text) == Predictor(bundle.path).predict([text])
    assert json.loads((tmp_path / "manifest.json").read_text("utf-8"))["reading"]["kind"] == "windows"


def test_the_linear_tagger_is_exported_without_an_encoder(tmp_path: Path) -> None:
    data = people()
    model = train(data, tmp_path / "model", TrainingSettings(family="tagger-linear"))
    made = export_bundle(model, data, tmp_path / "b.zip", created_at=CREATED_AT)
    assert made.rungs[0]["rung"] == "int8"
    assert made.rungs[0]["same_answer"] == 1.0
    assert made.manifest["needs"] == ["numpy", "onnxruntime"]
    text = "Zoe Ray went to Rome on day 3."
    (answer,) = told_by_script(made.path, tmp_path / "apart", text)
    assert [(span["start"], span["end"], span["label"]) for span in answer["spans"]] == [(0, 7, "PER"), (16, 20, "LOC")]
    assert Predictor(made.path).predict(["", text]) == [{"spans": []}, answer]
