"""What the training loop works on when a model learns shapes: the network, its losses, and average precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from modeling.engine.bundle.runtime.shapes import STRIDE
from modeling.engine.pictures.centers import Targets, edge_loss, heat_loss, targets_of
from modeling.engine.pictures.finding import find_shapes, looked_at
from modeling.engine.pictures.mask_head import mask_loss, mask_target
from modeling.engine.training.work import Work, decay_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.pictures.backbone import Stem
    from modeling.engine.pictures.detector_net import DetectorNet, Found
    from modeling.engine.pictures.feature_rows import FeatureRows, Seen
    from modeling.engine.pictures.finding import Maps
    from modeling.engine.pictures.loading import PictureStore
    from modeling.engine.tasks.shapes import ShapeTask

# The trunk was trained on a million pictures: it moves slower than what is new.
TRUNK_RATE = 0.2
# How much edges and masks weigh beside middles.
EDGE_WEIGHT, MASK_WEIGHT = 2.0, 1.0
# Boxes of training masks are moved by up to this share of their sides, as found boxes are.
JITTER = 0.08
# Shapes of a batch whose masks are learned, drawn at random: the rest costs time and says the same.
MOST_MASKS = 64
# Rows of an epoch at least: few pictures are shown several times, each time in another variant, since a network needs
# some hundreds of steps however few pictures there are.
LEAST_ROWS = 64
# Validation pictures after each epoch, the first ones; more cost time and tell epochs apart no better.
MOST_VALIDATED = 200


class ShapeWork(Work):
    """Training rows as maps of the frozen stem, validation rows as pictures."""

    def __init__(
        self,
        module: DetectorNet,
        train: FeatureRows,
        stem: Stem,
        validation: PictureStore,
        answers: Sequence[Sequence[Any]],
        task: ShapeTask,
    ) -> None:
        self.module: DetectorNet = module
        self.train, self.stem, self.task = train, stem, task
        self.repeats = repeats_of(len(train.pictures.paths))
        self.size = len(train.pictures.paths) * self.repeats
        count = min(MOST_VALIDATED, len(validation.paths))
        self.validation, self.answers = validation, answers[:count]
        self.epoch = 0
        self._maps: dict[int, Maps] = {}

    def begin_epoch(self, epoch: int) -> None:
        """Take the next variants of each picture."""
        self.epoch = epoch

    def groups(self, decay: float) -> list[dict[str, Any]]:
        """Return the trunk's parameters with a smaller rate, and the others."""
        slow: list[nn.Parameter] = []
        fast: list[nn.Parameter] = []
        for name, value in self.module.named_parameters():
            if value.requires_grad:
                (slow if name.startswith("trunk.") else fast).append(value)
        return decay_groups(slow, decay, TRUNK_RATE) + decay_groups(fast, decay, 1.0)

    def loss(self, rows: Tensor, device: torch.device) -> Tensor:
        """Return the sum of the losses of middles, edges and, for a network with masks, masks."""
        count = len(self.train.pictures.paths)
        first = self.epoch * self.repeats
        seen = [self.train.seen(row % count, first + row // count) for row in rows.tolist()]
        found = self.module(torch.stack([each.eighth for each in seen]).to(device).float())
        targets = self._targets(seen).to(device)
        loss = heat_loss(found.heat, targets.heat) + EDGE_WEIGHT * edge_loss(found.distances, targets, STRIDE)
        if self.module.masks is None:
            return loss
        return loss + MASK_WEIGHT * self._mask_loss(seen, found, rows, device)

    def _targets(self, seen: Sequence[Seen]) -> Targets:
        size = self.train.canvas[0] // STRIDE, self.train.canvas[1] // STRIDE
        made = [targets_of(each.boxes, each.labels, len(self.train.classes), size, STRIDE) for each in seen]
        heat, edges, weight = (torch.from_numpy(np.stack(arrays)) for arrays in zip(*made, strict=True))
        return Targets(heat, edges, weight)

    def _mask_loss(self, seen: Sequence[Seen], found: Found, rows: Tensor, device: torch.device) -> Tensor:
        assert self.module.masks is not None
        generator = np.random.default_rng((self.epoch, *rows.tolist()))
        total = sum(len(each.boxes) for each in seen)
        share = min(1.0, MOST_MASKS / max(1, total))
        boxes, wanted = [], []
        for each in seen:
            chosen = np.flatnonzero(generator.random(len(each.boxes)) < share)
            sides = np.tile(each.boxes[chosen, 2:] - each.boxes[chosen, :2], 2)
            moved = each.boxes[chosen] + (JITTER * (2 * generator.random(sides.shape) - 1) * sides).astype(np.float32)
            boxes.append(torch.from_numpy(moved).to(device))
            wanted += [mask_target(each.outlines[row], box) for row, box in zip(chosen.tolist(), moved, strict=True)]
        if not wanted:
            return found.neck.sum() * 0
        fourth = torch.stack([each.fourth for each in seen]).to(device).float()
        logits = self.module.masks(fourth, found.neck, boxes, self.train.canvas)
        return mask_loss(logits, torch.from_numpy(np.stack(wanted)).to(device))

    def validate(self, device: torch.device) -> dict[str, float]:
        """Return average precision on the validation pictures; the score is its mean over overlaps."""
        self.module.eval()
        classes, made = self.train.classes, []
        for row in range(len(self.answers)):
            loaded = self.validation[row]
            if row not in self._maps:
                self._maps[row] = looked_at(self.stem, loaded, device)
            made.append(find_shapes(self.module, self._maps[row], loaded, classes, device))
        mean, half = self.task.precisions(made, self.answers, classes)
        return {"validation_map": mean, "validation_map50": half, "score": mean}


def repeats_of(count: int) -> int:
    """Return how often an epoch shows each of so many training pictures."""
    return -(-LEAST_ROWS // count)
