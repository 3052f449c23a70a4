"""project export, project import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay_client._command.bringing import bring
from assay_client._command.exits import UsageProblem
from assay_client._command.labeling import ProjectArgument, find_project
from assay_client._command.session import session_of


def export(
    context: typer.Context,
    project: ProjectArgument,
    file_format: Annotated[str, typer.Option("--format", help="coco and others; a wrong one lists them.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the zip.")],
    losses: Annotated[Path | None, typer.Option(help="Where to write a CSV of what the format could not hold.")] = None,
    unanswered: Annotated[bool, typer.Option("--unanswered", help="Also items that nobody answered.")] = False,
    reviewed: Annotated[bool, typer.Option("--reviewed", help="Only answers that a reviewer passed.")] = False,
    predictions: Annotated[bool, typer.Option("--predictions", help="Also what models suggested.")] = False,
) -> None:
    """Write a project's answers in another tool's format, with pictures, as a zip."""
    session = session_of(context)
    number = find_project(session, project)
    formats = session.client.exports.formats(number)
    if file_format not in formats:
        raise UsageProblem(f"Say --format {', '.join(formats)}.")
    if formats[file_format]:
        raise UsageProblem(formats[file_format])
    options = {"only_answered": not unanswered, "only_reviewed": reviewed, "with_predictions": predictions}
    with session.out.meter("Writing") as meter:
        made = session.client.exports.save(
            number, file_format, out, losses=losses, on_job=meter.job, on_progress=meter.bytes, **options
        )
    words = f"{out}: {made['item_count']:,} items, {made['byte_count']:,} bytes"
    lost = sum(made["losses"].values())
    if lost:
        codes = ", ".join(f"{code} {count:,}" for code, count in sorted(made["losses"].items()))
        words += f"\nNot held by the format: {lost:,} ({codes})"
        words += "" if losses else "; --losses FILE.csv lists them"
    session.out.result({"file": str(out), **made}, words)


def import_labeled(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(exists=True, help="File, archive or folder as another tool exports it.")],
    name: Annotated[str, typer.Option(help="Name of the project.")],
    dataset: Annotated[str, typer.Option(help="Dataset of its items; named like the project by default.")] = "",
    file_format: Annotated[str, typer.Option("--format", help="Such as label_studio; found by content.")] = "",
    losses: Annotated[Path | None, typer.Option(help="Where to write a CSV of what could not be taken.")] = None,
) -> None:
    """Make a project of a dataset that was labeled in another tool, with everybody's answers."""
    session = session_of(context)
    brought = bring(session, source, name, dataset=dataset, file_format=file_format)
    if losses is not None:
        brought.save_losses(session, losses)
    session.out.result(brought.result, brought.words(session, losses=losses))
