"""Pictures as arrays for training and prediction: read once, scaled, kept while they fit, and the broken ones named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curation.engine.embedding.callbacks import IsCancelled, Progress, stop_if
from curation.engine.pictures.decode import BYTE_LIMIT, PictureError, decode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Bytes of decoded pictures that a training keeps; beyond them pictures are decoded again in each epoch.
KEPT_BYTES = 1 << 30
# What the weights of the backbone were trained with: numbers from -1 to 1.
MEAN, SPREAD = 127.0, 128.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """A picture scaled down to a side.

    Attributes:
        pixels: uint8 [h, w, 3], upright, sRGB.
        scale: Pixels of `pixels` for one of the original, at most 1, along x and y.
    """

    pixels: NDArray[np.uint8]
    scale: tuple[float, float]


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
    try:
        if path.stat().st_size > BYTE_LIMIT:
            limit = BYTE_LIMIT >> 20
            raise PictureError("picture_too_large", f"The file has more than {limit} MB. Save it smaller.")
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise PictureError("picture_missing", f"The picture's file cannot be read ({reason}).") from None
    decoded = decode(data, side=side)
    pixels = np.asarray(decoded.image.convert("RGB"))
    height, width = pixels.shape[:2]
    return Loaded(pixels, (width / decoded.width, height / decoded.height))


def normalised(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return pixels [..., h, w, 3] as the backbone wants them, float32 [..., 3, h, w]."""
    return np.moveaxis((pixels.astype(np.float32) - MEAN) / SPREAD, -1, -3)


def on_canvas(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return a picture in the top left corner of a mid-grey canvas, uint8 [height, width, 3]."""
    canvas = np.full((height, width, 3), round(MEAN), np.uint8)
    canvas[: pixels.shape[0], : pixels.shape[1]] = pixels
    return canvas


def whole_steps(length: int, step: int = 32) -> int:
    """Return a length rounded up to whole steps: the backbone halves its input five times."""
    return -(-length // step) * step


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
