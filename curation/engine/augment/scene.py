"""A picture with what is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from curation.engine.augment.pictures.base import Pixels


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture with its shapes and labels.

    Attributes:
        pixels: uint8 [height, width, 3].
        shapes: See `curation.engine.augment.shapes`.
        labels: Labels of the whole with their shares, adding up to 1.
        masks: uint8 [height, width] each, moved with the picture.
    """

    pixels: Pixels
    shapes: list[dict[str, Any]]
    labels: Mapping[str, float] = field(default_factory=dict)
    masks: tuple[Pixels, ...] = ()

    @classmethod
    def of(cls, pixels: Pixels, shapes: Sequence[Mapping[str, Any]] = (), label: str | None = None) -> Self:
        """Return a scene of a picture in colour or grey.

        Raises:
            ValueError: The array is no such picture.
        """
        fits = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3))
        if pixels.dtype != np.uint8 or not fits:
            raise ValueError("a picture is uint8 [height, width, 3] or [height, width]")
        if pixels.ndim == 2 or pixels.shape[2] == 1:
            pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
        return cls(pixels, [dict(shape) for shape in shapes], {} if label is None else {label: 1.0})
