"""Models of the same rows as one, judged on the validation rows beside its best member."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.callbacks import stop_if
from modeling.engine.ensembles.ways import WAYS, apply_way, fit_way
from modeling.engine.errors import BadData, EngineError
from modeling.engine.families.ensemble import ARRAYS, MEMBERS, NAME, TASKS
from modeling.engine.families.family import TrainingContext
from modeling.engine.training.train import MODEL_FILE, TrainedModel, environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.data import Examples

Array = np.ndarray[Any, Any]
FOLDS = 5
# Items of the validation rows that the time of predicting is measured on.
TIMED = 1000


@dataclass(frozen=True)
class Combination:
    """What came of combining. `members` and `ways` have one mapping each with validation figures; `kept` says whether
    the ensemble was written; `sentence` says why."""

    primary: str
    members: list[dict[str, Any]]
    ways: list[dict[str, Any]]
    way: str
    kept: bool
    difference: dict[str, float]
    seconds: float
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return the combination JSON-ready."""
        return dict(self.__dict__)


def combine(
    models: Sequence[TrainedModel], data: Examples, folder: Path, context: TrainingContext | None = None, seed: int = 0
) -> Combination:
    """Combine models of the same task, labels and rows, and write the ensemble into `folder` when it earns its cost.

    The rule: what a way learns, it learns from four fifths of the validation rows and is judged on the fifth, so that
    it is judged on all of them without having seen any. The way of the best primary figure is kept if the 95 % interval
    of its lead over the best member, by a paired bootstrap over the validation rows, lies above 0. The test rows are
    not looked at.

    Args:
        models: Two or more that `train` made of `data`.
        data: The rows that all of them were trained on.
        folder: For the ensemble; the members' folders are copied into it.
        context: As for `train`.
        seed: Of folds and bootstrap.

    Raises:
        EngineError: `wrong_family`, for a task whose predictions are no probabilities.
        BadData: fewer than two models, or models of other rows or labels.
        Cancelled.
    """
    context = context or TrainingContext()
    _check(models, data)
    validation, classes, task = data.part("validation"), data.classes, data.kind
    members = np.stack([model.held_out(validation, context) for model in models])
    everything = np.arange(len(validation.inputs))
    scores = [task.scorer(made, validation, classes)(everything) for made in members]
    best = int(np.argmax(scores))
    seconds = [_seconds(model, validation.inputs[:TIMED], context) for model in models]
    judged = {way: _out_of_fold(way, members, validation, classes, seed, context) for way in WAYS}
    figures = {way: task.scorer(made, validation, classes)(everything) for way, made in judged.items()}
    way = max(WAYS, key=lambda name: (figures[name], -WAYS.index(name)))
    found = task.compare(judged[way], members[best], validation, classes, seed=seed).difference
    kept = found["low"] > 0
    result = Combination(
        task.primary,
        [
            {"family": model.facts["family"], task.primary: float(score), "seconds_per_1000": round(cost, 3)}
            for model, score, cost in zip(models, scores, seconds, strict=True)
        ],
        [{"way": name, task.primary: float(figures[name])} for name in WAYS],
        way,
        kept,
        found,
        round(sum(seconds), 3),
        _sentence(task.primary, way, models[best].facts["family"], found, sum(seconds), seconds[best], kept=kept),
    )
    if kept:
        _write(models, members, validation, data, folder, result)
    return result


def _check(models: Sequence[TrainedModel], data: Examples) -> None:
    if data.task not in TASKS:
        raise EngineError(
            f"Models of {data.task} are not combined; those of {', '.join(TASKS)} are.", code="wrong_family"
        )
    if len(models) < 2:
        raise BadData("An ensemble needs at least two models.")
    content = data.content_hash()
    for model in models:
        if model.facts["task"] != data.task or model.labels != data.classes:
            raise BadData(f"The model in {model.folder} learned another task or other labels.")
        if model.facts["data_hash"] != content:
            raise BadData(
                f"The model in {model.folder} was trained on other rows, so that what is held out here it may know. "
                "Train it again on these."
            )


