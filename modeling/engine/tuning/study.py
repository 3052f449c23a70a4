"""One study of Optuna: opened and gone on with, its trials as plain rows, and how much each setting matters.

Optuna (MIT) draws the settings and keeps the trials; everything that knows models is ours. Its storage is a journal
file or a database, so that several processes can draw from one study and a study outlives whoever was killed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.tuning.space import Choice, Space, default_point

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

    from modeling.engine.data import Examples

JOURNAL = "trials.journal"
# What an attempt that was cut off leaves says nothing of its settings.
CUT_OFF = "The worker was cut off in the middle of this trial."
SURPLUS = "surplus"
MAIN = "main"
# With fewer finished trials than this the importances of seven settings are luck.
LEAST_FOR_IMPORTANCE = 8


@dataclass(frozen=True)
class TrialRow:
    """One trial. `state` is `finished`, `pruned`, `failed` or `running`; `value` is the validation figure, of a pruned
    trial the last score it reported; `scores` are those by epoch; `seconds` is None while it runs."""

    number: int
    state: str
    params: dict[str, Any]
    value: float | None
    loss: float | None
    seconds: float | None
    scores: tuple[tuple[int, float], ...]
    reason: str
    worker: str

    def to_dict(self) -> dict[str, Any]:
        """Return the row JSON-ready."""
        return {**self.__dict__, "scores": [list(row) for row in self.scores]}


def study_name(data: Examples, family: str, space: Space, seed: int, fixed: dict[str, Any]) -> str:
    """Return a name that is the same for the same data, family, space, seed and fixed settings: 64 hex digits."""
    parts = [data.content_hash(), family, repr(sorted(space.items())), seed, fixed]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def open_storage(storage: Any, folder: Path) -> BaseStorage:
    """Return a storage: of an SQLAlchemy URL, a storage as it is, or a journal file in `folder` for None."""
    import optuna
    from optuna.storages import JournalStorage, get_storage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if storage is not None:
        return get_storage(storage)
    folder.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(str(folder / JOURNAL)))


def open_study(storage: BaseStorage, name: str, *, family: str, task: str, space: Space, epochs: int) -> Study:
    """Open or make a study whose first trial will be the family's defaults.

    Pruning is by the median of earlier trials at the same epoch, once four of them have finished, from the second epoch
    and a fifth of the epochs on: before that the learning rate still warms up.
    """
    import optuna

    pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=max(2, epochs // 5))
    study = optuna.create_study(
        storage=storage, study_name=name, direction="maximize", pruner=pruner, load_if_exists=True
    )
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(default_point(family, task, space), skip_if_exists=True)
    return study


def draw(study: Study, space: Space, seed: int, trials: int) -> tuple[Trial, dict[str, Any]]:
    """Begin a trial and return it with its settings, drawn by TPE (Bergstra et al. 2011).

    The sampler is seeded by `seed` and the trial's number, so that a search that was cut off and goes on draws what an
    unbroken one would have drawn, and two processes never draw the same.
    """
    import optuna

    trial = study.ask()
    first = min(10, max(4, trials // 3))
    study.sampler = optuna.samplers.TPESampler(seed=seed * 1_000_003 + trial.number, n_startup_trials=first)
    return trial, {name: _suggest(trial, name, part) for name, part in space.items()}


def _suggest(trial: Trial, name: str, part: Any) -> Any:
    if isinstance(part, Choice):
        return trial.suggest_categorical(name, part.values)
    if part.whole:
        return trial.suggest_int(name, int(part.low), int(part.high), log=part.log)
    return trial.suggest_float(name, part.low, part.high, log=part.log)


def close_open_trials(study: Study, worker: str | None) -> int:
    """Make failed trials of those that this worker began and did not end, of any worker for None; return how many.

    Only whoever knows that the worker no longer runs may call this. Trials that no worker has signed go with `main`.
    """
    from optuna.trial import TrialState

    count = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if worker is None or trial.user_attrs.get("worker", MAIN) == worker:
            count += end_trial(study, trial.number, reason=CUT_OFF)
    return count


def end_trial(study: Study, number: int, *, value: float | None = None, pruned: bool = False, reason: str = "") -> bool:
    """Write how a trial ended: with a value, pruned, or failed; False when it had ended already."""
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    state = TrialState.PRUNED if pruned else TrialState.COMPLETE if value is not None else TrialState.FAIL
    try:
        if reason:
            place = study._storage.get_trial_id_from_study_id_trial_number(study._study_id, number)
            study._storage.set_trial_user_attr(place, "reason", reason)
        study.tell(number, value, state=state)
    except (UpdateFinishedTrialError, ValueError):
        # Another attempt wrote first that this one was cut off.
        return False
    return True


def begun(study: Study) -> int:
    """Return how many trials were begun, however they ended."""
    from optuna.trial import TrialState

    return sum(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False))


def rows_of(study: Study) -> list[TrialRow]:
    """Return the trials that were begun, in their order; surplus ones of parallel workers are left out."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    return [
        _row(trial)
        for trial in trials
        if trial.state != TrialState.WAITING and trial.user_attrs.get("reason") != SURPLUS
    ]


def _row(trial: FrozenTrial) -> TrialRow:
    from optuna.trial import TrialState

    states = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    scores = tuple(sorted((int(step), float(value)) for step, value in trial.intermediate_values.items()))
    value = trial.value if trial.state == TrialState.COMPLETE else scores[-1][1] if scores else None
    seconds = trial.duration.total_seconds() if trial.duration else None
    return TrialRow(
        trial.number,
        states.get(trial.state, "running"),
        dict(trial.params),
        value,
        trial.user_attrs.get("loss"),
        None if seconds is None else round(seconds, 3),
        scores,
        trial.user_attrs.get("reason", ""),
        trial.user_attrs.get("worker", ""),
    )


def importances(study: Study, seed: int) -> dict[str, float]:
    """Return how much of the variance of the validation figure each setting explains, shares that sum to 1, the
    greatest first; empty while fewer than eight trials have finished or all gave the same.

    fANOVA (Hutter et al. 2014) over a random forest of the finished trials.
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    values = [row.value for row in rows_of(study) if row.state == "finished"]
    if len(values) < LEAST_FOR_IMPORTANCE or len(set(values)) < 2:
        return {}
    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=seed))
    return {name: float(share) for name, share in found.items()}
