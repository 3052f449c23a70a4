"""Pictures made for tests: soft noise of many sizes, which has corners everywhere and differs from seed to seed."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def scene(seed: int, width: int = 400, height: int = 300) -> NDArray[np.uint8]:
    """Return a picture, uint8 [height, width, 3]."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for cells in (4, 8, 16, 32):
        layer = random.normal(0, 1, (cells, cells, 3)).astype(np.float32)
        total += cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(total * 32 + 128, 0, 255), np.uint8)


def save(path: Path, pixels: NDArray[np.uint8], quality: int = 92) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return path
