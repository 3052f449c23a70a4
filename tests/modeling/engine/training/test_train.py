"""Training on real messages: figures, facts, repeatability, and the baseline."""

import json
import subprocess
import sys

import numpy as np
import pytest

from modeling.engine.errors import Cancelled, EngineError
from modeling.engine.families.tfidf import choose_analyzer
from modeling.engine.training import FAMILIES, TrainedModel, TrainingContext, TrainingSettings, get_family, train


def test_model_beats_chance_by_far_and_is_calibrated(evaluated):
    assert evaluated.figures["macro_f1"] > 0.85
    assert evaluated.figures["rows"] == 48
    assert np.array(evaluated.figures["confusion"]).sum() == 48


def test_comparison_names_both_models(evaluated):
    comparison = evaluated.to_dict()["comparison"]
    assert comparison["baseline"]["macro_f1"] > 0.8
    low, high = comparison["difference"]["low"], comparison["difference"]["high"]
    assert low <= comparison["difference"]["difference"] <= high
    assert comparison["verdict"] in {"better", "worse", "no clear difference"}
    json.dumps(evaluated.to_dict())


def test_same_data_and_settings_give_the_same_bytes(sms, trained, cache_dir, tmp_path):
    again = train(sms, tmp_path, TrainingSettings(epochs=20, seed=1), TrainingContext(cache_dir=cache_dir))
    assert again.facts == trained.facts
    assert (tmp_path / "head.safetensors").read_bytes() == (trained.folder / "head.safetensors").read_bytes()


def test_stored_model_predicts_the_same(sms, trained, cache_dir):
    context = TrainingContext(cache_dir=cache_dir)
    texts = sms.part("test").inputs
    stored = TrainedModel.load(trained.folder)
    assert np.array_equal(stored.predictions(texts, context), trained.predictions(texts, context))
    assert stored.labels == ("ham", "spam")


def test_stages_and_live_figures_are_told(sms, cache_dir, tmp_path):
    stages, epochs = [], []
    train(
        sms,
        tmp_path,
        TrainingSettings(epochs=2),
        TrainingContext(cache_dir=cache_dir, on_stage=stages.append, on_epoch=epochs.append),
    )
    assert stages == ["encoding", "training", "calibrating"]
    assert [row["epoch"] for row in epochs] == [1, 2]


def test_cancelled_training_leaves_no_model(sms, cache_dir, tmp_path):
    with pytest.raises(Cancelled):
        train(sms, tmp_path, context=TrainingContext(cache_dir=cache_dir, cancelled=lambda: True))
    assert not (tmp_path / "model.json").exists()


def test_unknown_family_names_the_known_ones():
    with pytest.raises(EngineError, match=", ".join(FAMILIES)):
        get_family("forest")


def test_baseline_uses_characters_for_chinese():
    assert choose_analyzer(["房间很好", "服务很差"]) == "char"
    assert choose_analyzer(["the room is fine"]) == "word"


def test_importing_the_engine_loads_no_slow_package():
    """The web process serves and enqueues without the seconds and megabytes of torch."""
    names = ["serving", "bundle", "training", "evaluate", "heads"]
    code = f"import sys, curation.engine.embedding, {', '.join('modeling.engine.' + name for name in names)}\n"
    code += "print([n for n in ('torch', 'sklearn', 'scipy', 'onnx', 'onnxruntime', 'django') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=".")
    assert done.stdout.strip() == "[]"
