"""The commands of `python -m modeling.engine`."""

from __future__ import annotations

import argparse

from modeling.engine.commands import augmentation, bundles, compression, models, search
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
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; an expected failure is a sentence and exit code 1."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except (EngineError, OSError) as error:
        say(str(error))
        return 1
    return 0
