"""Pictures as arrays: read, scaled, squared or laid on a canvas."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .decode import BYTE_LIMIT, PictureError, decode
from .prepared import MEAN, SPREAD

Array = np.ndarray[Any, Any]
# The backbone halves its input five times.
STEP = 32


@dataclass(frozen=True)
class Loaded:
    """A picture scaled down to a side.

    Attributes:
        pixels: uint8 [h, w, 3], upright, sRGB.
        scale: Pixels of `pixels` for one of the original, at most 1, along x and y.
    """

    pixels: Array
    scale: tuple[float, float]


def file_bytes(path: Path) -> bytes:
    """Return the content of a picture's file.

    Raises:
        PictureError: It is missing, or larger than what is decoded.
    """
    try:
        check_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise PictureError("picture_missing", f"The picture's file cannot be read ({reason}).") from None


def check_size(count: int) -> None:
    """Refuse a file of more bytes than are read as one picture.

    Raises:
        PictureError: `picture_too_large`.
    """
    if count > BYTE_LIMIT:
        raise PictureError("picture_too_large", f"The file has more than {BYTE_LIMIT >> 20} MB. Save it smaller.")


def loaded_from(data: bytes, side: int) -> Loaded:
    """Decode a picture so that its longer side has at most `side` pixels.

    Raises:
        PictureError: It says that it is too large, is no picture, or is damaged; `message` says which.
    """
    decoded = decode(data, side=side)
    pixels = np.asarray(decoded.image.convert("RGB"))
    height, width = pixels.shape[:2]
    return Loaded(pixels, (width / decoded.width, height / decoded.height))


def normalised(pixels: Array) -> Array:
    """Return pixels [..., h, w, 3] as the backbone wants them, float32 [..., 3, h, w]."""
    result: Array = np.moveaxis((pixels.astype(np.float32) - MEAN) / SPREAD, -1, -3)
    return result


def squared(pixels: Array, side: int) -> Array:
    """Return a whole picture as a square, uint8 [side, side, 3].

    Proportions change rather than anything being cut off: what decides may lie at the edge.
    """
    if pixels.shape[:2] == (side, side):
        return pixels
    smaller = min(pixels.shape[:2]) >= side
    way = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(pixels).resize((side, side), way))


def on_canvas(pixels: Array, height: int, width: int) -> Array:
    """Return a picture in the top left corner of a mid-grey canvas, uint8 [height, width, 3]."""
    canvas = np.full((height, width, 3), round(MEAN), np.uint8)
    canvas[: pixels.shape[0], : pixels.shape[1]] = pixels
    return canvas


def whole_steps(length: int, step: int = STEP) -> int:
    """Return a length rounded up to whole steps."""
    return -(-length // step) * step
