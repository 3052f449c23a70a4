"""Parts of a picture made unrecognizable: only the colours of a few cells are left of each."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from curation.engine.pictures.decode import clean, decode

# What is left of a part: the mean colours of 4 by 4 cells, run into each other. Mosaics of faces with 16 cells a side
# are recognized by networks (McPherson and others 2016, "Defeating image obfuscation with deep learning").
CELLS = 4
QUALITY = 95
# Of the longer side; the decoder's own limit of pixels holds before.
_WHOLE = 1 << 20


def whole(data: bytes) -> Image.Image:
    """Return a picture in full size, upright, grey or sRGB, without metadata.

    Raises:
        PictureError: It cannot be decoded.
    """
    return clean(decode(data, side=_WHOLE).image)


def without_parts(image: Image.Image, boxes: NDArray[np.float32], margin: float) -> Image.Image:
    """Return a picture whose parts are blurred.

    Args:
        image: Mode L or RGB.
        boxes: float32 [parts, 4 or more]: left, top, right, bottom in pixels.
        margin: Share of a box's sides that is added on each side; the ellipse in it is blurred. From 0.21 on the
            ellipse holds the whole box.
    """
    made = image.copy()
    for left, top, right, bottom in boxes[:, :4].astype(float).tolist():
        wide, high = margin * (right - left), margin * (bottom - top)
        place = (int(left - wide), int(top - high), int(np.ceil(right + wide)), int(np.ceil(bottom + high)))
        size = (max(1, place[2] - place[0]), max(1, place[3] - place[1]))
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).ellipse((0, 0, size[0] - 1, size[1] - 1), fill=255)
        inner = (max(0, place[0]), max(0, place[1]), min(image.width, place[2]), min(image.height, place[3]))
        if inner[0] >= inner[2] or inner[1] >= inner[3]:
            continue
        part = image.crop(inner).resize((CELLS, CELLS), Image.Resampling.BOX)
        part = part.resize((inner[2] - inner[0], inner[3] - inner[1]), Image.Resampling.BICUBIC)
        shift = (inner[0] - place[0], inner[1] - place[1])
        made.paste(part, inner[:2], mask.crop((*shift, shift[0] + part.width, shift[1] + part.height)))
    return made


def as_file(image: Image.Image, kind: str) -> bytes:
    """Return a picture as a file without metadata: JPEG (quality 95) when `kind` is JPEG, else PNG."""
    sink = io.BytesIO()
    if kind == "JPEG":
        image.save(sink, "JPEG", quality=QUALITY, subsampling=0)
    else:
        image.save(sink, "PNG", compress_level=4)
    return sink.getvalue()
