"""Ensembles: trainings of one version and goal joined by a job, and kept only where they lead their best member."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.services.meaning import vectors_folder
from modeling.engine.families.ensemble import NAME, TASKS
from modeling.families import TASK_TITLES
from modeling.models import Model, Training
from modeling.services.archive import unpack
from modeling.services.engine_errors import engine_errors
from modeling.services.judged import store_rows
from modeling.services.trainable import Goal, hold_version, open_examples
from modeling.services.training import keep_model, result_of
from workers.context import JobContext
from workers.services.job import enqueue
from workers.work_folder import work_folder

if TYPE_CHECKING:
    from modeling.engine.data import Examples
    from modeling.engine.ensembles import Combination
    from modeling.engine.training import TrainedModel

# Each member is asked for every prediction, and its files lie in the ensemble's.
MOST_MEMBERS = 8


def combinable(*, actor: Actor, training: Training) -> QuerySet[Training]:
    """Return the trainings that a training can be combined with, newest first; none where its task is not combined."""
    rows = Training.objects.visible_to(actor)
    if training.task not in TASKS or training.family == NAME:
        return rows.none()
    same = {"version": training.version_id, "task": training.task, "answer": training.answer}
    rows = rows.filter(**same, model__isnull=False).exclude(family=NAME).exclude(pk=training.pk)
    return rows.select_related("model").order_by("-pk")


@transaction.atomic
def start_ensemble(*, actor: Actor, training_ids: Sequence[int], name: str = "", seed: int = 0) -> Training:
    """Send the job that combines trainings and return the training that it makes, with its job.

    Args:
        actor: Who combines.
        training_ids: Two to eight that are done, of one version and goal.
        name: What lists call it; the names of the members when left out.
        seed: Of folds and intervals.

    Raises:
        NotFound: No such training.
        Conflict: ``training_not_done``, ``version_trashed``.
        DomainError: ``ensemble_too_small``, ``ensemble_too_large``, ``ensemble_of_ensembles``, ``ensemble_unfit``,
            ``ensemble_versions_differ``, ``ensemble_goals_differ``, ``ensemble_rows_differ``.
    """
    wanted = sorted(set(training_ids))
    _check_count(len(wanted))
    rows = Training.objects.visible_to(actor).filter(pk__in=wanted).select_related("model", "version__dataset")
    members = list(rows.defer("report").order_by("pk"))
    if len(members) != len(wanted):
        raise NotFound(_("There is no such training."))
    _check_members(members)
    first = members[0]
    version = hold_version(actor=actor, version_id=first.version_id)
    training = Training.objects.create(
        organization_id=actor.organization_id,
        version=version,
        name=(name.strip() or " + ".join(member.name for member in members))[:120],
        task=first.task,
        answer=first.answer,
        family=NAME,
        params={"soft_labels": True} if first.params.get("soft_labels") else {},
        seed=seed,
        created_by_id=actor.user_id or None,
    )
    training.members.set(members)
    training.job = enqueue(
        kind="modeling.combine",
        actor=actor,
        params={"training_id": training.pk},
        title=_("Combine %(name)s") % {"name": training.name},
        subject=f"training:{training.pk}",
    )
    training.save(update_fields=["job", "updated_at"])
    audit.record(actor=actor, action="ensemble.start", subject=f"training:{training.pk}", members=wanted)
    return training


def _check_count(count: int) -> None:
    if count < 2:
        detail = _("Choose at least two trainings; one model alone has nothing to be combined with.")
        raise DomainError("ensemble_too_small", detail, field="trainings")
    if count > MOST_MEMBERS:
        detail = _("Choose at most %(most)s trainings; each is asked for every prediction.")
        raise DomainError("ensemble_too_large", detail % {"most": MOST_MEMBERS}, field="trainings")


def _check_members(members: list[Training]) -> None:
    first = members[0]
    for member in members:
        names = {"name": member.name, "first": first.name}
        if not hasattr(member, "model"):
            detail = _("%(name)s has no model. Wait until it is done, or choose a training that is.")
            raise Conflict("training_not_done", detail % names, field="trainings")
        if member.family == NAME:
            detail = _("%(name)s is an ensemble itself. Choose its members in its place.")
            raise DomainError("ensemble_of_ensembles", detail % names, field="trainings")
        if member.version_id != first.version_id:
            detail = _("%(name)s learned from another version than %(first)s. Choose trainings of one version.")
            raise DomainError("ensemble_versions_differ", detail % names, field="trainings")
        if (member.task, member.answer) != (first.task, first.answer):
            detail = _("%(name)s learned something else than %(first)s. Choose trainings of the same answers.")
            raise DomainError("ensemble_goals_differ", detail % names, field="trainings")
        if bool(member.params.get("soft_labels")) != bool(first.params.get("soft_labels")):
            detail = _(
                "%(name)s and %(first)s do not both learn from the shares of people's answers. Choose trainings that "
                "learned from the same answers."
            )
            raise DomainError("ensemble_rows_differ", detail % names, field="trainings")
    if first.task not in TASKS:
        fit = "; ".join(str(TASK_TITLES[task]) for task in TASKS)
        detail = _("Models of this task are not combined: their predictions are no probabilities. Those are: %(fit)s.")
        raise DomainError("ensemble_unfit", detail % {"fit": fit}, field="trainings")


def run_ensemble(*, job: JobContext, training_id: int) -> dict[str, Any]:
    """Combine the members; keep the best way with its figures on the locked test split where it leads on the
    validation split, and otherwise only what was measured.

    A second attempt finds what the first one kept and leaves it as it is.

    Raises:
        DomainError: A member does not fit the rows as they are now; the sentence names it.
    """
    training = Training.objects.select_related("version").get(pk=training_id, organization_id=job.organization_id)
    if training.report is None:
        members = list(training.members.select_related("model").order_by("pk"))
        goal, soft = Goal(training.task, training.answer), bool(training.params.get("soft_labels"))
        with work_folder(job) as folder, engine_errors(job):
            job.progress(0, None, _("fetching the members"))
            models = [_fetched(member, folder / "members" / str(member.pk)) for member in members]
            with open_examples(version=training.version, goal=goal, soft=soft) as data:
                _check_rows(members, models, data)
                _combine(job, training, members, models, data, folder)
        training.refresh_from_db()
    kept = Model.objects.filter(training=training).first()
    if kept is None:
        return {"training": training.pk, "model": None, "kept": False}
    return {**result_of(training, kept), "kept": True}


def _fetched(member: Training, folder: Path) -> "TrainedModel":
    from modeling.engine.training import TrainedModel

    with objects.local_path(member.model.object_key) as archive:
        unpack(archive, folder)
    return TrainedModel.load(folder)


def _check_rows(members: list[Training], models: "list[TrainedModel]", data: "Examples") -> None:
    """Refuse members that learned from other rows than there are now, such as before an erasure."""
    for member, model in zip(members, models, strict=True):
        if model.labels != data.classes or model.facts["data_hash"] != data.content_hash():
            detail = _("%(name)s was trained on other rows than the version has now. Train it again, then combine.")
            raise DomainError("ensemble_rows_differ", detail % {"name": member.name})


def _combine(
    job: JobContext,
    training: Training,
    members: list[Training],
    models: "list[TrainedModel]",
    data: "Examples",
    folder: Path,
) -> None:
    from modeling.engine.ensembles import combine
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import TrainedModel, TrainingContext

    context = TrainingContext(
        cache_dir=Path(settings.ASSAY_MODEL_CACHE),
        vectors_dir=vectors_folder(job.organization_id),
        cancelled=job.cancelled,
    )
    job.progress(0, None, _("combining on the validation split"))
    found = combine(models, data, folder / "model", context, training.seed)
    report, best = _report(found, members)
    if not found.kept:
        _keep_figures(job, training, report)
        return
    job.progress(0, None, _("evaluating on the test split"))
    model = TrainedModel.load(folder / "model")
    evaluation = evaluate(model, data, baseline=models[best], context=context, seed=training.seed)
    job.progress(0, None, _("storing the model"))
    rows_key = store_rows(training, evaluation, folder)
    keep_model(job, training, model, {**evaluation.to_dict(), **report}, rows_key, folder)


def _report(found: "Combination", members: list[Training]) -> tuple[dict[str, Any], int]:
    """Return what was measured with the members named, and the place of the best one."""
    rows = [
        {
            "training": member.pk,
            "name": member.name,
            "family": row["family"],
            "value": row[found.primary],
            "seconds_per_1000": row["seconds_per_1000"],
            "bytes": member.model.byte_count,
        }
        for member, row in zip(members, found.members, strict=True)
    ]
    best = max(range(len(rows)), key=lambda place: rows[place]["value"])
    combination = {
        "kept": found.kept,
        "way": found.way,
        "ways": [{"way": row["way"], "value": row[found.primary]} for row in found.ways],
        "members": rows,
        "best": rows[best]["training"],
        "difference": found.difference,
        "seconds_per_1000": found.seconds,
        "bytes": sum(row["bytes"] for row in rows),
    }
    return {"combination": combination, "primary": found.primary}, best


def _keep_figures(job: JobContext, training: Training, report: dict[str, Any]) -> None:
    """Write why no ensemble was kept; there is no model."""
    job.check()
    with transaction.atomic():
        locked = Training.objects.select_for_update().get(pk=training.pk)
        if locked.report is None:
            locked.report = {**report, "task": training.task, "family": NAME}
            locked.save(update_fields=["report", "updated_at"])
            audit.record(actor=job.actor, action="ensemble.leave", subject=f"training:{training.pk}")
