"""The goals on a whole set: int8 within half a point of float, and not worse than the baseline.

The Chinese reviews take three times as long: a part of them goes through `tests/e2e/test_chain_http.py`, all of them
through `python bench/model_chain.py`.
"""

import pytest

from modeling.engine.bundle import export_bundle
from modeling.engine.data import split_rows
from modeling.engine.evaluate import evaluate
from modeling.engine.training import BASELINES, TrainingContext, TrainingSettings, train
from tests.modeling.engine.conftest import CREATED_AT, demo_rows


@pytest.mark.slow
def test_bundle_keeps_the_float_models_quality(cache_dir, tmp_path):
    data = split_rows(*demo_rows("sms_spam"), seed=0)
    context = TrainingContext(cache_dir=cache_dir)
    model = train(data, tmp_path / "model", TrainingSettings(), context)
    baseline = train(data, tmp_path / "baseline", TrainingSettings(family=BASELINES["text-classification"]), context)
    evaluation = evaluate(model, data, baseline=baseline, context=context)
    result = export_bundle(
        model, data, tmp_path / "b.zip", created_at=CREATED_AT, comparison=evaluation.to_dict()["comparison"]
    )
    assert result.gate.passed
    assert result.gate.loss_points <= 0.5
    assert result.metrics["bundle"]["macro_f1"] > 0.965
    assert evaluation.comparison.verdict in {"better", "no clear difference"}
    assert result.size < 40_000_000
