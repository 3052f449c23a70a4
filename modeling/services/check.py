"""Checks of augmentation: asked by people, answered by a job that asks a trained model or trains with and without."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.engine.augment.policy import Policy
from curation.models import Version
from modeling.engine.augmentation.changed import without_joining
from modeling.engine.augmentation.fitting import CODE, KINDS
from modeling.engine.augmentation.presets import presets
from modeling.engine.augmentation.safety import check_question
from modeling.engine.augmentation.search import STRENGTHS
from modeling.engine.errors import EngineError
from modeling.engine.tasks import get_task
from modeling.families import AUTO, FAMILIES
from modeling.models import Check, CheckKind, Training
from modeling.services.augmenting import READY, check_augmentation, policy_for_task
from modeling.services.check_work import answer_of
from modeling.services.engine_errors import engine_errors
from modeling.services.trainable import Goal, check_trainable, hold_version, open_examples
from modeling.services.training import check_params, start_training
from workers.context import JobContext
from workers.services.job import enqueue
from workers.work_folder import work_folder

DEFAULT_SEEDS, MOST_SEEDS = 3, 20
VALIDATION, TEST = "validation", "test"
# Those that ask a trained model; the others train.
OF_MODELS = (CheckKind.ROBUSTNESS, CheckKind.SAFETY)
_SHAPES = ("detection", "segmentation")


@dataclass(frozen=True)
class Asked:
    """What a check is about: rows and their answers, and a trained model or a family with its settings."""

    version: Version
    goal: Goal
    family: str
    params: dict[str, Any]
    training: Training | None


@transaction.atomic
def start_check(
    *,
    actor: Actor,
    kind: str,
    training_id: int | None = None,
    version_id: int | None = None,
    goal: Goal | None = None,
    family: str = "",
    params: dict[str, Any] | None = None,
    budget: int | None = None,
    policy: Any = None,
    seeds: int = DEFAULT_SEEDS,
    seed: int = 0,
    split: str = VALIDATION,
    least_safe: float | None = None,
    uses: list[str] | None = None,
    name: str = "",
) -> Check:
    """Send the job that answers a question about augmentation and return the check with its job.

    Args:
        actor: Who asks.
        kind: ``robustness`` (how the test figure stands when rows are changed) or ``safety`` (how often the model keeps
            its answer), both of a training that is done; ``ablation`` (what a policy and each of its steps gain) or
            ``proposal`` (a small search for a policy), which train.
        training_id: The training; an ablation or a search takes version, goal, family and settings from it.
        version_id: Else, a version with labels and a split.
        goal: What to learn; the likeliest that the version teaches when left out.
        family: One family, so that all trainings are of the same.
        params: Its parameters, the same in all trainings.
        budget: What each training may take, in seconds.
        policy: YAML, the same as a mapping, or the name of a preset; not for a search.
        seeds: Trainings of each kind, 1 to 20.
        seed: The first, or that of the draws.
        split: Whose rows judge an ablation: ``validation`` while policies are still chosen, ``test`` once at the end.
        least_safe: The share of kept answers, 0 to 1, that a step must surely reach before a search tries it.
        uses: Augmentations that a search tries; all that suit when left out.
        name: What lists call it; that of the training, or made from dataset and version when left out.

    Raises:
        NotFound: No such training or version.
        Conflict: ``training_not_done``, ``version_trashed``.
        DomainError: ``check_unknown``, ``check_needs_training``, ``check_needs_family``, ``check_out_of_range``,
            ``bad_augmentation``, and those of `modeling.services.training.check_params`.
    """
    _check_choice(kind=kind, seeds=seeds, split=split, least_safe=least_safe)
    chosen: dict[str, Any] = {"kind": kind, "family": family, "params": params, "budget": budget}
    if training_id is not None:
        asked = _of_training(actor=actor, training_id=training_id, **chosen)
    else:
        asked = _of_version(actor=actor, version_id=version_id, goal=goal, **chosen)
    read = _policy_of(kind=kind, asked=asked, given=policy)
    if kind == CheckKind.PROPOSAL:
        uses = _checked_uses(asked, uses, least_safe)
    title = name.strip() or (asked.training.name if asked.training else "")
    check = Check.objects.create(
        organization_id=actor.organization_id,
        version=asked.version,
        kind=kind,
        training=asked.training,
        name=(title or f"{asked.version.dataset.name} v{asked.version.number}")[:120],
        task=asked.goal.task,
        answer=asked.goal.answer,
        family=asked.family,
        params=asked.params,
        policy=None if read is None else read.to_json(),
        seed=seed,
        seeds=1 if kind in OF_MODELS else seeds,
        split=split if kind == CheckKind.ABLATION else "",
        least_safe=least_safe if kind == CheckKind.PROPOSAL else None,
        uses=(uses or []) if kind == CheckKind.PROPOSAL else [],
        created_by_id=actor.user_id or None,
    )
    check.job = enqueue(
        kind="modeling.check",
        actor=actor,
        params={"check_id": check.pk},
        title=f"{check.get_kind_display()}: {check.name}",
        subject=f"check:{check.pk}",
    )
    check.save(update_fields=["job", "updated_at"])
    audit.record(
        actor=actor, action="check.start", subject=f"check:{check.pk}", kind=kind, training=training_id,
        version=asked.version.pk,
    )  # fmt: skip
    return check


def _check_choice(*, kind: str, seeds: int, split: str, least_safe: float | None) -> None:
    if kind not in CheckKind.values:
        detail = _("There is no check %(kind)s. Choose one of: %(kinds)s.")
        raise DomainError("check_unknown", detail % {"kind": kind, "kinds": ", ".join(CheckKind.values)}, field="kind")
    if not 1 <= seeds <= MOST_SEEDS:
        detail = _("%(name)s must lie between 1 and %(most)s.") % {"name": "seeds", "most": MOST_SEEDS}
        raise DomainError("check_out_of_range", detail, field="seeds")
    if split not in {VALIDATION, TEST}:
        raise DomainError("check_out_of_range", _("Judge by validation or by test rows."), field="split")
    if least_safe is not None and not 0 <= least_safe <= 1:
        detail = _("The least label safety is a share from 0 to 1, such as 0.9.")
        raise DomainError("check_out_of_range", detail, field="least_safe")


def done_training(*, actor: Actor, training_id: int) -> Training:
    """Return a training that left a model.

    Raises:
        NotFound: No such training.
        Conflict: ``training_not_done``.
    """
    rows = Training.objects.visible_to(actor).select_related("model", "version__dataset")
    training = rows.filter(pk=training_id).first()
    if training is None:
        raise NotFound(_("There is no such training."))
    if not hasattr(training, "model"):
        detail = _("%(name)s has no model. Wait until it is done, or choose a training that is.")
        raise Conflict("training_not_done", detail % {"name": training.name}, field="training")
    return training  # type: ignore[no-any-return]


def _of_training(
    *,
    actor: Actor,
    training_id: int,
    kind: str,
    family: str,
    params: dict[str, Any] | None,
    budget: int | None,
) -> Asked:
    training = done_training(actor=actor, training_id=training_id)
    version, goal = hold_version(actor=actor, version_id=training.version_id), Goal(training.task, training.answer)
    kept = str((training.report or {}).get("family") or training.family)
    if kind in OF_MODELS:
        soft = {"soft_labels": True} if training.params.get("soft_labels") else {}
        return Asked(version, goal, kept, soft, training)
    family = family or kept
    known = {param.name for param in FAMILIES[family].params} if family in FAMILIES else set()
    # Settings of what chose among families, or of another family, are not this one's.
    given = {name: value for name, value in training.params.items() if name in known} if params is None else params
    return Asked(version, goal, family, _checked_params(family, given, goal, budget), training)


def _of_version(
    *,
    actor: Actor,
    version_id: int | None,
    kind: str,
    goal: Goal | None,
    family: str,
    params: dict[str, Any] | None,
    budget: int | None,
) -> Asked:
    if kind in OF_MODELS:
        detail = _("Robustness and label safety are asked of a trained model: name a training that is done.")
        raise DomainError("check_needs_training", detail, field="training")
    if version_id is None:
        detail = _("Name a training that is done, or a version and a family.")
        raise DomainError("check_needs_training", detail, field="version")
    version = hold_version(actor=actor, version_id=version_id)
    learned = check_trainable(version=version, goal=goal)
    return Asked(version, learned, family, _checked_params(family, params or {}, learned, budget), None)


def _checked_params(family: str, params: dict[str, Any], goal: Goal, budget: int | None) -> dict[str, Any]:
    if family in {"", AUTO}:
        detail = _("Name one family: what chooses among families could take another for each policy.")
        raise DomainError("check_needs_family", detail, field="family")
    plain = {name: value for name, value in params.items() if name != "augment"}
    plain |= {} if budget is None else {"budget": budget}
    return check_params(family=family, params=plain, task=goal.task)


def _policy_of(*, kind: str, asked: Asked, given: Any) -> Policy | None:
    """Return the policy of a check, found to fit what is asked; None for a search, which proposes one."""
    task = get_task(asked.goal.task)
    if isinstance(given, str):
        given = presets(task.name, task.input).get(given, given)
    if isinstance(given, Policy):
        given = given.to_json()
    with _as_policy():
        if kind == CheckKind.PROPOSAL:
            check_augmentation(given=READY, family=asked.family, task=task.name)
            return None
        if given is None:
            raise DomainError(CODE, _("Say which policy: YAML, or the name of one that is offered."))
        if kind == CheckKind.ABLATION:
            check_augmentation(given=given, family=asked.family, task=task.name)
        policy = policy_for_task(given=given, task=task.name)
    if kind in OF_MODELS and without_joining(policy) is None:
        detail = _("The policy only joins pictures, which no picture to be judged is. Add another step.")
        raise DomainError(CODE, detail, field="policy")
    if kind == CheckKind.SAFETY and asked.training is not None:
        _check_safety(policy, asked.training)
    return policy


@contextmanager
def _as_policy() -> Iterator[None]:
    """Name the field of a check in what a policy is refused for."""
    try:
        yield
    except DomainError as error:
        extra = {name: value for name, value in error.extra.items() if name != "field"}
        raise DomainError(error.code, error.detail, status=error.status, field="policy", **extra) from None


def _check_safety(policy: Policy, training: Training) -> None:
    """Refuse what the engine would refuse after the model was fetched."""
    if training.task in _SHAPES:
        detail = _("Label safety compares labels, and this task has shapes. Check the robustness instead.")
        raise DomainError(CODE, detail, field="kind")
    for one in (training, *training.members.all()):
        try:
            check_question(policy, get_task(training.task), one.params.get("augment"))
        except EngineError:
            detail = _(
                "%(name)s was trained with augmentation, and would find safe what it was taught not to see. Ask a "
                "training without."
            )
            raise DomainError(CODE, detail % {"name": one.name}, field="training") from None


def _checked_uses(asked: Asked, uses: list[str] | None, least_safe: float | None) -> list[str]:
    if least_safe is not None and asked.goal.task in _SHAPES:
        detail = _("Label safety compares labels, and this task has shapes. Leave the least label safety out.")
        raise DomainError("check_out_of_range", detail, field="least_safe")
    known = STRENGTHS[KINDS[get_task(asked.goal.task).input]]
    unknown = sorted(set(uses or []) - set(known))
    if unknown:
        detail = _("A search does not try %(name)s. It tries: %(names)s.")
        values = {"name": unknown[0][:60], "names": ", ".join(known)}
        raise DomainError("check_out_of_range", detail % values, field="uses")
    return [use for use in known if use in (uses or [])]


def run_check(*, job: JobContext, check_id: int) -> dict[str, Any]:
    """Answer the question of a check and keep what was found.

    A second attempt goes on with the trainings that are missing; a check that is answered is found and left as it is.

    Raises:
        DomainError: The data cannot be trained on, or the policy does nothing here; the sentence says why.
    """
    rows = Check.objects.select_related("version", "training__model")
    check = rows.get(pk=check_id, organization_id=job.organization_id)
    if check.report is None:
        goal, soft = Goal(check.task, check.answer), bool(check.params.get("soft_labels"))
        with work_folder(job, keep=True) as folder, engine_errors(job):
            job.progress(0, None, _("reading the version"))
            with open_examples(version=check.version, goal=goal, soft=soft) as data:
                found = answer_of(job=job, check=check, data=data, folder=folder)
            job.check()
            _keep(job, check, found)
        check.refresh_from_db()
    return {"check": check.pk, "kind": check.kind, **_headline(check)}


def _keep(job: JobContext, check: Check, found: dict[str, Any]) -> None:
    with transaction.atomic():
        locked = Check.objects.select_for_update().get(pk=check.pk)
        if locked.report is None:
            locked.report = found
            locked.save(update_fields=["report", "updated_at"])
            audit.record(actor=job.actor, action="check.finish", subject=f"check:{check.pk}", kind=check.kind)


def _headline(check: Check) -> dict[str, Any]:
    report = check.report or {}
    if check.kind in OF_MODELS:
        return {"rows": report["rows"], "steps": len(report["steps"])}
    found = {"primary": report["primary"], "plain": report["plain"]["figure"], "gain": report["gain"]}
    return found if check.kind == CheckKind.ABLATION else {**found, "yaml": report["yaml"]}


def policy_to_train(check: Check) -> dict[str, Any] | None:
    """Return the policy that a check says something for: that of an ablation, or the one that a search proposes."""
    if check.kind == CheckKind.PROPOSAL:
        return (check.report or {}).get("policy")
    return check.policy if check.kind == CheckKind.ABLATION else None


def train_with(*, actor: Actor, check_id: int, name: str = "") -> Training:
    """Start a training with the policy of an ablation, or the one that a search proposed, and the same settings.

    Raises:
        NotFound: No such check.
        Conflict: ``nothing_proposed``.
        DomainError: As `modeling.services.training.start_training`.
    """
    check = Check.objects.visible_to(actor).filter(pk=check_id).first()
    if check is None:
        raise NotFound(_("There is no such check."))
    policy = policy_to_train(check)
    if policy is None:
        raise Conflict("nothing_proposed", _("This check has no policy to train with."))
    return start_training(
        actor=actor,
        version_id=check.version_id,
        family=check.family,
        params={**check.params, "augment": policy},
        seed=check.seed,
        name=name.strip() or check.name,
        goal=Goal(check.task, check.answer),
    )


def forget_checked(*, organization_id: int, items: Mapping[int, Any]) -> int:
    """Take the copies of erased items out of the reports of checks; return how many went.

    Args:
        organization_id: Whose checks.
        items: Numbers of the items that go, by dataset.
    """
    rows = Check.objects.filter(organization_id=organization_id, version__dataset__in=list(items), kind="safety")
    gone = 0
    for number in rows.exclude(report=None).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            check = Check.objects.select_for_update(of=("self",)).select_related("version").get(pk=number)
            report: dict[str, Any] = check.report or {"steps": []}
            erased, count = set(items[check.version.dataset_id].tolist()), 0
            for step in report["steps"]:
                left = [row for row in step["disagreements"] if row["item_id"] not in erased]
                count += len(step["disagreements"]) - len(left)
                step["disagreements"] = left
            if count:
                check.report = report
                check.save(update_fields=["report", "updated_at"])
                gone += count
    return gone
