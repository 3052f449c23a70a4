"""The training loop: one plain torch loop with early stopping, checkpoints, resume and live figures.

Order of rows and of dropout draws depend on seed and epoch alone, so a run that was cut off and resumed gives the
weights of an unbroken one, bitwise on a CPU with the same number of threads.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from modeling.engine.callbacks import IsCancelled, OnMetrics, stop_if
from modeling.engine.errors import EngineError, TrainingDiverged
from modeling.engine.metrics import macro_f1
from modeling.engine.training.checkpoint import CheckpointFolder, TrainingState, trainable_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modeling.engine.training.settings import TrainingSettings

EVALUATION_BATCH = 256


class Rows(Protocol):
    """Rows that a module learns from: inputs by row number, and targets."""

    targets: Tensor

    def inputs(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Return the module's inputs for these rows."""
        ...


@dataclass(frozen=True)
class LoopCallbacks:
    """What the loop tells and asks its caller; all optional."""

    on_step: OnMetrics | None = None
    on_epoch: OnMetrics | None = None
    cancelled: IsCancelled | None = None


@dataclass(frozen=True)
class LoopResult:
    """The best epoch's weights are in the module; `history` has one mapping an epoch."""

    best_epoch: int
    best_macro_f1: float
    epochs: int
    history: list[dict[str, Any]]
    device: str


def choose_device(wanted: str) -> torch.device:
    """Return the torch device: `auto` takes CUDA when there is one.

    Raises:
        EngineError: `cuda` was asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise EngineError("Training was told to use CUDA, but this machine has no CUDA device.", code="no_cuda")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak learning rate at a step: a linear rise, then half a cosine down to 0."""
    rise = max(1, round(steps * warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def balanced_weights(targets: Tensor, classes: int) -> Tensor:
    """Return class weights n / (k * count), softened by a square root so that a rare class does not drown the
    others."""
    counts = torch.bincount(targets, minlength=classes).clamp_min(1).float()
    return (len(targets) / (classes * counts)).sqrt()


def run_loop(
    module: nn.Module,
    train: Rows,
    validation: Rows,
    settings: TrainingSettings,
    *,
    classes: int,
    identity: str,
    checkpoints: Path | None = None,
    callbacks: LoopCallbacks | None = None,
) -> LoopResult:
    """Train until validation macro-F1 stops rising; leave the best epoch's weights in the module.

    Raises:
        Cancelled: at the next step after `cancelled()` is true; finished epochs are in the checkpoint folder.
        TrainingDiverged: the loss is infinite or not a number.
    """
    return _Loop(
        module, train, validation, settings, classes, identity, checkpoints, callbacks or LoopCallbacks()
    ).run()


class _Loop:
    """One training; the attributes are what a step needs."""

    def __init__(
        self,
        module: nn.Module,
        train: Rows,
        validation: Rows,
        settings: TrainingSettings,
        classes: int,
        identity: str,
        checkpoints: Path | None,
        callbacks: LoopCallbacks,
    ) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.epochs, self.batch_size = _given(settings.epochs), _given(settings.batch_size)
        self.patience, self.rate = _given(settings.patience), _given(settings.learning_rate)
        self.settings, self.callbacks, self.classes = settings, callbacks, classes
        self.device = choose_device(settings.device)
        self.module, self.train, self.validation = module.to(self.device), train, validation
        self.optimizer = torch.optim.AdamW(_decay_groups(module, settings.weight_decay), lr=self.rate)
        weights = balanced_weights(train.targets, classes) if settings.class_weights else None
        self.loss = nn.CrossEntropyLoss(weight=weights.to(self.device) if weights is not None else None)
        self.steps = self.epochs * math.ceil(len(train.targets) / self.batch_size)
        self.folder = CheckpointFolder(checkpoints, identity) if checkpoints else None
        self.state, self.best = TrainingState(), trainable_state(module)

    def run(self) -> LoopResult:
        restored = self.folder.restore(self.module, self.optimizer) if self.folder else None
        if restored:
            self.state, self.best = restored
        while self.state.epoch < self.epochs and self.state.epoch - self.state.best_epoch < self.patience:
            self._epoch()
        self.module.load_state_dict(self.best, strict=False)
        self.module.eval()
        state = self.state
        return LoopResult(state.best_epoch, state.best_metric, state.epoch, state.history, self.device.type)

    def _epoch(self) -> None:
        losses = [self._step(rows) for rows in self._batches()]
        self.state.epoch += 1
        metrics = {"epoch": self.state.epoch, "loss": float(np.mean(losses)), **self._validate()}
        metrics["learning_rate"] = self.optimizer.param_groups[0]["lr"]
        self.state.history.append(metrics)
        if metrics["validation_macro_f1"] > self.state.best_metric:
            self.state.best_metric, self.state.best_epoch = metrics["validation_macro_f1"], self.state.epoch
            self.best = trainable_state(self.module)
        if self.folder:
            self.folder.save(self.state, self.module, self.optimizer, self.best)
        if self.callbacks.on_epoch:
            self.callbacks.on_epoch({**metrics, "epochs": self.epochs, "best_epoch": self.state.best_epoch})

    def _batches(self) -> Iterator[Tensor]:
        # A generator of its own for each epoch: the order does not depend on what dropout has drawn.
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + self.state.epoch)
        return iter(torch.randperm(len(self.train.targets), generator=generator).split(self.batch_size))

    def _step(self, rows: Tensor) -> float:
        stop_if(self.callbacks.cancelled, "Training")
        self.module.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * rate_factor(self.state.step, self.steps, self.settings.warmup)
            # type: ignore[operator]
        with self._precision():
            loss = self.loss(
                self.module(*self._move(self.train.inputs(rows))), self.train.targets[rows].to(self.device)
            )
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingDiverged(
                f"The loss became {value} at step {self.state.step}. Lower the learning rate (now "
                f"{self.rate}) or look for empty or broken texts in the training rows.",
                step=self.state.step,
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.clip)
        self.optimizer.step()
        self.state.step += 1
        if self.callbacks.on_step:
            self.callbacks.on_step(
                {"step": self.state.step, "steps": self.steps, "epoch": self.state.epoch + 1, "loss": value}
            )
        return value

    def _validate(self) -> dict[str, float]:
        logits = predict_rows(self.module, self.validation, self.device)
        targets = self.validation.targets
        loss = float(nn.functional.cross_entropy(logits, targets))
        predicted = logits.argmax(dim=1).numpy()
        return {
            "validation_loss": loss,
            "validation_accuracy": float((predicted == targets.numpy()).mean()),
            "validation_macro_f1": macro_f1(targets.numpy(), predicted, self.classes),
        }

    def _move(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(value.to(self.device) for value in inputs)

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast("cuda", dtype=torch.bfloat16) if self.device.type == "cuda" else nullcontext()


def predict_rows(module: nn.Module, rows: Rows, device: torch.device) -> Tensor:
    """Return float32 logits [n, k] on the CPU for all rows, in order."""
    module.eval()
    batches = torch.arange(len(rows.targets)).split(EVALUATION_BATCH)
    with torch.inference_mode():
        return torch.cat([module(*(value.to(device) for value in rows.inputs(part))).float().cpu() for part in batches])


_Number = TypeVar("_Number", int, float)


def _given(value: _Number | None) -> _Number:
    """Return a setting that the family's defaults must have filled."""
    if value is None:
        raise ValueError("settings must be complete: call with_defaults first")
    return value


def _decay_groups(module: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay is for matrices; biases and norms keep their scale."""
    parameters = [value for value in module.parameters() if value.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
