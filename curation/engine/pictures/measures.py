"""Figures of a picture on the scales of cleanvision 0.3, so that its thresholds hold here too.

cleanvision (Cleanlab, AGPL: read for its definitions, nothing of it is used) measures the pixels of the whole picture;
here a copy of at most `SIDE` pixels a side is measured, which `bench/image_measures.py` compares with it.
"""

from dataclasses import asdict, astuple, dataclass, fields
from typing import Any, Self

import numpy as np
from PIL import Image, ImageFilter, ImageStat

# Raised whenever the same picture would get other figures.
VERSION = 1
# The longer side of the copy that is measured. Percentiles and entropy move by less than 0.01 from 256 pixels on.
SIDE = 256
# The longer side at which edges are looked for, whatever the size of the picture; cleanvision's 64.
EDGE_SIDE = 64
_PERCENTILES = (1, 5, 99)
# Weights of perceived brightness (Finley 2006, "HSP"), as cleanvision takes them.
_WEIGHTS = np.array([0.241, 0.691, 0.068], np.float32)
_EDGE_SCALE = _FLAT_SCALE = 0.01
_FLAT_FROM = 0.18


@dataclass(frozen=True, slots=True)
class Measures:
    """Figures of one picture.

    Attributes:
        sharpness: 0 to 1, lower is more blurred: 1 - exp(-s / 100) with s the standard deviation of the edges (3 x 3
            Laplacian, cut to 0…255) at 64 pixels; raised where the histogram is spiky, as that of a drawing on white
            is, which has few edges without being blurred.
        darkest: 5th percentile of brightness, 0 to 1: high when even the dark parts are bright.
        lightest: 99th percentile of brightness, 0 to 1: low when even the bright parts are dark.
        spread: 99th less 1st percentile of brightness, 0 to 1: low when all pixels are alike.
        entropy: Of the histogram of all channels in bits, 0 to 9.6.
        colour: Mean difference of a pixel's largest and smallest channel, 0 (grey) to 1.
    """

    sharpness: float
    darkest: float
    lightest: float
    spread: float
    entropy: float
    colour: float

    def to_json(self) -> dict[str, float]:
        """Return the figures by name."""
        return asdict(self)

    def values(self) -> tuple[float, ...]:
        """Return the figures in the order of `NAMES`."""
        return astuple(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**{name: float(data[name]) for name in NAMES})


NAMES = tuple(field.name for field in fields(Measures))


def measure(image: Image.Image) -> Measures:
    """Measure a picture in mode L or RGB, of any size."""
    if max(image.size) > SIDE:
        image = image.copy()
        image.thumbnail((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=None)
    values = np.asarray(image, np.float32) / 255.0
    bright = np.sqrt((values * values) @ _WEIGHTS) if values.ndim == 3 else values
    low, dark, light = (float(value) for value in np.percentile(bright, _PERCENTILES))
    figures = (_sharpness(image), dark, light, light - low, float(image.entropy()), _colour(image))
    # Libraries may differ in the last digits; what is stored must not.
    return Measures(*(round(value, 4) + 0.0 for value in figures))


def _colour(image: Image.Image) -> float:
    if image.mode != "RGB":
        return 0.0
    # Channel by channel: a maximum along the last axis takes ten times as long.
    red, green, blue = (np.asarray(band) for band in image.split())
    largest, smallest = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    return float((largest - smallest).mean()) / 255.0


def _sharpness(image: Image.Image) -> float:
    ratio = max(image.size) / EDGE_SIDE
    if ratio > 1:
        image = image.resize((max(int(image.width // ratio), 1), max(int(image.height // ratio), 1)))
    grey = image.convert("L")
    edges = float(np.sqrt(ImageStat.Stat(grey.filter(ImageFilter.FIND_EDGES)).var[0]))
    spiky = 1.0 - float(np.exp(-_FLAT_SCALE * np.std(grey.histogram())))
    return min(1.0, 1.0 - float(np.exp(-_EDGE_SCALE * edges)) + (spiky if spiky > _FLAT_FROM else 0.0))
