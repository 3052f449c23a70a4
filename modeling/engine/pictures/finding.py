"""From what the network says of a picture to labeled shapes in the pixels of its original."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from modeling.engine.bundle.runtime.pixels import on_canvas, whole_steps
from modeling.engine.bundle.runtime.shapes import found_boxes, in_original
from modeling.engine.pictures.feature_rows import look
from modeling.engine.tasks.shapes import ScoredShape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.bundle.runtime.pixels import Loaded
    from modeling.engine.pictures.backbone import Stem
    from modeling.engine.pictures.detector_net import DetectorNet


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
        said = net(maps.eighth[None].to(device).float())
        heat = said.heat[0].float().sigmoid().cpu().numpy()
        found = found_boxes(heat, said.distances[0].cpu().numpy(), loaded.pixels.shape[:2])
        chances = None
        if net.masks is not None and len(found.boxes):
            own = [torch.from_numpy(found.boxes).float().to(device)]
            chances = net.masks(maps.fourth[None].to(device).float(), said.neck, own, maps.size).sigmoid().cpu().numpy()
    kind = "box" if net.masks is None else "polygon"
    return [
        ScoredShape(classes[label], kind, tuple(points), score)
        for label, points, score in zip(
            found.kinds.tolist(), in_original(found, chances, loaded), found.scores.tolist(), strict=True
        )
    ]
