"""explain."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay_client._command.exits import UsageProblem
from assay_client._command.session import session_of

SHOWN = 10
# Below this share the weights do not tell the truth by themselves; the page draws the line at the same place.
TOGETHER = 0.6


def explain(
    context: typer.Context,
    training: Annotated[int, typer.Argument(help="Number of a training that is done.")],
    text: Annotated[str | None, typer.Argument(help="Any text; or name an item with --item.")] = None,
    item: Annotated[int | None, typer.Option(min=0, help="An item of the training's version.")] = None,
    label: Annotated[str | None, typer.Option(help="A label to explain beside the predicted ones.")] = None,
) -> None:
    """Say what a prediction rests on."""
    session = session_of(context)
    if (text is None) == (item is None):
        raise UsageProblem("Give either a text or --item.")
    asked, job = session.client.trainings.explain(training, item=item, text=text, label=label)
    if asked.result is None and job is not None:
        session.wait(job, "Explaining")
    done = session.client.trainings.explanation(asked.id)
    link = session.link(f"explanations/{done.id}/")
    result = {"explanation": done.id, "training": training, "item": item, "url": link, **(done.result or {})}
    session.out.result(result, explanation_text(done.result or {}, text, link))


def explanation_text(found: dict[str, Any], text: str | None, link: str) -> str:
    """Return the answer and what weighs most, in a few lines; words of an item are named by their places."""
    said = found["prediction"]
    sure = "" if said["confidence"] is None else f" ({said['confidence']:.4f})"
    lines = [f"{said['answer']}{sure}"]
    for part in found["parts"]:
        lines.append(f"{part['label'] or 'the number'}:")
        rows = sorted(part.get("weights", []), key=lambda row: -abs(row[-1]))[:SHOWN]
        lines += [f"  {row[-1]:+.3f}  {_named(row, text)}" for row in rows]
        if part.get("fidelity", 1.0) < TOGETHER:
            lines.append(
                f"  Read with care: these weights explain only {max(0.0, part['fidelity']):.0%} of what changes."
            )
    return "\n".join([*lines, link])


def _named(row: list[Any], text: str | None) -> str:
    if isinstance(row[0], str):
        return row[0]
    return text[row[0] : row[1]] if text is not None else f"characters {row[0]} to {row[1]}"
