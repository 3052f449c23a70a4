"""Which settings of a family are worth a search, and between which values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from modeling.engine.errors import EngineError
from modeling.engine.families.table import get_family
from modeling.engine.training.settings import TrainingSettings


@dataclass(frozen=True)
class Span:
    """Numbers from `low` to `high`, both included; `log` draws them evenly by their logarithm, `whole` without
    fractions."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def holds(self, value: Any) -> bool:
        """Tell whether a value lies inside."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high and (not self.whole or value == int(value))


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[str | int | bool, ...]

    def holds(self, value: Any) -> bool:
        """Tell whether a value is one of them."""
        return any(value == one and type(value) is type(one) for one in self.values)


Space = dict[str, Span | Choice]

_DECAY = Span(1e-4, 0.3, log=True)
_SMOOTHING = Span(0.0, 0.2)
_BALANCE = Choice((False, True))

# Rates reach from a tenth or a fifth of the family's own default to five or ten times it. Each range holds the default,
# which is the first trial of every search. Epochs are not searched: patience ends a training, and the best epoch is
# kept.
SPACES: dict[str, Space] = {
    "encoder-head": {
        "learning_rate": Span(1e-4, 1e-2, log=True),
        "dropout": Span(0.0, 0.6),
        "hidden": Choice((0, 128, 256, 512)),
        "batch_size": Choice((16, 32, 64, 128)),
        "weight_decay": _DECAY,
        "label_smoothing": _SMOOTHING,
        "class_weights": _BALANCE,
    },
    "few-shot": {
        "learning_rate": Span(1e-5, 3e-4, log=True),
        "dropout": Span(0.0, 0.3),
        "batch_size": Choice((16, 32, 64)),
        "weight_decay": _DECAY,
    },
    "fine-tuning": {
        "learning_rate": Span(2e-5, 5e-4, log=True),
        "dropout": Span(0.0, 0.3),
        "batch_size": Choice((8, 16, 32)),
        "weight_decay": _DECAY,
        "label_smoothing": _SMOOTHING,
        "class_weights": _BALANCE,
    },
    "from-scratch": {
        "learning_rate": Span(1e-4, 1e-2, log=True),
        "dropout": Span(0.0, 0.6),
        "network": Choice(("cnn", "rnn", "transformer")),
        "batch_size": Choice((16, 32, 64)),
        "weight_decay": _DECAY,
        "label_smoothing": _SMOOTHING,
        "class_weights": _BALANCE,
    },
    "picture-head": {
        "learning_rate": Span(1e-4, 1e-2, log=True),
        "dropout": Span(0.0, 0.6),
        "hidden": Choice((0, 128, 256, 512)),
        "batch_size": Choice((16, 32, 64, 128)),
        "weight_decay": _DECAY,
        "label_smoothing": _SMOOTHING,
        "class_weights": _BALANCE,
    },
    "picture-fine-tune": {
        "learning_rate": Span(2e-4, 2e-2, log=True),
        "dropout": Span(0.0, 0.5),
        "batch_size": Choice((8, 16, 32)),
        "weight_decay": _DECAY,
        "label_smoothing": _SMOOTHING,
        "class_weights": _BALANCE,
    },
    "picture-cnn": {
        "learning_rate": Span(2e-4, 2e-2, log=True),
        "dropout": Span(0.0, 0.5),
        "batch_size": Choice((16, 32, 64)),
        "weight_decay": _DECAY,
        "label_smoothing": _SMOOTHING,
        "class_weights": _BALANCE,
    },
    "detector": {
        "learning_rate": Span(1e-4, 1e-2, log=True),
        "batch_size": Choice((4, 8, 16)),
        "weight_decay": _DECAY,
    },
    "segmenter": {
        "learning_rate": Span(1e-4, 1e-2, log=True),
        "batch_size": Choice((4, 8, 16)),
        "weight_decay": _DECAY,
    },
    "tagger": {
        "learning_rate": Span(2e-5, 5e-4, log=True),
        "dropout": Span(0.0, 0.4),
        "batch_size": Choice((8, 16, 32)),
        "weight_decay": _DECAY,
        "label_smoothing": _SMOOTHING,
    },
    "reward-tuned": {
        "learning_rate": Span(1e-5, 5e-4, log=True),
        "batch_size": Choice((8, 16, 32)),
        "weight_decay": _DECAY,
    },
}

# Families without such settings, and why.
UNSEARCHED: dict[str, str] = {
    "encoder-linear": "it chooses its strength and the share of the words by held-out rows itself",
    "tfidf-linear": "it chooses its strength by the validation rows itself",
    "tagger-linear": "it chooses its number of rounds by the validation rows itself",
    "table-linear": "it chooses its strength by the validation rows itself",
    "table-trees": "it chooses the shape of its trees and their number by the validation rows itself",
    "reward": "it chooses its strength by the validation rows itself",
    "reward-counted": "it chooses its strength by the validation rows itself",
}


def space_of(family: str, fixed: dict[str, Any] | None = None) -> Space:
    """Return the settings to search for a family, without those that somebody fixed.

    Raises:
        EngineError: `unknown_family`, or `nothing_to_search` with the reason.
    """
    get_family(family)
    if family not in SPACES:
        searched = ", ".join(SPACES)
        raise EngineError(
            f"There is nothing to search for {family}: {UNSEARCHED[family]}. Choose one of {searched}.",
            code="nothing_to_search",
        )
    left = {name: part for name, part in SPACES[family].items() if name not in (fixed or {})}
    if not left:
        raise EngineError(f"Every setting of {family} that a search could change is fixed.", code="nothing_to_search")
    return left


def default_point(family: str, task: str, space: Space) -> dict[str, Any]:
    """Return the family's own defaults of the settings of a space."""
    settings = TrainingSettings(family=family).with_defaults(**get_family(family).defaults(task))
    values = asdict(settings)
    return {name: values[name] for name in space}