def _seconds(model: TrainedModel, inputs: Sequence[Any], context: TrainingContext) -> float:
    """Return the seconds that 1,000 items take, vectors not being remembered; the first item, which loads, apart."""
    with tempfile.TemporaryDirectory() as empty:
        plain = replace(context, vectors_dir=Path(empty), on_stage=None, progress=None)
        model.predictions(inputs[:1], plain)
        began = time.perf_counter()
        model.predictions(inputs, plain)
        return (time.perf_counter() - began) / len(inputs) * 1000


def _out_of_fold(
    way: str, members: Array, validation: Examples, classes: Sequence[str], seed: int, context: TrainingContext
) -> Array:
    """Return calibrated probabilities [n, k] of rows that neither the way nor its calibration learned from."""
    task, shares, fold = validation.kind, validation.shares(classes), _folds(validation, seed)
    out = np.zeros_like(members[0])
    for number in range(FOLDS):
        stop_if(context.cancelled, "Combining")
        held, known = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if not len(held):
            continue
        learned = fit_way(way, members[:, known], shares[known], validation.task)
        raw = apply_way(way, learned, members[:, known], validation.task)
        facts = task.calibrate(raw, validation.rows(known.tolist()), classes)
        out[held] = task.finish(apply_way(way, learned, members[:, held], validation.task), facts)
    result: Array = out
    return result


def _folds(validation: Examples, seed: int) -> Array:
    """Return the fold of each row; the rows of each answer are shared out in turn."""
    keys = np.array([str(answer) for answer in validation.answers])
    mixed = np.random.default_rng(seed).permutation(len(keys))
    fold = np.zeros(len(keys), np.int64)
    fold[mixed[np.argsort(keys[mixed], kind="stable")]] = np.arange(len(keys)) % FOLDS
    return fold


def _sentence(
    primary: str, way: str, best: str, found: dict[str, float], cost: float, best_cost: float, *, kept: bool
) -> str:
    lead = f"{found['difference'] * 100:+.1f} points of validation {primary} (95 %: {found['low'] * 100:+.1f} to "
    lead += f"{found['high'] * 100:+.1f})"
    price = f"It costs {cost:.2f} seconds for 1,000 items, {best} alone {best_cost:.2f}."
    if kept:
        return f"The {way} ensemble was kept: it leads its best member, {best}, by {lead}. {price}"
    return f"No ensemble was kept: the best, {way}, is {lead} from its best member, {best}, which may be luck. {price}"


def _write(
    models: Sequence[TrainedModel],
    members: Array,
    validation: Examples,
    data: Examples,
    folder: Path,
    result: Combination,
) -> None:
    """Write an ensemble whose way has learned from all validation rows."""
    classes, task = data.classes, data.kind
    learned = fit_way(result.way, members, validation.shares(classes), data.task)
    raw = apply_way(result.way, learned, members, data.task)
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number}-{model.facts['family']}" for number, model in enumerate(models)]
    for name, model in zip(names, models, strict=True):
        shutil.rmtree(folder / MEMBERS / name, ignore_errors=True)
        left_out = shutil.ignore_patterns("checkpoints", "baseline", "candidates")
        shutil.copytree(model.folder, folder / MEMBERS / name, ignore=left_out)
    arrays: dict[str, Any] = dict(learned)
    np.savez(folder / ARRAYS, **arrays)
    fingerprints = [model.facts["fingerprint"] for model in models]
    facts: dict[str, Any] = {
        "task": data.task,
        "family": NAME,
        "labels": list(classes),
        "encoder": "none",
        "encoder_reason": "",
        "encoder_fingerprint": None,
        "settings": {},
        "data_hash": data.content_hash(),
        "environment": environment(),
        "way": result.way,
        "members": names,
        "reason": result.sentence,
        "combination": result.to_dict(),
        **task.calibrate(raw, validation, classes),
        "rows": {split: data.splits.count(split) for split in ("train", "validation", "test")},
        "validation": next(row for row in result.ways if row["way"] == result.way),
        "fingerprint": hashlib.sha256(json.dumps([result.way, fingerprints]).encode()).hexdigest(),
    }
    (folder / MODEL_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
