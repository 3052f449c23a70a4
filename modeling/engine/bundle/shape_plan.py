"""Boxes and outlines as bundles: the network in one graph, a second one for masks, and the rest in the runtime."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from modeling.engine.bundle.picture_graphs import LADDER, exported
from modeling.engine.bundle.picture_plan import INPUT, backbone_facts, calibration, compressed
from modeling.engine.bundle.plan import Plan
from modeling.engine.bundle.runtime.model import opened
from modeling.engine.bundle.runtime.shapes import found_boxes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modeling.engine.bundle.plan import Rung
    from modeling.engine.bundle.static_int8 import Feeds
    from modeling.engine.data import Examples
    from modeling.engine.families.detector import Detector
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.pictures.backbone import Stem
    from modeling.engine.pictures.detector_net import DetectorNet
    from modeling.engine.pictures.mask_head import MaskHead
    from modeling.engine.training.train import TrainedModel

MASKS = "masks.onnx"
BOXES = ("heat", "distances")
MAPS = ("fourth", "neck")
# Large pictures that give the scales; each has as many cells as a hundred small ones.
CALIBRATED_LARGE = 32
# Boxes of a picture that give the scales of the masks' graph.
CALIBRATED_BOXES = 16


class WholeDetector(nn.Module):
    """Stem and network: pictures [1, 3, h, w] to chances of middles, distances, and for masks the maps of stride 4 and
    of the neck."""

    def __init__(self, stem: Stem, net: DetectorNet) -> None:
        super().__init__()
        self.stem, self.net = stem, net

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Return heat [1, k, h/8, w/8] in [0, 1], distances [1, 4, h/8, w/8] in input pixels, and the maps."""
        fourth, eighth = self.stem(pictures)
        found = self.net(eighth)
        boxes = found.heat.sigmoid(), found.distances
        return boxes if self.net.masks is None else (*boxes, fourth, found.neck)


class Masks(nn.Module):
    """The mask head for boxes of one picture."""

    def __init__(self, head: MaskHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, fourth: Tensor, neck: Tensor, boxes: Tensor) -> Tensor:
        """Return chances [n, 28, 28] in [0, 1] for boxes [n, 4] in input pixels."""
        size = fourth.shape[2] * 4, fourth.shape[3] * 4
        return cast("Tensor", self.head(fourth, neck, [boxes], size).sigmoid())


def shape_plan(model: TrainedModel, data: Examples, family: Detector, context: TrainingContext) -> Plan:
    """Return the plan of a detector, or of one with masks."""
    facts = model.facts
    reading = {"kind": "picture", "look": "canvas", "most": facts["side"]}
    graphs = ShapeGraphs(model, data, family, reading)
    encoder, licences = backbone_facts()
    answering: dict[str, Any] = {"kind": "shapes"}
    if facts["masks"]:
        answering["masks"] = MASKS
    return Plan(
        rungs=LADDER,
        build=graphs.build,
        beside=graphs.beside,
        reading=reading,
        answering=answering,
        inputs=(INPUT,),
        outputs=(*BOXES, *(MAPS if facts["masks"] else ())),
        members={},
        needs=("pillow",),
        licences=licences,
        encoder=encoder,
        said=lambda paths: model.predictions(paths, context),
        about=f"It sees pictures at up to {facts['side']} pixels a side by EfficientNet-Lite0, trained further, and "
        "finds middles of things and the distances to their edges"
        + (f"; {MASKS} finds the outline in each box." if facts["masks"] else "."),
        example="picture.jpg",
    )


class ShapeGraphs:
    """The graphs of a detector, by rung."""

    def __init__(self, model: TrainedModel, data: Examples, family: Detector, reading: dict[str, Any]) -> None:
        self.model, self.data, self.family, self.reading = model, data, family, reading
        self._network = lru_cache(maxsize=1)(lambda: family.network(model.folder, model.facts))
        self._plain = lru_cache(maxsize=1)(self._exported)

    def build(self, rung: Rung) -> bytes:
        """Return the graph that sees the picture."""
        return compressed(self._plain(), rung, lambda: calibration(self.reading, self.data, CALIBRATED_LARGE))

    def beside(self, rung: Rung) -> dict[str, bytes]:
        """Return the graph of the masks, where there are any."""
        _stem, net = self._network()
        if net.masks is None:
            return {}
        fourth, neck = torch.zeros(1, 24, 16, 24), torch.zeros(1, net.masks.neck.in_channels, 8, 12)
        free = {
            "fourth": {2: "fourth_height", 3: "fourth_width"},
            "neck": {2: "neck_height", 3: "neck_width"},
            "boxes": {0: "boxes"},
            "chances": {0: "boxes"},
        }
        boxes = torch.tensor([[0.0, 0, 32, 32], [8, 8, 48, 40]])
        plain = exported(Masks(net.masks), [fourth, neck, boxes], [*MAPS, "boxes"], ["chances"], free)
        return {MASKS: compressed(plain, rung, self._mask_feeds, small=True)}

    def _exported(self) -> bytes:
        stem, net = self._network()
        cells = {2: "rows", 3: "columns"}
        names = (*BOXES, *(MAPS if net.masks is not None else ()))
        free = {INPUT: {2: "height", 3: "width"}, **dict.fromkeys(names, cells)}
        if net.masks is not None:
            free["fourth"] = {2: "fourth_rows", 3: "fourth_columns"}
        return exported(WholeDetector(stem, net), [torch.zeros(1, 3, 64, 96)], [INPUT], names, free)

    def _mask_feeds(self) -> Iterator[Feeds]:
        """Give what the masks' graph gets of some training pictures."""
        session = opened(self._plain(), int(self.model.facts["settings"]["threads"]))
        for given in calibration(self.reading, self.data, CALIBRATED_LARGE):
            heat, distances, fourth, neck = session.run([*BOXES, *MAPS], given)
            boxes = found_boxes(heat[0], distances[0], given[INPUT].shape[2:]).boxes[:CALIBRATED_BOXES]
            if len(boxes):
                yield {"fourth": fourth, "neck": neck, "boxes": boxes.astype(np.float32)}
