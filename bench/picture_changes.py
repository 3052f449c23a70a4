"""The changes that near-duplicate pictures have in practice, made from a picture at random but repeatably."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Change = Callable[[Pixels, np.random.Generator], Pixels]


def resized(pixels: Pixels, _random: np.random.Generator, factor: float) -> Pixels:
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def jpeg(pixels: Pixels, _random: np.random.Generator, quality: int) -> Pixels:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1))


def cropped(pixels: Pixels, random: np.random.Generator, share: float) -> Pixels:
    """Take away `share` of the width and of the height, anywhere at random."""
    height, width = pixels.shape[:2]
    wide, high = round(width * (1 - share)), round(height * (1 - share))
    left, top = random.integers(0, width - wide + 1), random.integers(0, height - high + 1)
    return pixels[top : top + high, left : left + wide].copy()


def rotated(pixels: Pixels, random: np.random.Generator, degrees: float) -> Pixels:
    """Turn about the centre to a random side; corners are filled with black."""
    height, width = pixels.shape[:2]
    sign = 1 if random.random() < 0.5 else -1
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), sign * degrees, 1)
    return np.asarray(cv2.warpAffine(pixels, matrix, (width, height)))


def mirrored(pixels: Pixels, _random: np.random.Generator) -> Pixels:
    return pixels[:, ::-1].copy()


def turned(pixels: Pixels, random: np.random.Generator) -> Pixels:
    return np.rot90(pixels, int(random.integers(1, 4))).copy()


def brighter(pixels: Pixels, random: np.random.Generator) -> Pixels:
    sign = 1 if random.random() < 0.5 else -1
    return np.clip(pixels.astype(np.float32) + sign * 40, 0, 255).astype(np.uint8)


def contrasted(pixels: Pixels, random: np.random.Generator) -> Pixels:
    factor = 1.4 if random.random() < 0.5 else 0.6
    return np.clip((pixels.astype(np.float32) - 128) * factor + 128, 0, 255).astype(np.uint8)


def grey(pixels: Pixels, _random: np.random.Generator) -> Pixels:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))


def noisy(pixels: Pixels, random: np.random.Generator) -> Pixels:
    return np.clip(pixels + random.normal(0, 12, pixels.shape), 0, 255).astype(np.uint8)


def watermarked(pixels: Pixels, _random: np.random.Generator) -> Pixels:
    """Write white words across the whole picture at half strength."""
    height, width = pixels.shape[:2]
    layer = pixels.copy()
    scale = width / 260
    for row in range(3):
        place = (round(width * 0.05), round(height * (0.28 + 0.28 * row)))
        cv2.putText(
            layer, "SAMPLE PROOF", place, cv2.FONT_HERSHEY_DUPLEX, scale, (255, 255, 255), max(1, round(scale * 2))
        )
    return np.asarray(cv2.addWeighted(layer, 0.5, pixels, 0.5, 0))


CHANGES: dict[str, Change] = {
    "resize 0.5": partial(resized, factor=0.5),
    "JPEG 50": partial(jpeg, quality=50),
    "JPEG 20": partial(jpeg, quality=20),
    "noise": noisy,
    "grey": grey,
    "brightness": brighter,
    "contrast": contrasted,
    "crop 5 %": partial(cropped, share=0.05),
    "crop 10 %": partial(cropped, share=0.10),
    "crop 20 %": partial(cropped, share=0.20),
    "rotate 5°": partial(rotated, degrees=5),
    "watermark": watermarked,
    "mirror": mirrored,
    "quarter turn": turned,
}
