"""The commands of `python -m modeling.engine`."""

from __future__ import annotations

import argparse
import os

from modeling.engine.commands import augmentation, bundles, compression, explain, models, search, serving
from modeling.engine.commands.talk import say
from modeling.engine.errors import EngineError


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="python -m modeling.engine", description="Train, judge and export models without the service."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    models.add_commands(commands)
    bundles.add_commands(commands)
    augmentation.add_commands(commands)
    search.add_commands(commands)
    compression.add_commands(commands)
    explain.add_commands(commands)
    serving.add_commands(commands)
    return top


def _check_launch(options: argparse.Namespace) -> None:
    """Refuse several processes where they would all do the same work over one another.

    Raises:
        EngineError: `bad_launch`.
    """
    if options.run is not models.run_train and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise EngineError("Only train is shared among processes; run this command without torchrun.", code="bad_launch")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; an expected failure is a sentence and exit code 1."""
    options = parser().parse_args(arguments)
    try:
        _check_launch(options)
        options.run(options)
    except (EngineError, OSError) as error:
        if os.environ.get("RANK", "0") == "0":
            # Of the processes that torch's launcher started, one talks.
            say(str(error))
        return 1
    return 0
