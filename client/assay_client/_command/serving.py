"""Commands about bundles on this machine: they hand over to the engine, where it is installed, and ask no service."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import NoReturn

import typer

from assay_client._command.exits import UsageProblem

# What follows these commands is the engine's to read.
AS_THEY_ARE = {"allow_extra_args": True, "ignore_unknown_options": True}
ENGINE = "modeling.engine"


def serve(context: typer.Context) -> None:
    """Serve bundles over HTTP from their files alone: assay serve spam.zip --port 8100."""
    hand_over("serve", context.args)


def verify(context: typer.Context) -> None:
    """Check a bundle: hashes, graph, signature, that it runs, and with --parity how well."""
    hand_over("verify", context.args)


def hand_over(command: str, arguments: list[str]) -> NoReturn:
    """Become a command of the engine, so that signals reach it and nothing of this program stays in memory.

    Raises:
        UsageProblem: the engine is not installed here.
    """
    if find_spec("modeling") is None:
        raise UsageProblem(
            f"`assay {command}` needs Assay itself beside its client: pip install --no-deps assay, and what the "
            "bundle's README names. docs/how-to/serve.md says it in full."
        )
    words = [sys.executable, "-m", ENGINE, command, *arguments]
    if os.name == "nt":
        sys.exit(subprocess.run(words, check=False).returncode)
    sys.stderr.flush()
    os.execv(sys.executable, words)  # noqa: S606  (no shell on purpose)
