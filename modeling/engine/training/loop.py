"""The training loop: one plain torch loop with early stopping, checkpoints, resume and live figures.

Order of rows and of dropout draws depend on seed, epoch and step alone, so a run that was cut off in the middle of an
epoch and resumed gives the weights of an unbroken one, bitwise on a CPU with the same number of threads.

Where several processes joined (`modeling.engine.training.team`), each takes its share of every batch. All have the same
weights after every step; the first alone validates, writes checkpoints and talks, and what it decides holds for all.
"""

from __future__ import annotations

import errno
import math
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from modeling.engine.callbacks import IsCancelled, OnMetrics, stop_if
from modeling.engine.errors import EngineError, TrainingDiverged
from modeling.engine.training.checkpoint import CheckpointFolder, TrainingState, trained_state
from modeling.engine.training.schedule import rate_factor
from modeling.engine.training.team import GradientSum, team

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.work import Work

# Between two checkpoints inside an epoch. Writing one of MiniLM (350 MB) took about a second.
SAVE_SECONDS = 60.0
# A plateau schedule halves the rate after as many epochs without a gain.
PLATEAU_EPOCHS = 2


@dataclass(frozen=True)
class LoopCallbacks:
    """What the loop tells and asks its caller; all optional."""

    on_step: OnMetrics | None = None
    on_epoch: OnMetrics | None = None
    on_note: Callable[[str], None] | None = None
    cancelled: IsCancelled | None = None


@dataclass(frozen=True)
class LoopResult:
    """The best epoch's weights are in the module; `history` has one mapping an epoch, `notes` what went otherwise than
    set, in sentences."""

    best_epoch: int
    best_score: float
    epochs: int
    history: list[dict[str, Any]]
    device: str
    notes: list[str] = field(default_factory=list)


