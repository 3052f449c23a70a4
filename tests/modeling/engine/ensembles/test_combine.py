"""Ensembles: what each way learns, when one is kept, and that a kept one is a model like others."""

import json
from dataclasses import replace

import numpy as np
import pytest

from modeling.engine.__main__ import main
from modeling.engine.data import Examples
from modeling.engine.ensembles import combine
from modeling.engine.ensembles.ways import apply_way, best_weights, fit_way
from modeling.engine.errors import BadData, EngineError
from modeling.engine.evaluate import evaluate
from modeling.engine.training import TrainedModel, TrainingSettings, families_of, get_family, train
from modeling.engine.training.train import HELD_OUT

TASK = "text-classification"


def test_the_average_is_the_mean():
    members = np.array([[[0.9, 0.1]], [[0.5, 0.5]]])
    learned = fit_way("average", members, np.array([[1.0, 0.0]]), TASK)
    assert np.exp(apply_way("average", learned, members, TASK)) == pytest.approx(np.array([[0.7, 0.3]]))


def test_weights_go_to_the_member_that_knows():
    generator = np.random.default_rng(0)
    truth = np.eye(2)[generator.integers(0, 2, 400)]
    knows = np.clip(truth, 0.2, 0.8)
    guesses = np.full_like(knows, 0.5)
    assert best_weights(np.stack([knows, guesses]), truth) == pytest.approx([1.0, 0.0], abs=1e-3)
    # Each knows half of the rows and is sure of the wrong answer in none: both are needed.
    first, second = guesses.copy(), guesses.copy()
    first[:200], second[200:] = np.clip(truth[:200], 0.1, 0.9), np.clip(truth[200:], 0.1, 0.9)
    assert best_weights(np.stack([first, second]), truth) == pytest.approx([0.5, 0.5], abs=1e-3)


def test_weights_have_the_least_log_loss_on_a_fine_grid():
    generator = np.random.default_rng(1)
    truth = np.eye(3)[generator.integers(0, 3, 200)]
    members = np.stack([generator.dirichlet(np.ones(3), 200) * 0.5 + truth * share for share in (0.5, 0.5)])
    members[1] = np.roll(members[1], 7, axis=0) * 0.3 + 0.7 / 3
    found = best_weights(members, truth)

    def loss(weight):
        mixed = ((weight * members[0] + (1 - weight) * members[1]) * truth).sum(axis=1)
        return -np.log(mixed).mean()

    assert loss(found[0]) <= min(loss(weight) for weight in np.linspace(0, 1, 101)) + 1e-9


def test_the_stacker_learns_that_a_member_is_always_wrong():
    generator = np.random.default_rng(2)
    truth = np.eye(2)[generator.integers(0, 2, 200)]
    lies = np.clip(1 - truth, 0.1, 0.9)
    members = np.stack([lies, np.full_like(lies, 0.5)])
    learned = fit_way("stacked", members, truth, TASK)
    made = apply_way("stacked", learned, members, TASK)
    assert (made.argmax(axis=1) == truth.argmax(axis=1)).all()


@pytest.fixture(scope="module")
def two_halves(tmp_path_factory):
    """Rows that two models know a half of each: one reads numbers of the first kind, the other of the second."""
    generator = np.random.default_rng(3)
    count = 900
    kind, answer = generator.integers(0, 2, count), generator.integers(0, 2, count)
    signal = answer * 2.0 - 1 + generator.normal(0, 0.4, count)
    rows = [
        {"a": signal[i] if kind[i] else None, "b": None if kind[i] else signal[i], "noise": float(generator.normal())}
        for i in range(count)
    ]
    splits = ["validation" if i % 3 == 0 else "test" if i % 3 == 1 else "train" for i in range(count)]
    answers = ["yes" if value else "no" for value in answer]
    return Examples.of("table", rows, answers, splits)


def test_an_ensemble_of_like_models_is_not_kept(two_halves, tmp_path):
    models = [
        train(two_halves, tmp_path / family, TrainingSettings(family=family, threads=1))
        for family in ("table-trees", "table-linear")
    ]
    result = combine(models, two_halves, tmp_path / "both")
    assert not result.kept
    assert not (tmp_path / "both").exists()
    assert result.sentence.startswith("No ensemble was kept: the best, ")
    assert result.difference["low"] <= 0
    assert [row["family"] for row in result.members] == ["table-trees", "table-linear"]
    assert [row["way"] for row in result.ways] == ["average", "weighted", "stacked"]
    assert all(row["seconds_per_1000"] > 0 for row in result.members)


