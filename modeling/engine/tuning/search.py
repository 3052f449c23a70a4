"""Search for the settings of a family: trials train into folders of their own, and the best by validation is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modeling.engine.callbacks import stop_if
from modeling.engine.errors import Cancelled, EngineError
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family
from modeling.engine.training.settings import TrainingSettings
from modeling.engine.tuning.space import Space, space_of
from modeling.engine.tuning.study import (
    MAIN,
    SURPLUS,
    TrialRow,
    begun,
    close_open_trials,
    draw,
    end_trial,
    importances,
    open_storage,
    open_study,
    rows_of,
    study_name,
)

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import Trial

    from modeling.engine.data import Examples

OnTrial = Callable[[TrialRow], None]
BEST_FOLDER, TRIALS_FOLDER = "best", "trials"
# What says that settings do not work, and nothing of data or machine.
_OF_SETTINGS = {"training_diverged", "out_of_memory"}


@dataclass(frozen=True)
class Plan:
    """What is searched.

    Attributes:
        family: Whose settings.
        task: What is learned.
        trials: How many in all, those that fail or are pruned too.
        seed: Of the draws and of every training.
        fixed: Settings that are the same in all trials.
        seconds: What one trial may take in the training loop; None for no end.
    """

    family: str
    task: str
    trials: int
    seed: int = 0
    fixed: tuple[tuple[str, Any], ...] = ()
    seconds: float | None = None

    @property
    def space(self) -> Space:
        """What is drawn."""
        return space_of(self.family, dict(self.fixed))

    def settings(self, params: dict[str, Any]) -> TrainingSettings:
        """Return the settings of a trial."""
        given = {**dict(self.fixed), **params, "family": self.family, "seed": self.seed, "budget": self.seconds}
        return TrainingSettings.from_dict(given)

    def open(self, storage: BaseStorage, name: str) -> Study:
        """Open the study of that name, made when missing."""
        epochs = dict(self.fixed).get("epochs") or get_family(self.family).defaults(self.task)["epochs"]
        return open_study(storage, name, family=self.family, task=self.task, space=self.space, epochs=epochs)


@dataclass(frozen=True)
class SearchResult:
    """What a search found: `best` is the number of the trial with the best validation figure, `primary` that figure's
    name, `importances` shares of its variance by setting."""

    family: str
    task: str
    primary: str
    best: int
    best_value: float
    best_params: dict[str, Any]
    default_value: float | None
    trials: tuple[TrialRow, ...]
    importances: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the result JSON-ready."""
        return {**self.__dict__, "trials": [row.to_dict() for row in self.trials]}


class _Pruned(Exception):
    """The trial is behind the others; the loop lets it through."""


def run_search(
    data: Examples,
    family: str,
    folder: Path,
    *,
    trials: int,
    seed: int = 0,
    storage: Any = None,
    fixed: dict[str, Any] | None = None,
    seconds: float | None = None,
    worker: str = MAIN,
    context: TrainingContext | None = None,
    on_trial: OnTrial | None = None,
) -> SearchResult:
    """Search until so many trials have ended, and leave the best trial's model in `folder`/best.

    A search of the same data, family, space and seed in the same storage goes on where it was cut off; the trial that
    was cut off counts as failed. The test rows are not looked at.

    Args:
        data: Checked examples.
        family: One with a row in `SPACES`.
        folder: For the trials, the journal and the best model; made when missing.
        trials: How many in all. The first one has the family's defaults.
        seed: Of the draws and of every training.
        storage: An SQLAlchemy URL or a storage of Optuna; a journal file in `folder` when left out.
        fixed: Settings that are the same in all trials and not searched.
        seconds: What one trial may take in the training loop.
        worker: Of several processes that draw from one storage, each needs a name and a folder of its own.
        context: As for `train`; checkpoints are not kept.
        on_trial: Called with each trial that has ended.

    Raises:
        Cancelled: somebody asked to stop; what ended is kept.
        EngineError: `nothing_to_search`, `bad_setting`, `search_failed` when not one trial gave a model, or what
            `train` raises of data.
    """
    plan = Plan(family, data.task, trials, seed, tuple(sorted((fixed or {}).items())), seconds)
    if trials < 1:
        raise EngineError("A search needs at least one trial.", code="bad_setting")
    study = plan.open(open_storage(storage, folder), study_name(data, family, plan.space, seed, fixed or {}))
    close_open_trials(study, worker)
    draw_trials(study, plan, data, folder, worker=worker, context=context, on_trial=on_trial, keep=True)
    result = result_of(study, plan)
    kept = folder / TRIALS_FOLDER / str(result.best)
    # Unless another process trained it, or it is the best of an earlier call.
    if kept.exists():
        shutil.rmtree(folder / BEST_FOLDER, ignore_errors=True)
        kept.rename(folder / BEST_FOLDER)
    shutil.rmtree(folder / TRIALS_FOLDER, ignore_errors=True)
    return result


