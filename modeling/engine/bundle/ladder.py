"""Climb the compression ladder: build each rung, measure it on the whole test split as the bundle itself answers, stop
at the first that passes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.gate import GateResult, gate
from modeling.engine.bundle.pack import to_json
from modeling.engine.bundle.runtime.model import Model, Refused
from modeling.engine.bundle.said import as_predictions, parity
from modeling.engine.callbacks import stop_if
from modeling.engine.errors import BadData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.bundle.plan import Plan, Rung
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.train import TrainedModel


@dataclass(frozen=True)
class Candidate:
    """A compressed graph, and the members that go with it, with its figures, its gate result and its parity with the
    float model over the test rows that it answers, `rows` in number."""

    rung: Rung
    graph: bytes
    members: dict[str, bytes]
    figures: dict[str, Any]
    result: GateResult
    parity: dict[str, float | None]
    rows: int

    def report(self) -> dict[str, Any]:
        """Return the figures of this rung, JSON-ready."""
        return {
            "rung": self.rung.name,
            "title": self.rung.title,
            "bytes": len(self.graph) + sum(len(part) for name, part in self.members.items() if name.endswith(".onnx")),
            **self.result.to_dict(),
            **self.parity,
            "rows": self.rows,
        }


def climb(
    model: TrainedModel,
    plan: Plan,
    test: Examples,
    rungs: Sequence[Rung],
    limit_points: float,
    context: TrainingContext,
) -> tuple[dict[str, Any], list[Candidate]]:
    """Return the float model's figures and the rungs tried; only the last can have passed.

    The float model has its whole vocabulary; the rungs have the bundle's, so that trimming counts as loss as well.
    """
    task, labels = model.task, model.labels
    context.stage("float figures")
    reference = plan.said(test.inputs)
    float_figures: dict[str, Any] = {}
    candidates: list[Candidate] = []
    for rung in rungs:
        stop_if(context.cancelled, "Exporting")
        context.stage(f"compressing: {rung.name}")
        graph = plan.build(rung)
        members = {**plan.members, **plan.beside(rung)}
        answers = answered(model, plan, {**members, "model.onnx": graph}, test.inputs, context)
        # What one rung's reading refuses, all refuse: they share it.
        test, reference, given = _without_refused(test, reference, answers, context)
        made = as_predictions(given, labels)
        float_figures = float_figures or task.figures(reference, test, labels)
        figures = task.figures(made, test, labels)
        result = gate(task.primary, float_figures[task.primary], figures[task.primary], limit_points)
        alike = parity(task, reference, made, test, labels)
        candidates.append(Candidate(rung, graph, members, figures, result, alike, len(given)))
        if result.passed:
            break
    return float_figures, candidates


def answered(
    model: TrainedModel, plan: Plan, members: dict[str, bytes], inputs: Sequence[Any], context: TrainingContext
) -> list[Any]:
    """Return the answer for each input of the bundle of these members, the graph among them; its refusal where it
    refuses one, such as a text that is too long or a picture that is damaged."""
    manifest = {"reading": plan.reading, "answering": plan.answering}
    whole = {
        **members,
        "manifest.json": to_json(manifest),
        "labels.json": to_json(list(model.labels)),
    }
    runtime = Model(whole.__getitem__)

    def one(given: Any) -> dict[str, Any] | Refused:
        stop_if(context.cancelled, "Exporting")
        try:
            return runtime.one(given_of(given))
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(int(model.facts["settings"]["threads"])) as pool:
        return list(pool.map(one, inputs))


def _without_refused(
    test: Examples, reference: Any, answers: Sequence[Any], context: TrainingContext
) -> tuple[Examples, Any, list[dict[str, Any]]]:
    """Return rows, the float model's predictions and answers of the rows that are answered.

    Raises:
        BadData: There is none.
    """
    kept = [row for row, answer in enumerate(answers) if not isinstance(answer, Refused)]
    gone = [f"{test.ids[row]}: {answer}" for row, answer in enumerate(answers) if isinstance(answer, Refused)]
    if not kept:
        raise BadData(f"The bundle answers none of the test rows. The first one, {gone[0]}")
    if gone:
        if context.on_note:
            many = f"{len(gone):,} test rows cannot be read and are not counted, such as"
            few = "1 test row cannot be read and is not counted:"
            context.on_note(f"{few if len(gone) == 1 else many} {gone[0]}")
        test = test.rows(kept)
        reference = [reference[row] for row in kept] if isinstance(reference, list) else reference[kept]
    return test, reference, [answers[row] for row in kept]


def given_of(one: Any) -> Any:
    """Return an input of the engine as the runtime takes it: pairs as mappings, everything else as it is."""
    return one._asdict() if hasattr(one, "_asdict") else one
