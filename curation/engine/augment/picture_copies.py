"""Copies of rows with pictures: the picture changed by a policy, its shapes moved with it, and its file kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from curation.engine.augment.marks import read_marks, write_marks
from curation.engine.augment.picture import AugmentedPicture, augment_picture
from curation.engine.augment.policy import Policy
from curation.engine.augment.text import SpansError
from curation.engine.augment.text_copies import SPANS_UNFIT, Copy, Refused
from curation.engine.media import Media
from curation.engine.pictures.blurring import as_file, whole
from curation.engine.pictures.decode import PictureError
from curation.engine.pictures.facts import FACTS, as_columns
from curation.engine.pictures.kinds import HEAD_BYTES, kind_of
from curation.engine.pictures.taking import Picture, take

UNREADABLE = "picture_unreadable"
# Most of the time is spent in compiled loops; a decoded picture has up to some hundred megabytes.
WORKERS = 2
# Items whose pictures wait to be stored: each copy has some hundred kilobytes.
PORTION = 16
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PictureCopies:
    """The copies of rows with a picture, made beforehand: pictures are stored by one thread.

    Attributes:
        made: By item.
    """

    made: Mapping[int, list[Copy] | Refused]

    def of(self, item: int, row: Row) -> list[Copy] | Refused:
        """Return the copies of an item, or why there are none."""
        return self.made.get(item, [])


def picture_copies(
    policy: Policy, column: str, shapes: Sequence[str], rows: Iterator[Row], media: Media, check: Callable[[], None]
) -> PictureCopies:
    """Change the pictures of rows and keep the new ones.

    Args:
        policy: Of pictures.
        column: Column of the pictures' hashes.
        shapes: Columns of shapes on them.
        rows: Each with ``item_id`` and these columns.
        media: Where the pictures are and go.
        check: Called once sixteen items; may raise to stop.
    """
    made: dict[int, list[Copy] | Refused] = {}
    look = partial(_look, policy, column, shapes, media)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="augment") as pool:
        while portion := [row for row, _place in zip(rows, range(PORTION), strict=False)]:
            check()
            for row, (found, pictures) in zip(portion, pool.map(look, portion), strict=True):
                media.add(pictures)
                made[row["item_id"]] = found
    return PictureCopies(made)


def _look(
    policy: Policy, column: str, shapes: Sequence[str], media: Media, row: Row
) -> tuple[list[Copy] | Refused, list[Picture]]:
    path = media.path(row[column]) if row[column] else None
    if path is None:
        return (Refused(UNREADABLE, "the picture cannot be read") if row[column] else []), []
    data = path.read_bytes()
    try:
        image = whole(data)
        marks = {name: read_marks(row[name]) for name in shapes}
        found = [_changed(policy, image, marks, f"{row['item_id']}/{number}") for number in range(policy.copies)]
    except PictureError:
        return Refused(UNREADABLE, "the picture cannot be read"), []
    except SpansError as error:
        return Refused(SPANS_UNFIT, str(error)), []
    copies: list[Copy] = []
    pictures: dict[str, Picture] = {}
    for number, made in enumerate(found):
        if made.used:
            taken = take(as_file(_image(made, image.mode), kind_of(data[:HEAD_BYTES])))
            if taken.sha256 not in pictures and taken.sha256 != row[column]:
                pictures[taken.sha256] = taken
                copies.append(Copy(number, _cells(column, taken, made, marks), made.used))
    return copies, list(pictures.values())


def _changed(
    policy: Policy, image: Image.Image, marks: Mapping[str, list[dict[str, Any]]], seed: str
) -> AugmentedPicture:
    """Return a changed picture; each shape remembers its column and place for `_cells`."""
    together = [{**shape, _OWNER: name} for name, shapes in marks.items() for shape in shapes]
    return augment_picture(np.asarray(image), together, policy, seed)


_OWNER = "\0column"


def _cells(
    column: str, taken: Picture, made: AugmentedPicture, marks: Mapping[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    size = (taken.width, taken.height, taken.format, taken.mode, len(taken.data))
    facts = as_columns(*size, taken.measures, taken.oddities)
    assert list(facts) == list(FACTS)
    moved: dict[str, list[dict[str, Any]]] = {name: [] for name in marks}
    for shape in made.shapes:
        moved[shape[_OWNER]].append({key: value for key, value in shape.items() if key != _OWNER})
    return {column: taken.sha256, **facts, **{name: write_marks(each) for name, each in moved.items() if marks[name]}}


def _image(made: AugmentedPicture, mode: str) -> Image.Image:
    """Return the picture; a grey one stays grey where nothing has coloured it."""
    pixels = made.pixels
    if mode == "L" and (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all():
        return Image.fromarray(np.ascontiguousarray(pixels[..., 0]))
    return Image.fromarray(pixels)
