"""What a model family is: how it trains into a folder, how it predicts from it, and what it hands to the export."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from torch import nn

    from modeling.engine.callbacks import IsCancelled, OnMetrics, Progress
    from modeling.engine.data import LabeledTexts
    from modeling.engine.training.settings import TrainingSettings


@dataclass(frozen=True)
class TrainingContext:
    """Where a training keeps things and whom it tells; everything is optional. Vectors lie in `cache_dir` when
    `vectors_dir` is None.

    `on_stage` hears the name of each stage (`encoding`, `training`, `calibrating`); `progress` counts within the stage.
    """

    cache_dir: Path | None = None
    vectors_dir: Path | None = None
    checkpoints: Path | None = None
    on_stage: Any = None
    progress: Progress | None = None
    on_step: OnMetrics | None = None
    on_epoch: OnMetrics | None = None
    cancelled: IsCancelled | None = None

    def stage(self, name: str) -> None:
        """Tell the caller that a stage begins."""
        if self.on_stage:
            self.on_stage(name)


@dataclass(frozen=True)
class FamilyResult:
    """What a family reports of its training, JSON-ready in `facts`."""

    facts: dict[str, Any]


class Family(ABC):
    """A way to make a text classifier. A model lives in a folder; the family writes its own files there."""

    name: str
    title: str
    exportable: bool

    @abstractmethod
    def defaults(self) -> dict[str, Any]:
        """Return the values for settings that are None."""

    @abstractmethod
    def train(
        self, data: LabeledTexts, settings: TrainingSettings, encoder: str, folder: Path, context: TrainingContext
    ) -> FamilyResult:
        """Train on the training rows, choose by the validation rows, and write the model's files."""

    @abstractmethod
    def logits(
        self, folder: Path, facts: dict[str, Any], texts: Sequence[str], context: TrainingContext
    ) -> np.ndarray[Any, Any]:
        """Return raw logits, float64 [n, k], for texts."""

    def module(self, folder: Path, facts: dict[str, Any], pieces: list[int] | None) -> nn.Module:
        """Return encoder and head as one torch module, ids and mask to logits; only for exportable families."""
        raise NotImplementedError(f"{self.name} models are not exported.")
