"""Augmentation of a training: policies read, found to fit task and family, and tried on a few items."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import DomainError
from curation.engine.augment.policy import Policy, PolicyError, policy_of, read_policy
from curation.engine.preview import StepPreview
from curation.engine.steps.augment import JOINING
from curation.sentences import in_words
from curation.services.plan import preview
from modeling.engine.augmentation.fitting import CODE, KINDS, check_fit
from modeling.engine.augmentation.ready import ready_policy
from modeling.engine.errors import EngineError
from modeling.engine.tasks import get_task
from modeling.families import COPIES, FAMILIES, augments_of, families_for
from modeling.services.trainable import SPLIT_COLUMN, Goal

# In place of a policy: the one that suits the task.
READY = "ready"
# Tasks whose answers move with the text or picture.
_MARKED = ("ner", "detection", "segmentation")


def check_augmentation(*, given: Any, family: str, task: str) -> dict[str, Any]:
    """Return a policy of augmentation as JSON with every setting said, found to fit a task and a family.

    Args:
        given: YAML, the same as a mapping, or ``ready`` for the one that suits the task.
        family: A row of `modeling.families.FAMILIES`.
        task: A row of `modeling.families.TASK_TITLES`.

    Raises:
        DomainError: ``bad_augmentation`` with `field` ``augment`` and, where it is about one, the `line` of the YAML
            and the number of the `step`.
    """
    if get_task(task).input not in KINDS:
        raise _refused(_("Nothing of this task can be augmented: only texts and pictures are changed. Leave it out."))
    augments = augments_of(family, task)
    if not augments:
        fit = ", ".join(name for name in families_for(task) if augments_of(name, task))
        detail = _("%(family)s takes no augmentation. Leave it out, or choose one of: %(families)s.")
        raise _refused(detail % {"family": family, "families": fit})
    policy = policy_for_task(given=given, task=task)
    joining = [step.use for step in policy.steps if step.use in JOINING]
    if joining and augments == COPIES:
        fit = ", ".join(name for name in families_for(task) if augments_of(name, task) not in {"", COPIES})
        detail = _(
            "%(step)s joins pictures on the fly, and %(family)s learns from copies. Choose one of: %(families)s."
        )
        raise _refused(detail % {"step": joining[0], "family": family, "families": fit or "–"})
    return policy.to_json()


def policy_for_task(*, given: Any, task: str) -> Policy:
    """Return a policy that changes what a task learns from.

    Raises:
        DomainError: ``bad_augmentation``, as `check_augmentation`.
    """
    policy = _read(given, task)
    wanted = KINDS.get(get_task(task).input)
    if policy.kind != wanted:
        detail = (
            _("This policy changes pictures, and the task learns from texts. Use steps of texts.")
            if policy.kind == "picture"
            else _("This policy changes texts, and the task learns from pictures. Use steps of pictures.")
        )
        raise _refused(detail)
    try:
        check_fit(policy, get_task(task))
    except EngineError as error:
        raise _refused(str(error)) from None
    return policy


def _read(given: Any, task: str) -> Policy:
    if given == READY:
        found = ready_policy(task)
        if found is None:
            raise _refused(
                _("Nothing of this task can be augmented: only texts and pictures are changed. Leave it out.")
            )
        return found
    try:
        if isinstance(given, str):
            return read_policy(given)
        if isinstance(given, Mapping):
            return policy_of(given)
    except PolicyError as error:
        # Lines are those of what a person wrote.
        line = error.line if isinstance(given, str) else 0
        said = str(error) if line else str(error).removeprefix(f"Line {error.line}: ")
        where: dict[str, Any] = {name: value for name, value in (("line", line), ("step", error.step)) if value}
        raise _refused(in_words(said), **where) from None
    raise _refused(_("A policy is YAML, the same as JSON, or the word ready."))


def _refused(detail: str, **where: Any) -> DomainError:
    return DomainError(CODE, detail, field="augment", **where)


def preview_augmentation(*, actor: Actor, version_id: int, given: Any, goal: Goal) -> StepPreview:
    """Try a policy on a few training items of a version, within this request; nothing is stored.

    Raises:
        NotFound: No such version.
        DomainError: ``bad_augmentation``.
    """
    policy = policy_for_task(given=given, task=goal.task)
    joining = [step.use for step in policy.steps if step.use in JOINING]
    if joining:
        raise _refused(
            _("%(step)s joins several pictures while a training runs, so there is nothing to show beforehand.")
            % {"step": joining[0]}
        )
    params = {
        "policy": policy.to_yaml(),
        "split_column": SPLIT_COLUMN,
        "marks": [goal.answer] if goal.task in _MARKED else [],
    }
    steps = {"steps": [{"name": "augment", "params": params}]}
    _rows, (found, *_more) = preview(actor=actor, version_id=version_id, steps=steps)
    return found


def families_without_augmentation(task: str) -> list[str]:
    """Return the titles of the families that learn a task and can use no policy."""
    return [str(FAMILIES[name].title) for name in families_for(task) if not augments_of(name, task)]
