"""Searches for a smaller form of a model: started by people, run by a job, ended with a front to choose from."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.services.meaning import vectors_folder
from modeling.engine.compress.recipes import STUDENTS as RECIPES
from modeling.models import Bundle, Compression, Model, Training
from modeling.services.archive import pack, sha256_of, unpack
from modeling.services.bundle import start_export
from modeling.services.engine_errors import engine_errors
from modeling.services.judged import store_rows
from modeling.services.trainable import Goal, open_examples, unlabeled_texts
from modeling.services.training import keep_model, result_of
from workers.context import JobContext
from workers.models import JobState
from workers.services.job import enqueue
from workers.work_folder import work_folder

if TYPE_CHECKING:
    from modeling.engine.compress.front import Row
    from modeling.engine.compress.search import Compression as Found
    from modeling.engine.training import TrainingContext

# Tasks whose models can teach: those of `modeling.engine.compress.lesson`, which would load NumPy.
TASKS = ("text-classification", "text-multilabel")
# The rungs of texts, which are candidates too where a model can be exported.
EXPORTS = ("int8", "int8-float-ends", "fp32")
CANDIDATES = (*EXPORTS, *(recipe.name for recipe in RECIPES))
MOST_BYTES, MOST_MS = 2**40, 1e6


@transaction.atomic
def start_compression(
    *,
    actor: Actor,
    model_id: int,
    limit_drop: float = 0.5,
    limit_bytes: int | None = None,
    limit_ms: float | None = None,
    recipes: list[str] | None = None,
    seed: int = 0,
) -> Compression:
    """Send the job that looks for a smaller form of a model and return the search with its job.

    Args:
        actor: Who asks.
        model_id: The model, of texts with one or several labels.
        limit_drop: Points (0 to 100) of the task's primary figure that may be lost on the validation split.
        limit_bytes: Of the bundle; any when left out.
        limit_ms: Milliseconds of the median answer; any when left out.
        recipes: Names of the candidates to try; all when left out or empty.
        seed: Of every random choice.

    Raises:
        NotFound: No such model.
        Conflict: ``model_not_compressible``: it is not of texts with labels.
        DomainError: ``candidate_unknown``.
    """
    rows = Model.objects.visible_to(actor).select_related("training")
    model = rows.filter(pk=model_id).first()
    if model is None:
        raise NotFound(_("There is no such model."))
    if model.training.task not in TASKS:
        detail = _(
            "Only models that give labels to texts can teach a smaller one. Export this one as a bundle instead."
        )
        raise Conflict("model_not_compressible", detail)
    unknown = sorted(set(recipes or []) - set(CANDIDATES))
    if unknown:
        detail = _("There is no candidate %(name)s. There are: %(names)s.")
        values = {"name": unknown[0][:60], "names": ", ".join(CANDIDATES)}
        raise DomainError("candidate_unknown", detail % values, field="recipes")
    search = Compression.objects.create(
        organization_id=actor.organization_id,
        model=model,
        limit_drop=limit_drop,
        limit_bytes=limit_bytes,
        limit_ms=limit_ms,
        recipes=list(recipes or []),
        seed=seed,
        created_by_id=actor.user_id or None,
    )
    search.job = enqueue(
        kind="modeling.compress",
        actor=actor,
        params={"compression_id": search.pk},
        title=_("Make %(name)s smaller") % {"name": model.training.name},
        subject=f"training:{model.training_id}",
    )
    search.save(update_fields=["job", "updated_at"])
    audit.record(
        actor=actor,
        action="compression.start",
        subject=f"compression:{search.pk}",
        model=model.pk,
        limit_drop=limit_drop,
        limit_bytes=limit_bytes,
        limit_ms=limit_ms,
    )
    return search


def run_compression(*, job: JobContext, compression_id: int) -> dict[str, Any]:
    """Make and measure the candidates, keep those that nothing beats, and say which is the smallest within the limits.

    A second attempt goes on with the candidates that are missing; a search that is over is left as it is.

    Raises:
        DomainError: The model cannot teach, or the data is not what it was; the sentence says why.
    """
    rows = Compression.objects.select_related("model__training__version__dataset")
    search = rows.get(pk=compression_id, organization_id=job.organization_id)
    if search.report is not None:
        return _told(search)
    with work_folder(job, keep=True) as folder, engine_errors(job):
        job.progress(0, None, _("fetching the model"))
        with objects.local_path(search.model.object_key) as archive:
            unpack(archive, folder / "model")
        found = _search(job, search, folder)
        job.progress(0, None, _("storing the models"))
        students = _store_students(search, found, folder / "candidates")
        job.check()
        _finish(job, search, {**found.to_dict(), "students": students})
    return _told(search)


def _search(job: JobContext, search: Compression, folder: Path) -> "Found":
    from modeling.engine.compress.front import Limits
    from modeling.engine.compress.search import compress
    from modeling.engine.training import TrainedModel

    training = search.model.training
    goal = Goal(training.task, training.answer)
    soft = bool(training.params.get("soft_labels"))
    steps = _Steps(job)
    with open_examples(version=training.version, goal=goal, soft=soft) as data:
        return compress(
            TrainedModel.load(folder / "model"),
            data,
            folder / "candidates",
            limits=Limits(search.limit_drop, search.limit_bytes, search.limit_ms),
            recipes=search.recipes or None,
            unlabeled=unlabeled_texts(version=training.version, goal=goal),
            seed=search.seed,
            context=steps.context(),
            on_row=steps.on_row,
        )


class _Steps:
    """Tells the job which candidate is in the making and what is done with it."""

    def __init__(self, job: JobContext) -> None:
        self._job, self._candidate, self._done, self._count = job, "", 0, len(CANDIDATES)
        self._stages = {
            "float figures": _("measuring the float model"),
            "asking the teacher": _("asking the model about all texts"),
            "encoding": _("encoding the texts"),
            "measuring heads and units": _("measuring heads and units"),
            "teaching": _("teaching"),
            "calibrating": _("calibrating the probabilities"),
        }

    def on_stage(self, name: str) -> None:
        if name not in self._stages:
            self._candidate = name
        stage = self._stages.get(name, "")
        told = f"{self._candidate}: {stage}" if self._candidate and stage else self._candidate or stage
        self._job.progress(self._done, self._count, told)

    def on_row(self, row: "Row", number: int, count: int) -> None:
        self._done, self._count = number, count
        self._job.log_metric(number, {"candidate": row.name, "lost": row.lost, "bytes": row.bytes, "ms": row.ms})
        self._job.progress(number, count, row.name)

    def on_epoch(self, metrics: dict[str, Any]) -> None:
        values = {"name": self._candidate, "epoch": metrics["epoch"], "epochs": metrics["epochs"]}
        stage = _("%(name)s: epoch %(epoch)s of %(epochs)s") % values
        self._job.progress(self._done, self._count, stage)

    def context(self) -> "TrainingContext":
        from modeling.engine.training import TrainingContext

        return TrainingContext(
            cache_dir=settings.ASSAY_MODEL_CACHE,
            vectors_dir=vectors_folder(self._job.organization_id),
            on_stage=self.on_stage,
            on_epoch=self.on_epoch,
            cancelled=self._job.cancelled,
        )


def _store_students(search: Compression, found: "Found", folder: Path) -> dict[str, dict[str, Any]]:
    """Store the models of students that nothing beats, by content, and return where each lies."""
    from modeling.engine.compress.search import MODEL_FOLDER

    stored = {}
    for row in found.rows:
        if row.student and row.name in found.front:
            archive = folder / f"{row.name}.zip"
            pack(folder / row.name / MODEL_FOLDER, archive)
            digest = sha256_of(archive)
            key = objects.put_file(archive, objects.key("models", search.organization_id, f"{digest}.zip"))
            stored[row.name] = {
                "object_key": key,
                "sha256": digest,
                "family": "student" if _has_encoder(row.name) else "static",
            }
    return stored


def _has_encoder(name: str) -> bool:
    return next(recipe.cut is not None for recipe in RECIPES if recipe.name == name)


def _finish(job: JobContext, search: Compression, report: dict[str, Any]) -> None:
    with transaction.atomic():
        locked = Compression.objects.select_for_update().get(pk=search.pk)
        if locked.report is None:
            locked.report = report
            locked.save(update_fields=["report", "updated_at"])
            audit.record(
                actor=job.actor,
                action="compression.finish",
                subject=f"compression:{search.pk}",
                candidates=len(report["rows"]),
                proposed=report["proposed"],
            )
    search.refresh_from_db()


def _told(search: Compression) -> dict[str, Any]:
    report = search.report or {}
    return {"compression": search.pk, **{name: report[name] for name in ("proposed", "front", "sentence")}}


@transaction.atomic
def export_candidate(
    *, actor: Actor, compression_id: int, candidate: str = ""
) -> tuple[Training | None, Bundle | None]:
    """Make a bundle of a candidate: of the model itself a bundle at once; of a student a training first, whose model is
    kept like any other and exported then. A student that was kept is found again.

    Args:
        actor: Who exports.
        compression_id: The search.
        candidate: Its name; the proposed one when left out.

    Returns:
        The student's training or the model's bundle; the other is None.

    Raises:
        NotFound: No such search.
        Conflict: ``compression_unfinished``, or ``nothing_proposed``: no candidate is within the limits; name one.
        DomainError: ``candidate_unknown``: not one of the front.
    """
    rows = Compression.objects.visible_to(actor).select_related("model__training__version")
    search = rows.filter(pk=compression_id).first()
    if search is None:
        raise NotFound(_("There is no such search for a smaller model."))
    row = _chosen(search, candidate)
    if not row["student"]:
        made = start_export(actor=actor, model_id=search.model_id, limit_points=search.limit_drop, rung=row["rung"])
        return None, made
    return _keep_student(actor, search, row), None


def _chosen(search: Compression, candidate: str) -> dict[str, Any]:
    report = search.report
    if report is None:
        raise Conflict("compression_unfinished", _("The search is not over yet. Wait for its end, then export."))
    name = candidate or report["proposed"]
    if not name:
        detail = _("No candidate is within the limits. Name one of the front, or search with wider limits.")
        raise Conflict("nothing_proposed", detail)
    if name not in report["front"]:
        detail = _("%(name)s is not on the front. There are: %(names)s.")
        values = {"name": name[:60], "names": ", ".join(report["front"]) or "–"}
        raise DomainError("candidate_unknown", detail % values, field="candidate")
    return next(row for row in report["rows"] if row["name"] == name)


def _keep_student(actor: Actor, search: Compression, row: dict[str, Any]) -> Training:
    # Locked, so that two presses at once make one student.
    Compression.objects.select_for_update().get(pk=search.pk)
    same = Training.objects.filter(compression=search, params__candidate=row["name"])
    known = same.exclude(job__state__in=[JobState.FAILED, JobState.CANCELLED]).select_related("job").first()
    if known is not None:
        return known
    teacher = search.model.training
    student = Training.objects.create(
        organization_id=actor.organization_id,
        version=teacher.version,
        name=f"{teacher.name[: 118 - len(row['name'])]}, {row['name']}",
        task=teacher.task,
        answer=teacher.answer,
        family=(search.report or {})["students"][row["name"]]["family"],
        params={"candidate": row["name"]},
        seed=search.seed,
        compression=search,
        created_by_id=actor.user_id or None,
    )
    student.job = enqueue(
        kind="modeling.keep_student",
        actor=actor,
        params={"training_id": student.pk},
        title=_("Keep %(name)s") % {"name": student.name},
        subject=f"training:{student.pk}",
    )
    student.save(update_fields=["job", "updated_at"])
    audit.record(
        actor=actor,
        action="compression.keep",
        subject=f"compression:{search.pk}",
        training=student.pk,
        candidate=row["name"],
    )
    return student


def run_keep(*, job: JobContext, training_id: int) -> dict[str, Any]:
    """Judge a student on the test split, keep its model like that of any training, and start its export.

    Done twice by one job, it gives the same rows.
    """
    rows = Training.objects.select_related("version", "compression")
    training = rows.get(pk=training_id, organization_id=job.organization_id)
    kept = Model.objects.filter(training=training).first()
    if kept is None:
        kept = _judge(job, training)
    return {**result_of(training, kept), "bundle": _exported(job, training, kept)}


def _judge(job: JobContext, training: Training) -> Model:
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import TrainedModel

    search = training.compression
    if search is None:
        raise DomainError("compression_gone", _("The search that made this student was removed. Search again."))
    goal, soft = Goal(training.task, training.answer), bool(search.model.training.params.get("soft_labels"))
    steps = _Steps(job)
    with work_folder(job) as folder, engine_errors(job):
        key = (search.report or {})["students"][training.params["candidate"]]["object_key"]
        with objects.local_path(key) as archive:
            unpack(archive, folder / "model")
        model: TrainedModel = TrainedModel.load(folder / "model")
        job.progress(0, None, _("evaluating on the test split"))
        with open_examples(version=training.version, goal=goal, soft=soft) as data:
            evaluation = evaluate(model, data, context=steps.context(), seed=training.seed)
        job.progress(0, None, _("storing the model"))
        rows_key = store_rows(training, evaluation, folder)
        return keep_model(job, training, model, evaluation.to_dict(), rows_key, folder)


@transaction.atomic
def _exported(job: JobContext, training: Training, kept: Model) -> int:
    Training.objects.select_for_update().get(pk=training.pk)
    made = kept.bundles.first()
    if made is None:
        limit = training.compression.limit_drop if training.compression else 0.5
        made = start_export(actor=job.actor, model_id=kept.pk, limit_points=limit)
    return int(made.pk)
