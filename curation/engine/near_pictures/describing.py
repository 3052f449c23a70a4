"""Describes pictures into a store, on all processors."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.near_pictures.decoding import PictureError, read_picture
from curation.engine.near_pictures.features import SIDE, SMALL, Describer, described_whole
from curation.engine.near_pictures.store import Store

# Pictures between two writes to the store: about half a second of work.
BATCH = 256
# Ends of the names of other records of a picture: of its mirror image, and of one without key points.
MIRRORED, WHOLE = "-mirrored", "-whole"
# Finds the file of a picture by the SHA-256 of its bytes.
PathOf = Callable[[str], Path | None]


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep OpenCV from starting threads of its own beside ours, which would wait for each other."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def describe(
    names: Sequence[str],
    path_of: PathOf,
    store: Store,
    executor: Executor,
    told: Callable[[int], None],
    *,
    parts: bool = True,
    mirrored: bool = False,
) -> None:
    """Describe the pictures that the store does not hold yet; those that cannot be read get a sentence there.

    Args:
        names: SHA-256 of each picture.
        path_of: Finds the files; asked by many threads.
        store: Takes the records.
        executor: Threads.
        told: Called with the number of pictures done; may raise to stop.
        parts: Whether key points are wanted, by which parts are found. Without them a picture is decoded at an eighth.
        mirrored: Whether the key points of the mirrored picture are wanted too.
    """
    end = "" if parts else WHOLE
    local = threading.local()

    def one(name: str) -> list[tuple[str, NDArray[Any] | str]]:
        if not hasattr(local, "describer"):
            local.describer = Describer()
        path = path_of(name)
        if path is None:
            return [(name, "There is no file of this picture.")]
        try:
            picture = read_picture(path, SIDE if parts else SMALL)
        except PictureError as error:
            return [(name, str(error))]
        if not parts:
            return [(name + end, described_whole(picture))]
        entries: list[tuple[str, NDArray[Any] | str]] = []
        if name not in store:
            entries.append((name, local.describer.describe(picture)))
        if mirrored:
            other = replace(picture, pixels=np.ascontiguousarray(picture.pixels[:, ::-1]))
            entries.append((name + MIRRORED, local.describer.describe(other)))
        return entries

    missing = [
        name
        for name in names
        if name not in store.broken and (name + end not in store or (mirrored and name + MIRRORED not in store))
    ]
    done = len(names) - len(missing)
    told(done)
    for start in range(0, len(missing), BATCH):
        part = missing[start : start + BATCH]
        for entries in executor.map(one, part):
            store.add(entries)
        done += len(part)
        told(done)
