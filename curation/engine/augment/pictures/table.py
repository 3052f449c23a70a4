"""Every augmentation of pictures by its name. Adding one: a class in a file beside this, a row here, a test."""

from curation.engine.augment.pictures.base import PictureAugmentation
from curation.engine.augment.pictures.cutout import Cutout
from curation.engine.augment.pictures.geometry import (
    Crop,
    Flip,
    Mirror,
    Perspective,
    QuarterTurns,
    Shift,
    Slant,
    Turn,
    Zoom,
)
from curation.engine.augment.pictures.joining import Mixup, Mosaic
from curation.engine.augment.pictures.light import (
    Blur,
    Brightness,
    Colours,
    Fog,
    Grey,
    Jpeg,
    LocalContrast,
    MotionBlur,
    Noise,
    Rain,
    Shadow,
    Snow,
)

PICTURES: dict[str, type[PictureAugmentation]] = {
    "mirror": Mirror,
    "flip": Flip,
    "quarter_turns": QuarterTurns,
    "turn": Turn,
    "shift": Shift,
    "zoom": Zoom,
    "slant": Slant,
    "perspective": Perspective,
    "crop": Crop,
    "brightness": Brightness,
    "colours": Colours,
    "grey": Grey,
    "local_contrast": LocalContrast,
    "noise": Noise,
    "jpeg": Jpeg,
    "blur": Blur,
    "motion_blur": MotionBlur,
    "rain": Rain,
    "fog": Fog,
    "snow": Snow,
    "shadow": Shadow,
    "cutout": Cutout,
    "mosaic": Mosaic,
    "mixup": Mixup,
}
