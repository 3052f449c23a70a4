"""Taking pictures in: each file is hashed, decoded once, measured, and given the copies that people will see."""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image

from curation.engine.pictures.decode import BYTE_LIMIT, Decoded, PictureError, clean, decode
from curation.engine.pictures.measures import Measures, measure

# The copy that the pages show large. Screens have no more; boxes are drawn in pixels of the original all the same.
VIEW_SIDE = 2048
THUMB_SIDE = 256
# Of a small picture each pixel counts: from a lossless format it is shown without loss, else with all its colour.
SMALL_PIXELS = 512 * 512
_LOSSLESS = {"PNG", "BMP", "GIF", "TIFF"}
VIEW_QUALITY, THUMB_QUALITY = 90, 80


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was taken in.

    Attributes:
        sha256: Of the original's bytes.
        data: The original's bytes.
        width: Pixels after EXIF orientation.
        height: The same.
        format: A key of `kinds.FORMATS`.
        mode: Of the original, as Pillow names it.
        oddities: Keys of `decode.ODDITIES`.
        measures: How good it is.
        view: JPEG or PNG without metadata, at most `VIEW_SIDE` pixels a side.
        thumb: The same, at most `THUMB_SIDE`; empty when the view is no larger.
    """

    sha256: str
    data: bytes
    width: int
    height: int
    format: str
    mode: str
    oddities: tuple[str, ...]
    measures: Measures
    view: bytes
    thumb: bytes


def take(data: bytes, name: str = "") -> Picture:
    """Take a picture in.

    Args:
        data: The file; at most `BYTE_LIMIT` bytes.
        name: Its name; only compared with what the content is.

    Raises:
        PictureError: It gives no picture.
    """
    if len(data) > BYTE_LIMIT:
        raise PictureError("picture_too_large", f"The file is larger than {BYTE_LIMIT >> 20} MB. Scale it down.")
    decoded = decode(data, name, side=VIEW_SIDE)
    view, thumb = copies(decoded)
    facts = (decoded.width, decoded.height, decoded.format, decoded.mode, decoded.oddities)
    return Picture(hashlib.sha256(data).hexdigest(), data, *facts, measure(decoded.image), view, thumb)


def copies(decoded: Decoded) -> tuple[bytes, bytes]:
    """Return the view and the thumbnail of a picture as files; the latter is empty when the view is no larger."""
    image = clean(decoded.image)
    small = image.width * image.height <= SMALL_PIXELS
    view = _png(image) if small and decoded.format in _LOSSLESS else _jpeg(image, VIEW_QUALITY, whole_colour=small)
    if max(image.size) <= THUMB_SIDE:
        return view, b""
    image.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BICUBIC)
    return view, _jpeg(image, THUMB_QUALITY)


def _png(image: Image.Image) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "PNG", compress_level=4)
    return sink.getvalue()


def _jpeg(image: Image.Image, quality: int, *, whole_colour: bool = False) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=quality, subsampling=0 if whole_colour else 2)
    return sink.getvalue()
