"""Parts of the picture covered."""

from typing import Any, ClassVar

from curation.engine.augment.pictures.base import FILL, VISIBLE, PictureAugmentation, library
from curation.engine.augment.settings import Setting


class Cutout(PictureAugmentation):
    """Grey rectangles (DeVries and Taylor 2017)."""

    name = "cutout"
    what = "Covers parts with grey rectangles. A shape of which too much is covered goes."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("holes", 3, "Rectangles at most.", 1, 50),
        Setting("size", 0.2, "Largest side, as a share of the picture's.", 0.01, 0.9),
        VISIBLE,
    )
    covers = True

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform; a mask of ones beside the picture is 0 under the rectangles."""
        sides = (self.given["size"] / 4, self.given["size"])
        return library().CoarseDropout(
            num_holes_range=(1, self.given["holes"]),
            hole_height_range=sides,
            hole_width_range=sides,
            fill=FILL,
            fill_mask=0,
            p=1.0,
        )
