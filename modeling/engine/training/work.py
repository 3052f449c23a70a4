"""What the training loop works on: a module, the loss of some training rows, and a look at the validation rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor, nn

from modeling.engine.metrics import f1_of_counts, label_counts, macro_f1

if TYPE_CHECKING:
    from modeling.engine.training.settings import TrainingSettings

EVALUATION_BATCH = 256


class Work(ABC):
    """One thing to train. `size` counts the rows of an epoch.

    `starts_trained` says that the module is of use before the first step, so that an epoch must beat it to count.
    """

    module: nn.Module
    size: int
    starts_trained: bool = False

    @abstractmethod
    def loss(self, rows: Tensor, device: torch.device) -> Tensor:
        """Return the mean loss of these training rows, int64 [b], the module being in training mode."""

    @abstractmethod
    def validate(self, device: torch.device) -> dict[str, float]:
        """Return figures of the validation rows; `score` chooses the best epoch, higher is better."""

    def weight(self, rows: Tensor) -> float:
        """Return how much these rows count in the loss of a batch: what its mean is taken over, above 0.

        A batch in parts, or among processes, has the loss and the gradient of the whole.
        """
        return float(len(rows))

    def begin_epoch(self, epoch: int) -> None:  # noqa: B027 - most rows are the same in every epoch
        """Hear that an epoch, counted from 0, begins or goes on: rows may be augmented anew by it."""

    def batches(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, ...]:
        """Return the rows of an epoch's steps, drawn with this generator and nothing else."""
        order: Tensor = torch.randperm(self.size, generator=generator)
        return tuple(order.split(batch_size))

    def groups(self, decay: float) -> list[dict[str, Any]]:
        """Return the optimizer's groups; `factor` times the learning rate is a group's rate.

        Weight decay is for matrices; biases and norms keep their scale.
        """
        return decay_groups([value for value in self.module.parameters() if value.requires_grad], decay, 1.0)


def decay_groups(parameters: list[nn.Parameter], decay: float, factor: float) -> list[dict[str, Any]]:
    """Return a group with weight decay for matrices and one without for the rest."""
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay, "factor": factor},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0, "factor": factor},
    ]


class Rows(Protocol):
    """Rows that a module learns from: inputs by row number, and what a classifier should say, float [n, k]."""

    targets: Tensor

    def begin_epoch(self, epoch: int) -> None:
        """Hear that an epoch, counted from 0, begins or goes on."""
        ...

    def inputs(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Return the module's inputs for these rows."""
        ...


class ClassifierWork(Work):
    """Rows with one class, several, or shares of classes each, and a module that gives logits [b, k]."""

    def __init__(
        self, module: nn.Module, train: Rows, validation: Rows, settings: TrainingSettings, *, multilabel: bool = False
    ) -> None:
        self.module, self.train, self.validation = module, train, validation
        self.size = len(train.targets)
        self.multilabel, self.settings = multilabel, settings
        self._weights = balanced_weights(train.targets, multilabel=multilabel) if settings.class_weights else None

    def begin_epoch(self, epoch: int) -> None:
        """Tell the training rows."""
        self.train.begin_epoch(epoch)

    def weight(self, rows: Tensor) -> float:
        """Return the number of rows, or where classes have weights the sum of those of the rows."""
        if self._weights is None or self.multilabel:
            return float(len(rows))
        return float((self._smoothed(self.train.targets[rows]) * self._weights).sum())

    def _smoothed(self, targets: Tensor) -> Tensor:
        smooth = self.settings.label_smoothing
        return targets * (1 - smooth) + smooth / (2 if self.multilabel else targets.shape[1])

    def loss(self, rows: Tensor, device: torch.device) -> Tensor:
        """Return cross-entropy against the rows' shares, with smoothing, class weights and focus as set."""
        inputs = tuple(value.to(device) for value in self.train.inputs(rows))
        return self._loss(self.module(*inputs), self.train.targets[rows].to(device))

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        focal, targets = self.settings.focal, self._smoothed(targets)
        weights = torch.ones_like(targets[0]) if self._weights is None else self._weights.to(logits.device)
        if self.multilabel:
            plain = nn.functional.binary_cross_entropy_with_logits(
                logits, targets, pos_weight=weights, reduction="none"
            )
            if focal:
                shares = logits.sigmoid()
                plain = plain * (targets * (1 - shares) + (1 - targets) * shares) ** focal
            return plain.sum(dim=1).mean()
        logs = logits.float().log_softmax(dim=1)
        terms = targets * weights * logs
        if focal:
            terms = terms * (1 - logs.exp()) ** focal
        # Divided by the rows' weights, as the library's cross-entropy does.
        return -terms.sum() / (targets * weights).sum().clamp_min(1e-12)

    def validate(self, device: torch.device) -> dict[str, float]:
        """Return validation loss, accuracy and F1; the score is macro-F1, of several labels micro-F1."""
        logits = self.validation_logits(device)
        targets = self.validation.targets
        if self.multilabel:
            made, truth = (logits >= 0).numpy(), (targets > 0.5).numpy()
            loss = float(nn.functional.binary_cross_entropy_with_logits(logits, targets))
            score = f1_of_counts(label_counts(made, truth).sum(axis=0))
            return {"validation_loss": loss, "validation_micro_f1": score, "score": score}
        truth, predicted = targets.argmax(dim=1).numpy(), logits.argmax(dim=1).numpy()
        score = macro_f1(truth, predicted, targets.shape[1])
        return {
            "validation_loss": float(nn.functional.cross_entropy(logits, targets)),
            "validation_accuracy": float((predicted == truth).mean()),
            "validation_macro_f1": score,
            "score": score,
        }

    def validation_logits(self, device: torch.device) -> Tensor:
        """Return float32 logits [n, k] of the validation rows on the CPU, in order."""
        return predict_rows(self.module, self.validation, device)


def balanced_weights(targets: Tensor, *, multilabel: bool = False) -> Tensor:
    """Return class weights from shares [n, k], softened by a square root so that a rare class does not drown the
    others: n / (k * count) for one label a row, absent / present for several."""
    counts = targets.sum(dim=0).clamp_min(1.0)
    if multilabel:
        return ((len(targets) - counts).clamp_min(1.0) / counts).sqrt()
    return (len(targets) / (targets.shape[1] * counts)).sqrt()


def predict_rows(module: nn.Module, rows: Rows, device: torch.device) -> Tensor:
    """Return float32 logits [n, k] on the CPU for all rows, in order."""
    module.eval()
    batches = torch.arange(len(rows.targets)).split(EVALUATION_BATCH)
    with torch.inference_mode():
        return torch.cat([module(*(value.to(device) for value in rows.inputs(part))).float().cpu() for part in batches])
