"""Compiles the engine's kernels ahead of their first use, once on each machine and for each version of the engine.

    python -m curation.engine.warming          compiles into the folder of `curation.engine.compiling`

A kernel compiles the first time that it runs, together about forty seconds of a processor, nine of them for those of
pictures, which come last. A worker starts this beside its work, so that the first preview and the first run do not
wait.
"""

import fcntl
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
import threading
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from curation.engine.child import start_module
from curation.engine.compiling import cache_folder

if TYPE_CHECKING:
    import pyarrow as pa

_ENGINE = Path(__file__).resolve().parent
# Every step that has kernels, with parameters that reach all of them.
STEPS = (
    {"name": "detect_language"},
    {"name": "filter_length"},
    {"name": "filter_lines"},
    {"name": "filter_symbols", "params": {"from_words": 0, "min_stop_words": 1}},
    {"name": "filter_repetition", "params": {"from_words": 0}},
    {"name": "near_duplicates", "params": {"shingles": "auto", "action": "find"}},
    {"name": "near_duplicates", "params": {"shingles": "word:2", "action": "find"}},
    {"name": "near_duplicates", "params": {"shingles": "char:3", "action": "find"}},
    {"name": "link_records", "params": {"fields": ["text", "label", "number"], "kinds": {"label": "code"}}},
)
ROWS = 240
# Tells the process to end when its input is closed; by hand it needs no input.
WITH_PARENT = "--with-parent"


def is_warm() -> bool:
    """Tell whether this version of the engine has been compiled on this machine; true when nobody could know."""
    folder = cache_folder()
    return folder is None or (folder / _marker()).exists()


def start_warming() -> subprocess.Popen[bytes] | None:
    """Compile in a process of its own that gives way to others and ends with this one; None when all is compiled."""
    if cache_folder() is None or is_warm():
        return None
    child = start_module("curation.engine.warming", WITH_PARENT)
    # Somebody has to wait for it, or it stays in the list of processes after it has ended.
    threading.Thread(target=child.wait, daemon=True).start()
    return child


def warm(folder: Path) -> bool:
    """Run every kernel once on a few rows and leave a marker; false when another process is at it already."""
    from curation.engine.plan import Plan
    from curation.engine.preview import preview_plan

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "warming.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        table = _rows()
        for step in STEPS:
            (done,) = preview_plan(Plan.from_json({"steps": [step]}), table, {"text": "text"}, seconds=600)
            if done.error:
                raise RuntimeError(f"{step['name']} cannot be warmed: {done.error}")
        _warm_minhash(table)
        _warm_pictures()
        (folder / _marker()).touch()
    return True


def _warm_minhash(table: "pa.Table") -> None:
    """Run the join that the engine chooses for large collections of long texts only, and list its pairs."""
    from curation.engine.near.search import Search
    from curation.engine.near.shingles import Shingles

    Search(Shingles.parse("word:2"), 0.8, method="minhash").run([table["text"].combine_chunks()]).text_pairs()


def _warm_pictures() -> None:
    """Search three pictures that hold both kinds of candidates: one, a paler copy of it, and a part of it.

    Through the search itself, since a kernel is compiled for the types that it is called with. Comes last: a preview
    waits for the kernels of texts and never for these.
    """
    import cv2
    import numpy as np

    from curation.engine.media import FolderMedia
    from curation.engine.near_pictures.search import PictureSearch
    from curation.engine.near_pictures.store import Store

    random = np.random.default_rng(1)
    # Blots of many sizes have corners everywhere.
    blots = cv2.resize(random.integers(0, 256, (24, 32), np.uint8), (256, 192), interpolation=cv2.INTER_CUBIC)
    with tempfile.TemporaryDirectory(prefix="warming-") as temporary:
        folder = Path(temporary)
        for name, pixels in (("whole", blots), ("paler", blots // 2 + 64), ("part", blots[20:150, 20:200])):
            cv2.imwrite(str(folder / f"{name}.png"), pixels)
        media = FolderMedia(folder)
        found = PictureSearch(threads=1).run(list(media.files()), media.path, Store(folder / "store"))
    if not len(found.left):
        raise RuntimeError("The search for near-duplicate pictures cannot be warmed: it found no copy.")


def _rows() -> "pa.Table":
    """Return texts in two scripts, some of them nearly equal, in the types that versions have."""
    import pyarrow as pa

    english = "The quick brown fox number {} jumps over the lazy dog. It does so - again and again - every day.\n"
    chinese = "第{}只敏捷的棕色狐狸跳过了懒狗。它每天都这样做，一次又一次。\n"
    texts = [(english, chinese)[number % 2].format(number // 4) * (1 + number % 3) for number in range(ROWS)]
    return pa.table(
        {
            "item_id": pa.array(range(1, ROWS + 1), pa.int64()),
            "text": pa.array(texts, pa.large_string()),
            "label": pa.array([f"A-{number // 8}" for number in range(ROWS)], pa.large_string()),
            "number": pa.array([number / 8 for number in range(ROWS)], pa.float64()),
        }
    )


@lru_cache(maxsize=1)
def _marker() -> str:
    """Return a name that changes with the compiler, the processor and the source of any kernel."""
    told = hashlib.sha256(f"{metadata.version('numba')} {sys.version} {platform.machine()} {_processor()}".encode())
    for path in sorted(_ENGINE.rglob("*.py")):
        source = path.read_bytes()
        if b"@compiled" in source:
            told.update(source)
    return f"warm-{told.hexdigest()[:16]}"


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open() as file:
            return next((line for line in file if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def _end_with_parent() -> None:
    """End this process when the other end of its input is closed, which a parent that was killed does too."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    target = cache_folder()
    if target is None:
        sys.exit("Set NUMBA_CACHE_DIR or ASSAY_HOME: without them nothing says where to keep what is compiled.")
    os.nice(10)
    if WITH_PARENT in sys.argv:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    warm(target)
