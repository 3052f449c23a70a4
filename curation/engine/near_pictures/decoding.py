"""Pictures as small grey or colour arrays, decoded no larger than they are needed."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.engine.pictures.kinds import HEAD_BYTES, kind_of, why_not

# A decoder needs memory for all pixels of a picture that is no JPEG; 178 million is Pillow's limit too.
PIXEL_LIMIT = 178_956_970
BYTE_LIMIT = 1 << 29
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".jp2", ".avif",
     ".ppm", ".pgm", ".pbm", ".pnm", ".ico", ".tga", ".heic", ".svg", ".jxl"}
)  # fmt: skip
# Above this mean, what a transparent picture shows is taken for white and laid on black, so that it can be seen.
LIGHT = 200.0


class PictureError(Exception):
    """A picture that cannot be read, in a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: uint8 [height, width] grey or [height, width, 3] blue, green, red; EXIF orientation applied, transparent
            parts laid on white (on black where all else is white).
        width: Of the original, pixels, orientation applied.
        height: The same.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int


def read_picture(path: Path, side: int, *, colour: bool = False) -> Picture:
    """Decode a picture so that its longer side has `side` pixels.

    JPEG is decoded at a half, a quarter or an eighth where that is enough: the decoder leaves out most of its work.

    Args:
        path: The file; its name does not matter.
        side: Pixels of the longer side of the result; smaller pictures are enlarged.
        colour: Whether the result has three channels.

    Raises:
        PictureError: It is no picture, damaged, or too large.
    """
    try:
        if path.stat().st_size > BYTE_LIMIT:
            raise PictureError(f"The file is larger than {BYTE_LIMIT >> 20} MB.")
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"The file cannot be read: {error.strerror}.") from error
    return decode(data, side, colour=colour)


def decode(data: bytes, side: int, *, colour: bool = False) -> Picture:
    """Decode the bytes of a picture; see `read_picture`."""
    if not data:
        raise PictureError("The file is empty.")
    if data[:2] == b"\xff\xd8":
        pixels, width, height = _jpeg(data, side, colour=colour)
    else:
        pixels = _other(data, colour=colour)
        height, width = pixels.shape[:2]
    return Picture(_fitted(pixels, side), width, height)


def _fitted(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    import cv2

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return pixels
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)


def _jpeg(data: bytes, side: int, *, colour: bool) -> tuple[NDArray[np.uint8], int, int]:
    import cv2

    size = jpeg_size(data)
    if size is None:
        raise PictureError("The JPEG has no size in its header.")
    if data.rfind(b"\xff\xd9") < len(data) // 2:
        raise PictureError("The JPEG is cut off: it has no end.")
    if size[0] * size[1] > PIXEL_LIMIT:
        raise PictureError(f"The picture has {size[0]} × {size[1]} pixels, more than {PIXEL_LIMIT:,}.")
    modes = {
        False: {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
                8: cv2.IMREAD_REDUCED_GRAYSCALE_8},
        True: {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
               8: cv2.IMREAD_REDUCED_COLOR_8},
    }  # fmt: skip
    divisor = next((one for one in (8, 4, 2) if max(size) >= side * one), 1)
    pixels = _decoded(data, modes[colour][divisor])
    # Orientation may have changed the sides.
    turned = (pixels.shape[0] > pixels.shape[1]) != (size[1] > size[0]) and pixels.shape[0] != pixels.shape[1]
    width, height = (size[1], size[0]) if turned else size
    return pixels, width, height


def _decoded(data: bytes, mode: int) -> NDArray[np.uint8]:
    import cv2

    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    except cv2.error as error:
        raise PictureError("The picture is damaged or larger than can be decoded.") from error
    if pixels is None or pixels.size == 0:
        raise PictureError("The picture is damaged, or its format is not known.")
    return np.asarray(pixels)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height that a JPEG's frame header says, before orientation; None when it has none."""
    place = 2
    while place + 9 <= len(data):
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return (width, height) if width and height else None
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def _other(data: bytes, *, colour: bool) -> NDArray[np.uint8]:
    """Decode PNG, WebP, GIF, TIFF, BMP and what else Pillow knows; the first frame of moving ones."""
    import io

    import cv2
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data)) as opened:
            width, height = opened.size
            if width * height > PIXEL_LIMIT:
                raise PictureError(f"The picture has {width} × {height} pixels, more than {PIXEL_LIMIT:,}.")  # noqa: TRY301 - an expected refusal
            clear = opened.mode in {"RGBA", "LA", "PA"} or "transparency" in opened.info
            if opened.format in {"PNG", "WEBP", "BMP"} and not clear and not opened.getexif().get(0x0112):
                # OpenCV decodes these in half the time.
                return _decoded(data, cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE)
            image = ImageOps.exif_transpose(opened)
            if clear:
                return _channels(_laid(np.asarray(image.convert("RGBA"))), colour=colour)
            if image.mode.startswith("I") or image.mode == "F":
                return _channels(_eight_bits(np.asarray(image)), colour=colour)
            return _channels(np.asarray(image.convert("RGB"))[:, :, ::-1], colour=colour)
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError(f"The header says more than {PIXEL_LIMIT:,} pixels; that is not decoded.") from error
    # Decoders of damaged files raise whatever they run into.
    except Exception as error:
        head = data[:HEAD_BYTES]
        said = "The picture is damaged, or its format is not known." if kind_of(head) else why_not(head)
        raise PictureError(said) from error


def _laid(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return blue, green, red of red, green, blue, alpha: hidden colours of transparent parts must not be compared."""
    alpha = pixels[:, :, 3:].astype(np.float32) / 255
    front = pixels[:, :, 2::-1].astype(np.float32)
    seen = float(alpha.sum())
    ground = 0.0 if seen and float((front * alpha).sum()) / (3 * seen) > LIGHT else 255.0
    return np.asarray(front * alpha + ground * (1 - alpha) + 0.5, np.uint8)


def _eight_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return 16-bit or float grey as 8 bits: whole numbers by their upper byte, others by their range."""
    numbers = values.astype(np.float64)
    if values.dtype.kind in "iu" and numbers.size and numbers.min() >= 0 and numbers.max() <= 65535:
        return np.asarray(numbers / 257, np.uint8)
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    return np.asarray(np.nan_to_num((numbers - low) / max(high - low, 1e-12) * 255), np.uint8)


def _channels(pixels: NDArray[np.uint8], *, colour: bool) -> NDArray[np.uint8]:
    import cv2

    pixels = np.ascontiguousarray(pixels)
    if colour and pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    if not colour and pixels.ndim == 3:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    return pixels
