"""The loop: it learns, stops early, resumes bitwise, refuses a broken loss, and stops when told."""

import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from modeling.engine.errors import Cancelled, EngineError, TrainingDiverged
from modeling.engine.families.features import VectorRows
from modeling.engine.heads.mlp import MlpHead
from modeling.engine.training import TrainingSettings
from modeling.engine.training.loop import LoopCallbacks, choose_device, run_loop
from modeling.engine.training.schedule import SCHEDULES, rate_factor
from modeling.engine.training.work import ClassifierWork, balanced_weights

SETTINGS = TrainingSettings(
    epochs=6, batch_size=16, learning_rate=0.01, patience=6, dropout=0.2, hidden=8, device="cpu", threads=1, seed=5
)


def rings(count: int, seed: int) -> VectorRows:
    """Return points inside and outside a circle, which no line can part."""
    generator = np.random.default_rng(seed)
    points = generator.uniform(-1, 1, (count, 2))
    return VectorRows(points, np.eye(2)[(np.hypot(*points.T) > 0.75).astype(int)])


TRAIN, VALIDATION = rings(200, 1), rings(100, 2)


def new_head() -> MlpHead:
    torch.manual_seed(9)
    head = MlpHead(2, 2, 8, 0.2)
    head.standardise(TRAIN.vectors)
    return head


def run(head, settings=SETTINGS, folder=None, save_seconds=60.0, **callbacks):
    return run_loop(
        ClassifierWork(head, TRAIN, VALIDATION, settings),
        settings,
        identity="rings",
        checkpoints=folder,
        callbacks=LoopCallbacks(**callbacks),
        save_seconds=save_seconds,
    )


def with_settings(**changes) -> TrainingSettings:
    return TrainingSettings(**{**SETTINGS.to_dict(), **changes})


def weights(head: MlpHead) -> list[bytes]:
    return [value.detach().numpy().tobytes() for value in head.state_dict().values()]


def test_it_learns_what_a_line_cannot():
    result = run(new_head(), with_settings(epochs=60, patience=60))
    assert result.best_score > 0.9
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


def test_a_checkpoint_inside_an_epoch_is_resumed_bitwise(tmp_path):
    whole = new_head()
    unbroken = run(whole)
    steps = []
    with pytest.raises(Cancelled):
        run(new_head(), folder=tmp_path, save_seconds=0.0, on_step=steps.append, cancelled=lambda: len(steps) >= 30)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000030"]
    resumed_head, again = new_head(), []
    assert run(resumed_head, folder=tmp_path, on_step=again.append) == unbroken
    assert again[0]["step"] == 31
    assert weights(resumed_head) == weights(whole)


KILLED = """
import os, sys
from pathlib import Path
from tests.modeling.engine.training import test_loop
steps = []
def die_in_the_middle_of_the_third_epoch(row):
    steps.append(row)
    if len(steps) == 32:
        os.kill(os.getpid(), 9)
folder, die = Path(sys.argv[1]), die_in_the_middle_of_the_third_epoch
test_loop.run(test_loop.new_head(), folder=folder, save_seconds=0.0, on_step=die)
"""