@pytest.fixture(scope="module")
def halves(two_halves, tmp_path_factory):
    """Two models of the same rows, of which each learned from the training rows of one kind alone.

    Their facts name the hash of all rows, since the validation rows of all are held out for both.
    """
    folder = tmp_path_factory.mktemp("halves")
    made = []
    for name in ("a", "b"):
        kept = [
            i for i, row in enumerate(two_halves.inputs) if row[name] is not None or two_halves.splits[i] != "train"
        ]
        model = train(two_halves.rows(kept), folder / name, TrainingSettings(family="table-linear", threads=1))
        facts = {**model.facts, "data_hash": two_halves.content_hash()}
        (folder / name / "model.json").write_text(json.dumps(facts), encoding="utf-8")
        made.append(TrainedModel.load(folder / name))
    return made


def test_a_kept_ensemble_is_a_model_like_others(halves, two_halves, tmp_path):
    result = combine(halves, two_halves, tmp_path / "both")
    assert result.kept, result.sentence
    assert result.difference["low"] > 0
    assert "table-linear alone" in result.sentence
    model = TrainedModel.load(tmp_path / "both")
    assert (model.facts["family"], model.facts["members"]) == ("ensemble", ["0-table-linear", "1-table-linear"])
    figures = [evaluate(one, two_halves).figures["macro_f1"] for one in (model, *halves)]
    assert figures[0] > max(figures[1:])
    made = model.predictions(two_halves.part("test").inputs)
    assert made.sum(axis=1) == pytest.approx(np.ones(300))
    assert not get_family("ensemble").exportable


def test_an_ensemble_is_not_offered_for_training(two_halves, tmp_path):
    assert "ensemble" not in families_of("table")
    with pytest.raises(EngineError, match="not trained but made of trained models"):
        train(two_halves, tmp_path, TrainingSettings(family="ensemble"))


def test_models_of_other_rows_are_refused(halves, two_halves, tmp_path):
    with pytest.raises(BadData, match="at least two"):
        combine(halves[:1], two_halves, tmp_path)
    other = two_halves.rows(range(600))
    with pytest.raises(BadData, match="was trained on other rows"):
        combine(halves, other, tmp_path)
    with pytest.raises(EngineError, match="Models of ner are not combined"):
        combine(halves, replace(two_halves, task="ner"), tmp_path)


def test_what_a_family_said_before_it_learned_from_validation_rows_counts(sms, cache_dir, tmp_path):
    from modeling.engine.training import TrainingContext

    context = TrainingContext(cache_dir=cache_dir)
    model = train(sms, tmp_path / "linear", TrainingSettings(family="encoder-linear", threads=1), context)
    held_out = np.load(tmp_path / "linear" / HELD_OUT)
    assert held_out.shape == (sms.splits.count("validation"), 2)
    told = model.facts["validation"]["macro_f1"]
    other = train(sms, tmp_path / "tfidf", TrainingSettings(family="tfidf-linear", threads=1), context)
    assert not (tmp_path / "tfidf" / HELD_OUT).exists()
    result = combine([model, other], sms, tmp_path / "both", context)
    assert result.members[0]["macro_f1"] == told


def test_combining_by_command(sms, tmp_path, capsys):
    lines = [
        json.dumps({"text": text, "label": label, "split": split})
        for text, label, split in zip(sms.inputs, sms.answers, sms.splits, strict=True)
    ]
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(lines), encoding="utf-8")
    for seed in ("1", "2"):
        out = ["--family", "tfidf-linear", "--seed", seed, "--out", str(tmp_path / seed)]
        assert main(["train", str(data), "--split", "split", *out]) == 0
    capsys.readouterr()
    folders = [str(tmp_path / seed) for seed in ("1", "2")]
    assert main(["ensemble", *folders, str(data), "--split", "split", "--out", str(tmp_path / "both")]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["kept"] is False
    assert "No ensemble was kept" in said.err
