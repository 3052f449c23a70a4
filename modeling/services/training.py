"""Trainings: started by people, run by a job, kept as a model with its report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import DomainError
from curation.services.meaning import vectors_folder
from modeling.families import FAMILIES
from modeling.models import Model, Training
from modeling.services.archive import pack, sha256_of
from modeling.services.augmenting import check_augmentation
from modeling.services.engine_errors import engine_errors
from modeling.services.judged import store_rows
from modeling.services.trainable import Goal, check_trainable, hold_version, open_examples
from workers.context import JobContext
from workers.services.job import enqueue
from workers.work_folder import work_folder

if TYPE_CHECKING:
    from modeling.engine.data import Examples
    from modeling.engine.evaluate import Evaluation
    from modeling.engine.training import TrainedModel, TrainingContext


@transaction.atomic
def start_training(
    *,
    actor: Actor,
    version_id: int,
    family: str,
    params: dict[str, Any] | None = None,
    seed: int = 0,
    name: str = "",
    goal: Goal | None = None,
) -> Training:
    """Send the job that trains a family on a version and return the training with its job.

    Args:
        actor: Who trains.
        version_id: A version with labels and a split.
        family: A row of `modeling.families.FAMILIES`.
        params: The family's parameters that differ from their defaults; ``augment`` is a policy of augmentation as
            `modeling.services.augmenting.check_augmentation` takes it.
        seed: Of every random choice.
        name: What lists call it; made from dataset and version when left out.
        goal: What to learn; the likeliest that the version teaches when left out.

    Raises:
        NotFound: No such version.
        Conflict: ``version_trashed``.
        DomainError: ``version_without_labels``, ``version_without_split``, ``version_one_label``, ``goal_unknown``,
            ``family_unknown``, ``family_unfit``, ``param_unknown``, ``param_out_of_range`` or ``bad_augmentation``.
    """
    version = hold_version(actor=actor, version_id=version_id)
    learned = check_trainable(version=version, goal=goal)
    chosen = check_params(family=family, params=params or {}, task=learned.task)
    title = name.strip() or f"{version.dataset.name} v{version.number}"
    training = Training.objects.create(
        organization_id=actor.organization_id,
        version=version,
        name=title[:120],
        task=learned.task,
        answer=learned.answer,
        family=family,
        params=chosen,
        seed=seed,
        created_by_id=actor.user_id or None,
    )
    training.job = enqueue(
        kind="modeling.train",
        actor=actor,
        params={"training_id": training.pk},
        title=_("Train %(name)s") % {"name": training.name},
        subject=f"training:{training.pk}",
    )
    training.save(update_fields=["job", "updated_at"])
    audit.record(
        actor=actor,
        action="training.start",
        subject=f"training:{training.pk}",
        version=version.pk,
        task=learned.task,
        family=family,
        seed=seed,
    )
    return training


def check_params(*, family: str, params: dict[str, Any], task: str) -> dict[str, Any]:
    """Return the parameters, checked against the family's table, which must have the task too."""
    if family not in FAMILIES:
        detail = _("There is no family %(family)s. Choose one of: %(families)s.")
        raise DomainError("family_unknown", detail % {"family": family, "families": ", ".join(FAMILIES)})
    if task not in FAMILIES[family].tasks:
        fit = ", ".join(name for name, row in FAMILIES.items() if task in row.tasks)
        detail = _("%(family)s does not learn %(task)s. Choose one of: %(families)s.")
        raise DomainError("family_unfit", detail % {"family": family, "task": task, "families": fit}, field="family")
    known = {param.name: param for param in FAMILIES[family].params}
    given, params = params.get("augment"), {name: value for name, value in params.items() if name != "augment"}
    for name, value in params.items():
        param = known.get(name)
        if param is None:
            detail = _("This family has no parameter %(name)s. It has: %(names)s.")
            raise DomainError("param_unknown", detail % {"name": name[:60], "names": ", ".join(known) or "–"})
        if not param.takes(value):
            raise DomainError("param_out_of_range", f"{name}: {param.range}")
    if given is None:
        return params
    return {**params, "augment": check_augmentation(given=given, family=family, task=task)}


def run_training(*, job: JobContext, training_id: int) -> dict[str, Any]:
    """Train, evaluate on the locked test split beside the baseline, and keep model and report.

    A second attempt goes on from the last finished epoch; a finished training is found and left as it is.

    Raises:
        DomainError: The data cannot be trained on, or the training diverged; the sentence says what to do.
    """
    training = Training.objects.select_related("version").get(pk=training_id, organization_id=job.organization_id)
    done = Model.objects.filter(training=training).first()
    if done is not None:
        return result_of(training, done)
    goal, soft = Goal(training.task, training.answer), bool(training.params.get("soft_labels"))
    with work_folder(job, keep=True) as folder, engine_errors(job):
        job.progress(0, None, _("reading the version"))
        with open_examples(version=training.version, goal=goal, soft=soft) as data:
            model, evaluation = _fit(job, training, data, folder)
            job.progress(0, None, _("storing the model"))
            rows_key = store_rows(training, evaluation, folder)
            kept = keep_model(job, training, model, evaluation.to_dict(), rows_key, folder)
    return result_of(training, kept)


