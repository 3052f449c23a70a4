"""Changes of light, colour, grain, sharpness and weather: nothing moves, shapes stay."""

from typing import Any, ClassVar

from curation.engine.augment.pictures.base import PictureAugmentation, library
from curation.engine.augment.settings import Setting


class Brightness(PictureAugmentation):
    """Lighter, darker, harder, softer."""

    name = "brightness"
    what = "Changes brightness and contrast."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("brightness", 0.2, "At most this share of full brightness, either way."),
        Setting("contrast", 0.2, "At most this share, either way."),
    )

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        light, hard = self.given["brightness"], self.given["contrast"]
        return library().RandomBrightnessContrast((-light, light), (-hard, hard), p=1.0)


class Colours(PictureAugmentation):
    """Other hues."""

    name = "colours"
    what = "Changes hue and saturation. Not where the colour is the label. Grey pictures stay."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("hue", 10.0, "At most so many steps of 180, either way.", 0, 90),
        Setting("saturation", 30.0, "At most so many steps of 255, either way.", 0, 255),
    )

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        hue, strength = self.given["hue"], self.given["saturation"]
        return library().HueSaturationValue((-hue, hue), (-strength, strength), (0, 0), p=1.0)


class Grey(PictureAugmentation):
    """Without colours."""

    name = "grey"
    what = "Takes the colours away. Not where the colour is the label."

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().ToGray(p=1.0)


class LocalContrast(PictureAugmentation):
    """Contrast evened out."""

    name = "local_contrast"
    what = "Evens out the contrast part by part (CLAHE)."
    settings: ClassVar[tuple[Setting, ...]] = (Setting("limit", 4.0, "Largest gain in contrast.", 1, 40),)

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().CLAHE(clip_limit=(1.0, self.given["limit"]), p=1.0)


class Noise(PictureAugmentation):
    """Grain."""

    name = "noise"
    what = "Adds grain as a sensor does in poor light (Gaussian)."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("strength", 0.08, "Largest standard deviation, as a share of full brightness."),
    )

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().GaussNoise(std_range=(0.0, self.given["strength"]), p=1.0)


class Jpeg(PictureAugmentation):
    """Compression."""

    name = "jpeg"
    what = "Compresses the picture hard (JPEG)."
    settings: ClassVar[tuple[Setting, ...]] = (Setting("quality", 30, "Least quality.", 1, 99),)

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().ImageCompression(compression_type="jpeg", quality_range=(self.given["quality"], 99), p=1.0)


class Blur(PictureAugmentation):
    """Out of focus."""

    name = "blur"
    what = "Blurs the picture (Gaussian)."
    settings: ClassVar[tuple[Setting, ...]] = (Setting("radius", 2.0, "Largest standard deviation, pixels.", 0.1, 20),)

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().GaussianBlur(blur_limit=0, sigma_limit=(0.1, self.given["radius"]), p=1.0)


class MotionBlur(PictureAugmentation):
    """A shaken camera."""

    name = "motion_blur"
    what = "Blurs along a line, as a shaken camera does; evenly to both sides, so that nothing moves."
    settings: ClassVar[tuple[Setting, ...]] = (Setting("length", 7, "Longest line, pixels.", 3, 99),)

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        longest = int(self.given["length"]) | 1
        # Left to itself the library shifts the line, and the picture with it.
        return library().MotionBlur((3, longest), allow_shifted=False, direction_range=(0.0, 0.0), p=1.0)


class Rain(PictureAugmentation):
    """Rain."""

    name = "rain"
    what = "Draws streaks of rain. For pictures taken outside."

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().RandomRain(blur_value=3, brightness_coefficient=0.8, p=1.0)


class Fog(PictureAugmentation):
    """Fog."""

    name = "fog"
    what = "Lays fog over the picture. For pictures taken outside."
    settings: ClassVar[tuple[Setting, ...]] = (Setting("strength", 0.5, "Largest strength.", 0.1, 1),)

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().RandomFog(fog_coef_range=(0.1, self.given["strength"]), p=1.0)


class Snow(PictureAugmentation):
    """Snow."""

    name = "snow"
    what = "Whitens what is bright, as snow does. For pictures taken outside."

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().RandomSnow(snow_point_range=(0.1, 0.3), p=1.0)


class Shadow(PictureAugmentation):
    """Shadows."""

    name = "shadow"
    what = "Casts one or two shadows over the picture."

    def transform(self, size: tuple[int, int]) -> Any:
        """Return the transform."""
        return library().RandomShadow(shadow_roi=(0, 0, 1, 1), p=1.0)
