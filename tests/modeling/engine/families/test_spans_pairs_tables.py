"""Families of spans, pairs and rows, trained on small real data and opened again."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modeling.engine.data import Examples, Pair, Span
from modeling.engine.errors import BadData
from modeling.engine.evaluate import evaluate
from modeling.engine.families.reward import Reward
from modeling.engine.families.table import BASELINES, families_of, get_family
from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings, train

DATA = Path(__file__).resolve().parents[3] / "data" / "models"


def people(count: int = 60) -> Examples:
    """Return sentences that name people and places, some of them long."""
    names = ["Ann Lee", "Bo", "Carla Diaz", "Dan Wu", "Eve", "Finn O'Shea"]
    places = ["Paris", "New York", "Oslo", "Bonn", "Lima"]
    rows = []
    for number in range(count):
        name, place = names[number % 6], places[number % 5]
        text = f"{name} went to {place} on day {number}."
        at = text.index(place)
        rows.append((text, (Span(0, len(name), "PER"), Span(at, at + len(place), "LOC"))))
    rows += [(f"nothing happened on day {number}.", ()) for number in range(count // 2)]
    splits = [("train", "train", "train", "validation", "test")[number % 5] for number in range(len(rows))]
    return Examples.of("ner", [text for text, _ in rows], [spans for _, spans in rows], splits)


def penguins() -> Examples:
    """Return 342 penguins with their species; 69 measurements are missing."""
    with (DATA / "penguins.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    splits = [("train", "train", "train", "validation", "test")[number % 5] for number in range(len(rows))]
    return Examples.of(
        "table",
        [{n: v for n, v in row.items() if n != "label"} for row in rows],
        [row["label"] for row in rows],
        splits,
    )


def pairs() -> Examples:
    """Return 200 pairs of answers that people compared."""
    with gzip.open(DATA / "pandalm_200.jsonl.gz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    splits = [("train", "train", "train", "validation", "test")[number // 2 % 5] for number in range(len(rows))]
    made = [Pair(row["prompt"], row["first"], row["second"]) for row in rows]
    return Examples.of("preference", made, [row["label"] - 1 for row in rows], splits)


def test_every_task_has_its_families() -> None:
    assert families_of("ner") == ("tagger", "tagger-linear")
    assert families_of("table-regression") == ("table-linear", "table-trees")
    assert families_of("preference") == ("reward", "reward-tuned", "reward-counted")
    assert [BASELINES[task] for task in ("ner", "table", "table-regression", "preference")] == [
        "tagger-linear", "table-linear", "table-linear", "reward-counted",
    ]  # fmt: skip


def test_the_linear_tagger_learns_names(tmp_path: Path) -> None:
    data = people()
    heard: list[dict[str, Any]] = []
    model = train(data, tmp_path, TrainingSettings(family="tagger-linear"), TrainingContext(on_epoch=heard.append))
    assert evaluate(model, data).figures["f1"] == 1.0
    assert {"epoch", "epochs", "best_epoch", "loss", "score"} <= set(heard[0])
    again = TrainedModel.load(tmp_path)
    assert again.predictions(list(data.inputs[:9])) == model.predictions(list(data.inputs[:9]))
    found = again.predictions(["", "Zoe Ray went to Rome on day 3.", "nothing"])
    assert found[0] == []
    assert [tuple(span[:3]) for span in found[1]] == [(0, 7, "PER"), (16, 20, "LOC")]
    assert all(0 < span.score <= 1 for span in found[1])
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".npz"]


def test_the_encoder_tagger_learns_names(tmp_path: Path) -> None:
    data = people()
    settings = TrainingSettings(
        family="tagger", epochs=6, batch_size=8, learning_rate=3e-4, layers=2, device="cpu", threads=1
    )
    model = train(data, tmp_path, settings)
    assert evaluate(model, data).figures["f1"] > 0.9
    assert model.facts["span_fit"]["ceiling_f1"] == 1.0
    long = "nothing happened on day 7. " * 60 + "Ann Lee went to Oslo on day 9."
    found = TrainedModel.load(tmp_path).predictions([long, "", "?"])
    assert [(long[span.start : span.end], span.label) for span in found[0]] == [("Ann Lee", "PER"), ("Oslo", "LOC")]
    assert found[1:] == [[], []]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".safetensors"]


@pytest.mark.parametrize(("family", "least"), [("table-linear", 0.95), ("table-trees", 0.9)])
def test_penguins_are_told_apart(family: str, least: float, tmp_path: Path) -> None:
    data = penguins()
    model = train(data, tmp_path, TrainingSettings(family=family))
    assert evaluate(model, data).figures["macro_f1"] > least
    rows = [*data.inputs[:5], {}, {"island": "Mars", "body_mass_g": "heavy"}]
    made = TrainedModel.load(tmp_path).predictions(rows)
    np.testing.assert_allclose(made.sum(axis=1), 1)
    np.testing.assert_allclose(made[5], TrainedModel.load(tmp_path).predictions([{"other": 3}])[0], rtol=1e-9)


@pytest.mark.parametrize("family", ["table-linear", "table-trees"])
def test_numbers_of_rows(family: str, tmp_path: Path) -> None:
    rows = [row for row in penguins().inputs if row["body_mass_g"] != "NA"]
    answers = [float(row["body_mass_g"]) for row in rows]
    inputs = [{name: value for name, value in row.items() if name != "body_mass_g"} for row in rows]
    splits = [("train", "train", "train", "validation", "test")[number % 5] for number in range(len(rows))]
    data = Examples.of("table-regression", inputs, answers, splits)
    model = train(data, tmp_path, TrainingSettings(family=family))
    figures = evaluate(model, data).figures
    assert figures["r2"] > 0.7
    assert figures["mean_absolute_error"] < 0.55 * figures["mean_absolute_error_of_median"]


def test_columns_that_nobody_can_learn_from(tmp_path: Path) -> None:
    rows = [{"same": 1, "name": f"n{number}"} for number in range(20)]
    splits = [("train", "train", "validation", "test")[number % 4] for number in range(20)]
    data = Examples.of("table", rows, ["a", "b"] * 10, splits[:2] * 2 + splits[4:], ids=None)
    with pytest.raises(BadData, match="No column of the training rows can be learned from"):
        train(data, tmp_path, TrainingSettings(family="table-linear"))


@pytest.mark.parametrize("family", ["reward-counted", "reward"])
def test_swapped_answers_swap_the_probability(family: str, tmp_path: Path, cache_dir: Path) -> None:
    data, context = pairs(), TrainingContext(cache_dir=cache_dir)
    model = train(data, tmp_path, TrainingSettings(family=family, threads=1), context)
    test = data.part("test")
    made = model.predictions(test.inputs, context)
    swapped = model.predictions([Pair(pair.prompt, pair.second, pair.first) for pair in test.inputs], context)
    np.testing.assert_allclose(made, 1 - swapped, atol=1e-12)
    assert model.task.figures(made, test, model.labels)["accuracy"] > 0.5
    assert model.predictions([Pair("p", "same", "same"), Pair("", "", "")], context).tolist() == [0.5, 0.5]


def test_a_fine_tuned_reward_comes_back(tmp_path: Path, cache_dir: Path) -> None:
    data = pairs()
    few = data.rows([*range(6), *[row for row, split in enumerate(data.splits) if split != "train"][:8]])
    settings = TrainingSettings(family="reward-tuned", epochs=1, layers=1, device="cpu", threads=1)
    model = train(few, tmp_path, settings, TrainingContext(cache_dir=cache_dir))
    test = few.part("test").inputs
    made = TrainedModel.load(tmp_path).predictions(test)
    np.testing.assert_array_equal(made, model.predictions(test))
    swapped = model.predictions([Pair(pair.prompt, pair.second, pair.first) for pair in test])
    np.testing.assert_allclose(made, 1 - swapped, atol=1e-5)
    assert model.predictions([Pair("p", "same", "same"), Pair("", "", "")]).round(6).tolist() == [0.5, 0.5]
    assert (tmp_path / "reward.safetensors").stat().st_size < 10_000_000


def test_rewards_order_answers(tmp_path: Path, cache_dir: Path) -> None:
    data, context = pairs(), TrainingContext(cache_dir=cache_dir)
    model = train(data, tmp_path, TrainingSettings(family="reward", threads=1), context)
    family = get_family("reward")
    assert isinstance(family, Reward)
    first, second = family.rewards(tmp_path, model.facts, ["p", "p"], ["", "A whole answer to p."], context)
    assert model.raw([Pair("p", "", "A whole answer to p.")], context)[0] == pytest.approx(first - second)