def test_after_kill_9_in_an_epoch_the_weights_are_those_of_an_unbroken_run(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -9
    whole, resumed_head, steps = new_head(), new_head(), []
    unbroken = run(whole)
    assert run(resumed_head, folder=tmp_path, on_step=steps.append) == unbroken
    assert steps[0]["step"] == 32
    assert weights(resumed_head) == weights(whole)


def test_a_batch_in_parts_gives_the_gradient_of_the_whole():
    whole, parts = new_head(), new_head()
    settings = with_settings(dropout=0.0, epochs=2)
    for head in (whole, parts):
        head.layers[0].p = head.layers[3].p = 0.0
    run(whole, settings)
    run(parts, with_settings(dropout=0.0, epochs=2, accumulate=4))
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


class Cramped(ClassifierWork):
    """A classifier on a machine whose memory holds five rows."""

    def loss(self, rows, device):
        if len(rows) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super().loss(rows, device)


def test_too_little_memory_halves_the_batch_and_says_so():
    notes = []
    callbacks = LoopCallbacks(on_note=notes.append)
    result = run_loop(Cramped(new_head(), TRAIN, VALIDATION, SETTINGS), SETTINGS, identity="x", callbacks=callbacks)
    assert result.epochs == 6
    assert len(notes) == 2
    assert notes == result.notes
    assert "too small for 16 rows" in notes[0]
    assert "parts of 4" in notes[1]


class NoMemory(ClassifierWork):
    """A classifier on a machine whose memory holds nothing."""

    def loss(self, rows, device):
        raise MemoryError


def test_no_memory_for_one_row_ends_with_advice():
    with pytest.raises(EngineError, match="single row") as refused:
        run_loop(NoMemory(new_head(), TRAIN, VALIDATION, SETTINGS), SETTINGS, identity="x")
    assert refused.value.code == "out_of_memory"


def test_a_spent_time_budget_keeps_the_best_so_far():
    result = run(new_head(), with_settings(epochs=1000, patience=1000, budget=0.3))
    assert 1 <= result.epochs < 1000
    assert "time budget of 0.3 seconds" in result.notes[0]


def test_a_full_disk_lets_the_training_go_on(tmp_path):
    """A limit on the size of files stands for the full disk; it says so by another number."""
    notes = []
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        result = run(new_head(), folder=tmp_path, on_note=notes.append)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert result.epochs == 6
    assert "goes on without checkpoints" in notes[0]


@pytest.mark.parametrize(
    "changes",
    [{"label_smoothing": 0.1}, {"focal": 2.0}, {"class_weights": True}, {"l1": 1e-4}, {"schedule": "one-cycle"}],
)
def test_each_kind_of_loss_learns(changes):
    assert run(new_head(), with_settings(epochs=60, patience=60, **changes)).best_score > 0.85


def test_without_weights_and_focus_the_loss_is_the_librarys_cross_entropy():
    smoothed = with_settings(label_smoothing=0.1, class_weights=True)
    work, rows = ClassifierWork(new_head().eval(), TRAIN, VALIDATION, smoothed), torch.arange(32)
    logits, truth = work.module(TRAIN.vectors[rows]), TRAIN.targets[rows].argmax(dim=1)
    expected = torch.nn.functional.cross_entropy(logits, truth)
    plain = ClassifierWork(work.module, TRAIN, VALIDATION, SETTINGS).loss(rows, torch.device("cpu"))
    assert torch.allclose(plain, expected)
    weights = balanced_weights(TRAIN.targets)
    expected = torch.nn.functional.cross_entropy(logits, truth, weight=weights, label_smoothing=0.0)
    weighted = ClassifierWork(work.module, TRAIN, VALIDATION, with_settings(class_weights=True))
    assert torch.allclose(weighted.loss(rows, torch.device("cpu")), expected)
    assert not torch.allclose(work.loss(rows, torch.device("cpu")), plain)


def test_several_labels_are_learned_at_once():
    def rows(count, seed):
        points = np.random.default_rng(seed).uniform(-1, 1, (count, 2))
        return VectorRows(points, (points > 0).astype(float))

    settings = with_settings(epochs=60, patience=60)
    result = run_loop(
        ClassifierWork(new_head(), rows(300, 1), rows(100, 2), settings, multilabel=True), settings, identity="m"
    )
    assert result.best_score > 0.95
    assert "validation_micro_f1" in result.history[0]


def test_checkpoint_of_another_training_is_not_resumed(tmp_path):
    run(new_head(), folder=tmp_path)
    epochs = []
    run_loop(
        ClassifierWork(new_head(), TRAIN, VALIDATION, SETTINGS),
        SETTINGS,
        identity="other",
        checkpoints=tmp_path,
        callbacks=LoopCallbacks(on_epoch=epochs.append),
    )
    assert epochs[0]["epoch"] == 1


def test_a_checkpoint_without_its_final_name_is_ignored(tmp_path):
    head = new_head()
    (tmp_path / "step-000000009.77.tmp").mkdir(parents=True)
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
    settings = with_settings(epochs=50, patience=2, learning_rate=1e-9)
    result = run(new_head(), settings)
    assert result.epochs == result.best_epoch + 2 < 50


def test_a_broken_loss_stops_with_advice():
    rows = VectorRows(np.full((32, 2), np.nan), np.eye(2)[np.zeros(32, dtype=int)])
    with pytest.raises(TrainingDiverged, match="Lower the learning rate"):
        run_loop(ClassifierWork(new_head(), rows, VALIDATION, SETTINGS), SETTINGS, identity="nan")


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
        "score",
        "learning_rate",
    }


@pytest.mark.parametrize(
    ("schedule", "middle", "end"),
    [("cosine", 0.5, 0.0), ("linear", 0.5, 0.0), ("constant", 1.0, 1.0), ("plateau", 1.0, 1.0)],
)
def test_schedules_in_the_middle_and_at_the_end(schedule, middle, end):
    assert rate_factor(55, 100, 0.1, schedule) == pytest.approx(middle)
    assert rate_factor(100, 100, 0.1, schedule) == pytest.approx(end, abs=1e-12)


def test_one_cycle_rises_for_a_third_of_the_way():
    factors = [rate_factor(step, 100, 0.0, "one-cycle") for step in range(100)]
    assert int(np.argmax(factors)) == 29
    assert set(SCHEDULES) == {"cosine", "linear", "constant", "one-cycle", "plateau"}


def test_a_plateau_halves_the_rate():
    result = run(new_head(), with_settings(epochs=8, patience=8, learning_rate=1e-9, schedule="plateau"))
    rates = [row["learning_rate"] for row in result.history]
    assert rates[-1] <= rates[0] / 2


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