def draw_trials(
    study: Study,
    plan: Plan,
    data: Examples,
    folder: Path,
    *,
    worker: str = MAIN,
    context: TrainingContext | None = None,
    on_trial: OnTrial | None = None,
    keep: bool = False,
) -> int:
    """Draw and train trials until the study has as many as planned; return how many this worker trained.

    Several workers may draw from one study at a time, each under a name of its own. With `keep` the model of the best
    trial so far stays in `folder`/trials; without, no model does.
    """
    done = 0
    while begun(study) < plan.trials:
        stop_if(context.cancelled if context else None, "The search")
        trial, params = draw(study, plan.space, plan.seed, plan.trials)
        trial.set_user_attr("worker", worker)
        if trial.number >= plan.trials:
            # Another worker began the last one between our look and our draw.
            end_trial(study, trial.number, reason=SURPLUS)
            break
        place = folder / TRIALS_FOLDER / str(trial.number)
        try:
            _train_trial(study, plan, trial, params, data, place, context or TrainingContext())
        finally:
            _sweep(study, place, keep=keep)
        done += 1
        if on_trial:
            on_trial(_row_of(study, trial.number))
    return done


def _row_of(study: Study, number: int) -> TrialRow:
    return next(row for row in rows_of(study) if row.number == number)


def _train_trial(
    study: Study,
    plan: Plan,
    trial: Trial,
    params: dict[str, Any],
    data: Examples,
    place: Path,
    context: TrainingContext,
) -> None:
    """Train one trial and write how it ended; failures that settings are to blame for end the trial alone."""
    from modeling.engine.training.train import train

    def on_epoch(metrics: dict[str, Any]) -> None:
        if context.on_epoch:
            context.on_epoch(metrics)
        trial.report(float(metrics["score"]), int(metrics["epoch"]))
        if trial.should_prune():
            raise _Pruned

    try:
        model = train(data, place, plan.settings(params), replace(context, on_epoch=on_epoch, checkpoints=None))
        figures = model.facts["validation"]
        if "log_loss" in figures:
            trial.set_user_attr("loss", float(figures["log_loss"]))
        end_trial(study, trial.number, value=float(figures[data.kind.primary]))
    except _Pruned:
        end_trial(study, trial.number, pruned=True)
    except Cancelled:
        end_trial(study, trial.number, reason="The search was stopped in the middle of this trial.")
        raise
    except Exception as error:
        end_trial(study, trial.number, reason=str(error) or type(error).__name__)
        if not _settings_are_to_blame(error):
            raise


def _settings_are_to_blame(error: Exception) -> bool:
    if isinstance(error, EngineError):
        return error.code in _OF_SETTINGS
    from modeling.engine.training.loop import _is_memory

    return _is_memory(error)


def _best(rows: list[TrialRow]) -> TrialRow | None:
    """Return the trial with the best validation figure; of equal ones that with the least loss, then the first."""
    finished = [row for row in rows if row.state == "finished" and row.value is not None]
    return max(finished, key=lambda row: (row.value or 0.0, -(row.loss or 0.0), -row.number), default=None)


def _sweep(study: Study, place: Path, *, keep: bool) -> None:
    """Remove models that are not the best of all trials so far."""
    row = _best(rows_of(study))
    best = str(row.number) if row and keep else None
    for path in place.parent.glob("*") if keep else [place]:
        if path.name != best:
            shutil.rmtree(path, ignore_errors=True)


def result_of(study: Study, plan: Plan) -> SearchResult:
    """Return what the trials of a study tell.

    Raises:
        EngineError: `search_failed`: not one trial gave a model; the sentence has the first reasons.
    """
    from modeling.engine.tasks import get_task

    rows = rows_of(study)
    best = _best(rows)
    if best is None:
        reasons = " ".join(dict.fromkeys(row.reason for row in rows if row.reason))
        raise EngineError(f"Not one of {len(rows)} trials gave a model. {reasons[:500]}".strip(), code="search_failed")
    defaults = next((row.value for row in rows if row.number == 0 and row.state == "finished"), None)
    return SearchResult(
        plan.family,
        plan.task,
        get_task(plan.task).primary,
        best.number,
        float(best.value or 0.0),
        best.params,
        defaults,
        tuple(rows),
        importances(study, plan.seed),
    )
