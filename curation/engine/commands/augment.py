"""``augment``: a set with changed copies, by a policy."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from curation.engine.augment.marks import marked_columns, read_marks
from curation.engine.augment.policy import PICTURE, Policy, PolicyError, offered, read_policy
from curation.engine.augment.text import SpansError
from curation.engine.commands.tables import write_tables
from curation.engine.media import Media
from curation.engine.plan import Plan, run_plan
from curation.engine.reader import VersionReader
from curation.engine.readers import ReadError
from curation.engine.run import clear_steps
from curation.engine.steps.augment import JOINING

Open = Callable[[Path, Path], tuple[VersionReader, int]]
Show = Callable[[int, int, str], None]
Find = Callable[[Path, Path, Path], Media]
# Sentences on standard error; the report has all.
SHOWN = 20
SPLIT = "split"
LIST = "list"


def add_parser(commands: Any, open_: Open, show: Show, media: Find) -> None:
    """Add the command.

    Args:
        commands: Where commands are added.
        open_: Opens an input as a version.
        show: Shows progress.
        media: Finds the pictures of an input.
    """
    parser = commands.add_parser("augment", help="add changed copies whose labels stay true, by a policy")
    parser.add_argument("policy", type=Path, help=f"policy file (YAML), or {LIST} for all augmentations")
    parser.add_argument("input", type=Path, nargs="?", help="table, folder of pictures, version, or COCO file (.json)")
    parser.add_argument("output", type=Path, nargs="?", help="folder for the result")
    parser.add_argument("--text", help="column of the text")
    parser.add_argument("--label", help="column of the label, for the figures of the report")
    parser.add_argument("--spans", action="append", default=[], help="column of spans or shapes; if none, all")
    parser.add_argument("--split", help=f"only rows that say train here are copied; {SPLIT} if there is one, else all")
    parser.add_argument("--images", type=Path, help="folder of a COCO file's pictures; found beside it if not given")

    def run(options: argparse.Namespace) -> dict[str, Any]:
        if str(options.policy) == LIST and not options.policy.exists():
            return {"augmentations": offered()}
        if options.output is None:
            raise ValueError("Give an input and a folder for the output.")
        policy = _read(options.policy)
        joining = [step.use for step in policy.steps if step.use in JOINING]
        if joining:
            raise ValueError(
                f"{options.policy} uses {joining[0]}, which joins pictures: use it on the fly, in a training."
            )
        if options.input.suffix.lower() == ".json" and policy.kind == PICTURE:
            return _coco(options, policy, show)
        return _table(options, policy, open_, show, media)

    parser.set_defaults(run=run)


def _read(path: Path) -> Policy:
    try:
        return read_policy(path.read_text("utf-8"))
    except PolicyError as error:
        raise ValueError(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8.") from None


def _coco(options: argparse.Namespace, policy: Policy, show: Show) -> dict[str, Any]:
    from curation.engine.augment.coco import augment_coco

    around = [options.input.parent / name for name in ("", "images", "../images", "..")]
    places = [options.images] if options.images else around
    names = [row.get("file_name") for row in _images(options.input)[:50]]
    found = [place for place in places if any(isinstance(name, str) and (place / name).is_file() for name in names)]
    if not found:
        raise ValueError(f"The pictures of {options.input} are not beside it. Say where they are with --images FOLDER.")
    done = augment_coco(options.input, found[0], options.output, policy, show)
    for sentence in done.refused[:SHOWN]:
        print(sentence, file=sys.stderr)
    summary = {"pictures": done.pictures, "copies": done.copies, "shapes_lost": done.lost, "refused": len(done.refused)}
    _report(options.output, {**summary, "policy": policy.to_json(), "refused_rows": done.refused})
    return summary


def _images(path: Path) -> list[dict[str, Any]]:
    from curation.engine.augment.coco import read_coco

    images: list[dict[str, Any]] = read_coco(path)["images"]
    return images


def _table(options: argparse.Namespace, policy: Policy, open_: Open, show: Show, media: Find) -> dict[str, Any]:
    options.output.mkdir(parents=True, exist_ok=True)
    reader, refused = open_(options.input, options.output / "input")
    names = reader.schema.names
    for name in (options.text, options.label, options.split, *options.spans):
        if name and name not in names:
            raise ReadError("column_unknown", f"The input has no column {name!r}. It has {', '.join(names[1:50])}.")
    given = {role: name for role, name in (("text", options.text), ("label", options.label)) if name}
    reader = VersionReader(reader.paths, replace(reader.manifest, roles={**reader.manifest.roles, **given}))
    split = options.split or (SPLIT if SPLIT in names else "")
    params = {"policy": policy.to_yaml(), "split_column": split, "marks": options.spans}
    plan = Plan.from_json({"steps": [{"name": "augment", "params": params}]})
    pictures = media(options.input, options.output / "input", options.output / "pictures")
    report = run_plan(plan, reader, options.output, progress=show, media=pictures)
    manifest = json.dumps(report.manifest.to_json(), ensure_ascii=False)
    (options.output / "manifest.json").write_text(manifest, "utf-8")
    made = VersionReader([options.output / part.name for part in report.manifest.parts], report.manifest)
    target = options.output / f"augmented{_ending(options.input)}"
    _write(target, made)
    (step,) = report.steps
    summary: dict[str, Any] = {
        "rows_in": step.rows_in,
        "rows_out": step.rows_out,
        "copies": step.added,
        "refused": refused,
    }
    summary |= {"findings": step.findings, "split": split, "output": str(target)}
    _report(options.output, {**summary, "policy": policy.to_json(), **report.to_json()})
    clear_steps(options.output)
    return summary


def _report(folder: Path, told: dict[str, Any]) -> None:
    (folder / "report.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")


def _ending(path: Path) -> str:
    """Return the ending of the result: that of the input where it can be written, else Parquet."""
    name = path.name.lower().removesuffix(".gz")
    return next((ending for ending in (".csv", ".jsonl") if name.endswith(ending)), ".parquet")


def _write(path: Path, made: VersionReader) -> None:
    """Write all rows; in JSON Lines spans and shapes are lists again."""
    if path.suffix != ".jsonl":
        write_tables(path, made.schema, (pa.Table.from_batches([batch]) for batch in made.batches()))
        return
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        for batch in made.batches():
            stream.writelines(orjson.dumps(row) + b"\n" for row in _unpacked(pa.Table.from_batches([batch])))
    part.replace(path)


def _unpacked(table: pa.Table) -> Iterator[dict[str, Any]]:
    marks = marked_columns(table, ())
    for row in table.to_pylist():
        for name in marks:
            try:
                row[name] = read_marks(row[name])
            except SpansError:
                continue
        yield row
