"""Search for the smallest model that a client accepts: make candidates, measure each as its bundle answers, draw the
front."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.export import code_hash
from modeling.engine.callbacks import stop_if
from modeling.engine.compress.front import Limits, Row, front, propose
from modeling.engine.compress.lesson import (
    LABEL_SHARE,
    TEMPERATURE,
    Lesson,
    check_teacher,
    lesson_texts,
    prepare_lesson,
)
from modeling.engine.compress.measuring import Reference, measure, reference_of
from modeling.engine.compress.recipes import STUDENTS, Recipe
from modeling.engine.errors import Cancelled, EngineError
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family
from modeling.engine.training.settings import TrainingSettings
from modeling.engine.training.train import TrainedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modeling.engine.bundle.plan import Plan
    from modeling.engine.data import Examples

ROW_FILE, BUNDLE_FILE, MODEL_FOLDER, TAUGHT_FILE = "row.json", "bundle.zip", "model", "taught"


@dataclass(frozen=True)
class Compression:
    """What came of a search. `figure` names the primary figure, `teacher` has it for validation and test rows, `rows`
    are all candidates in the order in which they were tried, `front` names those that nothing beats, `proposed` the one
    to take (or None) and `sentence` says why."""

    figure: str
    teacher: dict[str, Any]
    limits: Limits
    rows: list[Row]
    front: list[str]
    proposed: str | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return the search JSON-ready."""
        return {
            **self.__dict__,
            "limits": self.limits.to_dict(),
            "rows": [row.to_dict() for row in self.rows],
        }


def compress(
    teacher: TrainedModel,
    data: Examples,
    folder: Path,
    *,
    limits: Limits | None = None,
    recipes: Sequence[str] | None = None,
    unlabeled: Sequence[str] = (),
    made: int = 0,
    seed: int = 0,
    settings: dict[str, Any] | None = None,
    context: TrainingContext | None = None,
    on_row: Callable[[Row, int, int], None] | None = None,
) -> Compression:
    """Try exports and students of a model, and say which is the smallest within the limits.

    The choice looks at the validation rows alone; the test rows are for the report. A candidate that is whole in the
    folder, of the same model, rows, code and settings, is not made again; one that fails is told of, and the others are
    tried.

    Args:
        teacher: A model of texts with one or several labels, an ensemble too.
        data: The rows that it was trained on.
        folder: For the candidates: their models and bundles.
        limits: What the client accepts.
        recipes: Names of the candidates to try; all when left out.
        unlabeled: Further texts to teach by.
        made: How many texts to make from others. On banking77, as many as training rows gained and lost half a point,
            which may be luck.
        seed: Of every random choice.
        settings: Settings of the teaching for all students, such as epochs.
        context: Where vectors are kept, whom to tell and to ask.
        on_row: Told of each candidate, with its number from 1 and how many there are.

    Raises:
        EngineError: `wrong_teacher`, `unknown_candidate`.
        Cancelled.
    """
    check_teacher(teacher, data)
    context = context or TrainingContext()
    plan = plan_of(teacher, data, context)
    chosen = _chosen(recipes_for(plan), recipes)
    maker = _Maker(teacher, data, folder, plan, tuple(unlabeled), made, seed, dict(settings or {}), context)
    rows = []
    for number, recipe in enumerate(chosen, start=1):
        stop_if(context.cancelled, "Compressing")
        row = maker.row(recipe)
        rows.append(row)
        if on_row:
            on_row(row, number, len(chosen))
    limits = limits or Limits()
    proposed, sentence = propose(rows, limits)
    figures = maker.reference().to_dict()
    return Compression(data.kind.primary, figures, limits, rows, front(rows), proposed, sentence)


def plan_of(model: TrainedModel, data: Examples, context: TrainingContext) -> Plan | None:
    """Return how a model becomes a bundle; None where it does not."""
    family = get_family(model.facts["family"])
    return family.plan(model, data, context) if family.exportable else None


def recipes_for(plan: Plan | None) -> tuple[Recipe, ...]:
    """Return what can be tried for a model: its own rungs where it can be exported, then the students."""
    own = () if plan is None else tuple(Recipe(rung.name, rung.title, rung=rung.name) for rung in plan.rungs)
    return (*own, *STUDENTS)


def _chosen(known: Sequence[Recipe], names: Sequence[str] | None) -> list[Recipe]:
    unknown = sorted(set(names or ()) - {recipe.name for recipe in known})
    if unknown:
        raise EngineError(
            f"There is no candidate {unknown[0]!r} for this model; there are "
            f"{', '.join(recipe.name for recipe in known)}.",
            code="unknown_candidate",
        )
    return [recipe for recipe in known if names is None or recipe.name in names]


def candidate_model(folder: Path, name: str) -> TrainedModel:
    """Return the model of a student that a search left in its folder."""
    return TrainedModel.load(folder / name / MODEL_FOLDER)


