"""Changes of place: mirrored, turned, moved, scaled, slanted, cut. What comes in from outside is grey, never a mirror
image: things in a mirror image would have no labels."""

from typing import Any, ClassVar

from curation.engine.augment.pictures.base import FILL, VISIBLE, PictureAugmentation, library
from curation.engine.augment.settings import Setting


class Mirror(PictureAugmentation):
    """Left for right."""

    name = "mirror"
    what = "Exchanges left and right. Not where labels speak of left and right, or pictures hold writing."
    moves = True

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().HorizontalFlip(p=1.0)


class Flip(PictureAugmentation):
    """Top for bottom."""

    name = "flip"
    what = "Exchanges top and bottom. For pictures without an upper side, such as those of a microscope."
    moves = True

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().VerticalFlip(p=1.0)


class QuarterTurns(PictureAugmentation):
    """Turns by 90, 180 or 270 degrees."""

    name = "quarter_turns"
    what = "Turns by 90, 180 or 270 degrees, or not. For pictures without an upper side."
    moves = True

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().RandomRotate90(p=1.0)


class _Affine(PictureAugmentation):
    moves = True

    def transform(self, size: tuple[int, int]) -> Any:
        return library().Affine(**self.affine(), fill=FILL, border_mode=0, p=1.0)

    def affine(self) -> dict[str, Any]:
        raise NotImplementedError


class Turn(_Affine):
    """A few degrees."""

    name = "turn"
    what = (
        "Turns by some degrees around the middle. An upright box becomes the box around its turned corners, which is "
        "looser the further it turns: 5 degrees add a fifth to a square's area."
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("degrees", 10.0, "At most so many degrees either way.", 0, 180),
        VISIBLE,
    )

    def affine(self) -> dict[str, Any]:
        """Return the angles."""
        most = self.given["degrees"]
        return {"rotate": (-most, most)}


class Shift(_Affine):
    """To a side."""

    name = "shift"
    what = "Moves the picture to a side."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("distance", 0.1, "At most this share of width and height.", 0, 0.9),
        VISIBLE,
    )

    def affine(self) -> dict[str, Any]:
        """Return the distances."""
        most = self.given["distance"]
        return {"translate_percent": {"x": (-most, most), "y": (-most, most)}}


class Zoom(_Affine):
    """Larger or smaller."""

    name = "zoom"
    what = "Makes what is shown larger or smaller; the picture keeps its size."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("smallest", 0.8, "Least scale.", 0.1, 1),
        Setting("largest", 1.25, "Largest scale.", 1, 10),
        VISIBLE,
    )

    def affine(self) -> dict[str, Any]:
        """Return the scales."""
        return {"scale": (self.given["smallest"], self.given["largest"]), "keep_ratio": True}


class Slant(_Affine):
    """Sheared."""

    name = "slant"
    what = "Shears the picture. A rotated box becomes the rectangle around its slanted corners."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("degrees", 10.0, "At most so many degrees either way.", 0, 60),
        VISIBLE,
    )

    def affine(self) -> dict[str, Any]:
        """Return the angles."""
        most = self.given["degrees"]
        return {"shear": {"x": (-most, most), "y": (-most, most)}}


class Perspective(PictureAugmentation):
    """Seen from another place."""

    name = "perspective"
    what = "Shows the picture as if seen from another place: its corners move inwards."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("strength", 0.05, "How far corners move, as a share of the sides (standard deviation).", 0.001, 0.2),
        VISIBLE,
    )
    moves = True

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        most = self.given["strength"]
        return library().Perspective(scale=(most, most), keep_size=True, border_mode=0, fill=FILL, p=1.0)


class Crop(PictureAugmentation):
    """A part of the picture."""

    name = "crop"
    what = "Cuts out a part; the picture gets smaller. Nothing is scaled."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("share", 0.8, "Share of width and height that stays.", 0.05, 1),
        VISIBLE,
    )
    moves = True

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        width, height = (max(1, round(side * self.given["share"])) for side in size)
        return library().RandomCrop(height=height, width=width, p=1.0)
