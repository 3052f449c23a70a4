"""The loop: it learns, stops early, resumes bitwise, refuses a broken loss, and stops when told."""

import numpy as np
import pytest
import torch

from modeling.engine.errors import Cancelled, EngineError, TrainingDiverged
from modeling.engine.heads.mlp import MlpHead
from modeling.engine.training import TrainingSettings
from modeling.engine.training.features import VectorRows
from modeling.engine.training.loop import LoopCallbacks, choose_device, rate_factor, run_loop

SETTINGS = TrainingSettings(
    epochs=6, batch_size=16, learning_rate=0.01, patience=6, dropout=0.2, hidden=8, device="cpu", threads=1, seed=5
)


def rings(count: int, seed: int) -> VectorRows:
    """Return points inside and outside a circle, which no line can part."""
    generator = np.random.default_rng(seed)
    points = generator.uniform(-1, 1, (count, 2))
    return VectorRows(points, (np.hypot(*points.T) > 0.75).astype(np.int64))


TRAIN, VALIDATION = rings(200, 1), rings(100, 2)


def new_head() -> MlpHead:
    torch.manual_seed(9)
    head = MlpHead(2, 2, 8, 0.2)
    head.standardise(TRAIN.vectors)
    return head


def run(head, settings=SETTINGS, folder=None, **callbacks):
    return run_loop(
        head,
        TRAIN,
        VALIDATION,
        settings,
        classes=2,
        identity="rings",
        checkpoints=folder,
        callbacks=LoopCallbacks(**callbacks),
    )


def weights(head: MlpHead) -> list[bytes]:
    return [value.detach().numpy().tobytes() for value in head.state_dict().values()]


def test_it_learns_what_a_line_cannot():
    result = run(new_head(), TrainingSettings(**{**SETTINGS.to_dict(), "epochs": 60, "patience": 60}))
    assert result.best_macro_f1 > 0.9
    assert len(result.history) == result.epochs


def test_interrupted_and_resumed_equals_unbroken_bitwise(tmp_path):
    whole = new_head()
    unbroken = run(whole)
    steps = []
    with pytest.raises(Cancelled):
        # 13 steps an epoch: the stop comes in the middle of the third.
        run(new_head(), folder=tmp_path, on_step=steps.append, cancelled=lambda: len(steps) >= 30)
    torch.manual_seed(12345)
    resumed_head = MlpHead(2, 2, 8, 0.2)
    resumed_head.standardise(TRAIN.vectors)
    epochs = []
    resumed = run(resumed_head, folder=tmp_path, on_epoch=epochs.append)
    assert [row["epoch"] for row in epochs] == [3, 4, 5, 6]
    assert resumed == unbroken
    assert weights(resumed_head) == weights(whole)


def test_checkpoint_of_another_training_is_not_resumed(tmp_path):
    run(new_head(), folder=tmp_path)
    epochs = []
    run_loop(
        new_head(),
        TRAIN,
        VALIDATION,
        SETTINGS,
        classes=2,
        identity="other",
        checkpoints=tmp_path,
        callbacks=LoopCallbacks(on_epoch=epochs.append),
    )
    assert epochs[0]["epoch"] == 1


def test_a_checkpoint_without_its_final_name_is_ignored(tmp_path):
    head = new_head()
    (tmp_path / "epoch-00009.77.tmp").mkdir(parents=True)
    assert run(head, folder=tmp_path) == run(new_head())


def test_checkpoints_hold_no_pickle(tmp_path):
    run(new_head(), folder=tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*/*")) == [
        "best.safetensors",
        "model.safetensors",
        "optimizer.safetensors",
        "random.safetensors",
        "state.json",
    ]


def test_it_stops_when_patience_is_spent():
    settings = TrainingSettings(**{**SETTINGS.to_dict(), "epochs": 50, "patience": 2, "learning_rate": 1e-9})
    result = run(new_head(), settings)
    assert result.epochs == result.best_epoch + 2 < 50


def test_a_broken_loss_stops_with_advice():
    rows = VectorRows(np.full((32, 2), np.nan), np.zeros(32, dtype=np.int64))
    with pytest.raises(TrainingDiverged, match="Lower the learning rate"):
        run_loop(new_head(), rows, VALIDATION, SETTINGS, classes=2, identity="nan")


def test_steps_and_epochs_are_reported():
    steps, epochs = [], []
    run(new_head(), on_step=steps.append, on_epoch=epochs.append)
    assert [row["step"] for row in steps] == list(range(1, 79))
    assert steps[0]["steps"] == 78
    assert set(epochs[0]) == {
        "epoch",
        "epochs",
        "best_epoch",
        "loss",
        "validation_loss",
        "validation_accuracy",
        "validation_macro_f1",
        "learning_rate",
    }


def test_rate_rises_then_falls_to_nothing():
    factors = [rate_factor(step, 100, 0.1) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == factors[10] == 1.0
    assert factors[55] == pytest.approx(0.5)
    assert factors[100] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_asked_for_and_missing_is_a_sentence():
    with pytest.raises(EngineError, match="no CUDA device"):
        choose_device("cuda")
    assert choose_device("auto").type == "cpu"


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"learning_rate": 2.0}, {"device": "tpu"}, {"warmup": 1.0}])
def test_settings_outside_their_range_are_refused(wrong):
    with pytest.raises(EngineError, match="refused"):
        TrainingSettings(**wrong)
