"""Rows of any task as one step of a policy, or a whole one, leaves them: inputs changed, answers carried along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.augmentation.pictures import changed_pictures
from modeling.engine.augmentation.texts import TextChanges

if TYPE_CHECKING:
    from pathlib import Path

    from curation.engine.augment import Policy
    from curation.engine.augment.learnt import Learnt
    from curation.engine.augment.policy import PolicyStep
    from modeling.engine.callbacks import IsCancelled
    from modeling.engine.data import Examples

# Of the draws: rows that are judged are changed otherwise than the copies of training rows, which count from 1.
EPOCH = 0


@dataclass(frozen=True)
class ChangedRows:
    """Rows as they were and as they are now, both in order; `changed` says which inputs differ, bool [n]."""

    rows: Examples
    changed: np.ndarray[Any, Any]


def changed_rows(
    part: Examples, policy: Policy, seed: int, folder: Path, *, learnt: Learnt, cancelled: IsCancelled | None = None
) -> ChangedRows:
    """Change each row once.

    Args:
        part: Rows of texts or pictures that the policy fits.
        policy: What changes them.
        seed: Of the draws.
        folder: For changed pictures, which stay there.
        learnt: What the policy's steps learnt, of training texts alone.
        cancelled: Asked now and then.

    Raises:
        Cancelled: As asked.
    """
    answers: Any = part.answers
    inputs: Any
    if policy.kind == "text":
        from curation.engine.augment import TextAugmenter

        changes = TextChanges(TextAugmenter(policy, seed, learnt), part, cancelled)
        if part.task == "ner":
            inputs, answers = changes.marked(EPOCH)
        else:
            inputs = changes.texts(EPOCH)
    else:
        drawn = part.answers if part.task in {"detection", "segmentation"} else None
        inputs, shapes = changed_pictures(
            part.inputs, policy, seed, EPOCH, folder, shapes=drawn, cancelled=cancelled
        )  # fmt: skip
        answers = part.answers if drawn is None else shapes
    differ = [old != new for old, new in zip(part.inputs, inputs, strict=True)]
    return ChangedRows(replace(part, inputs=tuple(inputs), answers=tuple(answers)), np.array(differ, bool))


def always(policy: Policy, step: PolicyStep) -> Policy:
    """Return a policy of one step that is always applied: the question is what it does when it does something."""
    return replace(policy, steps=(replace(step, chance=1.0),), copies=1)


def without_joining(policy: Policy) -> Policy | None:
    """Return a policy without the steps that join pictures, which only a training has partners for; None when nothing
    is left."""
    steps = tuple(step for step in policy.steps if step.use not in {"mixup", "mosaic"})
    return replace(policy, steps=steps) if steps else None
