"""Whether labels stay true: what a model that learned from rows as they are says of copies of rows that it does not
know."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.augmentation.changed import always, changed_rows, without_joining
from modeling.engine.augmentation.fitting import CODE, check_fit
from modeling.engine.augmentation.texts import learnt_from
from modeling.engine.data import Span
from modeling.engine.errors import EngineError
from modeling.engine.families.ensemble import MEMBERS
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from curation.engine.augment import Policy
    from curation.engine.augment.learnt import Learnt
    from curation.engine.augment.safety import StepSafety
    from modeling.engine.data import Examples
    from modeling.engine.tasks import Task
    from modeling.engine.training.train import TrainedModel


@dataclass(frozen=True)
class ModelSafety:
    """How often a model keeps its answer, step by step.

    Attributes:
        split: Which rows were changed.
        rows: How many there are.
        right: Share of these rows, as they are, that the model answers rightly; None where that is no yes or no. A
            model that is often wrong says little about labels.
        steps: One for each step of the policy, each alone and always applied.
    """

    split: str
    rows: int
    right: float | None
    steps: list[StepSafety]

    def to_dict(self) -> dict[str, Any]:
        """Return all as a JSON-ready mapping."""
        steps = [{**asdict(step), "share": step.share} for step in self.steps]
        return {"split": self.split, "rows": self.rows, "right": self.right, "steps": steps}


def model_safety(
    model: TrainedModel,
    data: Examples,
    policy: Policy,
    *,
    split: str | None = None,
    seed: int = 0,
    context: TrainingContext | None = None,
    keep: Path | None = None,
) -> ModelSafety:
    """Return for each step of a policy how often a model says of a copy what it says of its row.

    Args:
        model: Trained without augmentation.
        data: What it was trained on.
        policy: That fits the task; steps that join pictures are passed over.
        split: Rows to change. When left out, the validation rows, or the test rows for a family that learned from the
            validation rows in the end; answers of people are not looked at for the shares.
        seed: Of the draws.
        context: Where vectors are kept, and whom to ask whether to stop; its `progress` counts steps.
        keep: Folder for changed pictures; without one they are gone afterwards.

    Raises:
        EngineError: code `bad_augmentation`: the policy does not fit, the model was trained with augmentation, or the
            task has shapes.
    """
    context = context or TrainingContext()
    _refuse(model, policy)
    split = split or ("test" if get_family(model.facts["family"]).learns_validation else "validation")
    part = data.part(split)
    kept = without_joining(policy)
    if kept is None:
        raise EngineError("The policy only joins pictures, which is tried in trainings alone: use ablate.", code=CODE)
    learnt = learnt_from(kept, data.part("train").inputs, context)
    predictions = model.predictions(part.inputs, context)
    right = model.task.right(predictions, part, model.labels)
    with tempfile.TemporaryDirectory(prefix="assay-safety-") as scratch:
        # Copies are never asked for again: their vectors do not belong into the folder of vectors.
        own = replace(context, vectors_dir=Path(scratch) / "vectors", progress=None)
        looking = _Looking(model, part, predictions, learnt, seed, keep or Path(scratch), own)
        plain_texts = model.task.input == "text" and part.task != "ner"
        steps = []
        for number, step in enumerate(kept.steps, 1):
            one = replace(kept, steps=(step,))
            steps.append(looking.text_step(one) if plain_texts else looking.other_step(one, number))
            if context.progress:
                context.progress(number, len(kept.steps))
    return ModelSafety(split, len(part.inputs), None if right is None else float(np.mean(right)), steps)


def _refuse(model: TrainedModel, policy: Policy) -> None:
    from modeling.engine.training.train import TrainedModel

    check_question(policy, model.task, model.facts["settings"].get("augment"))
    for name in model.facts.get("members", ()):
        _refuse(TrainedModel.load(model.folder / MEMBERS / name), policy)


def check_question(policy: Policy, task: Task, taught: Mapping[str, Any] | None) -> None:
    """Refuse a question of label safety that no honest answer is found to.

    Args:
        policy: What changes rows.
        task: Of the model.
        taught: The augmentation that the model was trained with; one whose steps are never applied is none.

    Raises:
        EngineError: code `bad_augmentation`.
    """
    check_fit(policy, task)
    if taught is not None and any(step.get("chance", 1.0) for step in taught["steps"]):
        raise EngineError(
            "This model was trained with augmentation, and would find safe what it was taught not to see. Train one "
            "without augment for this question.",
            code=CODE,
        )
    if task.name in {"detection", "segmentation"}:
        raise EngineError(
            "Label safety compares labels, and this task has shapes. See how its figure stands with evaluate --robust.",
            code=CODE,
        )


@dataclass(frozen=True)
class _Looking:
    """A model with what it says of some rows."""

    model: TrainedModel
    part: Examples
    predictions: Any
    learnt: Learnt
    seed: int
    folder: Path
    context: TrainingContext

    def text_step(self, policy: Policy) -> StepSafety:
        """Compare answers on texts that a policy of one step changed."""
        from curation.engine.augment.safety import label_safety

        def predict(texts: Sequence[str]) -> list[str]:
            known = texts is self.part.inputs
            return self._said(self.predictions if known else self.model.predictions(texts, self.context))

        return label_safety(policy, self.part.inputs, predict, learnt=self.learnt, seed=self.seed)[0]

    def other_step(self, policy: Policy, number: int) -> StepSafety:
        """Compare answers on pictures, or found spans with those found before and carried along."""
        from curation.engine.augment.safety import Disagreement, StepSafety, wilson

        (step,), rows, folder = policy.steps, self.part, self.folder / str(number)
        if rows.task == "ner":
            found = tuple(tuple(Span(*span[:3]) for span in spans) for spans in self.predictions)
            rows = type(rows)(rows.task, rows.inputs, found, rows.splits, rows.ids)
        made = changed_rows(
            rows, always(policy, step), self.seed, folder, learnt=self.learnt, cancelled=self.context.cancelled
        )
        places = np.flatnonzero(made.changed).tolist()
        inputs = [made.rows.inputs[row] for row in places]
        said = self._said(self.model.predictions(inputs, self.context)) if places else []
        before = made.rows.answers if rows.task == "ner" else self.predictions
        expected = self._said([before[row] for row in places])
        other = tuple(
            Disagreement(row, self._shown(rows.inputs[row], row), self._shown(made.rows.inputs[row], row), old, new)
            for row, old, new in zip(places, expected, said, strict=True)
            if old != new
        )
        agree = len(places) - len(other)
        return StepSafety(step.use, dict(step.settings), len(places), agree, *wilson(agree, len(places)), other)

    def _shown(self, given: Any, row: int) -> str:
        return str(given) if self.model.task.input == "text" or given != self.part.inputs[row] else self.part.ids[row]

    def _said(self, predictions: Any) -> list[str]:
        """Return each answer as one text that is equal for equal answers."""
        if self.part.task == "ner":
            return [", ".join(map(_told, sorted(own, key=_place))) for own in predictions]
        answers = [self.model.task.row_prediction(made, self.model.labels)["answer"] for made in predictions]
        return [answer if isinstance(answer, str) else " | ".join(answer) for answer in answers]


def _told(span: Any) -> str:
    return f"{span.label} {span.start} to {span.end}"


def _place(span: Any) -> tuple[int, int, str]:
    return span.start, span.end, span.label
