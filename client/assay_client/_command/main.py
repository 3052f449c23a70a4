"""The command, its options and its exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from assay_client._command import (
    account,
    assignments,
    bulk,
    checks,
    comments,
    data,
    demo,
    erasures,
    explaining,
    exports,
    golds,
    jobs,
    labeling,
    migrate,
    models,
    quality,
    sources,
    suggestions,
    work,
)
from assay_client._command.exits import EXIT_CODES, exit_code
from assay_client._command.output import Output
from assay_client._command.session import Session
from assay_client._exceptions import AssayError

EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."
# These may stand anywhere on the line, so that nobody has to know where.
ANYWHERE = ("--json", "--quiet")

app = typer.Typer(
    name="assay",
    help="Raw data in; a curated, labeled, versioned dataset and a small model out.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    url: Annotated[str | None, typer.Option(help="Address of the service; else ASSAY_URL, else `assay login`.")] = None,
    token: Annotated[str | None, typer.Option(help="API token; else ASSAY_TOKEN, else `assay login`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write results as JSON; may stand anywhere.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing about progress; may stand anywhere.")] = False,
) -> None:
    """Make the session of this call."""
    context.obj = Session(out=Output(as_json=as_json, quiet=quiet), url=url, token=token)


app.command()(account.login)
app.command()(account.logout)
app.command()(account.whoami)
app.command("import")(data.import_file)
app.command()(data.push)
app.command()(data.curate)
app.command()(data.datasets)
app.command()(data.versions)
app.command()(data.download)
app.add_typer(sources.app, name="source")
app.add_typer(erasures.app, name="erase")
labeling.app.command()(assignments.assign)
labeling.app.command()(assignments.unassign)
labeling.app.add_typer(golds.app, name="gold")
labeling.app.add_typer(suggestions.app, name="suggestions")
labeling.app.add_typer(quality.rules, name="rules")
labeling.app.command()(exports.export)
labeling.app.command("import")(exports.import_labeled)
labeling.app.command()(quality.agreement)
labeling.app.command()(quality.disagreements)
labeling.app.command("label-errors")(quality.label_errors)
labeling.app.command("one-more")(quality.one_more)
labeling.app.command("auto-accept")(quality.auto_accept)
labeling.app.command()(golds.pause)
labeling.app.command()(golds.onboarding)
labeling.app.add_typer(bulk.app, name="bulk")
labeling.app.command()(comments.comments)
labeling.app.command()(comments.review)
labeling.app.command()(work.work)
app.add_typer(labeling.app, name="project")
app.command()(labeling.label)
app.command()(labeling.suggest)
app.command()(labeling.publish)
app.command()(models.train)
app.command()(models.families)
app.command()(checks.check)
app.command()(checks.combine)
app.command()(explaining.explain)
app.command()(models.export)
app.command()(models.deploy)
app.command()(models.predict)
app.add_typer(migrate.app, name="migrate")
app.add_typer(jobs.app, name="jobs")
app.command("demo")(demo.run_demo)


def arranged(arguments: list[str]) -> list[str]:
    """Move the options that may stand anywhere to the front, up to a lone `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    front = [word for word in ANYWHERE if word in arguments[:end]]
    return front + [word for word in arguments[:end] if word not in ANYWHERE] + arguments[end:]


def main() -> None:
    """Run the command; a failure becomes one sentence on stderr and an exit code."""
    try:
        app(arranged(sys.argv[1:]), prog_name="assay")
    except AssayError as error:
        sys.stderr.write(f"assay: {error}\n")
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.stderr.write("assay: interrupted; a job that was started goes on\n")
        sys.exit(130)
