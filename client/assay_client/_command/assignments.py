"""project assign, project unassign."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay_client._command.bulk import Column, State, Text, filter_of, items_of
from assay_client._command.exits import UsageProblem
from assay_client._command.labeling import ProjectArgument, find_project
from assay_client._command.session import Session, session_of
from assay_client._records import Assignment, Job

To = Annotated[list[str], typer.Option("--to", help="Number or name of a member who labels; any number of times.")]
From = Annotated[list[str], typer.Option("--from", help="Number or name of the person; any number of times.")]
Items = Annotated[str, typer.Option(help="Numbers and ranges of items, such as 1-5,9.")]


def assign(
    context: typer.Context,
    project: ProjectArgument,
    to: To,
    items: Items = "",
    everything: Annotated[bool, typer.Option("--all", help="All items of the project.")] = False,
    text: Text = "",
    state: State = "",
    column: Column = "",
    each: Annotated[int, typer.Option(min=1, max=20, help="Of these people, how many get each item.")] = 1,
    per_person: Annotated[int | None, typer.Option(min=1, help="Items for one person at most.")] = None,
    match_skills: Annotated[str, typer.Option(help="Column whose value must be among a person's skills.")] = "",
) -> None:
    """Give items to people: split evenly, so many for each, or by their skills."""
    session = session_of(context)
    wanted = filter_of(text, state, "", "", None, column, None, None)
    if sum([bool(items), bool(wanted), everything]) != 1:
        raise UsageProblem("Say which items: --items 1-5,9, or options that find them, or --all.")
    number = find_project(session, project)
    made = session.client.assignments.give(
        number,
        _people(session, number, to),
        items=items_of(items) if items else None,
        where=None if items else wanted,
        each=each,
        per_person=per_person,
        skill_column=match_skills,
    )
    _say(session, _waited(session, made), "given out")


def unassign(context: typer.Context, project: ProjectArgument, people: From, items: Items = "") -> None:
    """Take items back from people: all that wait for their answer, or the ones named. Answers stay."""
    session = session_of(context)
    number = find_project(session, project)
    named = items_of(items) if items else None
    made = session.client.assignments.take(number, _people(session, number, people), items=named)
    _say(session, _waited(session, made), "taken back")


def _people(session: Session, project: int, names: list[str]) -> list[int]:
    return [int(name) if name.isdigit() else _person(session, project, name) for name in names]


def _person(session: Session, project: int, name: str) -> int:
    found = [row["id"] for row in session.client.comments.people(project, name) if row["name"] == name]
    if len(found) != 1:
        raise UsageProblem(f"There is {'no' if not found else 'more than one'} member called {name} who labels.")
    return int(found[0])


def _waited(session: Session, made: Assignment) -> Assignment:
    if made.state != "running" or made.job is None:
        return made
    session.wait(Job.parse(made.job), "Sharing out")
    return session.client.assignments.get(made.id)


def _say(session: Session, made: Assignment, what: str) -> None:
    people: dict[str, Any] = made.counts.get("people", {})
    lines = [f"{sum(people.values()):,} tasks {what}"]
    lines += [f"  #{person}: {count:,}" for person, count in people.items()]
    words = {"full": "without a free place", "theirs": "these people have already", "enough": "left over"}
    lines += [f"  {made.counts[name]:,} {text}" for name, text in words.items() if made.counts.get(name)]
    session.out.result(dict(made.raw), "\n".join(lines))
