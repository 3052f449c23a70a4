"""Faces: how many `blur_faces` finds under changes, how many it sees where there are none, and pictures a second.

    python bench/faces.py --faces FOLDER [--without FOLDER ...] [--limit 60]

The pictures in FOLDER of --faces show one person each, whose face is found in the untouched picture with a score of at
least 0.5: look whether it is one. Each picture is changed, and a face counts as found when a box shares at least 0.3 of
the union with where it must be. Pictures of --without show no face; beside each score stands how many have a box.
"""

import argparse
import io
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from curation.engine.media import walk_files
from curation.engine.pictures.blurring import whole, without_parts
from curation.engine.pictures.decode import PictureError
from curation.engine.pictures.faces import FaceFinder

LEVELS = (0.2, 0.35, 0.5)
Box = np.ndarray
# From picture and box to picture and box.
Change = Callable[[Image.Image, Box], tuple[Image.Image, Box]]


def scaled(high: int) -> Change:
    """Shrink the whole picture until the face has that many pixels from top to bottom."""

    def change(image: Image.Image, box: Box) -> tuple[Image.Image, Box]:
        factor = high / (box[3] - box[1])
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        return image.resize(size, Image.Resampling.LANCZOS), box * factor

    return change


def on_ground(high: int) -> Change:
    """As `scaled`, in the middle of a grey picture of 1,280 pixels: one face in a wide scene."""

    def change(image: Image.Image, box: Box) -> tuple[Image.Image, Box]:
        small, place = scaled(high)(image, box)
        ground = Image.new("RGB", (1280, 960), (128, 128, 128))
        ground.paste(small, (400, 300))
        return ground, place + 1.0 * np.array([400, 300, 400, 300])

    return change


def turned(degrees: float) -> Change:
    def change(image: Image.Image, box: Box) -> tuple[Image.Image, Box]:
        angle = np.deg2rad(degrees)
        middle = np.array([(box[0] + box[2]) / 2 - image.width / 2, (box[1] + box[3]) / 2 - image.height / 2])
        made = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
        spot = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) @ middle
        spot += np.array([made.width, made.height]) / 2
        half = (box[2:] - box[:2]) / 2
        return made, np.concatenate([spot - half, spot + half])

    return change


def mirrored(image: Image.Image, box: Box) -> tuple[Image.Image, Box]:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), np.array(
        [image.width - box[2], box[1], image.width - box[0], box[3]]
    )


def compressed(image: Image.Image, box: Box) -> tuple[Image.Image, Box]:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=15)
    return Image.open(sink).convert("RGB"), box


def covered(image: Image.Image, box: Box) -> tuple[Image.Image, Box]:
    """Lay a pale cloth over the lower half of the face, as a mask does."""
    made = image.copy()
    made.paste((200, 215, 225), (int(box[0]), int((box[1] + box[3]) / 2), int(box[2]), int(box[3])))
    return made, box


CHANGES: dict[str, Change] = {
    "untouched": lambda image, box: (image, box),
    **{f"{high} pixels high": scaled(high) for high in (60, 30, 20, 14, 10)},
    **{f"{high} pixels high in a wide scene": on_ground(high) for high in (60, 30, 20, 14, 10)},
    "mirrored": mirrored,
    **{f"turned by {degrees}°": turned(degrees) for degrees in (15, 30, 60, 90, 180)},
    "a quarter as bright": lambda image, box: (ImageEnhance.Brightness(image).enhance(0.25), box),
    "grey": lambda image, box: (image.convert("L").convert("RGB"), box),
    "JPEG 15": compressed,
    "out of focus": lambda image, box: (
        image.filter(ImageFilter.GaussianBlur(float(box[3] - box[1]) / 20)),
        box,
    ),
    "lower half covered": covered,
    "blurred by the step": lambda image, box: (without_parts(image, box[None].astype(np.float32), 0.25), box),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--without", type=Path, nargs="*", default=[])
    parser.add_argument("--limit", type=int, default=60)
    options = parser.parse_args()
    finder = FaceFinder()
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}; scores {LEVELS}")
    known = [(image, box) for image in pictures(options.faces, options.limit) for box in marked(finder, image)]
    print(f"\n{len(known)} faces in {options.faces.name}: found at each score")
    for name, change in CHANGES.items():
        best = [best_score(finder, *change(image, box)) for image, box in known]
        print(f"    {name:32} {'  '.join(f'{np.mean(np.array(best) >= level):.2f}' for level in LEVELS)}")
    for folder in options.without:
        images = list(pictures(folder, options.limit))
        started = time.process_time()
        scores = np.array([(finder.find(image, LEVELS[0])[:, 4].max(initial=0.0)) for image in images])
        speed = len(images) / (time.process_time() - started)
        seen = "  ".join(f"{(scores >= level).sum():3}" for level in LEVELS)
        print(
            f"\n{folder.name}: {len(images)} pictures without faces, with a box: {seen}; {speed:.1f} a processor second"
        )


def pictures(folder: Path, limit: int) -> list[Image.Image]:
    found = []
    for path in walk_files(folder):
        try:
            found.append(whole(path.read_bytes()).convert("RGB"))
        except PictureError:
            continue
        if len(found) == limit:
            break
    return found


def marked(finder: FaceFinder, image: Image.Image) -> list[Box]:
    return [box[:4].astype(np.float64) for box in finder.find(image, 0.5)]


def best_score(finder: FaceFinder, image: Image.Image, wanted: Box) -> float:
    """Return the score of the surest box that lies where the face is, 0 for none."""
    boxes = finder.find(image, LEVELS[0]).astype(np.float64)
    sides = np.minimum(boxes[:, 2:4], wanted[2:]) - np.maximum(boxes[:, :2], wanted[:2])
    both = np.prod(np.maximum(sides, 0), axis=1)
    union = np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1) + np.prod(wanted[2:] - wanted[:2]) - both
    return float(boxes[both >= 0.3 * union, 4].max(initial=0.0))


if __name__ == "__main__":
    main()