class _Maker:
    """Makes candidates of one model in one folder; teacher's answers and figures are got once, when first needed."""

    def __init__(
        self,
        teacher: TrainedModel,
        data: Examples,
        folder: Path,
        plan: Plan | None,
        unlabeled: tuple[str, ...],
        made: int,
        seed: int,
        settings: dict[str, Any],
        context: TrainingContext,
    ) -> None:
        self.teacher, self.data, self.folder, self.plan = teacher, data, folder, plan
        self.unlabeled, self.made, self.seed, self.settings, self.context = unlabeled, made, seed, settings, context
        self._lesson: Lesson | None = None
        self._reference: Reference | None = None

    def row(self, recipe: Recipe) -> Row:
        """Return a candidate, from its folder where it lies there whole."""
        place = self.folder / recipe.name
        key = self._key(recipe)
        stored = place / ROW_FILE
        if stored.exists():
            known = json.loads(stored.read_text(encoding="utf-8"))
            if known.pop("key") == key:
                return Row(**known)
            shutil.rmtree(place)
        place.mkdir(parents=True, exist_ok=True)
        self.context.stage(recipe.name)
        try:
            row = self._made(recipe, place)
        except Cancelled:
            raise
        except EngineError as reason:
            row = Row(recipe.name, recipe.title, student=not recipe.rung, failed=str(reason))
        scratch = place / f"{ROW_FILE}.part"
        scratch.write_text(json.dumps({"key": key, **row.to_dict()}, ensure_ascii=False, indent=1), encoding="utf-8")
        scratch.replace(stored)
        return row

    def _key(self, recipe: Recipe) -> str:
        """Return a hash of all that a candidate comes from."""
        parents = [
            recipe.to_dict(), self.teacher.facts["fingerprint"], self.data.content_hash(), code_hash(),
            [self.unlabeled, self.made, self.seed, self.settings],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parents, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()

    def _made(self, recipe: Recipe, place: Path) -> Row:
        reference = self.reference()
        lesson = None if recipe.rung else self.lesson()
        began = time.process_time()
        if recipe.rung:
            assert self.plan is not None
            model, plan, rungs = self.teacher, self.plan, [r for r in self.plan.rungs if r.name == recipe.rung]
        else:
            assert lesson is not None
            model = self._taught(recipe, lesson, place)
            found = plan_of(model, self.data, self.context)
            assert found is not None
            plan, rungs = found, list(found.rungs)
        measured = measure(
            model, plan, rungs, self.data, reference, place / BUNDLE_FILE, self.context, student=not recipe.rung
        )
        seconds = time.process_time() - began - measured.pop("measuring_seconds")
        return Row(recipe.name, recipe.title, student=not recipe.rung, seconds=round(seconds, 1), **measured)

    def _taught(self, recipe: Recipe, lesson: Lesson, place: Path) -> TrainedModel:
        folder, mark, key = place / MODEL_FOLDER, place / TAUGHT_FILE, self._key(recipe)
        if mark.exists() and mark.read_text(encoding="utf-8") == key:
            return TrainedModel.load(folder)
        checkpoints = place / f"checkpoints-{key[:16]}"
        threads = int(self.teacher.facts["settings"].get("threads", 1))
        settings = TrainingSettings.from_dict({"threads": threads, **self.settings, "seed": self.seed})
        context = replace(self.context, checkpoints=checkpoints)
        if recipe.width:
            from modeling.engine.compress.static_student import teach_static

            model = teach_static(
                self.teacher, lesson, self.data, folder, width=recipe.width, settings=settings, context=context
            )
        else:
            from modeling.engine.compress.smaller_student import teach_smaller

            assert recipe.cut is not None
            model = teach_smaller(
                self.teacher, lesson, self.data, folder, cut=recipe.cut, settings=settings, context=context
            )
        mark.write_text(key, encoding="utf-8")
        shutil.rmtree(checkpoints, ignore_errors=True)
        return model

    def lesson(self) -> Lesson:
        """Return what the students learn from; the teacher's answers lie in the folder once it has given them."""
        if self._lesson is None:
            self._lesson = self._asked()
        return self._lesson

    def _asked(self) -> Lesson:
        more = [self.unlabeled, self.made, self.seed, TEMPERATURE, LABEL_SHARE]
        stored = self._answers("lesson", more)
        known = None if not stored.exists() else np.load(stored, allow_pickle=False)
        given = lesson_texts(self.data, self.unlabeled, self.made, self.seed)
        lesson = prepare_lesson(self.teacher, self.data, given, targets=known, context=self.context)
        if known is None:
            self._store(stored, lesson.targets)
        return lesson

    def reference(self) -> Reference:
        """Return what the model itself says of validation and test rows; it too lies in the folder from then on."""
        if self._reference is None:
            stored = self._answers("float", [code_hash()])
            if stored.exists():
                self._reference = Reference.of(self.data, np.load(stored, allow_pickle=False))
            else:
                self._reference = reference_of(self.teacher, self.plan, self.data, self.context)
                self._store(stored, self._reference.answers())
        return self._reference

    def _answers(self, kind: str, more: list[Any]) -> Path:
        """Return the file of answers of the model; its name has a hash of all that they depend on."""
        facts = [self.teacher.facts["fingerprint"], self.data.content_hash(), *more]
        key = hashlib.sha256(json.dumps(facts).encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / f"{kind}-{key[:24]}.npy"

    def _store(self, path: Path, values: np.ndarray[Any, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".part.npy")
        np.save(scratch, values)
        scratch.replace(path)
