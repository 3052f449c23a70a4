"""jobs, jobs watch, jobs cancel, jobs retry."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from assay_client._command.session import session_of

app = typer.Typer(help="Long work: list it, watch it, stop it, send it again.", invoke_without_command=True)
JobArgument = Annotated[int, typer.Argument(help="Number of the job.")]


@app.callback()
def jobs(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="queued, running, succeeded, failed or cancelled.")] = None,
    kind: Annotated[str | None, typer.Option(help="Such as curation.import_file.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 20,
) -> None:
    """List the jobs, newest first."""
    if context.invoked_subcommand:
        return
    session = session_of(context)
    rows = list(islice(session.client.jobs.list(state=state, kind=kind), limit))
    columns = ["id", "title", "state", "stage", "done", "total", "rows_done", "rows_refused"]
    session.out.table([dict(row.raw) for row in rows], columns)


@app.command()
def watch(context: typer.Context, job: JobArgument) -> None:
    """Show a job until it ends; the exit code says how it ended."""
    session = session_of(context)
    done = session.wait(session.client.jobs.get(job), f"Job {job}")
    session.out.result(dict(done.raw), f"Job {done.id} ({done.title}) is done.")


@app.command()
def cancel(context: typer.Context, job: JobArgument) -> None:
    """Stop a job at its next safe point."""
    session = session_of(context)
    seen = session.client.jobs.cancel(job)
    session.out.result(dict(seen.raw), f"Job {seen.id} is {seen.state}.")


@app.command()
def retry(context: typer.Context, job: JobArgument) -> None:
    """Send a failed or cancelled job again; it goes on from what it had saved."""
    session = session_of(context)
    seen = session.client.jobs.retry(job)
    session.out.result(dict(seen.raw), f"Job {seen.id} is {seen.state}. Watch it with: assay jobs watch {seen.id}")
