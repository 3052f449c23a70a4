"""Searches for settings: started by people, done by jobs that draw trials from one study, ended with a training."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import DomainError
from curation.services.meaning import vectors_folder
from modeling.engine.tuning.space import SPACES
from modeling.families import FAMILIES
from modeling.models import Search
from modeling.services.engine_errors import engine_errors
from modeling.services.trainable import Goal, check_trainable, hold_version, open_examples
from modeling.services.training import check_params, start_training
from modeling.services.trial_storage import open_trials
from workers.context import JobCancelled, JobContext, LeaseLost
from workers.fan_out import fan_out
from workers.services.job import enqueue
from workers.work_folder import pieces_folder, shared_folder

if TYPE_CHECKING:
    from optuna.study import Study

    from modeling.engine.training import TrainingContext
    from modeling.engine.tuning.study import TrialRow

PIECE = "modeling.search_trials"
DEFAULT_TRIALS, MOST_TRIALS, MOST_WORKERS, MOST_SECONDS = 20, 500, 8, 604_800


@transaction.atomic
def start_search(
    *,
    actor: Actor,
    version_id: int,
    family: str,
    trials: int = DEFAULT_TRIALS,
    workers: int = 1,
    trial_seconds: int | None = None,
    params: dict[str, Any] | None = None,
    seed: int = 0,
    name: str = "",
    goal: Goal | None = None,
) -> Search:
    """Send the job that searches for the settings of a family on a version and return the search with its job.

    Args:
        actor: Who searches.
        version_id: A version with labels and a split.
        family: A family with settings worth a search: a row of `modeling.engine.tuning.space.SPACES`.
        trials: How many trainings in all, 1 to 500; the first has the family's defaults.
        workers: How many jobs train at a time, 1 to 8, where there are as many workers.
        trial_seconds: What one trial may take.
        params: Parameters of the family that are the same in all trials and not searched.
        seed: Of every random choice.
        name: What lists call it; made from dataset and version when left out.
        goal: What to learn; the likeliest that the version teaches when left out.

    Raises:
        NotFound: No such version.
        Conflict: ``version_trashed``.
        DomainError: ``family_not_searched``, ``nothing_to_search``, ``search_out_of_range``, and those of
            `modeling.services.training.start_training`.
    """
    version = hold_version(actor=actor, version_id=version_id)
    learned = check_trainable(version=version, goal=goal)
    chosen = check_params(family=family, params=params or {}, task=learned.task)
    _check_space(family=family, params=chosen, task=learned.task)
    _check_ranges(trials=trials, workers=workers, trial_seconds=trial_seconds)
    title = name.strip() or f"{version.dataset.name} v{version.number}"
    search = Search.objects.create(
        organization_id=actor.organization_id,
        version=version,
        name=title[:120],
        task=learned.task,
        answer=learned.answer,
        family=family,
        params=chosen,
        seed=seed,
        trials=trials,
        workers=min(workers, trials),
        trial_seconds=trial_seconds,
        created_by_id=actor.user_id or None,
    )
    search.job = enqueue(
        kind="modeling.search",
        actor=actor,
        params={"search_id": search.pk},
        title=_("Search settings for %(name)s") % {"name": search.name},
        subject=f"search:{search.pk}",
    )
    search.save(update_fields=["job", "updated_at"])
    audit.record(
        actor=actor,
        action="search.start",
        subject=f"search:{search.pk}",
        version=version.pk,
        task=learned.task,
        family=family,
        trials=trials,
    )
    return search


def searchable_families(task: str) -> list[str]:
    """Return the families whose settings can be searched for a task."""
    return [name for name in SPACES if task in FAMILIES[name].tasks]


def _check_space(*, family: str, params: dict[str, Any], task: str) -> None:
    if family not in SPACES:
        detail = _("%(family)s chooses its settings itself; there is nothing to search. Choose one of: %(families)s.")
        values = {"family": family, "families": ", ".join(searchable_families(task)) or "–"}
        raise DomainError("family_not_searched", detail % values, field="family")
    if not set(SPACES[family]) - set(params):
        detail = _("Every setting that a search could change is fixed. Fix fewer of them.")
        raise DomainError("nothing_to_search", detail, field="params")


def _check_ranges(*, trials: int, workers: int, trial_seconds: int | None) -> None:
    for name, value, most in (
        ("trials", trials, MOST_TRIALS),
        ("workers", workers, MOST_WORKERS),
        ("trial_seconds", 1 if trial_seconds is None else trial_seconds, MOST_SECONDS),
    ):
        if not 1 <= value <= most:
            detail = _("%(name)s must lie between 1 and %(most)s.") % {"name": name, "most": most}
            raise DomainError("search_out_of_range", detail, field=name)


def run_search_job(*, job: JobContext, search_id: int) -> dict[str, Any]:
    """Have all trials done, keep what they tell, and start a training with the best settings.

    A second attempt goes on with the trials that are missing; a trial that was cut off counts as failed. A search that
    is over is found and left as it is.

    Raises:
        DomainError: The data cannot be trained on, or not one trial gave a model; the sentence says why.
    """
    search = Search.objects.select_related("version").get(pk=search_id, organization_id=job.organization_id)
    if search.report is None:
        _keep(job, search, _all_trials(job, search))
    training_id = _train_best(job, search.pk)
    search.refresh_from_db()
    report = search.report or {}
    return {
        "search": search.pk,
        "training": training_id,
        "trials": len(report["trials"]),
        "best": report["best"],
        "primary": report["primary"],
        "best_value": report["best_value"],
    }


def _all_trials(job: JobContext, search: Search) -> dict[str, Any]:
    from modeling.engine.tuning.search import result_of
    from modeling.engine.tuning.study import close_open_trials

    names = [f"worker-{number}" for number in range(1, search.workers + 1)]
    pieces = {name: {"search_id": search.pk, "owner": job.job_id, "worker": name} for name in names}
    with shared_folder(job), engine_errors(job), open_trials(search) as (study, plan):
        watch = _Watch(job, search, study)

        def done(name: str) -> bool:
            watch.look()
            return _is_done(study, name)

        def do(params: dict[str, Any]) -> dict[str, Any]:
            try:
                return draw_trials_of(job=job, on_trial=watch.look, **params)
            except (JobCancelled, LeaseLost):
                # It is the search that stops, at its next look. The piece ends here, or the next attempt would wait for
                # it until it is taken for lost.
                return {"trained": 0}

        fan_out(job=job, kind=PIECE, pieces=pieces, done=done, do=do)
        # All workers are through, so what is still open belongs to one that is dead.
        close_open_trials(study, None)
        watch.look()
        found = result_of(study, plan).to_dict()
    for row in found["trials"]:
        row["epochs"] = len(row.pop("scores"))
    return found


def draw_trials_of(
    *, job: JobContext, search_id: int, owner: int, worker: str, on_trial: Callable[[], None] | None = None
) -> dict[str, Any]:
    """Draw and train trials of a search until it has as many as planned, as one of its workers.

    Args:
        job: Whose progress and cancellation count: a piece's own job, or the search's, which helps.
        search_id: The search.
        owner: The search's job.
        worker: The worker's name in the search; an earlier attempt under this name is dead.
        on_trial: Called after each trial.
    """
    from modeling.engine.tuning.search import draw_trials
    from modeling.engine.tuning.study import close_open_trials

    search = Search.objects.select_related("version").get(pk=search_id, organization_id=job.organization_id)
    if search.report is not None:
        return {"trained": 0}
    folder = pieces_folder(owner) / worker
    goal, soft = Goal(search.task, search.answer), bool(search.params.get("soft_labels"))
    with engine_errors(job), open_trials(search) as (study, plan):
        if _is_done(study, worker):
            return {"trained": 0}
        close_open_trials(study, worker)
        try:
            with open_examples(version=search.version, goal=goal, soft=soft) as data:
                count = draw_trials(
                    study,
                    plan,
                    data,
                    folder,
                    worker=worker,
                    context=_context(job, search),
                    on_trial=_teller(job, search, on_trial),
                )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        study.set_user_attr(_done_mark(worker), value=True)
    return {"trained": count}


def _done_mark(worker: str) -> str:
    return f"done-{worker}"


def _is_done(study: "Study", worker: str) -> bool:
    return bool(study.user_attrs.get(_done_mark(worker)))


def _teller(job: JobContext, search: Search, more: Callable[[], None] | None) -> Callable[["TrialRow"], None]:
    def told(row: "TrialRow") -> None:
        job.progress(row.number + 1, search.trials, _("trial %(number)s") % {"number": row.number + 1})
        if more:
            more()

    return told


def _context(job: JobContext, search: Search) -> "TrainingContext":
    """Connect a trial to the job: it says which epoch it is at, and is stopped with the job."""
    from modeling.engine.training import TrainingContext

    def on_epoch(metrics: dict[str, Any]) -> None:
        stage = _("a trial at epoch %(epoch)s of %(epochs)s")
        # The engine itself asks whether to stop, and then writes how the trial ended.
        with suppress(JobCancelled, LeaseLost):
            done = int(job.job.done or 0)
            job.progress(done, search.trials, stage % {"epoch": metrics["epoch"], "epochs": metrics["epochs"]})

    return TrainingContext(
        cache_dir=Path(settings.ASSAY_MODEL_CACHE),
        vectors_dir=vectors_folder(job.organization_id),
        on_epoch=on_epoch,
        cancelled=job.cancelled,
    )


class _Watch:
    """Tells the search's job of trials that have ended, whoever trained them: progress, and a row of the live curve."""

    def __init__(self, job: JobContext, search: Search, study: "Study") -> None:
        self._job, self._search, self._study = job, search, study
        self._told: set[int] = set()

    def look(self) -> None:
        from modeling.engine.tuning.study import rows_of

        rows = rows_of(self._study)
        ended = [row for row in rows if row.state != "running"]
        best: float | None = None
        for row in ended:
            if row.state == "finished" and row.value is not None:
                best = row.value if best is None else max(best, row.value)
            if row.number not in self._told:
                self._told.add(row.number)
                self._job.log_metric(row.number + 1, {"trial": row.number + 1, "value": row.value, "best": best})
        stage = _("%(count)s trials have ended") % {"count": len(ended)}
        self._job.job.done = len(ended)
        self._job.progress(len(ended), self._search.trials, stage)


def _keep(job: JobContext, search: Search, found: dict[str, Any]) -> None:
    with transaction.atomic():
        locked = Search.objects.select_for_update().get(pk=search.pk)
        if locked.report is None:
            locked.report, locked.best_params = found, found["best_params"]
            locked.save(update_fields=["report", "best_params", "updated_at"])
            audit.record(
                actor=job.actor,
                action="search.finish",
                subject=f"search:{search.pk}",
                trials=len(found["trials"]),
                best=found["best"],
            )


@transaction.atomic
def _train_best(job: JobContext, search_id: int) -> int | None:
    """Start the training of the best settings unless it was started, and return its id."""
    search = Search.objects.select_for_update().get(pk=search_id)
    if search.training_id is None:
        params = {**search.params, **(search.best_params or {})}
        if search.trial_seconds is not None:
            params["budget"] = search.trial_seconds
        search.training = start_training(
            actor=job.actor,
            version_id=search.version_id,
            family=search.family,
            params=params,
            seed=search.seed,
            name=search.name,
            goal=Goal(search.task, search.answer),
        )
        search.save(update_fields=["training", "updated_at"])
    return search.training_id
