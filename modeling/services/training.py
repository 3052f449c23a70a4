"""Trainings: started by people, run by a job, kept as a model with its report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.models import Version
from curation.services.meaning import vectors_folder
from modeling.families import FAMILIES
from modeling.models import Model, Training
from modeling.services.archive import pack, sha256_of
from modeling.services.engine_errors import engine_errors
from modeling.services.trainable import check_trainable, read_labeled
from workers.context import JobContext
from workers.services.job import enqueue
from workers.work_folder import work_folder

if TYPE_CHECKING:
    from modeling.engine.data import Examples
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
) -> Training:
    """Send the job that trains a family on a version and return the training with its job.

    Args:
        actor: Who trains.
        version_id: A version with labels and a split.
        family: A row of `modeling.families.FAMILIES`.
        params: The family's parameters that differ from their defaults.
        seed: Of every random choice.
        name: What lists call it; made from dataset and version when left out.

    Raises:
        NotFound: No such version.
        Conflict: ``version_trashed``.
        DomainError: ``version_without_labels``, ``version_without_split``, ``version_one_label``,
            ``family_unknown``, ``param_unknown`` or ``param_out_of_range``.
    """
    rows = Version.objects.visible_to(actor).select_related("dataset").filter(pk=version_id)
    # Locked, so that nobody puts it in the trash before the training holds it.
    version = rows.select_for_update(no_key=True, of=("self",)).first()
    if version is None or version.dataset.deleted_at is not None:
        raise NotFound(_("There is no such version."))
    if version.trashed_at is not None:
        raise Conflict("version_trashed", _("This version is in the trash. Restore it before you train on it."))
    check_trainable(version=version)
    chosen = check_params(family=family, params=params or {})
    title = name.strip() or f"{version.dataset.name} v{version.number}"
    training = Training.objects.create(
        organization_id=actor.organization_id,
        version=version,
        name=title[:120],
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
        family=family,
        seed=seed,
    )
    return training


def check_params(*, family: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters, checked against the family's table."""
    if family not in FAMILIES:
        detail = _("There is no family %(family)s. Choose one of: %(families)s.")
        raise DomainError("family_unknown", detail % {"family": family, "families": ", ".join(FAMILIES)})
    known = {param.name: param for param in FAMILIES[family].params}
    for name, value in params.items():
        param = known.get(name)
        if param is None:
            detail = _("This family has no parameter %(name)s. It has: %(names)s.")
            raise DomainError("param_unknown", detail % {"name": name[:60], "names": ", ".join(known) or "–"})
        if not param.takes(value):
            raise DomainError("param_out_of_range", f"{name}: {param.range}")
    return params


def run_training(*, job: JobContext, training_id: int) -> dict[str, Any]:
    """Train, evaluate on the locked test split beside the baseline, and keep model and report.

    A second attempt goes on from the last finished epoch; a finished training is found and left as it is.

    Raises:
        DomainError: The data cannot be trained on, or the training diverged; the sentence says what to do.
    """
    training = Training.objects.select_related("version").get(pk=training_id, organization_id=job.organization_id)
    done = Model.objects.filter(training=training).first()
    if done is not None:
        return _result(training, done)
    with work_folder(job, keep=True) as folder, engine_errors(job):
        job.progress(0, None, _("reading the version"))
        data = read_labeled(version=training.version)
        model, report = _fit(job, training, data, folder)
        job.progress(0, None, _("storing the model"))
        kept = _keep(job, training, model, report, folder)
    return _result(training, kept)


def _fit(job: JobContext, training: Training, data: "Examples", folder: Path) -> tuple["TrainedModel", dict[str, Any]]:
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import BASELINES, TrainingSettings, train

    context = _context(job, folder)
    chosen = TrainingSettings.from_dict({**training.params, "family": training.family, "seed": training.seed})
    model = train(data, folder / "model", chosen, context)
    baseline = None
    plain_family = BASELINES[data.task]
    if training.family != plain_family:
        job.progress(0, None, _("training the baseline"))
        plain = TrainingSettings(family=plain_family, seed=training.seed)
        baseline = train(data, folder / "baseline", plain, _context(job, folder, quiet=True))
    job.progress(0, None, _("evaluating on the test split"))
    report = evaluate(model, data, baseline=baseline, context=context, seed=training.seed).to_dict()
    return model, report


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
        cancelled=job.cancelled,
    )


def _keep(job: JobContext, training: Training, model: "TrainedModel", report: dict[str, Any], folder: Path) -> Model:
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
                "metrics": _headline(report),
            },
        )
        if created:
            training.report = {**report, "rows_by_split": facts["rows"], "history": facts.get("history", [])}
            training.encoder = facts["encoder"] if facts.get("encoder_fingerprint") else ""
            training.device = facts.get("device", "cpu")
            training.fingerprint = facts["fingerprint"]
            training.environment = {
                **facts["environment"],
                "encoder_reason": facts["encoder_reason"],
                "settings": facts["settings"],
            }
            training.save(update_fields=["report", "encoder", "device", "fingerprint", "environment", "updated_at"])
            audit.record(actor=job.actor, action="model.keep", subject=f"model:{kept.pk}", sha256=digest)
    return kept


def _headline(report: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that a list shows; shares in [0, 1], ``gain_points`` in points of macro-F1."""
    found = {name: report[name] for name in ("rows", "accuracy", "macro_f1", "log_loss", "calibration_error")}
    comparison = report.get("comparison")
    if comparison:
        found["baseline_macro_f1"] = comparison["baseline"]["macro_f1"]
        found["gain_points"] = comparison["difference"]["difference"] * 100
        found["verdict"] = comparison["verdict"]
    return found


def _result(training: Training, model: Model) -> dict[str, Any]:
    return {"training": training.pk, "model": model.pk, "sha256": model.sha256, **model.metrics}
