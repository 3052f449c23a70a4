"""``near-duplicate-images FOLDER``: all pairs of near-duplicate pictures below a folder, and their clusters."""

import argparse
import os
import resource
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curation.engine.commands.pictures import readable
from curation.engine.commands.tables import check_output, write_tables
from curation.engine.media import hash_of, walk_files
from curation.engine.pictures.kinds import HEAD_BYTES, kind_of, named_like_picture

if TYPE_CHECKING:
    from curation.engine.near_pictures.result import NearPictures

KEEP = ("largest", "first")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser(
        "near-duplicate-images",
        help="list all pairs of near-duplicate pictures below a folder",
        description="Lists every pair of pictures of which one is a copy of the other: scaled, compressed, brighter, "
        "grey, marked, cropped by up to about a third, or slanted by up to 30 degrees. Each pair is verified on its "
        "pixels; the score, 0 to 1, says how much of the contrast that both have agrees. "
        "docs/explanation/near-duplicate-images.md",
    )
    command.add_argument("input", type=Path, metavar="FOLDER", help="JPEG, PNG, WebP, GIF, TIFF, BMP and more")
    command.add_argument("--threshold", type=float, default=0.5, help="least score, from 0.3 to 1 (0.5)")
    command.add_argument("--flips", action="store_true", help="mirrored pictures are duplicates too")
    command.add_argument("--turns", action="store_true", help="pictures turned by quarters are duplicates too")
    command.add_argument("--whole", action="store_true", help="leave out cropped and slanted copies: twice as fast")
    command.add_argument(
        "--pairs", type=Path, metavar="OUT", help="write file1,file2,score: .csv, .jsonl (.gz), .parquet"
    )
    command.add_argument("--clusters", type=Path, metavar="OUT", help="write cluster,file,kept: the same formats")
    command.add_argument("--broken", type=Path, metavar="OUT", help="write file,reason of pictures that cannot be read")
    command.add_argument("--keep", default="largest", choices=KEEP, help="which picture of a cluster stays (largest)")
    command.add_argument("--cache", type=Path, metavar="FOLDER", help="keep what is computed, for the next time")
    command.add_argument("--threads", type=int, default=0, help="all processors if left out")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Search, write, and return the summary.

    Raises:
        ValueError: An argument is wrong.
    """
    for path in (options.pairs, options.clusters, options.broken):
        if path is not None:
            check_output(path)
    if not options.input.is_dir():
        raise ValueError(f"{options.input} is no folder; give the folder that holds the pictures.")
    # The compiler is slow to import; wrong arguments are answered before.
    from curation.engine.near_pictures.decoding import SUFFIXES
    from curation.engine.near_pictures.search import PictureSearch
    from curation.engine.near_pictures.store import Store

    search = PictureSearch(
        options.threshold,
        flips=options.flips,
        turns=options.turns,
        parts=not options.whole,
        threads=options.threads,
    )
    paths = [path for path in walk_files(options.input) if path.suffix.lower() in SUFFIXES or _is_picture(path)]
    names = []
    for number, path in enumerate(paths, 1):
        names.append(hash_of(path))
        _show("reading", number, len(paths))
    by_name = dict(zip(reversed(names), reversed(paths), strict=True))
    with _folder(options.cache) as folder, _quiet():
        result = search.run(names, by_name.get, Store(folder), _show)
    _show("", 0, 0)
    files = pa.array([readable(path.relative_to(options.input)) for path in paths], pa.string())
    _write(options, result, files)
    return _summary(options, result, len(paths))


def _is_picture(path: Path) -> bool:
    """Tell whether a file without a usual ending is a picture all the same, or is named like one that is not read."""
    if named_like_picture(path.name):
        return True
    with path.open("rb") as stream:
        return bool(kind_of(stream.read(HEAD_BYTES)))


@contextmanager
def _folder(cache: Path | None) -> Iterator[Path]:
    if cache is not None:
        yield cache
        return
    with tempfile.TemporaryDirectory(prefix="near-duplicate-images-") as folder:
        yield Path(folder)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the decoders, written in C, from writing to standard error: what is wrong stands in our own list."""
    # Pillow warns of damaged EXIF data, which changes nothing here.
    warnings.filterwarnings("ignore", module="PIL")
    ours, kept, nothing = sys.stderr, os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        with os.fdopen(os.dup(kept), "w") as progress:
            sys.stderr = progress
            yield
    finally:
        sys.stderr = ours
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _write(options: argparse.Namespace, result: "NearPictures", files: pa.Array) -> None:
    if options.pairs is not None:
        first, second, score = result.pairs()
        columns = {
            "file1": files.take(pa.array(first)),
            "file2": files.take(pa.array(second)),
            "score": pa.array(np.round(score, 4)),
        }
        _write_table(options.pairs, columns)
    if options.clusters is not None:
        clusters = result.clusters()
        members, stays = clusters.members(), clusters.keep(*([result.areas()] if options.keep == "largest" else []))
        columns = {
            "cluster": pa.array(clusters.label[members] + 1),
            "file": files.take(pa.array(members)),
            "kept": pa.array(stays[members] == members),
        }
        _write_table(options.clusters, columns)
    if options.broken is not None:
        places = sorted(result.broken)
        reasons = pa.array([result.broken[place] for place in places], pa.string())
        _write_table(options.broken, {"file": files.take(pa.array(places, pa.int64())), "reason": reasons})


def _write_table(path: Path, columns: dict[str, pa.Array]) -> None:
    table = pa.table(columns)
    write_tables(path, table.schema, iter([table]))


def _summary(options: argparse.Namespace, result: "NearPictures", count: int) -> dict[str, Any]:
    clusters = result.clusters()
    clustered = int((clusters.label >= 0).sum())
    return {
        "folder": options.input.name,
        "threshold": options.threshold,
        "flips": options.flips,
        "parts": not options.whole,
        "turns": options.turns,
        "files": count,
        "broken": len(result.broken),
        "plain": result.plain,
        "pictures": len(result.sizes),
        "pairs": len(result.pairs()[0]),
        "clusters": clusters.count,
        "files_in_clusters": clustered,
        "duplicate_share": round((clustered - clusters.count) / count, 6) if count else 0.0,
        **result.figures,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _show(stage: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        share = f"{done * 100 // max(total, 1):3d} %  {stage}: {done:,} of {total:,}" if stage else ""
        print(f"\r{share:70.70s}", end="" if stage else "\n", file=sys.stderr, flush=True)
