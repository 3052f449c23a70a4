"""The command that explains predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.commands.models import context_of
from modeling.engine.commands.policies import table
from modeling.engine.commands.talk import answer, say
from modeling.engine.errors import BadData, EngineError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from modeling.engine.training import TrainedModel

SHOWN = 12


def run_explain(options: argparse.Namespace) -> None:
    """Explain predictions of a trained folder: a text, or the texts, rows or pictures of a file; one JSON line each."""
    from modeling.engine.explain.explaining import explain
    from modeling.engine.training import TrainedModel

    model = TrainedModel.load(options.folder)
    unknown = [label for label in options.label if label not in model.labels]
    if unknown:
        raise EngineError(f"The model has no label {unknown[0]!r}; it has {', '.join(model.labels)}.", code="bad_label")
    for name, given in _inputs(model, options):
        found = explain(model, given, also=options.label, context=context_of(options, quiet=True), seed=options.seed)
        _show(found, given)
        answer({"id": name, **found})


def _inputs(model: TrainedModel, options: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    from modeling.engine.reading.inputs import read_inputs

    path, kind = Path(options.input), model.task.input
    is_file = len(options.input) < 256 and path.is_file()
    if kind == "picture" and not path.is_dir():
        if not is_file:
            raise BadData(f"There is no picture {options.input}.")
        yield path.name, path
        return
    if kind == "text" and not is_file:
        yield "0", options.input
        return
    notes: list[str] = []
    names, inputs = read_inputs(path, kind, options.text, notes)
    for note in notes:
        say(f"  {note}")
    if not inputs:
        raise BadData(f"There is nothing to explain in {path}.")
    yield from zip(names, inputs, strict=True)


def _show(found: dict[str, Any], given: Any) -> None:
    """Say what weighs most, for people."""
    sure = found["prediction"]["confidence"]
    say(f"{found['prediction']['answer']}" + ("" if sure is None else f" ({sure:.3f})"))
    for part in found["parts"]:
        if "cells" in part:
            continue
        rows = sorted(part["weights"], key=lambda row: -abs(row[-1]))[:SHOWN]
        named = [[given[row[0] : row[1]] if len(row) == 3 else str(row[0]), f"{row[-1]:+.3f}"] for row in rows]
        table([str(part["label"] or "value"), "weight"], named)
        if "fidelity" in part:
            say(f"base {part['base']:+.3f}, whole {part['whole']:+.3f}, fidelity {part['fidelity']:.2f}")


def add_commands(commands: Any) -> None:
    """Add explain to a parser's commands."""
    command = commands.add_parser("explain", help=run_explain.__doc__)
    command.add_argument("folder", type=Path)
    command.add_argument("input", help="a text, or a file of texts, rows or one picture, or a folder of pictures")
    command.add_argument("--label", action="append", default=[], help="a label to explain beside the predicted one")
    command.add_argument("--text", default="text", help="column of texts")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--cache", type=Path, help="folder for encoder graphs and vectors")
    command.set_defaults(run=run_explain)
