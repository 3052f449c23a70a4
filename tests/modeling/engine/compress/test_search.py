"""A search on real messages: students are made, measured as their bundles answer, and found again."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from modeling.engine.bundle import export_bundle
from modeling.engine.bundle.pack import to_json
from modeling.engine.bundle.static_plan import build_static_graph
from modeling.engine.compress.front import Limits, Row
from modeling.engine.compress.search import candidate_model, compress
from modeling.engine.data import Examples
from modeling.engine.errors import Cancelled, EngineError
from modeling.engine.families.static import logits_of
from modeling.engine.serving import Predictor
from modeling.engine.training import TrainedModel, TrainingContext
from tests.sharing import made_once

NAMES = ["int8", "static-64", "layers-2"]
SETTINGS = {"epochs": 2, "threads": 1}


@pytest.fixture(scope="session")
def searched(trained: TrainedModel, sms: Examples, cache_dir: Path) -> tuple[Path, dict]:
    """A search over an export and two students."""

    def make(folder: Path) -> tuple[Path, dict]:
        found = compress(
            trained, sms, folder, limits=Limits(drop=20), recipes=NAMES, unlabeled=["an unlabeled text"], made=40,
            settings=SETTINGS, context=TrainingContext(cache_dir=cache_dir),
        )  # fmt: skip
        return folder, found.to_dict()

    return made_once("compression-search", make)


def test_each_candidate_is_measured_as_its_bundle_answers(searched: tuple[Path, dict], sms: Examples) -> None:
    folder, report = searched
    assert [row["name"] for row in report["rows"]] == NAMES
    assert [row["student"] for row in report["rows"]] == [False, True, True]
    test = sms.part("test")
    for row in report["rows"]:
        assert row["failed"] == ""
        bundle = folder / row["name"] / "bundle.zip"
        assert bundle.stat().st_size == row["bytes"]
        answers = Predictor(bundle).predict(list(test.inputs))
        made = np.array([[answer["probabilities"][name] for name in sms.classes] for answer in answers])
        assert sms.kind.scorer(made, test, sms.classes)(np.arange(len(made))) == pytest.approx(row["figure"])
        assert row["lost_test"] == pytest.approx((report["teacher"]["test"] - row["figure"]) * 100)
        assert row["low"] <= row["lost_test"] <= row["high"]
    static, layers = report["rows"][1:]
    assert static["bytes"] < layers["bytes"] < report["rows"][0]["bytes"]
    assert static["ms"] < layers["ms"]
    assert static["per_cpu_second"] > 10 * layers["per_cpu_second"]


def test_a_student_says_who_taught_it_by_what(searched: tuple[Path, dict], trained: TrainedModel) -> None:
    for name, family in (("static-64", "static"), ("layers-2", "student")):
        student = candidate_model(searched[0], name)
        assert student.facts["family"] == family
        assert student.facts["teacher"] == {"family": "encoder-head", "fingerprint": trained.facts["fingerprint"]}
        counts = {kind: student.facts["lesson"][kind] for kind in ("labeled", "unlabeled", "made")}
        assert counts == {"labeled": 166, "unlabeled": 1, "made": 40}
        assert student.facts["fingerprint"] != trained.facts["fingerprint"]
    assert [row["heads"] for row in candidate_model(searched[0], "layers-2").facts["layers"]] == [12, 12]


def test_a_student_is_exported_like_any_model(
    searched: tuple[Path, dict], trained: TrainedModel, sms: Examples, tmp_path: Path
) -> None:
    student = candidate_model(searched[0], "static-64")
    made = export_bundle(student, sms, tmp_path / "b.zip", created_at="2026-01-01", limit_points=5)
    assert made.gate.passed
    assert made.manifest["teacher"]["fingerprint"] == trained.facts["fingerprint"]
    assert made.rungs[-1]["same_answer"] > 0.98


def test_what_is_whole_is_found_again_and_what_changed_is_made_anew(
    searched: tuple[Path, dict], trained: TrainedModel, sms: Examples, cache_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(searched[0], folder)
    stored = folder / "static-64" / "row.json"
    marked = {**json.loads(stored.read_text()), "seconds": 12345.0}
    stored.write_bytes(to_json(marked))
    heard: list[tuple[str, int, int]] = []

    def again(**more: object) -> list[Row]:
        return compress(
            trained, sms, folder, recipes=["static-64"], unlabeled=["an unlabeled text"], made=40,
            settings=SETTINGS, context=TrainingContext(cache_dir=cache_dir),
            on_row=lambda row, number, count: heard.append((row.name, number, count)), **more,
        ).rows  # fmt: skip

    assert again()[0].seconds == 12345.0
    assert heard == [("static-64", 1, 1)]
    renewed = again(seed=1)[0]
    assert renewed.seconds != 12345.0


def test_a_search_stops_when_asked_and_refuses_names_it_does_not_know(
    trained: TrainedModel, sms: Examples, tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        compress(trained, sms, tmp_path, context=TrainingContext(cancelled=lambda: True))
    with pytest.raises(EngineError, match="no candidate 'tiny'") as caught:
        compress(trained, sms, tmp_path, recipes=["tiny"])
    assert caught.value.code == "unknown_candidate"


@pytest.mark.parametrize("task", ["text-classification", "text-multilabel"])
def test_the_graph_says_what_the_arrays_say_in_batches_too(task: str) -> None:
    import onnxruntime

    draw = np.random.default_rng(0)
    arrays = {
        "table": draw.normal(size=(20, 4)), "weight": draw.normal(size=(3, 4)),
        "bias": draw.normal(size=3), "pieces": np.zeros(0, np.int64),
    }  # fmt: skip
    facts = {"task": task, "labels": ["a", "b", "c"], "temperature": 0.5, "thresholds": [0.5, 0.2, 0.9]}
    rows = [[1, 5, 9], [2, 7]]
    logits = np.array([logits_of(np.array(row), arrays) for row in rows]) / 0.5
    if task == "text-multilabel":
        expected = 1 / (1 + np.exp(-(logits - np.log([1.0, 0.25, 9.0]))))
    else:
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for int8, near in ((False, 1e-5), (True, 0.03)):
        session = onnxruntime.InferenceSession(build_static_graph(arrays, facts, int8=int8))
        given = {"input_ids": np.array([[1, 5, 9], [2, 7, 0]]), "attention_mask": np.array([[1, 1, 1], [1, 1, 0]])}
        assert session.run(None, given)[0] == pytest.approx(expected, abs=near)