def _fit(job: JobContext, training: Training, data: "Examples", folder: Path) -> tuple["TrainedModel", "Evaluation"]:
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import BASELINES, TrainingSettings, train

    context = _context(job, folder)
    params = {name: value for name, value in training.params.items() if name != "soft_labels"}
    chosen = TrainingSettings.from_dict({**params, "family": training.family, "seed": training.seed})
    model = train(data, folder / "model", chosen, context)
    baseline = None
    plain_family = BASELINES.get(data.task)
    if plain_family == model.facts["family"]:
        # Of a choice of families: there is nothing left to compare with.
        baseline = None
    elif plain_family:
        job.progress(0, None, _("training the baseline"))
        plain = TrainingSettings(family=plain_family, seed=training.seed)
        baseline = train(data, folder / "baseline", plain, _context(job, folder, quiet=True))
    job.progress(0, None, _("evaluating on the test split"))
    return model, evaluate(model, data, baseline=baseline, context=context, seed=training.seed)


def _context(job: JobContext, folder: Path, *, quiet: bool = False) -> "TrainingContext":
    """Connect the engine to the job: stages, progress, live figures, checkpoints, cancellation."""
    from modeling.engine.bundle.export import code_hash
    from modeling.engine.training import TrainingContext

    titles = {
        "encoding": _("encoding the texts"),
        "training": _("training"),
        "calibrating": _("calibrating the probabilities"),
    }
    stage = titles["encoding"]

    def on_stage(name: str) -> None:
        nonlocal stage
        stage = titles.get(name, name)
        job.progress(0, None, stage)

    def on_note(sentence: str) -> None:
        job.progress(0, None, sentence)

    def on_epoch(metrics: dict[str, Any]) -> None:
        # An earlier attempt may have got further than the checkpoint that this one started from.
        job.job.metrics.filter(number__gt=int(metrics["epoch"]), attempt__lt=job.attempt).delete()
        job.log_metric(int(metrics["epoch"]), metrics)
        job.progress(int(metrics["epoch"]), int(metrics["epochs"]), stage)

    return TrainingContext(
        cache_dir=settings.ASSAY_MODEL_CACHE,
        vectors_dir=vectors_folder(job.organization_id),
        # Weights that other code wrote may have other shapes, so a training cut off by an upgrade begins anew.
        checkpoints=folder / f"checkpoints-{code_hash()[:16]}",
        on_stage=None if quiet else on_stage,
        progress=None if quiet else lambda done, total: job.progress(done, total, stage),
        on_epoch=None if quiet else on_epoch,
        on_note=None if quiet else on_note,
        cancelled=job.cancelled,
    )


def keep_model(
    job: JobContext,
    training: Training,
    model: "TrainedModel",
    report: dict[str, Any],
    rows_key: str,
    folder: Path,
) -> Model:
    """Store the model's files by content and write model and report in one transaction."""
    archive = folder / "model.zip"
    pack(model.folder, archive)
    digest = sha256_of(archive)
    key = objects.put_file(archive, objects.key("models", training.organization_id, f"{digest}.zip"))
    job.check()
    facts = model.facts
    with transaction.atomic():
        Training.objects.select_for_update().get(pk=training.pk)
        kept, created = Model.objects.get_or_create(
            training=training,
            defaults={
                "organization_id": training.organization_id,
                "object_key": key,
                "sha256": digest,
                "byte_count": archive.stat().st_size,
                "fingerprint": facts["fingerprint"],
                "labels": facts["labels"],
                "metrics": _headline({**report, "family": facts["family"]}),
            },
        )
        if created:
            kept_facts = {name: facts[name] for name in ("auto", "reason", "notes", "failures") if facts.get(name)}
            kept_facts |= _augmentation(facts)
            history = facts.get("history", [])
            training.report = {
                **report,
                **kept_facts,
                "family": facts["family"],
                "rows_by_split": facts["rows"],
                "history": history,
            }
            training.rows_key = rows_key
            training.encoder = facts["encoder"] if facts.get("encoder_fingerprint") else ""
            training.device = facts.get("device", "cpu")
            training.fingerprint = facts["fingerprint"]
            training.environment = {
                **facts["environment"],
                "encoder_reason": facts["encoder_reason"],
                "settings": facts["settings"],
            }
            training.save(
                update_fields=["report", "rows_key", "encoder", "device", "fingerprint", "environment", "updated_at"]
            )
            audit.record(actor=job.actor, action="model.keep", subject=f"model:{kept.pk}", sha256=digest)
    return kept


def _augmentation(facts: dict[str, Any]) -> dict[str, Any]:
    """Return which policy the model learned with, for its report; nothing where there was none."""
    from curation.engine.augment.policy import policy_of
    from modeling.engine.augmentation.search import shown

    given = facts["settings"].get("augment")
    if given is None:
        return {}
    policy = policy_of(given)
    said = {"steps": shown(policy), "yaml": policy.to_yaml(), "fingerprint": policy.fingerprint()}
    return {"augmentation": {**said, "copies": facts.get("augmented_copies")}}


def _headline(report: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that a list shows; shares in [0, 1], ``gain_points`` in points of the primary figure."""
    found = {name: value for name, value in report.items() if isinstance(value, int | float)}
    found |= {"task": report["task"], "primary": report["primary"], "family": report.get("family", "")}
    comparison = report.get("comparison")
    if comparison:
        # An ensemble is compared with its best member; in a list of gains over baselines that would mislead.
        against, gain = ("best_member", "lead_points") if "combination" in report else ("baseline", "gain_points")
        found[f"{against}_{report['primary']}"] = comparison["baseline"][report["primary"]]
        found[gain] = comparison["difference"]["difference"] * 100
        found["verdict"] = comparison["verdict"]
    return found


def result_of(training: Training, model: Model) -> dict[str, Any]:
    """Return what the job of a training that is done says."""
    return {"training": training.pk, "model": model.pk, "sha256": model.sha256, **model.metrics}
