"""project comments, project review."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay_client._command.exits import UsageProblem
from assay_client._command.labeling import ProjectArgument, find_project
from assay_client._command.session import session_of


def comments(
    context: typer.Context,
    project: ProjectArgument,
    state: Annotated[str, typer.Option(help="open, resolved or all.")] = "open",
    mine: Annotated[bool, typer.Option("--mine", help="Only those that name you.")] = False,
    resolve: Annotated[int | None, typer.Option(help="Resolve the comment with this number first.")] = None,
) -> None:
    """List the comments of a project."""
    session = session_of(context)
    number = find_project(session, project)
    if resolve is not None:
        session.client.comments.resolve(resolve)
    rows = [
        {
            "id": row["id"],
            "item": row["item_id"],
            "writer": row["writer"]["name"],
            "comment": named(row),
            "resolved": row["resolved_at"] is not None,
        }
        for row in session.client.comments.list(number, state=state, mine=mine)
    ]
    session.out.table(rows, ["id", "item", "writer", "comment", "resolved"])


def named(row: dict[str, Any]) -> str:
    """Return a comment's text with its members by name."""
    text = str(row["body"])
    for member in row["mentions"]:
        text = text.replace(f"@[{member['id']}]", f"@{member['name']}")
    return text


def review(
    context: typer.Context,
    project: ProjectArgument,
    verdict: Annotated[str | None, typer.Option(help="none, accepted, fixed or rejected: list those.")] = None,
    share: Annotated[int | None, typer.Option(min=1, max=100, help="List this share in per cent, at random.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random share.")] = 0,
    accept: Annotated[list[int] | None, typer.Option(help="Accept the answer with this number first.")] = None,
    reject: Annotated[list[int] | None, typer.Option(help="Send the answer with this number back first.")] = None,
    reason: Annotated[str, typer.Option(help="Why; needed with --reject.")] = "",
    undo: Annotated[list[int] | None, typer.Option(help="Take the verdict on this answer back first.")] = None,
) -> None:
    """List others' answers with their verdicts; accept them or send them back."""
    if reject and not reason:
        raise UsageProblem('Say why the answer is sent back: --reason "Read rule 3"')
    session = session_of(context)
    number = find_project(session, project)
    reviews = session.client.reviews
    for answer in accept or []:
        reviews.accept(answer)
    for answer in reject or []:
        reviews.reject(answer, reason)
    for answer in undo or []:
        reviews.undo(answer)
    filters = {"review": verdict, "share": share, "seed": seed if share else None}
    rows = [
        {
            "id": row["annotation"],
            "item": row["task"]["item_id"],
            "person": row["annotator"]["name"],
            "answer": "skipped" if row["skipped"] else row["answer"],
            "verdict": row["verdict"],
            "reviewer": row["reviewer"]["name"] if row["reviewer"] else "",
            "reason": row["reason"],
        }
        for row in reviews.list(number, **filters)
    ]
    session.out.table(rows, ["id", "item", "person", "answer", "verdict", "reviewer", "reason"])
