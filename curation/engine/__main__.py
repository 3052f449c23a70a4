"""The engine from the command line, without a server: ``python -m curation.engine --help``.

Exit codes: 0 done, 1 the file or the plan cannot be used (a sentence on standard error says why), 2 wrong arguments,
130 stopped with Ctrl-C (the same command goes on after the last finished step). Standard output holds one JSON object.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curation.engine.commands import diff, link, meaning, near_duplicates
from curation.engine.plan import Plan, PlanError, default_plan, run_plan
from curation.engine.presets import PRESETS
from curation.engine.readers import ReadError, read_batches, sniff
from curation.engine.steps.base import StepError
from curation.engine.writer import VersionManifest, VersionReader, VersionWriter

MANIFEST = "manifest.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        summary = options.run(options)
    except (PlanError, StepError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except ReadError as error:
        where = f" (line {error.line})" if error.line else ""
        print(f"{error.message}{where}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(json.dumps(summary, ensure_ascii=False, indent=1))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m curation.engine", description="Curate a table without a server.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="apply a plan (YAML or JSON) to a file or a version")
    run.add_argument("plan", help=f"plan file, one of {', '.join(PRESETS)}, or - for the default plan of the input")
    run.set_defaults(run=_run)
    duplicates = commands.add_parser("exact-duplicates", help="keep the first of equal rows")
    duplicates.add_argument("--column", action="append", default=[], help="column to compare; the text column if none")
    duplicates.add_argument("--exact", action="store_true", help="compare every character, not folded text")
    duplicates.set_defaults(run=_exact_duplicates)
    near_duplicates.add(commands)
    link.add_parser(commands, _open, _show)
    diff.add_parser(commands, _open, _show)
    meaning.add_parsers(commands, _show)
    for command in (run, duplicates):
        command.add_argument(
            "input", type=Path, help="a file of any format that imports take, or the folder of a version"
        )
        command.add_argument("output", type=Path, help="folder for the new version, drops.parquet and findings.parquet")
    return parser


def _run(options: argparse.Namespace) -> dict[str, Any]:
    return _apply(_plan(options.plan), options.input, options.output)


def _plan(name: str) -> Plan | None:
    """Return the plan of a file or of a published preset; None for the default plan of the input."""
    if name == "-":
        return None
    if name in PRESETS and not Path(name).exists():
        return Plan.from_json(PRESETS[name])
    return Plan.from_yaml(Path(name).read_text("utf-8"))


def _exact_duplicates(options: argparse.Namespace) -> dict[str, Any]:
    params = {"columns": options.column, "folded": not options.exact}
    plan = Plan.from_json({"steps": [{"name": "exact_duplicates", "params": params}]})
    return _apply(plan, options.input, options.output)


def _apply(plan: Plan | None, source: Path, output: Path) -> dict[str, Any]:
    if output.resolve() == source.resolve():
        raise ValueError("The output must be another folder than the input: a version is never changed.")
    output.mkdir(parents=True, exist_ok=True)
    reader, refused = _open(source, output / "input")
    chosen = plan or default_plan(reader.manifest)
    report = run_plan(chosen, reader, output, progress=_show)
    _show_end()
    (output / MANIFEST).write_text(json.dumps(report.manifest.to_json(), ensure_ascii=False), "utf-8")
    summary = report.to_json()
    return {"rows_in": reader.row_count, "rows_out": report.manifest.row_count, "refused": refused, **summary}


def _open(source: Path, folder: Path) -> tuple[VersionReader, int]:
    """Return a reader of the input, and how many rows of a file were refused; a file is first written as a version."""
    if (source / MANIFEST).exists():
        manifest = VersionManifest.from_json(json.loads((source / MANIFEST).read_text("utf-8")))
        return VersionReader([source / part.name for part in manifest.parts], manifest), 0
    profile = sniff(source, source.name)
    folder.mkdir(parents=True, exist_ok=True)
    writer = VersionWriter(folder, roles=profile.roles)
    refused, first = 0, 1
    for batch in read_batches(source, profile):
        ids = pa.array(np.arange(first, first + batch.table.num_rows, dtype=np.int64))
        writer.write(batch.table.add_column(0, "item_id", ids))
        first += batch.table.num_rows
        refused += len(batch.refused)
        for row in batch.refused:
            print(f"line {row.line}: {row.reason}", file=sys.stderr)
    manifest = writer.finish()
    for sentence in profile.warnings:
        print(sentence, file=sys.stderr)
    return VersionReader([folder / part.name for part in manifest.parts], manifest), refused


def _show(done: int, total: int, stage: str) -> None:
    if sys.stderr.isatty():
        share = done * 100 // total if total else 100
        print(f"\r{share:3d} %  {stage:40.40s}", end="", file=sys.stderr, flush=True)


def _show_end() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
