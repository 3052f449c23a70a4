"""erase search, list, hits, keep, confirm, withdraw, certificate."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from assay_client._command.session import Session, session_of
from assay_client._records import Erasure

app = typer.Typer(no_args_is_help=True, help="Erase a person from everything. Only owners can.")
ErasureArgument = Annotated[int, typer.Argument(help="Number of the erasure, as `assay erase list` lists it.")]


@app.command("search")
def search(
    context: typer.Context,
    reference: Annotated[str, typer.Option(help="Number of the case; never the person.")],
    text: Annotated[list[str] | None, typer.Option(help="Found anywhere in any text; may be given often.")] = None,
    identifier: Annotated[list[str] | None, typer.Option(help="COLUMN=VALUE, or =VALUE for any column.")] = None,
    pseudonym: Annotated[list[str] | None, typer.Option(help="Opened with the sealed mappings.")] = None,
    near: Annotated[list[str] | None, typer.Option(help="A whole text; nearly equal ones are found.")] = None,
    picture: Annotated[list[str] | None, typer.Option(help="SHA-256 of an original.")] = None,
    alike: Annotated[bool, typer.Option("--alike", help="Also pictures that look like these.")] = False,
) -> None:
    """Search a person. Nothing is changed by it."""
    session = session_of(context)
    pairs = [one.partition("=") for one in identifier or []]
    for column, equals, _value in pairs:
        if not equals:
            raise typer.BadParameter(f"{column} has no =; write COLUMN=VALUE", param_hint="--identifier")
    sought: dict[str, Any] = {"texts": text, "pseudonyms": pseudonym, "near": near, "pictures": picture}
    sought |= {"identifiers": [{"column": one, "value": two} for one, _equals, two in pairs], "alike_pictures": alike}
    made = _finished(session, session.client.erasures.search(reference, **sought), "Searching")
    session.out.result(dict(made.raw), f"Erasure {made.id}: assay erase hits {made.id} shows what was found.")


@app.command("list")
def list_erasures(context: typer.Context) -> None:
    """List the erasures, newest first."""
    session = session_of(context)
    rows = [dict(row.raw) for row in session.client.erasures.list()]
    session.out.table(rows, ["id", "reference", "state", "created_at", "finished_at"])


@app.command("hits")
def hits(context: typer.Context, erasure: ErasureArgument) -> None:
    """List the items that were found."""
    session = session_of(context)
    columns = ["id", "dataset_name", "item_id", "how", "column", "version_count", "kept"]
    session.out.table(list(session.client.erasures.hits(erasure)), columns)


@app.command("keep")
def keep(
    context: typer.Context,
    erasure: ErasureArgument,
    hit: Annotated[list[int], typer.Option(help="Number of a hit; may be given often.")],
    undo: Annotated[bool, typer.Option("--undo", help="They go after all.")] = False,
) -> None:
    """Say that items are somebody else and stay."""
    session = session_of(context)
    changed = session.client.erasures.keep(erasure, hit, kept=not undo)
    session.out.result({"changed": changed}, f"{changed} hits {'go' if undo else 'stay'}.")


@app.command("confirm")
def confirm(
    context: typer.Context,
    erasure: ErasureArgument,
    typed: Annotated[str, typer.Option("--type", help="The reference, typed by hand.")],
) -> None:
    """Erase what was reviewed. Nothing of it can be taken back."""
    session = session_of(context)
    done = _finished(session, session.client.erasures.confirm(erasure, typed), "Erasing")
    if done.state == "review":
        text = f"The last search found items that nobody has seen. Review them: assay erase hits {erasure}"
    else:
        text = f"Erased. assay erase certificate {erasure} prints the certificate."
    session.out.result(dict(done.raw), text)


@app.command("withdraw")
def withdraw(context: typer.Context, erasure: ErasureArgument) -> None:
    """Give up an erasure that was not confirmed."""
    session = session_of(context)
    session.out.result(dict(session.client.erasures.withdraw(erasure).raw), "Withdrawn.")


@app.command("certificate")
def certificate(context: typer.Context, erasure: ErasureArgument) -> None:
    """Print the signed certificate of a finished erasure as JSON."""
    session = session_of(context)
    body = session.client.erasures.certificate(erasure)
    session.out.result(body, json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True))


def _finished(session: Session, erasure: Erasure, title: str) -> Erasure:
    """Wait for the job of an erasure and return the erasure as it is then."""
    if erasure.job is not None:
        session.wait(session.client.jobs.get(erasure.job), title)
    return session.client.erasures.get(erasure.id)
