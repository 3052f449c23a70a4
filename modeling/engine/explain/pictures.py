"""Which parts of a picture a label rests on: what happens to it when they are hidden (Zeiler and Fergus 2014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.errors import EngineError
from modeling.engine.pictures.loading import MEAN, load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Pixels of the longer side at which a picture is looked at.
SIDE = 320
# The picture is cut into so many cells along each side, and a hidden square covers three of them each way.
CELLS, COVERED = 12, 3
BATCH = 16


def attribute_picture(model_folder: Path, facts: dict[str, Any], path: Path, label: str) -> NDArray[np.float32]:
    """Return how much each part of a picture speaks for a label, float32 [h, w].

    The value of a pixel is the mean fall of the label's log-probability (of its logit, where a picture may have several
    labels) over the grey squares that hide the pixel; below 0 it speaks against the label. Height and width are those
    of the upright picture scaled to a longer side of at most 320.

    Args:
        model_folder: Of a trained model of the families for whole pictures.
        facts: Of that model.
        path: The picture.
        label: One of the model's.

    Raises:
        EngineError: ``not_explained``, when the family cannot, or the model has no such label.
        PictureError: The picture cannot be read.
    """
    return attribute_labels(model_folder, facts, path, [label])[label]


def attribute_labels(
    model_folder: Path,
    facts: dict[str, Any],
    path: Path,
    labels: Sequence[str],
    told: Callable[[int, int], None] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Return what `attribute_picture` does for several labels by name; the model is asked once for all of them.

    Args:
        model_folder: As there.
        facts: As there.
        path: As there.
        labels: Some of the model's.
        told: Hears how many of the changed pictures the model has seen, and of how many.

    Raises:
        EngineError, PictureError: As there.
    """
    from modeling.engine.families.picture_head import PictureHead
    from modeling.engine.families.picture_network import PictureNetwork
    from modeling.engine.families.table import get_family

    family = get_family(facts["family"])
    if not isinstance(family, PictureHead | PictureNetwork):
        raise EngineError(f"Models of the family {family.name} are not explained by pixels.", code="not_explained")
    for label in labels:
        if label not in facts["labels"]:
            raise EngineError(f"The model has no label {label!r}.", code="not_explained")
    pixels = load(path, SIDE).pixels
    say = family.pixel_logits(model_folder, facts)
    corners = _corners(*pixels.shape[:2])
    hidden = [pixels] + [_hidden(pixels, corner) for corner in corners]
    said: list[NDArray[np.float64]] = []
    for start in range(0, len(hidden), BATCH):
        said.append(say(np.stack(hidden[start : start + BATCH])))
        if told:
            told(min(start + BATCH, len(hidden)), len(hidden))
    logits, several = np.concatenate(said), facts["task"].endswith("multilabel")
    found = {}
    for label in labels:
        belief = logits[:, facts["labels"].index(label)]
        found[label] = _map(belief if several else belief - np.logaddexp.reduce(logits, axis=1), corners, pixels)
    return found


def cells_of(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the values of a map cell by cell, float32 [12, 12]; within a cell all pixels have the same."""
    places = [np.linspace(0, length, CELLS + 1).round().astype(int) for length in values.shape]
    rows, columns = ((edges[:-1] + edges[1:]) // 2 for edges in places)
    return values[np.ix_(rows, columns)]


def _map(
    belief: NDArray[np.float64], corners: list[tuple[int, int, int, int]], pixels: NDArray[np.uint8]
) -> NDArray[np.float32]:
    total, often = np.zeros(pixels.shape[:2], np.float64), np.zeros(pixels.shape[:2], np.float64)
    for corner, value in zip(corners, belief[1:], strict=True):
        top, left, bottom, right = corner
        total[top:bottom, left:right] += belief[0] - value
        often[top:bottom, left:right] += 1
    return (total / np.maximum(often, 1)).astype(np.float32)


def _corners(height: int, width: int) -> list[tuple[int, int, int, int]]:
    """Return top, left, bottom and right of the hidden squares, which reach beyond the edges so that none is spared."""
    rows = np.linspace(0, height, CELLS + 1).round().astype(int)
    columns = np.linspace(0, width, CELLS + 1).round().astype(int)
    starts = range(1 - COVERED, CELLS)
    return [
        (
            int(rows[max(r, 0)]),
            int(columns[max(c, 0)]),
            int(rows[min(r + COVERED, CELLS)]),
            int(columns[min(c + COVERED, CELLS)]),
        )
        for r in starts
        for c in starts
    ]


def _hidden(pixels: NDArray[np.uint8], corner: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    top, left, bottom, right = corner
    copy = pixels.copy()
    copy[top:bottom, left:right] = round(MEAN)
    return copy
