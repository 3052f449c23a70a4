"""Pictures as arrays for training and prediction: read once, scaled, kept while they fit, and the broken ones named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.engine.embedding.callbacks import IsCancelled, Progress, stop_if
from curation.engine.pictures.decode import PictureError
from modeling.engine.bundle.runtime.pixels import Loaded, file_bytes, loaded_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Bytes of decoded pictures that a training keeps; beyond them pictures are decoded again in each epoch.
KEPT_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Broken:
    """A row whose picture cannot be read, and why as a sentence."""

    row: int
    reason: str

    def told(self, name: str) -> dict[str, str]:
        """Return a JSON-ready mapping that names the row as its owner does."""
        return {"id": name, "reason": self.reason}


def load(path: Path, side: int) -> Loaded:
    """Read a picture so that its longer side has at most `side` pixels.

    Raises:
        PictureError: It is missing, larger than what is decoded, no picture, or damaged; `message` says which.
    """
    return loaded_from(file_bytes(path), side)


class PictureStore:
    """The pictures of some rows, decoded once while they fit into memory.

    Args:
        paths: One a row.
        side: Pixels of the longer side at most.
        kept_bytes: Of decoded pictures that are kept.
    """

    def __init__(self, paths: Sequence[Path], side: int, kept_bytes: int = KEPT_BYTES) -> None:
        self.paths, self.side, self._left = tuple(paths), side, kept_bytes
        self._kept: dict[int, Loaded] = {}
        self._sizes: dict[int, tuple[int, int]] = {}

    def __getitem__(self, row: int) -> Loaded:
        """Return a row's picture.

        Raises:
            PictureError: as `load`.
        """
        found = self._kept.get(row)
        if found is None:
            found = load(self.paths[row], self.side)
            self._sizes[row] = (found.pixels.shape[0], found.pixels.shape[1])
            if found.pixels.nbytes <= self._left:
                self._left -= found.pixels.nbytes
                self._kept[row] = found
        return found

    def of(self, rows: Sequence[int]) -> PictureStore:
        """Return a store of these rows, in this order, with what is kept of them."""
        store = PictureStore([self.paths[row] for row in rows], self.side, self._left)
        store._kept = {place: self._kept[row] for place, row in enumerate(rows) if row in self._kept}
        store._sizes = {place: self._sizes[row] for place, row in enumerate(rows) if row in self._sizes}
        return store

    def size(self, row: int) -> tuple[int, int]:
        """Return height and width of a row's scaled picture, which is read only if it never was.

        Raises:
            PictureError: as `load`.
        """
        if row not in self._sizes:
            self[row]
        return self._sizes[row]

    def broken(self, progress: Progress | None = None, cancelled: IsCancelled | None = None) -> list[Broken]:
        """Read every picture once and return the rows that have none.

        Raises:
            Cancelled: Asked before each picture.
        """
        found = []
        for row in range(len(self.paths)):
            stop_if(cancelled, "Reading pictures")
            if progress:
                progress(row, len(self.paths))
            try:
                self[row]
            except PictureError as error:
                found.append(Broken(row, error.message))
        if progress:
            progress(len(self.paths), len(self.paths))
        return found
