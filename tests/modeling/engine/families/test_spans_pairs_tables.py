"""Families of spans, pairs and rows, trained on small real data and opened again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modeling.engine.data import Examples, Pair
from modeling.engine.errors import BadData
from modeling.engine.evaluate import evaluate
from modeling.engine.families.reward import Reward
from modeling.engine.families.table import BASELINES, families_of, get_family
from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings, train
from tests.modeling.engine.samples import few_pairs, masses, pairs, penguins, people


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


def test_the_encoder_tagger_learns_names(tagger: TrainedModel) -> None:
    assert evaluate(tagger, people()).figures["f1"] > 0.9
    assert tagger.facts["span_fit"]["ceiling_f1"] == 1.0
    long = "nothing happened on day 7. " * 60 + "Ann Lee went to Oslo on day 9."
    found = TrainedModel.load(tagger.folder).predictions([long, "", "?"])
    assert [(long[span.start : span.end], span.label) for span in found[0]] == [("Ann Lee", "PER"), ("Oslo", "LOC")]
    assert found[1:] == [[], []]
    assert sorted(path.suffix for path in tagger.folder.iterdir()) == [".json", ".safetensors"]


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
    data = masses()
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
def test_swapped_answers_swap_the_probability(
    family: str, tmp_path: Path, cache_dir: Path, reward: TrainedModel
) -> None:
    data, context = pairs(), TrainingContext(cache_dir=cache_dir)
    model = reward if family == "reward" else train(data, tmp_path, TrainingSettings(family=family), context)
    test = data.part("test")
    made = model.predictions(test.inputs, context)
    swapped = model.predictions([Pair(pair.prompt, pair.second, pair.first) for pair in test.inputs], context)
    np.testing.assert_allclose(made, 1 - swapped, atol=1e-12)
    assert model.task.figures(made, test, model.labels)["accuracy"] > 0.5
    assert model.predictions([Pair("p", "same", "same"), Pair("", "", "")], context).tolist() == [0.5, 0.5]


def test_a_fine_tuned_reward_comes_back(reward_tuned: TrainedModel) -> None:
    model, test = reward_tuned, few_pairs().part("test").inputs
    made = TrainedModel.load(model.folder).predictions(test)
    np.testing.assert_array_equal(made, model.predictions(test))
    swapped = model.predictions([Pair(pair.prompt, pair.second, pair.first) for pair in test])
    np.testing.assert_allclose(made, 1 - swapped, atol=1e-5)
    assert model.predictions([Pair("p", "same", "same"), Pair("", "", "")]).round(6).tolist() == [0.5, 0.5]
    assert (model.folder / "reward.safetensors").stat().st_size < 10_000_000


def test_rewards_order_answers(reward: TrainedModel, cache_dir: Path) -> None:
    context = TrainingContext(cache_dir=cache_dir)
    family = get_family("reward")
    assert isinstance(family, Reward)
    answers = ["", "A whole answer to p."]
    first, second = family.rewards(reward.folder, reward.facts, ["p", "p"], answers, context)
    assert reward.raw([Pair("p", "", "A whole answer to p.")], context)[0] == pytest.approx(first - second)
