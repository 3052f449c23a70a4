"""check, combine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay_client._command.exits import UsageProblem
from assay_client._command.models import figures_text
from assay_client._command.session import session_of

KINDS = ("robustness", "safety", "ablation", "proposal")


def check(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=f"What is asked: {', '.join(KINDS)}.")],
    training: Annotated[int, typer.Argument(help="Number of a training that is done.")],
    policy: Annotated[str | None, typer.Option(help="File of YAML, or a name such as typing or camera.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Trainings of each kind.")] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Seconds for each training.")] = None,
    split: Annotated[str | None, typer.Option(help="validation or test: whose rows judge an ablation.")] = None,
    least_safe: Annotated[
        float | None, typer.Option(help="Share of kept answers below which no step is tried.")
    ] = None,
) -> None:
    """Ask how a model stands changed items, or what augmentation gains."""
    if kind not in KINDS:
        raise UsageProblem(f"Ask one of {', '.join(KINDS)}, not {kind}.")
    session = session_of(context)
    given = Path(policy).read_text(encoding="utf-8") if policy and Path(policy).is_file() else policy
    asked = {"training": training, "policy": given, "seeds": seeds, "budget": budget, "split": split}
    made, job = session.client.checks.start(kind, least_safe=least_safe, **asked)
    session.wait(job, "Checking")
    done = session.client.checks.get(made.id)
    link = session.link(f"checks/{done.id}/")
    result = {"check": done.id, "kind": kind, "report": done.report or {}, "url": link}
    session.out.result(result, "\n".join([*check_lines(kind, done.report or {}), link]))


def check_lines(kind: str, report: dict[str, Any]) -> list[str]:
    """Return what a check found in a line for each step."""
    if kind == "safety":
        return [
            f"{row['use']}: keeps {row['agree']} of {row['changed']} (95 %: {row['low']:.1%} to {row['high']:.1%})"
            for row in report["steps"]
        ]
    if kind == "robustness":
        return [f"{row['use']}: {row['difference']:+.4f} ({_ends(row)})" for row in report["steps"]]
    if kind == "ablation":
        rows = [("the whole policy", report["gain"])]
        rows += [(f"{row['use']} in it", row["gain"]) for row in report["steps"]]
    else:
        rows = [(row["name"], row["gain"]) for row in report["tried"]]
    lines = [f"{name}: {gain['gain']:+.4f} ({_ends(gain)})" for name, gain in rows]
    if kind == "ablation":
        return lines
    return [*lines, report["yaml"] or "Nothing gained more than its standard error."]


def _ends(row: dict[str, Any]) -> str:
    return f"95 %: {row['low']:+.4f} to {row['high']:+.4f}"


def combine(
    context: typer.Context,
    trainings: Annotated[list[int], typer.Argument(help="Numbers of trainings of one version that are done.")],
    name: Annotated[str, typer.Option(help="What the lists call it.")] = "",
) -> None:
    """Combine trainings; the ensemble is kept only where it leads its best member."""
    session = session_of(context)
    made, job = session.client.trainings.combine(trainings, name=name)
    session.wait(job, "Combining")
    done = session.client.trainings.get(made.id)
    report, link = done.report or {}, session.link(f"trainings/{made.id}/")
    found = report["combination"]
    best = next(row for row in found["members"] if row["training"] == found["best"])
    lead = found["difference"]
    said = f"{lead['difference']:+.4f} of validation {report['primary']} against its best member ({_ends(lead)})"
    lines = [f"{'Kept' if found['kept'] else 'Not kept'}: {found['way']}, {said}"]
    told = f"Test: {figures_text(report)}" if found["kept"] else f"Use training {best['training']}, {best['name']}."
    cost = f"{found['seconds_per_1000']:.2f} seconds for 1,000 items, alone {best['seconds_per_1000']:.2f}"
    result = {"training": done.id, "model": done.model, "report": report, "url": link}
    session.out.result(result, "\n".join([*lines, told, cost, link]))
