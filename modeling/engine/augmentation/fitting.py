"""Whether a policy fits a task and a family, said before any work is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modeling.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.engine.augment import Policy
    from modeling.engine.families.family import Family
    from modeling.engine.tasks import Task

# What an input of a task is called, by the kind of policy that changes it.
KINDS = {"text": "text", "picture": "picture"}
CODE = "bad_augmentation"
_WHOLE = "labels"


def policy_for(given: Mapping[str, Any], task: Task) -> Policy:
    """Return the policy of a training's settings, read and found to fit a task.

    Args:
        given: As JSON or YAML would have it.
        task: What is trained.

    Raises:
        EngineError: code `bad_augmentation`; the sentence says what is wrong and what would be right.
    """
    from curation.engine.augment import PolicyError, read_policy

    try:
        # JSON is YAML, which is what policies are written in.
        policy = read_policy(json.dumps(given))
    except PolicyError as error:
        raise EngineError(f"The augmentation cannot be used: {error}", code=CODE) from None
    check_fit(policy, task)
    return policy


def check_fit(policy: Policy, task: Task) -> None:
    """Refuse a policy that changes something else than the task's inputs, or joins pictures as the task cannot.

    Raises:
        EngineError: code `bad_augmentation`.
    """
    from curation.engine.augment.pictures.table import PICTURES

    wanted = KINDS.get(task.input)
    if wanted is None:
        raise EngineError(
            f"The task {task.name} takes no augmentation: only texts and pictures are changed. Leave augment out.",
            code=CODE,
        )
    if policy.kind != wanted:
        raise EngineError(
            f"The augmentation changes {policy.kind}s, and the task {task.name} learns from {wanted}s. Take a policy "
            f"of {wanted}s, or leave augment out.",
            code=CODE,
        )
    drawn = task.name in {"detection", "segmentation"}
    for number, step in enumerate(policy.steps, 1):
        row = PICTURES.get(step.use)
        if row is not None and row.partners and (_WHOLE in row.tasks) == drawn:
            other = "labels of whole pictures" if drawn else "boxes and polygons"
            raise EngineError(
                f"Step {number} of the augmentation, {step.use}, is for {other}; take it out for the task {task.name}.",
                code=CODE,
            )


def check_family(given: Mapping[str, Any] | None, family: Family, task: Task) -> None:
    """Refuse a training whose family cannot do what its augmentation says; nothing to refuse without one.

    Raises:
        EngineError: code `bad_augmentation`.
    """
    if given is None:
        return
    policy = policy_for(given, task)
    if not family.augments:
        raise EngineError(f"The family {family.name} takes no augmentation; leave augment out.", code=CODE)
    joining = [step.use for step in policy.steps if step.use in {"mixup", "mosaic"}]
    if joining and family.augments == COPIES:
        raise EngineError(
            f"{joining[0]} joins pictures on the fly, and the family {family.name} learns from copies that are made "
            "once. Take it out, or train picture-fine-tune or picture-cnn.",
            code=CODE,
        )


# How a family takes augmentation: rows changed anew in each epoch, or copies made once.
ON_THE_FLY, COPIES = "on the fly", "copies"
