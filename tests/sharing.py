"""What is made once for all workers of a test run: trained models, bundles."""

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")


def made_once(name: str, make: Callable[[Path], Made]) -> Made:
    """Return what `make` builds, in a folder that lives as long as the run; the second worker to ask reads it.

    Args:
        name: what it is called, by whoever asks for it.
        make: builds it in an empty folder; what it returns may be pickled and points to nothing elsewhere.
    """
    place = Path(os.environ["ASSAY_TEST_HOME"]) / "made"
    place.mkdir(exist_ok=True)
    kept = place / f"{name}.pickle"
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            folder = place / name
            folder.mkdir()
            whole = place / f"{name}.new"
            whole.write_bytes(pickle.dumps(make(folder)))
            whole.rename(kept)
    return pickle.loads(kept.read_bytes())
