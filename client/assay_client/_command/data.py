"""import, push, curate, datasets, versions, download."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from assay_client._command.exits import UsageProblem
from assay_client._command.session import Session, session_of
from assay_client._records import Job, Upload, Version
from assay_client._resources.version import FORMATS

FileArgument = Annotated[
    Path | None, typer.Argument(exists=True, dir_okay=False, readable=True, help="The file; none with --url.")
]
AppendOption = Annotated[
    bool, typer.Option("--append", help="Add the rows to the newest version, which keeps its own, instead of alone.")
]
VersionArgument = Annotated[int, typer.Argument(help="Number of the version, as `assay versions` lists it.")]


def import_file(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="Name of the dataset; made when there is none.")],
    file: FileArgument = None,
    url: Annotated[
        list[str] | None,
        typer.Option(help="Address of a file that the service fetches; may be given again."),
    ] = None,
    append: AppendOption = False,
    text: Annotated[str | None, typer.Option(help="Column with the text.")] = None,
    label: Annotated[str | None, typer.Option(help="Column with the label.")] = None,
    id_column: Annotated[str | None, typer.Option("--id", help="Column with your own identifier.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the content.")] = "",
    source: Annotated[str, typer.Option(help="Where it came from.")] = "",
    consent: Annotated[str, typer.Option(help="On what ground it may be used.")] = "",
    collected: Annotated[str, typer.Option(help="Day it was collected, as YYYY-MM-DD.")] = "",
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv, tsv, jsonl or json; the rest is found out.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook; else the first.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Such as utf-8 or gb18030.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="One character.")] = None,
    header: Annotated[bool | None, typer.Option(help="Whether the first row names the columns.")] = None,
    refused: Annotated[Path | None, typer.Option(help="Write the refused rows here, as CSV.")] = None,
) -> None:
    """Import a file as a version. What is not said is found out: format, encoding, delimiter, columns."""
    session = session_of(context)
    if (file is None) == (not url):
        raise UsageProblem("Name a file, or one or more addresses with --url, and not both.")
    roles = {"text": text, "label": label, "id": id_column}
    options: dict[str, Any] = {"format": file_format, "encoding": encoding, "delimiter": delimiter, "header": header}
    options["sheet"] = sheet
    options["roles"] = {role: column for role, column in roles.items() if column} or None
    given = {name: value for name, value in options.items() if value is not None}
    said = {"licence": licence, "source": source, "consent": consent, "collected_on": collected}
    if file is None:
        result = fetch_addresses(session, url or [], dataset, given, append=append, **said)
        session.out.result(result, fetches_text(result))
        return
    result = run_import(session, file, dataset, given, append=append, **said)
    if refused and result["refused"]:
        session.client.uploads.save_refused(result["upload"], refused)
        result["refused_file"] = str(refused)
    session.out.result(result, _import_text(result))


def run_import(
    session: Session,
    file: Path,
    dataset_name: str,
    options: dict[str, Any],
    *,
    append: bool = False,
    **provenance: str,
) -> dict[str, Any]:
    """Send a file, import it and return what came of it."""
    client = session.client
    dataset = client.datasets.ensure(dataset_name)
    with session.out.meter(f"Sending {file.name}") as meter:
        upload = client.uploads.send(dataset.id, file, on_progress=meter.bytes, **provenance)
    _refuse_unreadable(upload, options)
    job = session.wait(client.uploads.start_import(upload.id, append=append, **options), "Importing")
    result = job.result or {}
    version = client.versions.get(result["version"])
    return {
        "dataset": dataset.id,
        "upload": upload.id,
        "version": version.id,
        "number": version.number,
        "rows": version.row_count,
        "added": result.get("added", version.row_count),
        "refused": client.uploads.get(upload.id).refused_count,
        "content_hash": version.content_hash,
        "job": job.id,
        "url": session.link(f"versions/{version.id}/"),
    }


def fetch_addresses(
    session: Session, urls: list[str], dataset_name: str, options: dict[str, Any], *, append: bool, **provenance: str
) -> dict[str, Any]:
    """Have files fetched, and return what came of them."""
    client = session.client
    dataset = client.datasets.ensure(dataset_name)
    job = client.datasets.fetch(dataset.id, urls, append=append, options=options, **provenance)
    return fetched(session, session.wait(job, "Importing"))


def fetched(session: Session, job: Job) -> dict[str, Any]:
    """Return the result of a job that got files itself, with those that were refused."""
    result = dict(job.result or {})
    refused = [row for row in session.client.datasets.fetches(job.id) if row.state == "refused"]
    result["refused_files"] = [{"address": row.address, "code": row.code, "reason": row.reason} for row in refused]
    result["job"] = job.id
    result["url"] = session.link(f"versions/{result['version']}/" if result.get("version") else f"jobs/{job.id}/files/")
    return result


def fetches_text(result: dict[str, Any]) -> str:
    """Return what a person reads of it."""
    lines = [
        f"Version {result['version']} (v{result['number']}): {result['rows']:,} rows, {result['added']:,} of them new"
    ]
    lines += [f"  refused {row['address']}: {row['reason']}" for row in result["refused_files"]]
    if result.get("refused"):
        lines.append(f"  {result['refused']:,} rows refused; the page of each file lists them")
    return "\n".join([*lines, result["url"]])


def _refuse_unreadable(upload: Upload, options: dict[str, Any]) -> None:
    """Stop before the import when the service cannot read the file and no option says how to."""
    profile = upload.profile or {}
    if profile.get("readable", True) or options:
        return
    error = profile.get("error") or {}
    place = f" (line {error['line']})" if error.get("line") else ""
    raise UsageProblem(f"{upload.file_name} cannot be read{place}: {error.get('detail', 'no reason was given')}")


def _import_text(result: dict[str, Any]) -> str:
    said = f"Version {result['version']} (v{result['number']}): {result['rows']:,} rows"
    if result["added"] != result["rows"]:
        said += f", {result['added']:,} new"
    if result["refused"]:
        where = result.get("refused_file")
        said += f", {result['refused']:,} refused" + (
            f", listed in {where}" if where else "; --refused FILE lists them"
        )
    return f"{said}\n{result['url']}"


def push(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON Lines, - for standard input.", allow_dash=True)],
    dataset: Annotated[str, typer.Option(help="Name of the dataset; made when there is none.")],
    key: Annotated[str | None, typer.Option(help="Your name for these rows; else a hash of them.")] = None,
    append: AppendOption = False,
    licence: Annotated[str, typer.Option(help="Licence of the content.")] = "",
    source: Annotated[str, typer.Option(help="Where it came from.")] = "",
    consent: Annotated[str, typer.Option(help="On what ground it may be used.")] = "",
    collected: Annotated[str, typer.Option(help="Day it was collected, as YYYY-MM-DD.")] = "",
) -> None:
    """Push rows in batches. The same rows pushed again are not imported again."""
    session = session_of(context)
    content = sys.stdin.buffer.read() if str(file) == "-" else _bytes_of(file)
    rows = _rows_of(content, str(file))
    name = key or hashlib.sha256(content).hexdigest()[:32]
    target = session.client.datasets.ensure(dataset)
    said: Any = {"licence": licence, "source": source, "consent": consent, "collected_on": collected}
    sent = list(session.client.datasets.push(target.id, rows, key=name, append=append, **said))
    jobs = [session.wait(job, "Importing") for job in sent]
    versions = [(job.result or {})["version"] for job in jobs]
    result = {"dataset": target.id, "key": name, "rows": len(rows), "jobs": [job.id for job in jobs]}
    result["versions"] = versions
    where = ", ".join(str(version) for version in versions)
    session.out.result(result, f"{len(rows):,} rows pushed under the key {name}: version {where}")


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error}") from None


def _rows_of(content: bytes, name: str) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageProblem(f"Line {number} of {name} is no JSON: {error}. Nothing was sent.") from None
        if not isinstance(row, dict):
            raise UsageProblem(f"Line {number} of {name} is no JSON object. Nothing was sent.")
        rows.append(row)
    if not rows:
        raise UsageProblem(f"{name} holds no row.")
    return rows


def curate(
    context: typer.Context,
    version: VersionArgument,
    plan: Annotated[
        Path | None, typer.Option(help="A plan as YAML or JSON, - for standard input.", allow_dash=True)
    ] = None,
    show_plan: Annotated[bool, typer.Option(help="Print the plan that would run, and stop.")] = False,
) -> None:
    """Apply a plan to a version, by default the one that the service suggests, and report what was dropped and why."""
    session = session_of(context)
    if show_plan:
        suggested = session.client.runs.default_plan(version)
        session.out.result(suggested, json.dumps(suggested, ensure_ascii=False, indent=2))
        return
    result = run_curation(session, version, _read_plan(session, plan) if plan else None)
    session.out.result(result, _curation_text(result))


def run_curation(session: Session, version: int, steps: Any = None) -> dict[str, Any]:
    """Run a plan and return the figures of its report."""
    run, job = session.client.runs.start(version, steps=steps)
    done = session.wait(job, "Curating")
    report = session.client.runs.get(run.id).report or {}
    return {**(done.result or {}), "report": report, "url": session.link(f"runs/{run.id}/")}


def _read_plan(session: Session, path: Path) -> Any:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UsageProblem(f"{path} cannot be read: {error}") from None
    plan, mistakes = session.client.runs.read_plan(text)
    if mistakes:
        raise UsageProblem(f"{path} is no plan that can run:\n" + "\n".join(f"  {line}" for line in mistakes))
    return plan


def _curation_text(result: dict[str, Any]) -> str:
    lines = [
        f"Version {result['version']} (v{result['number']}): {result['rows']:,} of {result['rows_in']:,} rows kept"
    ]
    for step in result["report"].get("steps", []):
        for done, counts in (("dropped", step.get("dropped")), ("found", step.get("findings"))):
            if counts:
                named = ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
                lines.append(f"  {step.get('name', 'step')}: {done} {named}")
    return "\n".join([*lines, result["url"]])


def datasets(context: typer.Context) -> None:
    """List the datasets."""
    session = session_of(context)
    session.out.table([dict(row.raw) for row in session.client.datasets.list()], ["id", "name", "created_at"])


def versions(context: typer.Context, dataset: Annotated[str, typer.Argument(help="Name or number.")]) -> None:
    """List the versions of a dataset."""
    session = session_of(context)
    rows: list[Version] = list(session.client.datasets.versions(find_dataset(session, dataset)))
    session.out.table([dict(row.raw) for row in rows], ["id", "number", "kind", "row_count", "note", "content_hash"])


def find_dataset(session: Session, name: str) -> int:
    """Return the number of a dataset given by number or name."""
    if name.isdigit():
        return int(name)
    found = session.client.datasets.find(name)
    if found is None:
        raise UsageProblem(f"There is no dataset called {name}. assay datasets lists them.")
    return found.id


def download(
    context: typer.Context,
    version: VersionArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write; its ending names the format.")],
    file_format: Annotated[
        str | None, typer.Option("--format", help="parquet, csv, jsonl; of pictures zip or zip-originals.")
    ] = None,
) -> None:
    """Write a version as one file; one with pictures as a zip of them with labels.csv."""
    session = session_of(context)
    chosen = file_format or out.suffix.lstrip(".")
    if chosen not in FORMATS:
        raise UsageProblem(f"Say --format {', '.join(FORMATS)}, or end the file name so.")
    with session.out.meter("Writing") as meter:
        size = session.client.versions.download(
            version, out, file_format=chosen, on_job=meter.job, on_progress=meter.bytes
        )
    session.out.result({"file": str(out), "bytes": size}, f"{out}: {size:,} bytes")
