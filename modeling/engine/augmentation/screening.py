"""Steps that keep labels, sorted out before trainings are spent on them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.augmentation.safety import model_safety

if TYPE_CHECKING:
    from curation.engine.augment import Policy
    from curation.engine.augment.safety import StepSafety
    from modeling.engine.augmentation.trials import Trials


@dataclass(frozen=True)
class Screened:
    """A policy of one step, how often a model kept its answer on what it changed, and whether it is tried."""

    policy: Policy
    safety: StepSafety
    kept: bool

    def to_dict(self) -> dict[str, Any]:
        """Return all but the disagreements as a JSON-ready mapping."""
        found = self.safety
        return {
            "use": found.use,
            "settings": found.settings,
            "changed": found.changed,
            "share": found.share,
            "low": found.low,
            "high": found.high,
            "kept": self.kept,
        }


def screen(trials: Trials, tries: list[Policy], least: float) -> list[Screened]:
    """Train one model on rows as they are and ask it about each step, always applied.

    Args:
        trials: Rows, family and settings; its first seed is taken.
        tries: Policies of one step each, none of which joins pictures.
        least: The share, 0 to 1, that the lower end of the 95 % interval must reach. With few rows it reaches none: of
            35 changed rows that all keep their answer it is 0.90.

    Raises:
        EngineError: code `bad_augmentation`, for tasks whose labels cannot be compared; or as `train`.
    """
    from modeling.engine.training.train import train

    if not tries:
        return []
    context = replace(trials.context, checkpoints=None, on_epoch=None, on_step=None, on_stage=None, progress=None)
    plain = trials.unchanged
    settings = replace(trials.settings, augment=None if plain is None else plain.to_json())
    every = replace(tries[0], steps=tuple(step for policy in tries for step in policy.steps))
    with tempfile.TemporaryDirectory(prefix="assay-screen-") as scratch:
        model = train(trials.data, Path(scratch) / "model", settings, context)
        found = model_safety(model, trials.data, every, seed=trials.settings.seed, context=context)
    return [
        Screened(policy, safety, safety.changed > 0 and safety.low >= least)
        for policy, safety in zip(tries, found.steps, strict=True)
    ]
