"""Whole pictures as squares for the training loop, changed anew in each epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from modeling.engine.bundle.runtime.pixels import normalised, squared
from modeling.engine.pictures.changing import PolicyChanges
from modeling.engine.training.work import ClassifierWork, decay_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from modeling.engine.pictures.changing import Changer
    from modeling.engine.pictures.loading import PictureStore


class PixelRows:
    """Pictures by row number as a network wants them, float32 [b, channels, side, side].

    Args:
        pictures: Of the rows.
        targets: What a classifier should say of each, float32 [n, k].
        side: Of the squares.
        grey: Whether one channel is given instead of three.
        change: What changes them; None leaves them as they are.
    """

    def __init__(
        self,
        pictures: PictureStore,
        targets: NDArray[np.float32],
        side: int,
        *,
        grey: bool = False,
        change: Changer | None = None,
    ) -> None:
        self.pictures, self.side, self.grey, self.change = pictures, side, grey, change
        self.targets = torch.from_numpy(np.ascontiguousarray(targets, np.float32))
        self.epoch = 0

    def begin_epoch(self, epoch: int) -> None:
        """Change the pictures as in this epoch."""
        self.epoch = epoch + 1

    def inputs(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Return the pictures of these rows."""
        return self.changed(rows)[0]

    def changed(self, rows: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the pictures of these rows as this epoch has them, and what should be said of each: of pictures that
        were mixed, a mixture."""
        made, targets = [], []
        for row in rows.tolist():
            pixels, target = squared(self.pictures[row].pixels, self.side), self.targets[row]
            if isinstance(self.change, PolicyChanges):
                pixels, _shapes, shares = self.change.mixed(pixels, (), row, self.epoch)
                if len(shares) > 1:
                    target = torch.stack([share * self.targets[other] for other, share in shares.items()]).sum(dim=0)
            elif self.change is not None:
                pixels, _shapes = self.change(pixels, (), row, self.epoch)
            made.append(squared(pixels, self.side))
            targets.append(target)
        return (as_input(np.stack(made), grey=self.grey),), torch.stack(targets)


def as_input(pixels: NDArray[np.uint8], *, grey: bool) -> Tensor:
    """Return pixels [b, h, w, 3] as float32 [b, 3, h, w], or [b, 1, h, w] of grey ones."""
    values = torch.from_numpy(np.ascontiguousarray(normalised(pixels)))
    return values[:, :1] if grey else values


class PictureWork(ClassifierWork):
    """Classification whose pictures are changed anew in each epoch, and whose backbone may learn more slowly."""

    def __init__(self, *given: Any, slow: str = "", factor: float = 1.0, multilabel: bool = False) -> None:
        super().__init__(*given, multilabel=multilabel)
        self.slow, self.factor = slow, factor

    def loss(self, rows: Tensor, device: torch.device) -> Tensor:
        """Return cross-entropy against the rows' shares, those of mixed pictures mixed."""
        train: Any = self.train
        inputs, targets = train.changed(rows)
        return self._loss(self.module(*(value.to(device) for value in inputs)), targets.to(device))

    def groups(self, decay: float) -> list[dict[str, Any]]:
        """Return the parameters whose names begin with `slow` with their factor, and the others."""
        slow: list[nn.Parameter] = []
        fast: list[nn.Parameter] = []
        for name, value in self.module.named_parameters():
            if value.requires_grad:
                (slow if self.slow and name.startswith(self.slow) else fast).append(value)
        return decay_groups(slow, decay, self.factor) + decay_groups(fast, decay, 1.0)
