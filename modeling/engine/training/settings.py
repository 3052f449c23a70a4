"""What a training is told: every number that changes its result, in one frozen value with a hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from modeling.engine.errors import EngineError
from modeling.engine.training.schedule import SCHEDULES

PRECISIONS = ("auto", "float32", "bfloat16", "float16")
# Of the family that trains a network from nothing.
NETWORKS = ("cnn", "rnn", "transformer")


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a training; None means the family's own default.

    `encoder` is a name in ENCODERS or `auto`. `device` is `auto` (CUDA when there is one), `cpu` or `cuda`. `threads`
    are torch and encoding threads; the result on a CPU is bitwise the same for the same number of threads. `warmup`
    is the share of steps over which the learning rate rises, in [0, 1]. `patience` counts epochs without a better
    validation score. `layers` is how many of an encoder's last layers are trained. `accumulate` is into how many parts
    a batch is cut that count as one step. `focal` is the gamma of the focal loss (Lin et al. 2017), 0 for
    cross-entropy. `precision` is `auto` (bfloat16 on CUDA that has it, else float16 there, float32 on a CPU),
    `float32`, `bfloat16` or `float16`. `budget` is seconds after which the training loop stops with the best epoch so
    far. `augment` is a policy of curation.engine.augment, applied anew in each epoch.
    """

    family: str = "encoder-head"
    encoder: str = "auto"
    seed: int = 0
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float = 0.01
    warmup: float = 0.1
    patience: int | None = None
    dropout: float | None = None
    hidden: int = 256
    class_weights: bool = False
    clip: float = 1.0
    layers: int | None = None
    device: str = "auto"
    threads: int = 2
    schedule: str = "cosine"
    accumulate: int = 1
    l1: float = 0.0
    label_smoothing: float = 0.0
    focal: float = 0.0
    precision: str = "auto"
    budget: float | None = None
    network: str = "cnn"
    augment: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuse values outside their range with a sentence."""
        checks = [
            (self.epochs is None or 1 <= self.epochs <= 1000, "epochs must lie between 1 and 1000"),
            (self.batch_size is None or 1 <= self.batch_size <= 4096, "batch_size must lie between 1 and 4096"),
            (self.learning_rate is None or 0 < self.learning_rate <= 1, "learning_rate must lie between 0 and 1"),
            (0 <= self.weight_decay <= 1, "weight_decay must lie between 0 and 1"),
            (0 <= self.warmup < 1, "warmup must lie between 0 and 1"),
            (self.patience is None or self.patience >= 1, "patience must be at least 1"),
            (self.dropout is None or 0 <= self.dropout < 1, "dropout must lie between 0 and 1"),
            (0 <= self.hidden <= 4096, "hidden must lie between 0 and 4096"),
            (self.clip > 0, "clip must be above 0"),
            (self.layers is None or 1 <= self.layers <= 12, "layers must lie between 1 and 12"),
            (self.device in {"auto", "cpu", "cuda"}, "device must be auto, cpu or cuda"),
            (1 <= self.threads <= 256, "threads must lie between 1 and 256"),
            (self.schedule in SCHEDULES, f"schedule must be one of {', '.join(SCHEDULES)}"),
            (1 <= self.accumulate <= 1024, "accumulate must lie between 1 and 1024"),
            (0 <= self.l1 <= 1, "l1 must lie between 0 and 1"),
            (0 <= self.label_smoothing < 1, "label_smoothing must lie between 0 and 1"),
            (0 <= self.focal <= 10, "focal must lie between 0 and 10"),
            (self.precision in PRECISIONS, f"precision must be one of {', '.join(PRECISIONS)}"),
            (self.budget is None or self.budget > 0, "budget must be above 0 seconds"),
            (self.network in NETWORKS, f"network must be one of {', '.join(NETWORKS)}"),
        ]
        for holds, rule in checks:
            if not holds:
                raise EngineError(f"Training setting refused: {rule}.", code="bad_setting")

    def with_defaults(self, **defaults: Any) -> TrainingSettings:
        """Return a copy whose None values are taken from `defaults`."""
        return replace(self, **{name: value for name, value in defaults.items() if getattr(self, name) is None})

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as a JSON-ready mapping."""
        return asdict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> TrainingSettings:
        """Return settings from a mapping; unknown names are refused."""
        unknown = sorted(set(values) - set(TrainingSettings.__dataclass_fields__))
        if unknown:
            raise EngineError(f"There is no training setting {unknown[0]!r}.", code="bad_setting")
        return TrainingSettings(**values)

    def fingerprint(self) -> str:
        """Return a hash of all settings."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()
