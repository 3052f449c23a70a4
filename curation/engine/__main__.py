"""The engine from the command line, without a server: ``python -m curation.engine --help``.

Exit codes: 0 done, 1 the file or the plan cannot be used (a sentence on standard error says why), 2 wrong arguments,
130 stopped with Ctrl-C. A run that was stopped or that failed goes on behind its last finished shard when the same
command is given again. A plan that drops everything makes no version and gives 1, but its report and drops.parquet are
there to look at. Standard output holds one JSON object.
"""

import argparse
import errno
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curation.engine.benchmarks import OpenedBenchmarks
from curation.engine.commands import (
    augment,
    check_certificate,
    diff,
    link,
    meaning,
    near_duplicate_images,
    near_duplicates,
    pii,
)
from curation.engine.media import FolderMedia, Media, NoMedia
from curation.engine.pictures.taking import Picture
from curation.engine.plan import Plan, PlanError, default_plan, run_plan
from curation.engine.presets import PRESETS
from curation.engine.readers import ReadError, read_batches, sniff
from curation.engine.run import StepFailed, clear_steps, emptied_by
from curation.engine.steps.base import StepError
from curation.engine.writer import VersionManifest, VersionReader, VersionWriter

MANIFEST, REPORT, PICTURES = "manifest.json", "report.json", "pictures"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        summary = options.run(options)
    except OSError as error:
        full = "The disk is full. Free some space and give the same command again: it goes on where it stopped."
        missing = f"There is no file or folder {error.filename}."
        said = {errno.ENOSPC: full, errno.ENOENT: missing}
        print(said.get(error.errno or 0, error), file=sys.stderr)
        return 1
    except (PlanError, StepError, StepFailed, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except ReadError as error:
        where = f" (line {error.line})" if error.line else ""
        print(f"{error.message}{where}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(json.dumps(summary, ensure_ascii=False, indent=1))
    return 1 if summary.get("emptied_by_step") else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m curation.engine", description="Curate a table without a server.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="apply a plan (YAML or JSON) to a file or a version")
    run.add_argument("plan", help=f"plan file, one of {', '.join(PRESETS)}, or - for the default plan of the input")
    run.add_argument("--key", type=Path, help="file with at least 32 secret bytes, for pseudonyms")
    run.add_argument(
        "--benchmark", type=Path, metavar="FILE", help="what training items may not be like, for the step split_leakage"
    )
    run.set_defaults(run=_run)
    duplicates = commands.add_parser("exact-duplicates", help="keep the first of equal rows")
    duplicates.add_argument("--column", action="append", default=[], help="column to compare; the text column if none")
    duplicates.add_argument("--exact", action="store_true", help="compare every character, not folded text")
    duplicates.set_defaults(run=_exact_duplicates)
    near_duplicates.add(commands)
    pii.add(commands)
    near_duplicate_images.add(commands)
    link.add_parser(commands, _open, _show)
    diff.add_parser(commands, _open, _show)
    check_certificate.add_parser(commands)
    meaning.add_parsers(commands, _show)
    augment.add_parser(commands, _open, _show, _media)
    for command in (run, duplicates):
        command.add_argument(
            "input",
            type=Path,
            help="a file that imports take, a folder of pictures, or that of a version",
        )
        command.add_argument(
            "output", type=Path, help="folder for the new version, drops.parquet, findings.parquet and report.json"
        )
    return parser


def _run(options: argparse.Namespace) -> dict[str, Any]:
    key = options.key.read_bytes() if options.key else b""
    if options.key and len(key) < 32:
        raise ValueError(f"{options.key}: a key has at least 32 bytes, made by head -c 32 /dev/urandom > FILE.")
    plan = _plan(options.plan)
    if options.benchmark is None:
        return _apply(plan, options.input, options.output, key)
    options.output.mkdir(parents=True, exist_ok=True)
    reader, _refused = _open(options.benchmark, options.output / "benchmark")
    name = reader.manifest.content_hash
    benchmarks = OpenedBenchmarks({name: reader})
    return _apply(_with_benchmark(plan, name), options.input, options.output, key, benchmarks)


def _with_benchmark(plan: Plan | None, content_hash: str) -> Plan:
    """Return the plan with a benchmark in all steps that take one.

    Raises:
        ValueError: None does, or one names another.
    """
    steps = plan.steps if plan is not None else ()
    taking = [step for step in steps if hasattr(step, "benchmark")]
    if plan is None or not taking:
        raise ValueError("--benchmark: the plan has no step that compares with one, such as split_leakage.")
    named = next((step.benchmark for step in taking if step.benchmark not in {"", content_hash}), None)
    if named is not None:
        raise ValueError(f"--benchmark: the plan names the content {named[:12]}…, the file holds {content_hash[:12]}….")
    change: dict[str, Any] = {"benchmark": content_hash}
    chosen = (replace(step, **change) if step in taking else step for step in steps)
    return replace(plan, steps=tuple(chosen))


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


def _apply(
    plan: Plan | None, source: Path, output: Path, key: bytes = b"", benchmarks: OpenedBenchmarks | None = None
) -> dict[str, Any]:
    if output.resolve() == source.resolve():
        raise ValueError("The output must be another folder than the input: a version is never changed.")
    output.mkdir(parents=True, exist_ok=True)
    reader, refused = _open(source, output / "input")
    chosen = plan or default_plan(reader.manifest)
    for name in (MANIFEST, REPORT):
        (output / name).unlink(missing_ok=True)
    given: dict[str, Any] = {
        "media": _media(source, output / "input", output / PICTURES),
        "key": key,
        "benchmarks": benchmarks,
    }
    report = run_plan(chosen, reader, output, progress=_show, **given)
    _show_end()
    number = emptied_by(report.steps)
    if number is None:
        manifest = json.dumps(report.manifest.to_json(), ensure_ascii=False)
        (output / MANIFEST).write_text(manifest, "utf-8")
    else:
        name, drops = report.steps[number - 1].name, output / "drops.parquet"
        print(f"The plan dropped every item: step {number} ({name}) left none. {drops} says why.", file=sys.stderr)
    summary = {
        "rows_in": reader.row_count,
        "rows_out": report.manifest.row_count,
        "refused": refused,
        "emptied_by_step": number,
        **report.to_json(),
    }
    (output / REPORT).write_text(json.dumps(summary, ensure_ascii=False, indent=1), "utf-8")
    # What an interrupted run would have gone on from; the rows of each step would double the folder.
    clear_steps(output)
    return summary


def _open(source: Path, folder: Path) -> tuple[VersionReader, int]:
    """Return a reader of the input, and how many rows of a file were refused; a file is first written as a version.

    The pictures of an archive are unpacked beside it, by their hashes; those of a folder stay where they are.
    """
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
        if not source.is_dir():
            _keep(batch.pictures, folder / PICTURES)
        first += batch.table.num_rows
        refused += len(batch.refused)
        for row in batch.refused:
            print(f"line {row.line}: {row.reason}", file=sys.stderr)
    manifest = writer.finish()
    for sentence in profile.warnings:
        print(sentence, file=sys.stderr)
    return VersionReader([folder / part.name for part in manifest.parts], manifest), refused


def _keep(pictures: Sequence[Picture], folder: Path) -> None:
    if pictures:
        folder.mkdir(exist_ok=True)
    for picture in pictures:
        (folder / picture.sha256).write_bytes(picture.data)


def _media(source: Path, folder: Path, made: Path) -> Media:
    """Return the pictures of the input: in its folder, unpacked from its archive, or none; new ones go to `made`."""
    places = (source, source / PICTURES, source / "input" / PICTURES, folder / PICTURES)
    found = [place for place in places if place.is_dir() and not (place / MANIFEST).exists()]
    return FolderMedia(found[0], made) if found else NoMedia()


def _show(done: int, total: int, stage: str) -> None:
    if sys.stderr.isatty():
        share = done * 100 // total if total else 100
        print(f"\r{share:3d} %  {stage:40.40s}", end="", file=sys.stderr, flush=True)


def _show_end() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
