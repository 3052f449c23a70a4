"""Families of texts on real messages: each learns, predicts as stored, exports where it says so, and resumes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from modeling.engine.bundle import export_bundle
from modeling.engine.data import Examples
from modeling.engine.errors import BadData, EngineError
from modeling.engine.evaluate import evaluate
from modeling.engine.families.encoder_linear import held_out_rows
from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings, train
from modeling.engine.training.auto import candidates
from tests.modeling.engine.conftest import demo_rows


def few(count: int) -> Examples:
    """Return `count` messages of each label to learn from, a quarter of them for validation, and 40 to be judged."""
    texts, labels = demo_rows("sms_spam")
    chosen, splits = [], []
    for name in ("ham", "spam"):
        rows = [i for i, label in enumerate(labels) if label == name][: count + 20]
        chosen += rows
        splits += ["validation"] * (count // 4) + ["train"] * (count - count // 4) + ["test"] * 20
    return Examples.of("text-classification", [texts[i] for i in chosen], [labels[i] for i in chosen], splits)


def settings(**changes: object) -> TrainingSettings:
    return TrainingSettings.from_dict({"threads": 1, "seed": 1, **changes})


@pytest.mark.parametrize(
    ("family", "changes", "least"),
    [
        ("encoder-linear", {}, 0.85),
        ("few-shot", {"epochs": 1, "batch_size": 16}, 0.85),
        ("fine-tuning", {"epochs": 1}, 0.85),
        ("from-scratch", {"epochs": 12, "network": "cnn"}, 0.7),
        ("from-scratch", {"epochs": 6, "network": "rnn"}, 0.5),
        ("from-scratch", {"epochs": 6, "network": "transformer"}, 0.5),
    ],
)
def test_each_family_learns_and_predicts_as_stored(
    family: str, changes: dict[str, object], least: float, cache_dir: Path, tmp_path: Path
) -> None:
    data, context = few(32), TrainingContext(cache_dir=cache_dir)
    model = train(data, tmp_path, settings(family=family, **changes), context)
    evaluation = evaluate(model, data, context=context)
    assert evaluation.figures["accuracy"] >= least
    stored = TrainedModel.load(tmp_path)
    texts = data.part("test").inputs
    assert np.array_equal(stored.predictions(texts, context), model.predictions(texts, context))
    assert not list(tmp_path.rglob("*.pkl"))
    assert [row["loss"] for row in evaluation.rows] == sorted((row["loss"] for row in evaluation.rows), reverse=True)
    # A text alone, an empty one and an enormous one are predicted like any other.
    odd = model.predictions([texts[0], "", "word " * 50_000], context)
    assert odd.shape == (3, 2)
    assert np.isfinite(odd).all()


@pytest.mark.parametrize("family", ["encoder-linear", "fine-tuning"])
def test_the_bundle_of_a_family_says_what_the_model_says(family: str, cache_dir: Path, tmp_path: Path) -> None:
    data, context = few(24), TrainingContext(cache_dir=cache_dir)
    model = train(data, tmp_path / "model", settings(family=family, epochs=1), context)
    result = export_bundle(
        model, data, tmp_path / "b.zip", created_at="-", rungs=["fp32"], limit_points=5, context=context
    )
    assert result.rungs[-1]["same_answer"] == 1.0
    assert result.rungs[-1]["largest_difference"] < 1e-3


KILLED = """
import os, sys
from pathlib import Path
from modeling.engine.training import TrainingContext, train
from modeling.engine.training import loop
from tests.modeling.engine.families.test_texts import few, settings
loop.SAVE_SECONDS = 0.0
steps = []
def die_inside_the_second_epoch(row):
    steps.append(row)
    if len(steps) == 5:
        os.kill(os.getpid(), 9)
