"""Climb the compression ladder: build each rung, measure it on the whole test split as the bundle itself answers, stop
at the first that passes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.gate import GateResult, gate
from modeling.engine.bundle.pack import to_json
from modeling.engine.bundle.runtime.model import READINGS, Model, Refused, made
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
    float model over the test rows."""

    rung: Rung
    graph: bytes
    members: dict[str, bytes]
    figures: dict[str, Any]
    result: GateResult
    parity: dict[str, float | None]

    def report(self) -> dict[str, Any]:
        """Return the figures of this rung, JSON-ready."""
        return {
            "rung": self.rung.name,
            "title": self.rung.title,
            "bytes": len(self.graph) + sum(len(part) for name, part in self.members.items() if name.endswith(".onnx")),
            **self.result.to_dict(),
            **self.parity,
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
    test = legible(plan, test, context)
    context.stage("float figures")
    reference = plan.said(test.inputs)
    float_figures = task.figures(reference, test, labels)
    candidates: list[Candidate] = []
    for rung in rungs:
        stop_if(context.cancelled, "Exporting")
        context.stage(f"compressing: {rung.name}")
        graph = plan.build(rung)
        members = {**plan.members, **plan.beside(rung)}
        said = answered(model, plan, {**members, "model.onnx": graph}, test.inputs, context)
        figures = task.figures(said, test, labels)
        result = gate(task.primary, float_figures[task.primary], figures[task.primary], limit_points)
        candidates.append(Candidate(rung, graph, members, figures, result, parity(task, reference, said, test, labels)))
        if result.passed:
            break
    return float_figures, candidates


def legible(plan: Plan, test: Examples, context: TrainingContext) -> Examples:
    """Return the test rows that the bundle reads: of a picture that is damaged, or a text that is too long, it answers
    with a refusal, which no figure can count.

    Raises:
        BadData: It reads none of them.
    """
    reading = made(READINGS, plan.reading, plan.members.__getitem__)
    read, first = [], ""
    for row, given in enumerate(test.inputs):
        stop_if(context.cancelled, "Exporting")
        try:
            reading.read(given_of(given))
        except Refused as refused:
            first = first or f"{test.ids[row]}: {refused}"
        else:
            read.append(row)
    if not read:
        raise BadData(f"The bundle can read none of the test rows. The first one, {first}")
    if first and context.on_note:
        gone = len(test.inputs) - len(read)
        few, many = (
            "1 test row cannot be read and is not counted:",
            "test rows cannot be read and are not counted, such as",
        )
        context.on_note(f"{few} {first}" if gone == 1 else f"{gone:,} {many} {first}")
    return test.rows(read) if first else test


def answered(
    model: TrainedModel, plan: Plan, members: dict[str, bytes], inputs: Sequence[Any], context: TrainingContext
) -> Any:
    """Return a task's predictions for inputs as the bundle of this graph and these members answers them."""
    manifest = {"reading": plan.reading, "answering": plan.answering}
    whole = {
        **members,
        "manifest.json": to_json(manifest),
        "labels.json": to_json(list(model.labels)),
    }
    runtime = Model(whole.__getitem__)

    def one(given: Any) -> dict[str, Any]:
        stop_if(context.cancelled, "Exporting")
        return runtime.one(given_of(given))

    with ThreadPoolExecutor(int(model.facts["settings"]["threads"])) as pool:
        return as_predictions(list(pool.map(one, inputs)), model.labels)


def given_of(one: Any) -> Any:
    """Return an input of the engine as the runtime takes it: pairs as mappings, everything else as it is."""
    return one._asdict() if hasattr(one, "_asdict") else one
