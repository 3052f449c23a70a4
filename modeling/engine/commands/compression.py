"""The command that looks for the smallest model within limits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.commands.models import context_of, given_settings, stored_examples
from modeling.engine.commands.policies import table
from modeling.engine.commands.talk import answer, say

if TYPE_CHECKING:
    import argparse

    from modeling.engine.compress.front import Row

REPORT_FILE = "compression.json"


def run_compress(options: argparse.Namespace) -> None:
    """Try exports and students of a trained folder, and propose the smallest within the limits."""
    from modeling.engine.compress.front import Limits
    from modeling.engine.compress.plot import plot, svg
    from modeling.engine.compress.search import compress
    from modeling.engine.training import TrainedModel

    data = stored_examples(options.folder)
    limits = Limits(options.limit_drop, options.limit_bytes, options.limit_ms)
    found = compress(
        TrainedModel.load(options.folder),
        data,
        options.out,
        limits=limits,
        recipes=options.only or None,
        unlabeled=_unlabeled(options.unlabeled),
        made=options.made,
        seed=options.seed,
        settings=given_settings(options.set),
        context=replace(context_of(options), checkpoints=None),
        on_row=_tell,
    )
    (options.out / REPORT_FILE).write_text(json.dumps(found.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
    for view in ("bytes", "ms"):
        drawn = svg(plot(found.rows, found.front, found.proposed, limits, view))
        (options.out / f"front-{view}.svg").write_text(drawn, encoding="utf-8")
    head = ["candidate", "lost", f"{found.figure}, test", "lost, test", "95 %", "MB", "ms", "texts a CPU s", "CPU s"]
    table(head, [_cells(row, found.front) for row in found.rows])
    say(found.sentence)
    answer(found.to_dict())


def _unlabeled(path: Path | None) -> list[str]:
    return [] if path is None else [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _tell(row: Row, number: int, count: int) -> None:
    told = f"failed: {row.failed}" if row.failed else f"{row.lost:.2f} points lost, {row.bytes / 1e6:.1f} MB"
    say(f"{number} of {count}, {row.name}: {told}")


def _cells(row: Row, front: list[str]) -> list[str]:
    name = f"{row.name} *" if row.name in front else row.name
    if row.failed:
        return [name, row.failed, *[""] * 7]
    return [
        name,
        f"{row.lost:.2f}",
        f"{row.figure:.4f}",
        f"{row.lost_test:.2f}",
        f"{row.low:.2f} to {row.high:.2f}",
        f"{row.bytes / 1e6:.1f}",
        f"{row.ms:.2f}",
        f"{row.per_cpu_second:,.0f}",
        f"{row.seconds:.0f}",
    ]


def add_commands(commands: Any) -> None:
    """Add compress to a parser's commands."""
    command = commands.add_parser("compress", help=run_compress.__doc__)
    command.add_argument("folder", type=Path, help="a trained folder")
    command.add_argument("--out", type=Path, required=True, help="where candidates are kept, and found again")
    command.add_argument("--limit-drop", type=float, default=0.5, help="points that may be lost")
    command.add_argument("--limit-bytes", type=int, help="of the bundle")
    command.add_argument("--limit-ms", type=float, help="of the median answer")
    command.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="a candidate to try; all otherwise"
    )
    command.add_argument("--unlabeled", type=Path, help="a file with a further text in each line")
    command.add_argument("--made", type=int, default=0, help="texts made from others to teach by")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the teaching")
    command.add_argument("--cache", type=Path, help="folder for encoder graphs and vectors")
    command.set_defaults(run=run_compress)
