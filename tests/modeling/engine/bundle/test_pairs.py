"""Bundles of rewards: probabilities as the float model's, the same when answers are swapped, refusals by part."""

import json
from pathlib import Path

import numpy as np
import pytest

from modeling.engine.bundle import export_bundle
from modeling.engine.errors import InputRefused
from modeling.engine.serving import Predictor
from modeling.engine.training import TrainedModel, TrainingContext
from tests.modeling.engine.bundle.answers import told_by_script
from tests.modeling.engine.conftest import CREATED_AT
from tests.modeling.engine.samples import few_pairs
from tests.sharing import made_once


def exported(name: str, model: TrainedModel, rung: str) -> Path:
    """Export once for all tests; the rewards learned from the training rows of either set alike."""

    def make(folder: Path) -> Path:
        made = export_bundle(
            model, few_pairs(), folder / "b.zip", created_at=CREATED_AT, rungs=[rung], limit_points=100
        )
        assert made.rungs[0]["largest_difference"] < (1e-5 if rung == "fp32" else 0.05)
        return made.path

    return made_once(f"{name}-{rung}", make)


@pytest.mark.parametrize("name", ["reward", "reward_tuned"])
def test_int8_prefers_what_the_model_prefers(
    name: str, request: pytest.FixtureRequest, cache_dir: Path, tmp_path: Path
) -> None:
    model: TrainedModel = request.getfixturevalue(name)
    path = exported(name, model, "int8")
    pairs = [pair._asdict() for pair in few_pairs().inputs]
    answers = Predictor(path).predict(pairs)
    chances = np.array([answer["first_is_better"] for answer in answers])
    expected = model.predictions(few_pairs().inputs, TrainingContext(cache_dir=cache_dir))
    np.testing.assert_allclose(chances, expected, atol=0.05)
    assert [answer["better"] for answer in answers] == ["first" if c >= 0.5 else "second" for c in chances]
    turned = Predictor(path).predict([{**pair, "first": pair["second"], "second": pair["first"]} for pair in pairs])
    np.testing.assert_allclose([1 - answer["first_is_better"] for answer in turned], chances, atol=1e-6)
    assert told_by_script(path, tmp_path, json.dumps(pairs[0])) == answers[:1]


def test_the_float_graph_of_the_tuned_reward_is_the_model(reward_tuned: TrainedModel) -> None:
    assert exported("reward_tuned", reward_tuned, "fp32").exists()


def test_a_refusal_names_the_part(reward: TrainedModel) -> None:
    predictor = Predictor(exported("reward", reward, "int8"))
    for given, sentence in (
        ("a text", "no object with prompt, first and second"),
        ({"prompt": "p", "first": "a"}, "no object with prompt, first and second"),
        ({"prompt": "p", "first": "a", "second": None}, "second: This is not a string."),
        ({"prompt": "p" * 20_001, "first": "a", "second": "b"}, "prompt: This text has 20,001 characters"),
    ):
        with pytest.raises(InputRefused) as refused:
            predictor.predict([given])
        assert sentence in str(refused.value)
