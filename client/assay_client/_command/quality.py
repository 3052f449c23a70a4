"""project agreement, disagreements, label-errors, one-more, auto-accept; project rules list, add, apply."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay_client._command.exits import UsageProblem
from assay_client._command.labeling import ProjectArgument, find_project
from assay_client._command.session import session_of

rules = typer.Typer(help="Labeling rules, whose votes become suggestions.", no_args_is_help=True)


def agreement(
    context: typer.Context,
    project: ProjectArgument,
    measure: Annotated[bool, typer.Option("--measure", help="Measure it anew first.")] = False,
) -> None:
    """Show how far people agree."""
    session = session_of(context)
    number = find_project(session, project)
    if measure:
        session.wait(session.client.quality.measure(number), "Comparing answers")
    found = session.client.quality.agreement(number)
    if session.out.as_json:
        session.out.result(found, "")
        return
    session.out.table([_figures(row) for row in found["report"]["controls"]], ["question", "items", *_COEFFICIENTS])


_COEFFICIENTS = ("percent", "fleiss_kappa", "alpha_nominal", "f1")


def _figures(control: dict[str, Any]) -> dict[str, Any]:
    report = control["agreement"]
    row = {"question": control["name"], "items": report.get("items_compared", "")}
    for name in _COEFFICIENTS:
        value = report.get(name)
        value = value.get("value") if isinstance(value, dict) else value
        row[name] = "" if value is None else f"{value:.3f}"
    return row


def disagreements(
    context: typer.Context,
    project: ProjectArgument,
    compare: Annotated[bool, typer.Option("--compare", help="Compare all answers anew first.")] = False,
    state: Annotated[str, typer.Option(help="open, decided or left.")] = "open",
    names: Annotated[bool, typer.Option("--names", help="Say who gave which answer.")] = False,
) -> None:
    """List the tasks on which people differ, the most open first."""
    session = session_of(context)
    number = find_project(session, project)
    if compare:
        session.wait(session.client.quality.compare(number), "Comparing answers")
    rows = [
        {**row, "item": row["task"]["item_id"], "people": len(row["answers"])}
        for row in session.client.quality.disagreements(number, names=names, state=state)
    ]
    session.out.table(rows, ["item", "people", "confidence", "agreement"])


def label_errors(
    context: typer.Context,
    project: ProjectArgument,
    search: Annotated[bool, typer.Option("--search", help="Search anew first.")] = False,
    state: Annotated[str, typer.Option(help="open, accepted, kept.")] = "open",
    kind: Annotated[str | None, typer.Option(help="label, spurious, overlooked, edge; all by default.")] = None,
) -> None:
    """List suspected label errors, the most suspicious first."""
    session = session_of(context)
    number = find_project(session, project)
    if search:
        session.wait(session.client.quality.find_label_errors(number), "Searching")
    rows = [
        {**row, "item": row["task"]["item_id"], "score": round(row["score"], 3), "place": _place(row)}
        for row in session.client.quality.label_errors(number, state=state, kind=kind)
    ]
    session.out.table(rows, ["id", "item", "kind", "control", "mark", "place", "given", "suggested", "score"])


def _place(row: dict[str, Any]) -> str:
    """Return what a mark is of: the text of a span, the top left corner of a shape; empty for a choice."""
    part = row["before"] or row["after"] or {}
    if "text" in part:
        return str(part["text"])
    corner = (part.get("points") or [[part.get("x"), part.get("y")]])[0]
    return "" if corner[0] is None else f"{corner[0]:g}, {corner[1]:g}"


def one_more(
    context: typer.Context,
    project: ProjectArgument,
    target: Annotated[float | None, typer.Option(help="Confidence from which a task is settled; 0 for never.")] = None,
    most: Annotated[int | None, typer.Option(help="The most answers to one task.")] = None,
    cap: Annotated[int | None, typer.Option(help="The most extra answers in all.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Weigh the answers now.")] = False,
) -> None:
    """Send tasks whose label stays open to one more person, up to a target and a cap."""
    session = session_of(context)
    number = find_project(session, project)
    wanted = {"target_confidence": target, "most_answers": most, "extra_cap": cap}
    changes = {name: value for name, value in wanted.items() if value is not None}
    if changes:
        session.client.quality.one_more(number, **changes)
    if now:
        session.wait(session.client.quality.ask_one_more(number), "Weighing answers")
    found = session.client.quality.one_more(number)
    words = f"Target {found['target_confidence']:g}, {found['spent']:,} of {found['extra_cap']:,} extra answers spent"
    last = found["last"]
    words += f"; {last['below']:,} of {last['weighed']:,} tasks are below it" if last else ""
    session.out.result(found, words)


def auto_accept(
    context: typer.Context,
    project: ProjectArgument,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Switch it on or off.")] = None,
    target: Annotated[float | None, typer.Option(help="Precision that is promised, 0.5 to 0.999.")] = None,
    give_back: Annotated[bool, typer.Option("--give-back", help="Give what was accepted back to people.")] = False,
) -> None:
    """Accept a model's sure answers, and show what their audit says."""
    session = session_of(context)
    number = find_project(session, project)
    changes = {name: value for name, value in (("accepts", on), ("target", target)) if value is not None}
    if changes:
        session.client.quality.acceptance(number, **changes)
    if give_back:
        session.wait(session.client.quality.give_back(number), "Giving back")
    found = session.client.quality.acceptance(number)
    measured = found["measured"]
    words = f"{'On' if found['accepts'] else 'Off'}, target {found['target']:g}, {found['standing']:,} accepted"
    judged = measured["right"] + measured["wrong"]
    words += f"; {measured['right']:,} of {judged:,} audited answers were right" if judged else ""
    session.out.result(found, words + (f"\n{found['obstacle']}" if found["obstacle"] else ""))


@rules.command("list")
def list_rules(context: typer.Context, project: ProjectArgument) -> None:
    """List the rules with what each did when they were last applied."""
    session = session_of(context)
    rows = [
        {**row, "hits": (row["figures"] or {}).get("hits", "")}
        for row in session.client.rules.list(find_project(session, project))
    ]
    session.out.table(rows, ["id", "name", "label", "kind", "enabled", "hits"])


@rules.command()
def add(
    context: typer.Context,
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(help="Name of the rule.")],
    label: Annotated[str, typer.Option(help="The label that it votes for.")],
    term: Annotated[list[str] | None, typer.Option(help="A word or phrase; give one --term for each.")] = None,
    pattern: Annotated[str, typer.Option(help="A regular expression instead.")] = "",
) -> None:
    """Write a rule."""
    if bool(term) == bool(pattern):
        raise UsageProblem("Give words with --term, or a regular expression with --pattern.")
    session = session_of(context)
    kind, params = ("regex", {"pattern": pattern}) if pattern else ("keyword", {"terms": term})
    made = session.client.rules.add(find_project(session, project), name, label, kind, params)
    session.out.result(made, f"Rule {made['id']} ({name}) votes for {label}")


@rules.command()
def apply(context: typer.Context, project: ProjectArgument) -> None:
    """Let the rules vote on every item; their labels become suggestions."""
    session = session_of(context)
    result = session.wait(session.client.rules.apply(find_project(session, project)), "Asking the rules").result or {}
    words = f"{result.get('suggestions', 0):,} suggestions for {result.get('items', 0):,} items"
    session.out.result(result, str(result.get("message") or words))
