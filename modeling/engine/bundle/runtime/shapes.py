"""Boxes and outlines from what a detector's network says of a picture (CenterNet: Zhou et al. 2019)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .boxes import Array, clipped, suppress
from .outlines import outline_of_mask
from .pixels import Loaded

# Input pixels of a cell of the maps.
STRIDE = 8
# Peaks that are looked at, and shapes that a picture has at most; below the score a shape is noise.
PEAKS, MOST, LEAST = 300, 100, 0.01
# Of two boxes of one label that share more than this, the better stays: cells that touch overlap by .5.
MOST_OVERLAP = 0.6


@dataclass(frozen=True)
class FoundBoxes:
    """Boxes of one picture, best score first.

    Attributes:
        boxes: In input pixels, float64 [n, 4].
        scores: float32 [n] in [0, 1].
        kinds: Numbers of labels, int64 [n].
    """

    boxes: Array
    scores: Array
    kinds: Array


def peaks(heat: Array, most: int, least: float = 0.0) -> tuple[Array, Array, Array]:
    """Return the highest cells of one picture that no neighbour tops: scores, classes and cells (row x width + column).

    Args:
        heat: Chances in [0, 1], float32 [k, h, w].
        most: How many at most.
        least: Lower ones are left out; zero is never a peak.
    """
    padded = np.pad(heat, ((0, 0), (1, 1), (1, 1)))
    down = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    top = np.maximum(np.maximum(down[:, :, :-2], down[:, :, 1:-1]), down[:, :, 2:])
    places = np.flatnonzero((heat == top) & (heat >= least) & (heat > 0))
    scores = heat.ravel()[places]
    order = np.argsort(-scores, kind="stable")[:most]
    cells = heat.shape[1] * heat.shape[2]
    return scores[order], places[order] // cells, places[order] % cells


def found_boxes(heat: Array, distances: Array, size: tuple[int, int]) -> FoundBoxes:
    """Return the boxes of one picture, cut at its edges.

    Args:
        heat: Chances in [0, 1], float32 [k, h, w].
        distances: From middles of cells to left, top, right and bottom edges, in input pixels, float32 [4, h, w].
        size: Height and width of the picture in input pixels, without the rest of the canvas.
    """
    scores, kinds, cells = peaks(heat, PEAKS, LEAST)
    row, column = np.divmod(cells, heat.shape[2])
    middle = ((np.stack([column, row], 1) + 0.5) * STRIDE).astype(np.float32)
    reach = distances.reshape(4, -1)[:, cells].T
    boxes = np.concatenate([middle - reach[:, :2], middle + reach[:, 2:]], axis=1).astype(np.float64)
    boxes = clipped(boxes, size[1], size[0])
    usable = np.flatnonzero((boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) > 0)
    rows = usable[suppress(boxes[usable], scores[usable], kinds[usable], MOST_OVERLAP)][:MOST]
    return FoundBoxes(boxes[rows], scores[rows], kinds[rows])


def in_original(found: FoundBoxes, chances: Array | None, loaded: Loaded) -> list[list[tuple[float, float]]]:
    """Return the points of each box in pixels of the original picture: two corners, or with the chances of masks
    [n, side, side] a polygon, cut at the edges of the picture."""
    original = found.boxes / np.tile(np.array(loaded.scale), 2)
    width, height = original_size(loaded)
    points = []
    for place, box in enumerate(original):
        if chances is None:
            x0, y0, x1, y1 = box.tolist()
            points.append([(x0, y0), (x1, y1)])
        else:
            outline = outline_of_mask(chances[place], box)
            points.append([(min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in outline])
    return points


def original_size(loaded: Loaded) -> tuple[float, float]:
    """Return width and height of a picture's original in pixels."""
    height, width = loaded.pixels.shape[:2]
    return width / loaded.scale[0], height / loaded.scale[1]


class FoundShapes:
    """Heat and distances of a picture on a canvas to boxes, and with `masks`, the name of a graph that takes maps and
    boxes, to outlines."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        from .model import opened

        self._labels: list[str] = settings["labels"]
        self._masks = opened(member(settings["masks"]), settings["threads"]) if settings.get("masks") else None

    def answer(self, outputs: Sequence[Array], known: Loaded) -> dict[str, Any]:
        """Return `shapes`, the likeliest first, and `width` and `height` of the upright original in pixels."""
        found = found_boxes(outputs[0][0], outputs[1][0], known.pixels.shape[:2])
        chances = None
        if self._masks is not None and len(found.boxes):
            fourth, neck = outputs[2:]
            given = {"fourth": fourth, "neck": neck, "boxes": found.boxes.astype(np.float32)}
            chances = self._masks.run(["chances"], given)[0]
        kind = "box" if self._masks is None else "polygon"
        width, height = original_size(known)
        shapes = [
            {"label": self._labels[label], "kind": kind, "points": [list(point) for point in points], "score": score}
            for label, points, score in zip(
                found.kinds.tolist(), in_original(found, chances, known), found.scores.tolist(), strict=True
            )
        ]
        return {"shapes": shapes, "width": round(width), "height": round(height)}
