"""Pictures as tensors, each way of looking as the training looked.

A picture is given as the bytes of its file, as base64 of them (a string, with or without the head of a data URL, as it
stands in JSON), or as a `pathlib.Path`. A string is never taken for a path, so nothing sent over a network can name a
file of the server.
"""

import base64
import binascii
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .decode import BYTE_LIMIT, PictureError, decode
from .model import Refused, Tensors
from .pixels import Array, Loaded, check_size, file_bytes, loaded_from, normalised, on_canvas, squared, whole_steps
from .prepared import prepared


class PictureReading:
    """A picture to `pictures`, float32 [1, channels, h, w].

    Settings:
        look: `middle`: EfficientNet-Lite0's cut of the middle. `square`: the whole picture pressed into a square of
            `side` pixels; one channel with `grey`. `canvas`: the whole picture in the top left corner of a grey canvas
            of whole steps of 32 pixels.
        most: Pixels of the longer side at which it is decoded.
    """

    of_files = True

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes] | None = None) -> None:
        self._most: int = settings["most"]
        self._look: Callable[[bytes], tuple[Array, Loaded | None]] = {
            "middle": self._middle,
            "square": self._square,
            "canvas": self._canvas,
        }[settings["look"]]
        self._side: int = settings.get("side", 0)
        self._channels = 1 if settings.get("grey") else 3
        self.example = _grey_picture(self._most)

    def read(self, given: Any) -> tuple[Tensors, Loaded | None]:
        """Return the input, and of a canvas the scaled picture, which says where it lies in the original."""
        try:
            tensor, loaded = self._look(content_of(given))
        except PictureError as error:
            raise Refused(error.message, error.code) from None
        return {"pictures": np.ascontiguousarray(tensor[None], np.float32)}, loaded

    def _middle(self, data: bytes) -> tuple[Array, None]:
        return prepared(decode(data, side=self._most).image), None

    def _square(self, data: bytes) -> tuple[Array, None]:
        return normalised(squared(loaded_from(data, self._most).pixels, self._side))[: self._channels], None

    def _canvas(self, data: bytes) -> tuple[Array, Loaded]:
        loaded = loaded_from(data, self._most)
        height, width = (whole_steps(length) for length in loaded.pixels.shape[:2])
        return normalised(on_canvas(loaded.pixels, height, width)), loaded


def content_of(given: Any) -> bytes:
    """Return the bytes of a picture's file from what was given.

    Raises:
        PictureError: It is too large, a file that cannot be read, or base64 that is none.
        Refused: It is nothing that can hold a picture.
    """
    if isinstance(given, Path):
        return file_bytes(given)
    if isinstance(given, str):
        return _from_base64(given)
    if isinstance(given, bytes | bytearray | memoryview):
        check_size(memoryview(given).nbytes)
        return bytes(given)
    raise Refused("This is no picture: send the bytes of its file as base64.", "not_a_picture")


def _from_base64(text: str) -> bytes:
    head, comma, body = text[:200].partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        text = body + text[200:]
    if len(text) > BYTE_LIMIT * 3 // 2:
        check_size(len(text))
    try:
        # Encoders break lines, which a strict reading refuses.
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(
            "This string is not base64. Send the bytes of the picture's file as base64, not a path or an address.",
            "not_base64",
        ) from None
    check_size(len(data))
    return data


def _grey_picture(side: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (side, side), (127, 127, 127)).save(stream, "PNG")
    return stream.getvalue()
