"""How a model's figure stands when the rows that it is judged on are changed."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.augmentation.changed import always, changed_rows, without_joining
from modeling.engine.augmentation.fitting import CODE, check_fit
from modeling.engine.errors import EngineError
from modeling.engine.families.family import TrainingContext
from modeling.engine.tasks.task import bootstrap_difference

if TYPE_CHECKING:
    from curation.engine.augment import Policy
    from curation.engine.augment.learnt import Learnt
    from modeling.engine.data import Examples
    from modeling.engine.training.train import TrainedModel

# The row of the whole policy, its chances as they are.
ALL = "all"


@dataclass(frozen=True)
class StepRobustness:
    """What one step does to a figure.

    Attributes:
        use: The step, or `all` for the whole policy.
        settings: How it was set.
        changed: Rows that differ from what they were.
        clean: The primary figure of the task on all rows as they are.
        figure: The same on all rows, these changed.
        difference: `figure` - `clean`; negative is a loss.
        low: Lower end of the difference's 95 % interval, a bootstrap over rows in pairs.
        high: Upper end.
    """

    use: str
    settings: dict[str, Any]
    changed: int
    clean: float
    figure: float
    difference: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return all as a JSON-ready mapping."""
        return asdict(self)


def robustness(
    model: TrainedModel,
    part: Examples,
    policy: Policy,
    seed: int = 0,
    *,
    learnt: Learnt | None = None,
    context: TrainingContext | None = None,
) -> list[StepRobustness]:
    """Return the primary figure on rows as they are and as each step of a policy leaves them, always applied; of
    several steps also as the whole policy does.

    Args:
        model: Of any task with texts or pictures.
        part: Rows that it did not learn from.
        policy: That fits the task; steps that join pictures are passed over.
        seed: Of the draws.
        learnt: What the policy's steps learnt of the training texts, `texts.learnt_from`; needed by steps that learn.
        context: Where vectors are kept, and whom to ask whether to stop; its `progress` counts steps.

    Raises:
        EngineError: code `bad_augmentation`.
    """
    from curation.engine.augment.learnt import Learnt

    check_fit(policy, model.task)
    kept = without_joining(policy)
    if kept is None:
        raise EngineError("The policy only joins pictures, which no picture to be judged is. Add a step.", code=CODE)
    tried = [(step.use, dict(step.settings), always(kept, step)) for step in kept.steps]
    if len(tried) > 1:
        tried.append((ALL, {}, kept))
    context = context or TrainingContext()
    told, context = context.progress, replace(context, progress=None)
    every = np.arange(len(part.inputs))
    clean = model.task.scorer(model.predictions(part.inputs, context), part, model.labels)
    found = []
    for number, (use, settings, one) in enumerate(tried, 1):
        with tempfile.TemporaryDirectory(prefix="assay-robust-") as scratch:
            made = changed_rows(
                part, one, seed, Path(scratch) / "pictures", learnt=learnt or Learnt(), cancelled=context.cancelled
            )
            own = replace(context, vectors_dir=Path(scratch) / "vectors")
            scorer = model.task.scorer(model.predictions(made.rows.inputs, own), made.rows, model.labels)
        difference = bootstrap_difference(scorer, clean, len(every), seed=seed)
        changed = int(made.changed.sum())
        found.append(StepRobustness(use, settings, changed, clean(every), scorer(every), **difference))
        if told:
            told(number, len(tried))
    return found
