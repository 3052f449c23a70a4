"""project work: who did how much when, as a table or as a file for whoever pays."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from assay_client._command.labeling import ProjectArgument, find_project
from assay_client._command.session import Session, session_of
from assay_client._records import Job

COLUMNS = (
    "day", "person", "name", "answers", "skipped", "in_bulk", "seconds", "limited_seconds", "suggestions_shown",
    "suggestions_accepted", "accepted_answers", "fixed_answers", "sent_back", "reviews",
)  # fmt: skip
SHOWN = ("name", "answers", "skipped", "hours", "per_hour", "median_seconds", "sent_back", "reviews")


def work(
    context: typer.Context,
    project: ProjectArgument,
    since: Annotated[str, typer.Option(help="First day in UTC, 2026-11-01; 30 days by default.")] = "",
    until: Annotated[str, typer.Option(help="Last day; today by default.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a row a person and day to this CSV file.")
    ] = None,
) -> None:
    """Say who gave how many answers in which time, counted anew if the last count is old."""
    session = session_of(context)
    found = counted(session, find_project(session, project), since=since, until=until)
    if output is not None:
        write_rows(output, found["rows"])
    if output is not None or session.out.as_json:
        session.out.result(found, f"{len(found['rows']):,} rows in {output}")
        return
    rows = [
        {
            **row,
            "hours": f"{row['limited_seconds'] / 3600:.2f}",
            "per_hour": _short(row["per_hour"]),
            "median_seconds": _short(row["median_seconds"]),
        }
        for row in found["people"]
    ]
    session.out.table(rows, SHOWN)


def counted(session: Session, project_id: int, *, since: str, until: str) -> dict[str, Any]:
    """Return the report, after waiting for a count that is under way."""
    found = session.client.projects.work(project_id, since=since, until=until)
    if found["job"] is not None:
        session.wait(Job.parse(found["job"]), "Counting")
        found = session.client.projects.work(project_id, since=since, until=until)
    return found


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write UTF-8 with the mark that spreadsheets look for, and names that none of them takes for a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(COLUMNS)
        for row in rows:
            name = row["name"]
            harmless = f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
            writer.writerow([harmless if column == "name" else row[column] for column in COLUMNS])


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
