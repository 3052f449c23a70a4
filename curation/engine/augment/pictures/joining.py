"""Several pictures made one: four in a mosaic, or two over one another."""

from typing import Any, ClassVar

from curation.engine.augment.pictures.base import EVERY_SHAPE, LABELS, VISIBLE, PictureAugmentation
from curation.engine.augment.settings import Setting


class _Joining(PictureAugmentation):
    def transform(self, size: tuple[int, int]) -> Any:
        raise TypeError(f"{self.name} joins pictures; see curation.engine.augment.joined")


class Mosaic(_Joining):
    """Four pictures around a point (Bochkovskiy and others 2020)."""

    name = "mosaic"
    what = "Puts four pictures of the training part around a point, each scaled down. On the fly only: four parents."
    tasks: ClassVar[tuple[str, ...]] = EVERY_SHAPE
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("middle", 0.2, "How far the point lies off the middle at most, as a share of the sides.", 0, 0.4),
        VISIBLE,
    )
    moves = True
    partners = 3


class Mixup(_Joining):
    """Two pictures and their labels mixed (Zhang and others 2018)."""

    name = "mixup"
    what = "Mixes two pictures and their labels by a random share, which makes labels soft. On the fly only."
    tasks: ClassVar[tuple[str, ...]] = (LABELS,)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("alpha", 0.2, "Of the Beta distribution of the share; the larger, the more even.", 0.01, 10),
    )
    partners = 1
