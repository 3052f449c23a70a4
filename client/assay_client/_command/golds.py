"""project gold list, mark, use, unmark, column; project pause; project onboarding."""

from __future__ import annotations

from typing import Annotated

import typer

from assay_client._command.bulk import answer_of
from assay_client._command.exits import UsageProblem
from assay_client._command.labeling import ProjectArgument, find_project
from assay_client._command.session import session_of

USES = "What it is for: hidden (among everybody's work), training or test."
app = typer.Typer(help="Known right answers, hidden among everybody's work.", no_args_is_help=True)


@app.command("list")
def list_golds(context: typer.Context, project: ProjectArgument) -> None:
    """List known answers, newest first."""
    session = session_of(context)
    rows = [
        {"id": row["id"], "item": row["task"]["item_id"], "answer": row["answer"], "use": row["use"]}
        | {"people": row["answers"], "right": row["right"]}
        for row in session.client.golds.list(find_project(session, project))
    ]
    session.out.table(rows, ["id", "item", "answer", "use", "people", "right"])


@app.command()
def mark(
    context: typer.Context,
    project: ProjectArgument,
    item: Annotated[int | None, typer.Option(min=1, help="Number of the item.")] = None,
    annotation: Annotated[int | None, typer.Option(min=1, help="An answer that is right, instead of an item.")] = None,
    answer: Annotated[list[str] | None, typer.Option(help="control=label; give one --answer for each label.")] = None,
    explanation: Annotated[str | None, typer.Option(help="Why it is right.")] = None,
    use: Annotated[str | None, typer.Option(help=USES)] = None,
) -> None:
    """Say what the right answer to an item is."""
    if (item is None) == (annotation is None):
        raise UsageProblem("Name the item with --item 7, or a right answer with --annotation 12.")
    session = session_of(context)
    given = answer_of(answer) if answer else None
    made = session.client.golds.mark(
        find_project(session, project), item=item, annotation=annotation, answer=given, explanation=explanation, use=use
    )
    session.out.result(made, f"Known answer {made['id']} to item {made['task']['item_id']}")


@app.command("use")
def use_golds(
    context: typer.Context,
    project: ProjectArgument,
    use: Annotated[str, typer.Argument(help=USES)],
    golds: Annotated[list[int], typer.Argument(min=1, help="Their numbers, as the list gives them.")],
) -> None:
    """Use known answers for something else."""
    session = session_of(context)
    changed = session.client.golds.use(find_project(session, project), golds, use)
    session.out.result({"changed": changed}, f"{changed} known answers are for: {use}")


@app.command()
def unmark(
    context: typer.Context, gold: Annotated[int, typer.Argument(help="Its number, as the list gives it.")]
) -> None:
    """Let an item be one like all others again."""
    session = session_of(context)
    session.client.golds.unmark(gold)
    session.out.result({"id": gold}, f"Known answer {gold} is taken away")


@app.command()
def column(
    context: typer.Context,
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(help="Column of the version with the right label of some items.")],
    use: Annotated[str, typer.Option(help=USES)] = "hidden",
    use_column: Annotated[str, typer.Option(help="A column that says the use of each.")] = "",
    explanation_column: Annotated[str, typer.Option(help="A column that says why each is right.")] = "",
) -> None:
    """Take right answers from a column."""
    session = session_of(context)
    more = {"use": use, "use_column": use_column, "explanation_column": explanation_column}
    job = session.wait(session.client.golds.take_column(find_project(session, project), name, **more), "Taking answers")
    result = job.result or {}
    words = ", ".join(f"{key} {value}" for key, value in result.items() if key not in ("project", "values"))
    session.out.result(result, words)


def onboarding(
    context: typer.Context,
    project: ProjectArgument,
    let_pass: Annotated[int | None, typer.Option(min=1, help="Let this person pass first.")] = None,
    grant: Annotated[int | None, typer.Option(min=1, help="Give this person one more test first.")] = None,
    reset: Annotated[int | None, typer.Option(min=1, help="Let this person begin anew first.")] = None,
) -> None:
    """Say who is how far in training and test."""
    session = session_of(context)
    number = find_project(session, project)
    for act, person in (("let_pass", let_pass), ("grant_attempt", grant), ("reset", reset)):
        if person is not None:
            session.client.golds.admit(number, person, act)
    rows = session.client.golds.newcomers(number)
    session.out.table(rows, ["user", "name", "stage", "trained", "trained_right", "attempt", "right", "answers"])


def pause(
    context: typer.Context,
    project: ProjectArgument,
    person: Annotated[int, typer.Option(min=1, help="Number of the person.")],
    resume: Annotated[bool, typer.Option("--resume", help="Let them go on instead.")] = False,
) -> None:
    """Hand out nothing to a person any more, or let them go on."""
    session = session_of(context)
    session.client.golds.pause(find_project(session, project), person, paused=not resume)
    session.out.result({"person": person, "paused": not resume}, f"#{person} {'goes on' if resume else 'is paused'}")
