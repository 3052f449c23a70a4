"""What EfficientNet-Lite0 sees of a picture; a bundle of a model on it carries this file."""

import numpy as np
from PIL import Image

SIDE = 224
# What the weights were trained with: the middle seven eighths, numbers from -1 to 1.
CROP = 0.875
MEAN, SPREAD = 127.0, 128.0


def prepared(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return what the network sees of a picture: its middle, float32 [3, 224, 224]."""
    image = image.convert("RGB")
    short = min(image.size)
    edge = max(1, round(short * CROP))
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    small = image.crop((left, top, left + edge, top + edge)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return ((np.asarray(small, np.float32) - MEAN) / SPREAD).transpose(2, 0, 1)
