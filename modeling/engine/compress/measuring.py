"""Measure a candidate as its bundle answers: what is lost, how large it is, how long an answer takes."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.export import packed
from modeling.engine.bundle.gate import gate
from modeling.engine.bundle.ladder import Candidate, answered
from modeling.engine.bundle.runtime.texts import MOST_CHARACTERS
from modeling.engine.bundle.said import as_predictions, parity
from modeling.engine.callbacks import stop_if
from modeling.engine.serving import Predictor
from modeling.engine.tasks.task import bootstrap_difference
from modeling.engine.training.train import HELD_OUT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.bundle.plan import Plan, Rung
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.train import TrainedModel

Array = np.ndarray[Any, Any]
# Texts that are answered one at a time for the median; more do not move it.
TIMED = 200
# Of a student's own float figure, what its export may lose before the next rung is tried, in points.
_RUNG_POINTS = 0.3
# Bundles of a search are not handed out; an export makes the one that is.
_MADE_AT = "during a search for smaller models"


@dataclass(frozen=True)
class Reference:
    """What a model says of rows, in float, as probabilities [n, k]: `knowing` of validation rows that it may have
    learned from, `held_out` of the same rows by a model that has not, `test` of the test rows; and the primary figures
    of the last two."""

    knowing: Array
    held_out: Array
    test: Array
    validation_figure: float
    test_figure: float

    @staticmethod
    def of(data: Examples, answers: Array) -> Reference:
        """Return the reference of what `answers` gave."""
        validation, test = data.part("validation"), data.part("test")
        count = len(validation.inputs)
        knowing, held_out, tested = answers[:count], answers[count : 2 * count], answers[2 * count :]
        figures = figure_of(held_out, validation, data), figure_of(tested, test, data)
        return Reference(knowing, held_out, tested, *figures)

    def answers(self) -> Array:
        """Return all three, one after the other."""
        return np.concatenate([self.knowing, self.held_out, self.test])

    def to_dict(self) -> dict[str, Any]:
        """Return the figures."""
        return {"validation": self.validation_figure, "test": self.test_figure}


def reference_of(model: TrainedModel, plan: Plan | None, data: Examples, context: TrainingContext) -> Reference:
    """Return what a model says; by its plan's float graph where it has one."""
    context.stage("float figures")
    validation, test = data.part("validation"), data.part("test")

    def said(inputs: Sequence[Any]) -> Any:
        return model.predictions(inputs, context) if plan is None else plan.said(inputs)

    knowing = said(validation.inputs)
    held_out = model.held_out(validation, context) if (model.folder / HELD_OUT).exists() else knowing
    return Reference.of(data, np.concatenate([knowing, held_out, said(test.inputs)]))


def figure_of(predictions: Any, examples: Examples, data: Examples) -> float:
    """Return the task's primary figure of predictions of some rows of `data`."""
    return float(data.kind.scorer(predictions, examples, data.classes)(np.arange(len(examples.inputs))))


def measure(
    model: TrainedModel,
    plan: Plan,
    rungs: Sequence[Rung],
    data: Examples,
    reference: Reference,
    out: Path,
    context: TrainingContext,
    *,
    student: bool,
) -> dict[str, Any]:
    """Build the first rung that keeps the model's own validation figure, write its bundle to `out`, and measure it.

    Args:
        model: The candidate: a student, or the model that is made smaller.
        plan: Its plan.
        rungs: Those to try, from small to safe.
        data: The rows.
        reference: What the model that is made smaller says.
        out: For the bundle.
        context: Whom to ask.
        student: Whether the candidate is another model than the one that is made smaller.

    Returns:
        Fields of `front.Row`, and `measuring_seconds`, processor time that went into measuring alone.
    """
    validation, test, task = data.part("validation"), data.part("test"), data.kind
    # Rows that a model has learned from flatter it, so its exports are held against what it says of them itself, and
    # students, which know none of them, against what it said before it learned from them.
    own = figure_of(plan.said(validation.inputs) if student else reference.knowing, validation, data)
    clock = _Clock()
    for rung in rungs:
        stop_if(context.cancelled, "Compressing")
        graph = plan.build(rung)
        members = {**plan.members, **plan.beside(rung)}
        whole = {**members, "model.onnx": graph}
        with clock:
            figure = figure_of(_said(model, plan, whole, validation.inputs, context), validation, data)
        if (own - figure) * 100 <= _RUNG_POINTS:
            break
    with clock:
        tested = _said(model, plan, whole, test.inputs, context)
        scores = [task.scorer(made, test, data.classes) for made in (reference.test, tested)]
        lost = bootstrap_difference(scores[0], scores[1], len(test.inputs), seed=0)
        after = reference.test_figure - lost["difference"]
        alike = parity(task, reference.test, tested, test, data.classes)
    chosen = Candidate(
        rung,
        graph,
        members,
        task.figures(tested, test, data.classes),
        gate(task.primary, reference.test_figure, after, 100.0),
        alike,
        len(test.inputs),
    )
    content = _bundle(model, plan, chosen, reference, data)
    out.write_bytes(content)
    with clock:
        times = speed(out, test.inputs[:TIMED], context)
    return {
        "rung": rung.name,
        "lost": ((reference.validation_figure if student else own) - figure) * 100,
        "figure": after,
        "lost_test": lost["difference"] * 100,
        "low": lost["low"] * 100,
        "high": lost["high"] * 100,
        "bytes": len(content),
        **times,
        "measuring_seconds": clock.seconds,
    }


def _said(
    model: TrainedModel, plan: Plan, members: dict[str, bytes], texts: Sequence[str], context: TrainingContext
) -> Any:
    """Return a task's predictions of texts as the bundle answers them; what is longer than it takes is cut there."""
    cut = [text[:MOST_CHARACTERS] for text in texts]
    return as_predictions(answered(model, plan, members, cut, context), model.labels)


def _bundle(model: TrainedModel, plan: Plan, chosen: Candidate, reference: Reference, data: Examples) -> bytes:
    metrics = {
        "split": "test",
        "task": data.task,
        "primary": data.kind.primary,
        "bundle": chosen.figures,
        "float": data.kind.figures(reference.test, data.part("test"), data.classes),
        "gate": chosen.result.to_dict(),
        "rungs": [chosen.report()],
    }
    return packed(model, plan, chosen, metrics, "Candidate", _MADE_AT)[0]


def speed(bundle: Path, texts: Sequence[str], context: TrainingContext) -> dict[str, float]:
    """Return the median milliseconds of one answer, and how many texts a second of processor time answers, one text at
    a time on one thread."""
    predictor = Predictor(bundle)
    taken = []
    began = time.process_time()
    for text in texts:
        stop_if(context.cancelled, "Compressing")
        at = time.perf_counter()
        predictor.predict([text])
        taken.append(time.perf_counter() - at)
    spent = time.process_time() - began
    return {"ms": statistics.median(taken) * 1000, "per_cpu_second": len(texts) / max(spent, 1e-9)}


class _Clock:
    """Adds up processor seconds of its blocks."""

    seconds = 0.0

    def __enter__(self) -> None:
        self._began = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.process_time() - self._began
