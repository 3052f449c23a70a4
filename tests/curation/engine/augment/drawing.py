"""Shapes drawn as masks, by counting sub-pixels: a second opinion on where a shape lies."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

# Sub-pixels a side.
FINE = 8


def drawn(corners: Sequence[tuple[float, float]], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a mask of the pixels that lie in a polygon by more than half, uint8 [height, width]."""
    width, height = size
    fine = np.zeros((height * FINE, width * FINE), np.uint8)
    cv2.fillPoly(fine, [np.round(np.array(corners) * FINE - 0.5).astype(np.int32)], 1)
    return (fine.reshape(height, FINE, width, FINE).mean((1, 3)) > 0.5).astype(np.uint8)


def overlap(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return intersection over union of two masks, 0 to 1."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def upright(mask: NDArray[np.uint8]) -> list[tuple[float, float]]:
    """Return the corners of the upright box around a mask."""
    down, across = np.nonzero(mask)
    left, top, right, bottom = across.min(), down.min(), across.max() + 1, down.max() + 1
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
