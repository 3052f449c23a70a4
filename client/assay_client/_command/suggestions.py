"""project suggestions send, column, server, ask."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from assay_client._command.exits import UsageProblem
from assay_client._command.labeling import ProjectArgument, find_project
from assay_client._command.session import Session, session_of

app = typer.Typer(help="Suggestions from your own models and servers.", no_args_is_help=True)
# Refused rows that are printed; all of them are counted, and --json gives them all.
SHOWN = 20
PASSWORD = "ASSAY_BACKEND_PASSWORD"  # noqa: S105  (the name of a variable)


@app.command()
def send(
    context: typer.Context,
    project: ProjectArgument,
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON Lines with item, label or answer, and confidence; - for standard input.", allow_dash=True
        ),
    ],
    source: Annotated[str, typer.Option(help="What made them, as annotators read it.")],
    key: Annotated[
        str, typer.Option(help="Column of the version that names an item in your file, instead of item.")
    ] = "",
) -> None:
    """Send predictions. Those that fit are kept, and the others are listed with the reason."""
    session = session_of(context)
    number = find_project(session, project)
    rows = list(_rows(file))
    unknown = _named(session, number, rows, key) if key else []
    made = session.client.projects.get(number)
    first = next((one["name"] for one in made.schema["controls"] if one["type"] in _CLASSIFY), "")
    predictions = [_prediction(row, place, first) for place, row in enumerate(rows, 1)]
    result: dict[str, Any] = {"sent": len(predictions), "stored": 0, "passed": 0, "refused": [], "unknown": unknown}
    for said in session.client.suggestions.send(number, predictions, source=source):
        result["stored"] += said["stored"]
        result["passed"] += said["passed"]
        result["refused"] += said["refused"]
    words = f"{result['stored']:,} of {len(predictions):,} predictions are suggestions now"
    words += f"; {result['passed']:,} tasks need none" if result["passed"] else ""
    words += f"; {len(unknown):,} name no item" if unknown else ""
    lines = [f"  line {row['row'] + 1}, item {row['item']}: {row['reason']}" for row in result["refused"][:SHOWN]]
    more = len(result["refused"]) - len(lines)
    session.out.result(result, "\n".join([words, *lines, *([f"  and {more:,} more"] if more else [])]))


_CLASSIFY = ("choice", "taxonomy", "preference")


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error}") from None
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageProblem(f"Line {number} of {file} is no JSON: {error}. Nothing was sent.") from None
        if not isinstance(row, dict):
            raise UsageProblem(f"Line {number} of {file} is no JSON object. Nothing was sent.")
        yield row


def _named(session: Session, project: int, rows: list[dict[str, Any]], key: str) -> list[str]:
    """Give every row the item that its key names, take out the others and return their keys."""
    wanted = {str(row.get(key)) for row in rows}
    items = {}
    for item in session.client.versions.items(session.client.projects.get(project).version):
        if key not in item:
            raise UsageProblem(f"The version has no column {key}.")
        if (name := str(item[key])) in wanted:
            items[name] = item["item_id"]
    unknown = [str(row.get(key)) for row in rows if str(row.get(key)) not in items]
    rows[:] = [{**row, "item": items[str(row.get(key))]} for row in rows if str(row.get(key)) in items]
    return unknown


def _prediction(row: dict[str, Any], place: int, control: str) -> dict[str, Any]:
    answer = row.get("answer")
    if answer is None and "label" in row and control:
        label = row["label"]
        answer = {control: label if isinstance(label, list) else [label]}
    if not isinstance(answer, dict) or not isinstance(row.get("item"), int):
        raise UsageProblem(f"Row {place} needs a whole number item and a label or an object answer. Nothing was sent.")
    return {"item": row["item"], "answer": answer, "confidence": row.get("confidence")}


@app.command()
def column(
    context: typer.Context,
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(help="Column of the version with the predicted labels.")],
    confidence: Annotated[str, typer.Option(help="Column with how sure the model was, 0 to 1.")] = "",
    control: Annotated[str, typer.Option(help="Which question it answers; the one that classifies by default.")] = "",
    source: Annotated[str, typer.Option(help="What made them; the column's name by default.")] = "",
) -> None:
    """Take predictions from a column."""
    session = session_of(context)
    job = session.client.suggestions.take_column(
        find_project(session, project), name, confidence=confidence, control=control, source=source
    )
    _told(session, session.wait(job, "Taking predictions").result or {})


@app.command()
def server(
    context: typer.Context,
    project: ProjectArgument,
    url: Annotated[str, typer.Argument(help="Address of a server that speaks Label Studio's ML backend protocol.")],
    user: Annotated[str, typer.Option(help=f"For basic authentication; the password is in {PASSWORD}.")] = "",
    live: Annotated[bool, typer.Option("--live", help="Ask it again for the next tasks as people go on.")] = False,
) -> None:
    """Name the server that suggests answers, and see whether it answers."""
    session = session_of(context)
    number = find_project(session, project)
    password = os.environ.get(PASSWORD)
    session.client.suggestions.set_server(number, url, user=user, password=password, live=live)
    result = session.wait(session.client.suggestions.ask(number, only_check=True), "Asking the server").result or {}
    _told(session, result)


@app.command()
def ask(
    context: typer.Context,
    project: ProjectArgument,
    tasks: Annotated[int, typer.Option(min=1, help="For how many of the next tasks.")] = 1_000,
) -> None:
    """Ask the server for suggestions."""
    session = session_of(context)
    job = session.client.suggestions.ask(find_project(session, project), tasks=tasks)
    _told(session, session.wait(job, "Asking the server").result or {})


def _told(session: Session, result: dict[str, Any]) -> None:
    words = ", ".join(f"{key} {value}" for key, value in result.items() if key not in ("named", "only_check"))
    lines = [f"  item {row['item']}: {row['reason']}" for row in result.get("named", [])]
    session.out.result(result, "\n".join([words, *lines]))
