"""What two processes do together; run by torch's launcher from test_team.py, the first prints what it saw as JSON."""

import json
import sys
from pathlib import Path

import torch

from modeling.engine.errors import TrainingDiverged
from modeling.engine.training.team import joined, team
from modeling.engine.training.work import ClassifierWork
from tests.modeling.engine.training import test_loop

PLAIN = test_loop.with_settings(dropout=0.0, epochs=3, patience=3)
WET = test_loop.with_settings(epochs=3, patience=3)


class Narrow(ClassifierWork):
    """Rows of which the second process holds no more than six at once."""

    def loss(self, rows, device):
        if team().rank == 1 and len(rows) > 6:
            raise MemoryError
        return super().loss(rows, device)


class Broken(ClassifierWork):
    """Rows whose loss is no number in the second process."""

    def loss(self, rows, device):
        return super().loss(rows, device) * (float("nan") if team().rank == 1 else 1.0)


class Stop(Exception):
    """Ends a training in the middle, in every process."""


def train(settings, work=ClassifierWork, dropout=0.0, **more):
    """Return the weights after a training, and its result."""
    head = test_loop.new_head()
    for part in head.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = dropout
    result = test_loop.run_loop(
        work(head, test_loop.TRAIN, test_loop.VALIDATION, settings), settings, identity="rings", **more
    )
    return torch.cat([value.flatten() for value in head.state_dict().values()]).tolist(), result


def broken_off(folder: Path) -> None:
    """Train up to the middle of an epoch, with a checkpoint after every step."""
    steps = []

    def on_step(row):
        steps.append(row)
        if len(steps) == 20:
            raise Stop

    try:
        train(
            WET, dropout=0.2, checkpoints=folder, save_seconds=0.0, callbacks=test_loop.LoopCallbacks(on_step=on_step)
        )
    except Stop:
        return


def scenes(folder: Path) -> dict[str, object]:
    """Return what this process saw in each scene."""
    seen: dict[str, object] = {"plain": train(PLAIN)[0]}
    seen["weighted"] = train(test_loop.with_settings(**{**PLAIN.to_dict(), "class_weights": True}))[0]
    narrow, result = train(PLAIN, Narrow)
    seen |= {"narrow": narrow, "notes": result.notes}
    try:
        train(PLAIN, Broken)
    except TrainingDiverged as error:
        seen["broken"] = str(error)
    seen["unbroken"] = train(WET, dropout=0.2)[0]
    broken_off(folder)
    seen["resumed"] = train(WET, dropout=0.2, checkpoints=folder)[0]
    return seen


if __name__ == "__main__":
    place = Path(sys.argv[1])
    with joined("cpu") as crew:
        (place / f"{crew.rank}.json").write_text(json.dumps(scenes(place / "checkpoints")))