folder = Path(sys.argv[1])
context = TrainingContext(cache_dir=Path(sys.argv[2]), checkpoints=folder / "c", on_step=die_inside_the_second_epoch)
train(few(8), folder / "m", settings(family="fine-tuning", epochs=2, batch_size=4), context)
"""


def test_fine_tuning_killed_in_an_epoch_ends_with_the_weights_of_an_unbroken_run(
    cache_dir: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(cache_dir)],
        check=False,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.returncode == -signal.SIGKILL
    kept = [path.name for path in (tmp_path / "c").glob("step-*")]
    steps: list[dict[str, object]] = []
    # Twelve messages are three steps an epoch.
    chosen = settings(family="fine-tuning", epochs=2, batch_size=4)
    context = TrainingContext(cache_dir=cache_dir, checkpoints=tmp_path / "c", on_step=steps.append)
    train(few(8), tmp_path / "m", chosen, context)
    train(few(8), tmp_path / "whole", chosen, TrainingContext(cache_dir=cache_dir))
    # The fifth step was not saved yet: it is taken again.
    assert kept == ["step-000000004"]
    assert steps[0]["step"] == 5
    weights = [(tmp_path / name / "tuned.safetensors").read_bytes() for name in ("m", "whole")]
    assert weights[0] == weights[1]


def test_several_labels_a_text_are_learned(cache_dir: Path, tmp_path: Path) -> None:
    base = few(32)
    answers = [
        tuple(sorted({label} | ({"long"} if len(text) > 80 else set())))
        for text, label in zip(base.inputs, base.answers, strict=True)
    ]
    data = Examples.of("text-multilabel", base.inputs, answers, base.splits)
    context = TrainingContext(cache_dir=cache_dir)
    model = train(data, tmp_path, settings(family="encoder-linear"), context)
    figures = evaluate(model, data, context=context).figures
    assert model.labels == ("ham", "long", "spam")
    assert figures["micro_f1"] > 0.75
    assert len(model.facts["thresholds"]) == 3


def test_the_best_family_is_kept_with_its_reason(cache_dir: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    context = TrainingContext(cache_dir=cache_dir, on_note=notes.append)
    model = train(few(130), tmp_path, settings(family="auto", budget=30), context)
    tried = {row["family"] for row in model.facts["auto"]}
    assert {"tfidf-linear", "encoder-linear"} <= tried
    assert [f"trying {row['family']}" for row in model.facts["auto"]] == notes
    assert f"{model.facts['family']} had the least validation log-loss" in model.facts["reason"]
    assert not (tmp_path / "candidates").exists()
    assert TrainedModel.load(tmp_path).facts == model.facts


def test_a_handful_of_validation_rows_compares_nothing(cache_dir: Path, tmp_path: Path) -> None:
    # Time for the regression alone.
    model = train(few(16), tmp_path, settings(family="auto", budget=3.5), TrainingContext(cache_dir=cache_dir))
    assert [row["family"] for row in model.facts["auto"]] == ["encoder-linear"]
    assert "encoder-linear was chosen by rule" in model.facts["reason"]


def test_the_cheapest_family_is_tried_whatever_the_budget() -> None:
    data = few(32)
    assert [row.family for row in candidates(data, cuda=False, budget=0.001)] == ["tfidf-linear"]
    assert {"few-shot", "encoder-linear"} <= {row.family for row in candidates(data, cuda=False)}
    # Hundreds of texts of each label are tuned for directly.
    many = few(200)
    assert "few-shot" not in {row.family for row in candidates(many, cuda=False)}


def test_one_item_a_class_is_learned_as_far_as_it_goes(cache_dir: Path, tmp_path: Path) -> None:
    texts = ["win a free prize now", "see you at home", "winner! free cash", "home at six"]
    data = Examples.of(
        "text-classification", texts, ["spam", "ham", "spam", "ham"], ["train", "train", "validation", "test"]
    )
    model = train(data, tmp_path, settings(family="encoder-linear"), TrainingContext(cache_dir=cache_dir))
    assert model.predictions(["free prize"], TrainingContext(cache_dir=cache_dir)).argmax() == 1


def test_one_class_only_is_refused() -> None:
    with pytest.raises(BadData, match="two different labels"):
        Examples.of("text-classification", ["a", "b", "c"], ["x"] * 3, ["train", "validation", "test"])


def test_a_family_of_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="does not learn text-classification"):
        train(few(8), tmp_path, settings(family="table-trees"))


def test_held_out_rows_leave_single_classes_to_learn_from() -> None:
    data = Examples("text-classification", tuple("abcde"), ("x", "x", "y", "y", "z"), ("train",) * 5)
    for known, held in held_out_rows(data, 0):
        assert 4 in known
        assert set(known.tolist()).isdisjoint(held.tolist())
        assert {data.answers[i] for i in known} == {"x", "y", "z"}
