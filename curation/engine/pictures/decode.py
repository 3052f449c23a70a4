"""Decoding of pictures that nobody has checked: limits before the first pixel, oddities mended and named.

All views are 8-bit grey or sRGB, right side up, without metadata; transparent parts are white. Bundles of models on
pictures carry this file and kinds.py, so it imports NumPy, Pillow and its neighbour alone.
"""

import io
import re
import struct
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, ImageCms

from .kinds import HEAD_BYTES, RAW, kind_of, lies, why_not

# Pixels of a picture: Pillow's own limit (a quarter of a gigabyte as RGB). A phone's largest pictures, 50 million, fit.
PIXEL_LIMIT = Image.MAX_IMAGE_PIXELS or 89_478_485
# Bytes of a file that is read as one picture.
BYTE_LIMIT = 256 << 20
# What may be odd about a picture, and what was done; the codes stand in the column image_oddities.
ODDITIES = {
    "rotated": "Turned as its EXIF orientation says.",
    "cmyk": "Converted from CMYK to sRGB for viewing.",
    "sixteen_bit": "More than 8 bits a channel; scaled to 8 for viewing.",
    "palette": "Colours of a palette; converted for viewing.",
    "animated": "Several frames or pages; the first is used.",
    "transparent": "Transparent parts are shown white.",
    "icc": "Converted from its colour profile to sRGB for viewing.",
    "icc_broken": "The colour profile is broken and was left out.",
    "exif_broken": "The EXIF data is broken and was left out.",
    "wrong_extension": "The name ends in another format than the content has.",
    "bad_checksum": "A checksum in the file is wrong: parts of the picture may be.",
    "place": "The original tells where it was taken; what is shown does not.",
    "device": "The original tells with which device it was taken; what is shown does not.",
}
_ORIENTATION, _MAKE, _MODEL, _SERIAL, _GPS = 0x0112, 0x010F, 0x0110, 0xA431, 0x8825
_WIDE_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_SRGB = ImageCms.createProfile("sRGB")
_KEPT = 8


class _Transforms(threading.local):
    """The transforms of a thread, by profile and mode."""

    def __init__(self) -> None:
        self.by_profile: dict[tuple[bytes, str], ImageCms.ImageCmsTransform | None] = {}


_kept = _Transforms()


class PictureError(Exception):
    """A file that gives no picture.

    Attributes:
        code: ``not_a_picture``, ``picture_too_large``, ``picture_broken``.
        message: What is wrong, and how to mend it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture with what its file says.

    Attributes:
        image: Mode L or RGB, upright, at most as large as asked for and never larger than the original.
        width: Of the original in pixels, after EXIF orientation.
        height: The same.
        format: A key of `kinds.FORMATS`.
        mode: Of the original, as Pillow names it: 1, L, LA, P, RGB, RGBA, CMYK, I;16, …
        oddities: Keys of `ODDITIES`, in their order.
    """

    image: Image.Image
    width: int
    height: int
    format: str
    mode: str
    oddities: tuple[str, ...]


def decode(data: bytes, name: str = "", *, side: int) -> Decoded:
    """Decode a picture to its end, scaled so that its longer side has at most `side` pixels.

    JPEG is decoded at the smallest scale that suffices, which reads the whole file all the same.

    Args:
        data: The file.
        name: Its name; only compared with what the content is.
        side: Pixels, at least 1.

    Raises:
        PictureError: It is no picture, says that it is too large, or is damaged or cut off.
    """
    kind = kind_of(data[:HEAD_BYTES])
    if not kind:
        raise PictureError("not_a_picture", why_not(data[:HEAD_BYTES]))
    found: set[str] = {"wrong_extension"} if name and lies(name, kind) else set()
    if kind == "PNG" and not _checksums_hold(data):
        found.add("bad_checksum")
    with _opened(io.BytesIO(data), kind) as image:
        mode, size = image.mode, image.size
        orientation = _metadata(image, found)
        small = _loaded(image, side, found)
    small = _upright(_plain(small, image.info, found), orientation)
    if orientation > 1:
        found.add("rotated")
    width, height = size[::-1] if orientation >= 5 else size
    return Decoded(small, width, height, kind, mode, tuple(code for code in ODDITIES if code in found))


def upright_size(path: Path) -> tuple[tuple[int, int], int]:
    """Return width and height of a picture in pixels after EXIF orientation, and the orientation, 1 to 8.

    Only its header is read.

    Raises:
        PictureError: It is no picture, says that it is too large, or has no readable header.
    """
    with path.open("rb") as stream:
        kind = kind_of(stream.read(HEAD_BYTES))
        if not kind:
            stream.seek(0)
            raise PictureError("not_a_picture", why_not(stream.read(HEAD_BYTES)))
        stream.seek(0)
        with _opened(stream, kind) as image:
            orientation = _metadata(image, set())
            return image.size[::-1] if orientation >= 5 else image.size, orientation


