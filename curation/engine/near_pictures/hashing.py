"""256-bit hashes of whole pictures from their lowest frequencies, also as they would be mirrored or turned."""

from enum import IntEnum
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.near_pictures.features import SMALL

# PDQ (Facebook 2019) takes the same 16 × 16 frequencies of a 64 × 64 copy, thresholded at their median.
WAVES = 16
LOW = 8
BLOCK = 4096


class Strokes(IntEnum):
    """Which strokes are left out before a picture is hashed."""

    STAY = 0
    NO_LIGHT = 1
    NO_DARK = 2


@cache
def _basis() -> NDArray[np.float32]:
    """Return the DCT-II rows 1 to 16, float32 [16, 64]; row 0, the mean, says nothing."""
    wave, place = np.arange(1, WAVES + 1)[:, None], np.arange(SMALL)[None, :]
    rows = np.sqrt(2 / SMALL) * np.cos(np.pi / SMALL * wave * (place + 0.5))
    return np.asarray(rows, np.float32)


def hashes(small: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the hashes of small copies.

    Args:
        small: uint8 [n, 64, 64].

    Returns:
        uint64 [n], the 64 lowest frequencies against their median, by which candidates are found; and uint64 [n, 4],
        all 256 against theirs, by which they are sifted.
    """
    short, long = np.empty(len(small), np.uint64), np.empty((len(small), 4), np.uint64)
    basis = _basis()
    for start in range(0, len(small), BLOCK):
        part = small[start : start + BLOCK].astype(np.float32)
        waves = basis @ part @ basis.T
        low = waves[:, :LOW, :LOW].reshape(len(part), -1)
        all_waves = waves.reshape(len(part), -1)
        short[start : start + BLOCK] = _packed(low)[:, 0]
        long[start : start + BLOCK] = _packed(all_waves)
    return short, long


def _packed(values: NDArray[Any]) -> NDArray[np.uint64]:
    bits = values > np.median(values, axis=1, keepdims=True)
    return np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint64)


def without_strokes(small: NDArray[np.uint8], strokes: Strokes) -> NDArray[np.uint8]:
    """Return copies whose light or dark strokes are gone: each pixel is the darkest (lightest) of those around it.

    Words across a picture put their own frequencies in the place of its lowest ones, and are narrower than the window.

    Args:
        small: uint8 [n, 64, 64].
        strokes: Which go.
    """
    import cv2

    if strokes is Strokes.STAY:
        return small
    change = cv2.erode if strokes is Strokes.NO_LIGHT else cv2.dilate
    window = np.ones((3, 3), np.uint8)
    return np.stack([np.asarray(change(one, window), np.uint8) for one in small]) if len(small) else small


def moved(small: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    """Return copies turned and mirrored: `turn` % 4 quarter turns to the left, after mirroring when 4 or above.

    Args:
        small: uint8 [..., h, w].
        turn: 0 to 7.
    """
    mirrored = small[..., ::-1] if turn >= 4 else small
    return np.ascontiguousarray(np.rot90(mirrored, turn % 4, axes=(-2, -1)))
