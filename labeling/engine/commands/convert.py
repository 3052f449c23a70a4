"""``convert``: a labeled dataset of one tool as that of another, with a report of what was lost."""

import argparse
import csv
import sys
import tempfile
from pathlib import Path
from typing import Any

from labeling.engine.formats.files import opened
from labeling.engine.formats.record import FormatError, Losses
from labeling.engine.formats.table import FORMATS, WRITTEN, find_format
from labeling.engine.formats.target import Target
from labeling.engine.schema import parse_schema


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("convert", help="a labeled dataset in another tool's format", description=__doc__)
    command.add_argument("input", type=Path, metavar="SOURCE", help="file, folder or archive (zip, tar, tar.gz)")
    command.add_argument("--from", dest="source", choices=sorted(FORMATS), help="found by content if left out")
    command.add_argument("--to", required=True, choices=sorted(WRITTEN), help="format to write")
    command.add_argument(
        "--out", required=True, type=Path, metavar="FOLDER", help="is made; must be empty if it is there"
    )
    command.add_argument(
        "--losses", type=Path, metavar="CSV", help="where,code,reason of each object dropped or changed"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Convert, and return what was read, written and lost.

    Raises:
        ValueError: The source cannot be read, or the format cannot hold it.
    """
    if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
        raise ValueError(f"{options.out} is there and not an empty folder. Give another one.")
    losses = Losses()
    try:
        with opened(options.input) as files:
            name = options.source or find_format(files)
            reading = FORMATS[name].read(files, losses)
            schema = parse_schema(reading.schema)
            target = FORMATS[options.to]
            assert target.write is not None
            assert target.holds is not None
            why_not = target.holds(schema)
            if why_not:
                raise ValueError(why_not)
            options.out.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=options.out.parent, prefix=".converting-") as folder:
                made = Path(folder) / "made"
                made.mkdir()
                written = target.write(Target(made, files.paths.__getitem__, losses), schema, reading.records())
                if options.out.exists():
                    options.out.rmdir()
                made.replace(options.out)
    except FormatError as error:
        raise ValueError(error.message) from None
    _report(options.losses, losses)
    return {"from": name, "to": options.to, "items": written, "losses": losses.total, "by_code": dict(losses.counts)}


def _report(path: Path | None, losses: Losses) -> None:
    """Write the report, or say on standard error what would stand in it first."""
    rows = [(loss.where, loss.code, loss.reason) for loss in losses.listed]
    if path is None:
        for where, _code, reason in rows[:20]:
            sys.stderr.write(f"{where}: {reason}\n")
        if losses.total > 20:
            sys.stderr.write(f"… and {losses.total - 20:,} more; --losses FILE.csv lists them.\n")
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("where", "code", "reason"))
        writer.writerows(rows)
