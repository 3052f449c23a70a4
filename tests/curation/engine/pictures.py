"""Pictures for tests, drawn from arithmetic: the same bytes on every machine with the same Pillow."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def scene(width: int = 64, height: int = 48, seed: int = 0) -> Image.Image:
    """Return a sharp picture in colour that differs with the seed: rectangles on a slope."""
    rng = np.random.default_rng(seed)
    values = np.tile(np.linspace(40, 200, width), (height, 1))[..., None].repeat(3, axis=2)
    for _number in range(12):
        left, top = rng.integers(0, width), rng.integers(0, height)
        values[top : top + height // 4, left : left + width // 4] = rng.integers(0, 256, 3)
    return Image.fromarray(values.astype(np.uint8))


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def packed(path: Path, files: Mapping[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
