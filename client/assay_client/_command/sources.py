"""source add, list, sync, forget."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay_client._command.data import fetched, fetches_text, find_dataset
from assay_client._command.session import session_of

app = typer.Typer(no_args_is_help=True, help="Buckets whose new files come into a dataset.")
SourceArgument = Annotated[int, typer.Argument(help="Number of the source, as `assay source list` lists it.")]


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it.")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset; made when there is none.")],
    endpoint: Annotated[str, typer.Option(help="Address of the S3 service, without the bucket.")],
    bucket: Annotated[str, typer.Option(help="Name of the bucket.")],
    prefix: Annotated[str, typer.Option(help="Only keys that begin so.")] = "",
    pattern: Annotated[str, typer.Option(help="Only file names that fit, such as '*.jsonl'.")] = "",
    region: Annotated[str, typer.Option(help="Such as eu-central-1.")] = "",
    keys: Annotated[str, typer.Option(help="Name of keys that an operator keeps on the server; none: public.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of the content.")] = "",
    source: Annotated[str, typer.Option(help="Where it came from.")] = "",
    consent: Annotated[str, typer.Option(help="On what ground it may be used.")] = "",
    collected: Annotated[str, typer.Option(help="Day it was collected, as YYYY-MM-DD.")] = "",
) -> None:
    """Describe a bucket. Nothing is asked of it before the first sync."""
    session = session_of(context)
    target = session.client.datasets.ensure(dataset)
    fields: dict[str, Any] = {"prefix": prefix, "pattern": pattern, "region": region, "keys_name": keys}
    fields |= {"licence": licence, "source": source, "consent": consent, "collected_on": collected}
    made = session.client.sources.create(target.id, name, endpoint=endpoint, bucket=bucket, **fields)
    session.out.result(dict(made.raw), f"Source {made.id} ({made.name}). assay source sync {made.id} takes its files.")


@app.command("list")
def list_sources(context: typer.Context, dataset: Annotated[str, typer.Argument(help="Name or number.")]) -> None:
    """List the sources of a dataset."""
    session = session_of(context)
    rows = session.client.sources.list(find_dataset(session, dataset))
    columns = ["id", "name", "endpoint", "bucket", "prefix", "pattern", "keys_name", "synced_at"]
    session.out.table([dict(row.raw) for row in rows], columns)


@app.command("sync")
def sync(
    context: typer.Context,
    source: SourceArgument,
    again: Annotated[bool, typer.Option("--again", help="Also try files that were refused before.")] = False,
) -> None:
    """Take what is new in a bucket and add it to the dataset's newest version."""
    session = session_of(context)
    result = fetched(session, session.wait(session.client.sources.sync(source, again=again), "Syncing"))
    session.out.result(result, fetches_text(result) if result.get("version") else _nothing_text(result))


def _nothing_text(result: dict[str, Any]) -> str:
    if not result["listed"]:
        return "The bucket holds nothing below this prefix: no version was made."
    if result["passed_over"] == result["listed"]:
        return f"None of the {result['listed']:,} files below this prefix fits the pattern: no version was made."
    return f"Nothing is new: no version was made. {result['known']:,} files were taken before."


@app.command("forget")
def forget(context: typer.Context, source: SourceArgument) -> None:
    """Forget a source and what was taken from it; versions made from it stay."""
    session = session_of(context)
    session.client.sources.forget(source)
    session.out.result({"source": source}, f"Source {source} is forgotten; its versions stay.")
