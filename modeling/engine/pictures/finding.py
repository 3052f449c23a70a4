"""From what the network says of a picture to labeled shapes in the pixels of its original."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modeling.engine.pictures.boxes import clipped, suppress
from modeling.engine.pictures.centers import boxes_of, peaks
from modeling.engine.pictures.detector_net import STRIDE
from modeling.engine.pictures.feature_rows import look
from modeling.engine.pictures.loading import on_canvas, whole_steps
from modeling.engine.pictures.mask_head import outline_of_mask
from modeling.engine.tasks.shapes import ScoredShape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.pictures.backbone import Stem
    from modeling.engine.pictures.detector_net import DetectorNet
    from modeling.engine.pictures.loading import Loaded

Array = np.ndarray[Any, Any]
# Peaks that are looked at, and shapes that a picture has at most; below the score a shape is noise.
PEAKS, MOST, LEAST = 300, 100, 0.01
# Of two boxes of one label that share more than this, the better stays: cells that touch overlap by .5.
MOST_OVERLAP = 0.6


@dataclass(frozen=True, slots=True)
class Maps:
    """A picture on its way through the network: maps of strides 4 and 8 in half precision, and its input size."""

    fourth: torch.Tensor
    eighth: torch.Tensor
    size: tuple[int, int]


def looked_at(stem: Stem, loaded: Loaded, device: torch.device) -> Maps:
    """Return the maps of a picture on a canvas of whole steps of its own."""
    height, width = (whole_steps(side) for side in loaded.pixels.shape[:2])
    return Maps(*look(stem, on_canvas(loaded.pixels, height, width), device), (height, width))


def find_shapes(
    net: DetectorNet, maps: Maps, loaded: Loaded, classes: Sequence[str], device: torch.device
) -> list[ScoredShape]:
    """Return what a network in evaluation mode finds in one picture, best score first.

    Boxes, or polygons when the network has a mask head; both are cut at the edges of the picture.
    """
    with torch.inference_mode():
        found = net(maps.eighth[None].to(device).float())
        scores, labels, cells = peaks(found.heat[0].float().sigmoid(), PEAKS)
        boxes = boxes_of(found.distances, STRIDE)[0].flatten(1).T[cells].cpu().numpy().astype(np.float64)
        strong, kinds = scores.cpu().numpy(), labels.cpu().numpy()
        height, width = loaded.pixels.shape[:2]
        boxes = clipped(boxes, width, height)
        usable = np.flatnonzero((strong >= LEAST) & ((boxes[:, 2:] - boxes[:, :2]).min(axis=1) > 0))
        rows = usable[suppress(boxes[usable], strong[usable], kinds[usable], MOST_OVERLAP)][:MOST]
        chances = None
        if net.masks is not None and len(rows):
            own = [torch.from_numpy(boxes[rows]).float().to(device)]
            chances = (
                net.masks(maps.fourth[None].to(device).float(), found.neck, own, maps.size).sigmoid().cpu().numpy()
            )
    original = boxes / np.tile(np.array(loaded.scale), 2)
    limits = width / loaded.scale[0], height / loaded.scale[1]
    shapes = []
    for place, row in enumerate(rows.tolist()):
        x0, y0, x1, y1 = original[row].tolist()
        kind, points = "box", [(x0, y0), (x1, y1)]
        if chances is not None:
            kind = "polygon"
            outline = outline_of_mask(chances[place], original[row])
            points = [(min(max(x, 0.0), limits[0]), min(max(y, 0.0), limits[1])) for x, y in outline]
        shapes.append(ScoredShape(classes[kinds[row]], kind, tuple(points), float(strong[row])))
    return shapes