def choose_device(wanted: str) -> torch.device:
    """Return the torch device: `auto` takes CUDA when there is one.

    Raises:
        EngineError: `cuda` was asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise EngineError("Training was told to use CUDA, but this machine has no CUDA device.", code="no_cuda")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def run_loop(
    work: Work,
    settings: TrainingSettings,
    *,
    identity: str,
    checkpoints: Path | None = None,
    callbacks: LoopCallbacks | None = None,
    save_seconds: float | None = None,
) -> LoopResult:
    """Train until the validation score stops rising; leave the best epoch's weights in the module.

    Args:
        work: What is trained.
        settings: Complete ones: no None but `budget` and `augment`.
        identity: What checkpoints carry; those of another identity are not resumed.
        checkpoints: Folder for them; none are kept when left out.
        callbacks: Whom to tell.
        save_seconds: Least time between two checkpoints inside an epoch, a minute when left out; one is written at the
            end of each as well.

    Raises:
        Cancelled: at the next step after `cancelled()` is true; finished epochs are in the checkpoint folder.
        TrainingDiverged: the loss is infinite or not a number.
        EngineError: `out_of_memory`, when not even one row fits.
    """
    save = SAVE_SECONDS if save_seconds is None else save_seconds
    return _Loop(work, settings, identity, checkpoints, callbacks or LoopCallbacks(), save).run()


class _Loop:
    """One training; the attributes are what a step needs."""

    def __init__(
        self,
        work: Work,
        settings: TrainingSettings,
        identity: str,
        checkpoints: Path | None,
        callbacks: LoopCallbacks,
        save_seconds: float,
    ) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.epochs, self.batch_size = _given(settings.epochs), _given(settings.batch_size)
        self.patience, self.rate = _given(settings.patience), _given(settings.learning_rate)
        self.work, self.settings, self.callbacks, self.team = work, settings, callbacks, team()
        self.device = choose_device(settings.device)
        self.module = work.module.to(self.device)
        self.optimizer = torch.optim.AdamW(work.groups(settings.weight_decay), lr=self.rate)
        self.precision, self.scaler = _precision(settings.precision, self.device)
        self.epoch_steps = math.ceil(work.size / self.batch_size)
        self.steps = self.epochs * self.epoch_steps
        self.folder = CheckpointFolder(checkpoints, identity) if checkpoints else None
        self.save_seconds, self.saved_at, self.began = save_seconds, time.monotonic(), time.monotonic()
        self.state = TrainingState(part_size=math.ceil(self.batch_size / settings.accumulate / self.team.size))
        self.best = trained_state(self.module)
        self.gradients = GradientSum(self.team, self.module)

    def run(self) -> LoopResult:
        restored = self.folder.restore(self.module, self.optimizer) if self.folder else None
        if restored:
            self.state, self.best = restored
        elif self.work.starts_trained:
            self.state.best_score = self._validated()["score"]
        self.team.same(self.module)
        self.began = time.monotonic() - self.state.seconds
        state = self.state
        while state.epoch < self.epochs and state.epoch - state.best_epoch < self.patience and not state.out_of_time:
            self._epoch()
        self.module.load_state_dict(self.best, strict=False)
        # Running means of norms are each process's own until here.
        self.team.same(self.module)
        self.module.eval()
        return LoopResult(state.best_epoch, state.best_score, state.epoch, state.history, self.device.type, state.notes)

    def _validated(self) -> dict[str, float]:
        return self.team.from_first(lambda: self.work.validate(self.device))

    def _epoch(self) -> None:
        state = self.state
        self.work.begin_epoch(state.epoch)
        for rows in self._batches()[state.step_in_epoch :]:
            state.loss_sum += self._step(rows)
            state.step_in_epoch += 1
            if self._time_is_up():
                break
            if self.folder and time.monotonic() - self.saved_at >= self.save_seconds:
                self._save()
        self._end_epoch()

    def _end_epoch(self) -> None:
        state = self.state
        loss = state.loss_sum / state.step_in_epoch
        state.epoch, state.step_in_epoch, state.loss_sum = state.epoch + 1, 0, 0.0
        metrics: dict[str, Any] = {"epoch": state.epoch, "loss": loss, **self._validated()}
        metrics["learning_rate"] = self.optimizer.param_groups[0]["lr"]
        state.history.append(metrics)
        if metrics["score"] > state.best_score:
            state.best_score, state.best_epoch, state.standstill = metrics["score"], state.epoch, 0
            self.best = trained_state(self.module)
        else:
            state.standstill += 1
            if self.settings.schedule == "plateau" and state.standstill % PLATEAU_EPOCHS == 0:
                state.rate_factor /= 2
        if self.folder:
            self._save()
        if self.callbacks.on_epoch:
            self.callbacks.on_epoch({**metrics, "epochs": self.epochs, "best_epoch": state.best_epoch})

    def _time_is_up(self) -> bool:
        state = self.state
        state.seconds = time.monotonic() - self.began
        budget = self.settings.budget
        if budget is not None and not state.out_of_time and self.team.from_first(lambda: state.seconds >= budget):
            state.out_of_time = True
            self._note(
                f"The time budget of {self.settings.budget:g} seconds ended the training after "
                f"{state.step + 1 if not state.step else state.step} of {self.steps} steps."
            )
        return state.out_of_time

    def _save(self) -> None:
        assert self.folder is not None
        self.saved_at = time.monotonic()
        if not self.team.first:
            return
        try:
            self.folder.save(self.state, self.module, self.optimizer, self.best)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise
            self.folder = None
            self._note(
                "The disk is full: training goes on without checkpoints, and would start anew if it were cut off."
            )

    def _batches(self) -> tuple[Tensor, ...]:
        # A generator of its own for each epoch: the order does not depend on what dropout has drawn.
        generator = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + self.state.epoch)
        return self.work.batches(generator, self.batch_size)

    def _step(self, rows: Tensor) -> float:
        stop_if(self.callbacks.cancelled, "Training")
        self.module.train()
        state, settings = self.state, self.settings
        factor = rate_factor(state.step, self.steps, settings.warmup, settings.schedule) * state.rate_factor
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * factor * group.get("factor", 1.0)
        self.team.reseed(settings.seed, state.step)
        value = self._gradients(rows)
        if self.scaler:
            self.scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.module.parameters(), settings.clip)
        if self.scaler:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        else:
            self.optimizer.step()
        state.step += 1
        if self.callbacks.on_step:
            self.callbacks.on_step({"step": state.step, "steps": self.steps, "epoch": state.epoch + 1, "loss": value})
        return value

    def _gradients(self, rows: Tensor) -> float:
        """Leave the mean gradient of a batch in the parameters, in parts that fit the memory; return the loss."""
        own, whole = self.team.share(rows), self.work.weight(rows)
        while True:
            value, full = 0.0, False
            try:
                self.optimizer.zero_grad(set_to_none=True)
                parts = own.split(self.state.part_size) if len(own) else ()
                value = sum(self._part(part, self.work.weight(part) / whole) for part in parts)
            except (MemoryError, RuntimeError) as error:
                if not _is_memory(error):
                    raise
                full = True
            value, full = self.gradients.exchange(value, full=full)
            if not full:
                self._check(value)
                return value
            self._halve(min(self.state.part_size, math.ceil(len(rows) / self.team.size)))

    def _part(self, rows: Tensor, share: float) -> float:
        with self.precision():
            loss = self.work.loss(rows, self.device)
        if self.settings.l1:
            matrices = (p for p in self.module.parameters() if p.requires_grad and p.ndim > 1)
            loss = loss + self.settings.l1 * torch.stack([p.abs().sum() for p in matrices]).sum()
        value = float(loss.detach())
        loss = loss * share
        (self.scaler.scale(loss) if self.scaler else loss).backward()
        return value * share

    def _check(self, value: float) -> None:
        """Refuse a loss that is no number, before its gradients reach the weights."""
        if not math.isfinite(value):
            raise TrainingDiverged(
                f"The loss became {value} at step {self.state.step}. Lower the learning rate (now "
                f"{self.rate}) or look for empty or broken items in the training rows.",
                step=self.state.step,
            )

    def _halve(self, size: int) -> None:
        if size <= 1:
            raise EngineError(
                "The memory does not hold the training of a single row. Take a smaller model or shorter items, or a "
                "machine with more memory.",
                code="out_of_memory",
            )
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.state.part_size = size // 2
        self._note(
            f"The memory was too small for {size} rows at once: batches are now taken in parts of "
            f"{self.state.part_size}, with the same result but for rounding."
        )

    def _note(self, sentence: str) -> None:
        self.state.notes.append(sentence)
        if self.callbacks.on_note:
            self.callbacks.on_note(sentence)


def _is_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out; on a CPU torch has no class for it."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "not enough memory" in str(error)


def _precision(
    wanted: str, device: torch.device
) -> tuple[Callable[[], AbstractContextManager[Any]], torch.amp.GradScaler | None]:
    """Return what a forward pass runs in, and the scaler that float16 needs."""
    if wanted == "auto":
        on_cuda = device.type == "cuda"
        wanted = ("bfloat16" if torch.cuda.is_bf16_supported() else "float16") if on_cuda else "float32"
    if wanted == "float32":
        return nullcontext, None
    kind = torch.bfloat16 if wanted == "bfloat16" else torch.float16
    scaler = torch.amp.GradScaler(device.type) if kind is torch.float16 else None
    return lambda: torch.autocast(device.type, dtype=kind), scaler


_Number = TypeVar("_Number", int, float)


def _given(value: _Number | None) -> _Number:
    """Return a setting that the family's defaults must have filled."""
    if value is None:
        raise ValueError("settings must be complete: call with_defaults first")
    return value
