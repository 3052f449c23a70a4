"""The training loop on a GPU beside the same loop on the CPU: python bench/training_device.py [--rows 10000].

Made-up sentence vectors of the encoders' width: seconds an epoch and the macro-F1 that each device reaches, for the
head alone (`encoder-head`), in batches of 64 and of 4,096.
"""

import argparse
import platform
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from modeling.engine.families.features import VectorRows
from modeling.engine.heads.mlp import MlpHead
from modeling.engine.training import TrainingSettings
from modeling.engine.training.loop import LoopCallbacks, run_loop
from modeling.engine.training.work import ClassifierWork

WIDTH, CLASSES, EPOCHS = 384, 77, 5


def clusters(count: int, seed: int) -> VectorRows:
    """Return vectors around as many centres as there are classes, which overlap a little."""
    centres = np.random.default_rng(0).normal(size=(CLASSES, WIDTH))
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, CLASSES, count)
    return VectorRows(centres[targets] + generator.normal(scale=4.0, size=(count, WIDTH)), np.eye(CLASSES)[targets])


def run(device: str, batch: int, rows: int) -> tuple[float, float]:
    """Return seconds an epoch, the first left out, and the best macro-F1."""
    train, validation = clusters(rows, 1), clusters(2_000, 2)
    torch.manual_seed(0)
    head = MlpHead(WIDTH, CLASSES, 256, 0.3)
    head.standardise(train.vectors)
    settings = TrainingSettings(
        epochs=EPOCHS, batch_size=batch, learning_rate=3e-3, patience=EPOCHS, dropout=0.3, device=device, threads=1
    )
    ends: list[float] = []
    result = run_loop(
        ClassifierWork(head, train, validation, settings),
        settings,
        identity="bench",
        callbacks=LoopCallbacks(on_epoch=lambda _row: ends.append(time.perf_counter())),
    )
    return (ends[-1] - ends[0]) / (len(ends) - 1), result.best_score


def main() -> None:
    """Print one line for each device and size of batch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    rows = parser.parse_args().rows
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"Python {platform.python_version()}, torch {torch.__version__}, {card}; {rows:,} rows of {WIDTH}")
    for batch in (64, 4_096):
        for device in devices:
            seconds, f1 = run(device, batch, rows)
            print(
                f"batch {batch:5,}  {device:4}  {seconds:7.3f} s an epoch  {rows / seconds:12,.0f} rows/s  F1 {f1:.3f}"
            )


if __name__ == "__main__":
    main()
