"""Parts of pictures to vectors: a square around a shape, through the network of whole pictures."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curation.engine.embedding.cache import KEY_BYTES
from curation.engine.embedding.callbacks import IsCancelled, Progress, stop_if
from curation.engine.embedding.picture import BATCH, WIDTH, PictureEncoder
from curation.engine.pictures.decode import PictureError, decode
from curation.engine.pictures.prepared import CROP, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL import Image

# Vectors of parts change when this changes.
PART_VERSION = 1
# A shape is cut out with so much of its longer side around it. The network sees the middle of what it is given, which
# is then the shape with a tenth on each side.
MARGIN = 0.1
# Longer side at which a picture is decoded; a shape of a larger one is still seen at some pixels.
DECODED_SIDE = 2048
# Where the square leaves the picture it is grey: the mean of what the network was trained with.
OUTSIDE = (127, 127, 127)
# Pictures that are decoded and held at once: at most some 12 MB each.
PICTURES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a picture.

    Attributes:
        sha256: Of the original's bytes, hexadecimal.
        box: Left, top, right, bottom in pixels of the picture, the right way up.
    """

    sha256: str
    box: tuple[float, float, float, float]

    def key(self) -> bytes:
        """Return what the cache knows it by."""
        told = ":".join(f"{value:.1f}" for value in self.box)
        return hashlib.sha256(f"part{PART_VERSION}:{self.sha256}:{told}".encode()).digest()


class PartEncoder(PictureEncoder):
    """The network of whole pictures, asked for parts; a picture is decoded once for all of its parts."""

    def encode_parts(
        self,
        parts: Sequence[Part],
        path: Callable[[str], Path | None],
        *,
        progress: Progress | None = None,
        cancelled: IsCancelled | None = None,
    ) -> tuple[NDArray[np.float32], dict[str, str]]:
        """Return the vectors of parts, float32 [n, 1280] of length 1, and why some have none (NaN), by picture.

        Args:
            parts: What to encode; equal ones are encoded once.
            path: Gives the file of a hash, None when it is not there; asked by many threads.
            progress: Called with (parts done, parts in all).
            cancelled: Asked every few pictures.

        Raises:
            Cancelled: Vectors made so far are in the cache.
        """
        named = np.frombuffer(b"".join(part.key() for part in parts), f"V{KEY_BYTES}")
        _unique, first, inverse = np.unique(named, return_index=True, return_inverse=True)
        keys = named[first].view(np.uint8).reshape(-1, KEY_BYTES)
        parts = [parts[place] for place in first.tolist()]
        out = np.full((len(parts), WIDTH), np.nan, np.float32)
        known = self._cache.get(keys, out)
        by_picture: dict[str, list[int]] = {}
        for row in np.flatnonzero(~known).tolist():
            by_picture.setdefault(parts[row].sha256, []).append(row)
        names, done = list(by_picture), int(known.sum())
        broken: dict[str, str] = {}
        with ThreadPoolExecutor(self.threads) as pool:
            for start in range(0, len(names), PICTURES_AT_ONCE):
                stop_if(cancelled, "Embedding")
                if progress:
                    progress(done, len(parts))
                chunk = names[start : start + PICTURES_AT_ONCE]
                cut = pool.map(lambda name: self._cut(path(name), name, parts, by_picture[name], broken), chunk)
                seen = [pair for pairs in cut for pair in pairs]
                batches = [seen[place : place + BATCH] for place in range(0, len(seen), BATCH)]
                for batch, vectors in zip(batches, pool.map(self._run, batches), strict=True):
                    rows = np.array([row for row, _square in batch])
                    self._cache.put(keys[rows], vectors)
                    out[rows] = vectors
                self.encoded += len(seen)
                done += sum(len(by_picture[name]) for name in chunk)
        if progress:
            progress(len(parts), len(parts))
        return out[inverse], broken

    def _cut(
        self, found: Path | None, name: str, parts: Sequence[Part], rows: list[int], broken: dict[str, str]
    ) -> list[tuple[int, NDArray[np.float32]]]:
        if found is None:
            broken[name] = "The picture's file is not there."
            return []
        try:
            decoded = decode(found.read_bytes(), side=DECODED_SIDE)
        except PictureError as error:
            broken[name] = error.message
            return []
        image = decoded.image.convert("RGB")
        scale = image.width / decoded.width
        return [(row, prepared(_square(image, [value * scale for value in parts[row].box]))) for row in rows]


def _square(image: Image.Image, box: Sequence[float]) -> Image.Image:
    """Return the square around a box of which the network sees the middle; grey outside the picture."""
    from PIL import Image as Pillow

    left, top, right, bottom = box
    side = max(1, round(max(right - left, bottom - top, 1.0) * (1 + 2 * MARGIN) / CROP))
    x, y = round((left + right - side) / 2), round((top + bottom - side) / 2)
    out = Pillow.new("RGB", (side, side), OUTSIDE)
    inside = (max(0, x), max(0, y), min(image.width, x + side), min(image.height, y + side))
    if inside[0] < inside[2] and inside[1] < inside[3]:
        out.paste(image.crop(inside), (inside[0] - x, inside[1] - y))
    return out