def _opened(stream: IO[bytes], kind: str) -> Image.Image:
    """Read the header; nothing is decoded yet."""
    try:
        image = Image.open(stream, formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large("".join(re.findall(r"\((\d+) pixels\)", str(error))) or "too many") from None
    except _BROKEN as error:
        raise _damaged(error) from None
    if kind == "TIFF" and _is_reduced(image):
        raise PictureError("not_a_picture", RAW)
    width, height = image.size
    if width * height > PIXEL_LIMIT:
        raise _too_large(f"{width} x {height}")
    if width < 1 or height < 1:
        raise PictureError("picture_broken", f"The picture says it has {width} x {height} pixels. Save it again.")
    return image


def _is_reduced(image: Image.Image) -> bool:
    """Tell whether the first picture of a TIFF is a small copy of one that lies below it, as DNG, NEF and ARW have it.

    Tag 254 (NewSubfileType) says that it is reduced, tag 330 (SubIFDs) where the other is (TIFF 6.0, supplement 1).
    """
    tags = getattr(image, "tag_v2", {})
    kind = tags.get(254, 0)
    return 330 in tags and isinstance(kind, int) and bool(kind & 1)


# What Pillow and its libraries raise on damaged files.
_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError, OverflowError,
    ZeroDivisionError, AssertionError, NotImplementedError, RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip


def _too_large(said: str) -> PictureError:
    limit = PIXEL_LIMIT // 1_000_000
    return PictureError(
        "picture_too_large",
        f"The header says {said} pixels; at most {limit} million are decoded. Scale the picture down, or cut it up.",
    )


def _damaged(error: Exception) -> PictureError:
    reason = str(error).split("\n", 1)[0][:120] or type(error).__name__
    # Pillow shows the object in memory instead of the file's name.
    reason = "it cannot be identified" if "cannot identify" in reason else reason
    return PictureError("picture_broken", f"The picture is damaged or cut off ({reason}). Fetch or save it again.")


def _metadata(image: Image.Image, found: set[str]) -> int:
    """Return the EXIF orientation, 1 to 8, and note what else the metadata tells."""
    try:
        exif = image.getexif()
        orientation = exif.get(_ORIENTATION, 1)
        if exif.get_ifd(_GPS):
            found.add("place")
        if exif.get(_MAKE) or exif.get(_MODEL) or exif.get(_SERIAL):
            found.add("device")
    except _BROKEN:
        found.add("exif_broken")
        return 1
    return orientation if type(orientation) is int and 1 <= orientation <= 8 else 1


def _loaded(image: Image.Image, side: int, found: set[str]) -> Image.Image:
    """Decode the first frame and scale it down."""
    try:
        if getattr(image, "is_animated", False):
            found.add("animated")
            image.seek(0)
        if image.format in {"JPEG", "MPO"}:
            # Twice the size wanted, so that the last step down is a good filter and not the decoder's.
            image.draft(None, _fitted(image.size, 2 * side))
        image.load()
        return _scaled(image, side)
    except _BROKEN as error:
        raise _damaged(error) from None


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return a size of the same shape whose longer side has at most `side` pixels."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _scaled(image: Image.Image, side: int) -> Image.Image:
    if max(image.size) <= side:
        return image
    if image.mode in _WIDE_MODES:
        image = _eight_bits(image)
    elif image.mode in {"1", "P", "PA"}:
        image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    # Whole steps first: a box filter over the rest costs a fraction of Lanczos over all pixels, and looks the same.
    return image.resize(_fitted(image.size, side), Image.Resampling.BICUBIC, reducing_gap=2.0)


def _plain(image: Image.Image, info: Mapping[Any, Any], found: set[str]) -> Image.Image:
    """Return a picture in L or RGB, in sRGB, without transparency."""
    mode = image.mode
    profile = info.get("icc_profile")
    if mode in _WIDE_MODES:
        found.add("sixteen_bit")
        return _eight_bits(image)
    if mode == "CMYK":
        found.add("cmyk")
    if mode in {"P", "PA"}:
        found.add("palette")
        image = image.convert("RGBA" if "transparency" in info or mode == "PA" else "RGB")
    if "A" in image.getbands() or "transparency" in info:
        image = _on_white(image.convert("RGBA"), found)
    if profile and image.mode in {"RGB", "CMYK"}:
        image = _to_srgb(image, profile, found)
    return image if image.mode in {"L", "RGB"} else image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit whole numbers to 8 bits; other numbers from their least to their greatest."""
    values = np.asarray(image).astype(np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else (float(values.min()), float(values.max()))
    if image.mode == "I" and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    scaled = (values - low) * (255.0 / (high - low or 1.0))
    return Image.fromarray(np.rint(scaled).astype(np.uint8))


def _on_white(image: Image.Image, found: set[str]) -> Image.Image:
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return image.convert("RGB")
    found.add("transparent")
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(image.convert("RGB"), mask=alpha)
    return white


def _to_srgb(image: Image.Image, profile: bytes, found: set[str]) -> Image.Image:
    try:
        transform = _transform(profile, image.mode)
        turned = None if transform is None else ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, *_BROKEN):
        found.add("icc_broken")
        return image
    if turned is None:
        return image
    found.add("icc")
    return turned


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what turns pixels of a profile into sRGB, None when they are sRGB.

    Building one takes 11 ms and applying it to 100 x 100 pixels 1 ms, and the pictures of one camera share a profile:
    the last ones are kept, for each thread its own, since a transform is not made for two at once.
    """
    kept = _kept.by_profile
    key = (profile, mode)
    if key not in kept:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        plain = "srgb" in (ImageCms.getProfileDescription(source) or "").lower()
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = None if plain else ImageCms.buildTransform(source, _SRGB, mode, "RGB")
    return kept[key]


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _checksums_hold(data: bytes) -> bool:
    """Check the CRC of each chunk of a PNG as far as they are whole; Pillow does not check those of the pixels."""
    at = 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        end = at + 8 + size
        if end + 4 > len(data):
            break
        if zlib.crc32(memoryview(data)[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return False
        at = end + 4
    return True


def clean(image: Image.Image) -> Image.Image:
    """Return the pixels alone: a new picture without any metadata, with which Pillow would fill a file it saves."""
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    return bare
