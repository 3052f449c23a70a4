"""The loop on a CUDA device: it learns what it learns on a CPU, and resumes to the same weights."""

import numpy as np
import pytest
import torch

from modeling.engine.errors import Cancelled
from modeling.engine.families.features import VectorRows
from modeling.engine.heads.mlp import MlpHead
from modeling.engine.training import TrainingSettings
from modeling.engine.training.loop import LoopCallbacks, LoopResult, choose_device, run_loop
from modeling.engine.training.work import ClassifierWork

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="This machine has no CUDA device.")

WIDTH, CLASSES = 64, 5
SETTINGS = TrainingSettings(
    epochs=8, batch_size=64, learning_rate=0.003, patience=8, dropout=0.2, hidden=64, class_weights=True, device="cuda"
)


def clusters(count: int, seed: int) -> VectorRows:
    """Return vectors around five centres that overlap a little."""
    centres = np.random.default_rng(0).normal(size=(CLASSES, WIDTH))
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, CLASSES, count)
    return VectorRows(centres[targets] + generator.normal(scale=2.0, size=(count, WIDTH)), np.eye(CLASSES)[targets])


TRAIN, VALIDATION = clusters(2_000, 1), clusters(1_000, 2)


def new_head() -> MlpHead:
    torch.manual_seed(9)
    head = MlpHead(WIDTH, CLASSES, 64, 0.2)
    head.standardise(TRAIN.vectors)
    return head


def run(head: MlpHead, device: str = "cuda", folder=None, **callbacks) -> LoopResult:
    settings = TrainingSettings(**{**SETTINGS.to_dict(), "device": device})
    return run_loop(
        ClassifierWork(head, TRAIN, VALIDATION, settings),
        settings,
        identity="clusters",
        checkpoints=folder,
        callbacks=LoopCallbacks(**callbacks),
    )


def test_auto_takes_the_device():
    assert choose_device("auto").type == "cuda"
    assert run(new_head(), "auto").device == "cuda"


def test_it_learns_what_it_learns_on_a_processor():
    on_device, on_processor = run(new_head()), run(new_head(), "cpu")
    assert on_processor.best_score > 0.9
    assert on_device.best_score == pytest.approx(on_processor.best_score, abs=0.01)


def test_interrupted_and_resumed_gives_the_weights_of_an_unbroken_run(tmp_path):
    whole, steps = new_head(), []
    unbroken = run(whole)
    with pytest.raises(Cancelled):
        # 32 steps an epoch: the stop comes in the middle of the third.
        run(new_head(), folder=tmp_path, on_step=steps.append, cancelled=lambda: len(steps) >= 80)
    torch.manual_seed(12345)
    torch.cuda.manual_seed_all(12345)
    resumed_head, epochs = new_head(), []
    resumed = run(resumed_head, folder=tmp_path, on_epoch=epochs.append)
    assert [row["epoch"] for row in epochs] == [3, 4, 5, 6, 7, 8]
    assert resumed.best_epoch == unbroken.best_epoch
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed_head.state_dict()[name].cpu(), value.cpu(), rtol=0, atol=0)
