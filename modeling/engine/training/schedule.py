"""Learning-rate schedules: the share of the peak rate at a step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _constant(progress: float) -> float:
    return 1.0


def _linear(progress: float) -> float:
    return 1.0 - progress


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))


# `plateau` is constant here; the loop halves it when the validation score stands still.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "cosine": _cosine,
    "linear": _linear,
    "constant": _constant,
    "one-cycle": _cosine,
    "plateau": _constant,
}
# A one-cycle schedule rises for this share of the steps whatever the warm-up says (Smith 2018, "A disciplined approach
# to neural network hyper-parameters").
ONE_CYCLE_RISE = 0.3


def rate_factor(step: int, steps: int, warmup: float, schedule: str = "cosine") -> float:
    """Return the share of the peak learning rate at a step, in [0, 1]: a linear rise, then the schedule."""
    rise = max(1, round(steps * (ONE_CYCLE_RISE if schedule == "one-cycle" else warmup)))
    if step < rise:
        return (step + 1) / rise
    return SCHEDULES[schedule](min(1.0, (step - rise) / max(1, steps - rise)))
