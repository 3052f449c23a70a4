"""Pictures changed by a policy and saved as files, for whatever reads pictures from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.callbacks import IsCancelled, stop_if

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from curation.engine.augment import Policy

# Pixels of the longer side: larger than any family looks at.
SIDE = 1024


def changed_pictures(
    paths: Sequence[Path],
    policy: Policy,
    seed: int,
    epoch: int,
    folder: Path,
    *,
    shapes: Sequence[Sequence[Any]] | None = None,
    cancelled: IsCancelled | None = None,
) -> tuple[list[Path], list[tuple[Any, ...]]]:
    """Save a changed copy of each picture, and return the files with the shapes in them.

    The path of a picture that was not changed, or cannot be read, is its own.

    Args:
        paths: Of the pictures.
        policy: Of pictures.
        seed: Of the training.
        epoch: Or the number of the copy; each is changed otherwise.
        folder: For the new files; made when missing.
        shapes: Of each picture, in pixels of the original; none when left out.
        cancelled: Asked before each picture.
    """
    from PIL import Image

    from curation.engine.augment.picture import PictureAugmenter
    from curation.engine.pictures.decode import PictureError
    from modeling.engine.pictures.changing import as_answer, as_shape
    from modeling.engine.pictures.feature_rows import resized
    from modeling.engine.pictures.loading import load

    folder.mkdir(parents=True, exist_ok=True)
    augmenter = PictureAugmenter(policy, seed)
    files: list[Path] = []
    moved: list[tuple[Any, ...]] = []
    for row, path in enumerate(paths):
        stop_if(cancelled, "Augmenting")
        own = shapes[row] if shapes is not None else ()
        try:
            loaded = load(path, SIDE)
        except PictureError:
            files.append(path)
            moved.append(tuple(own))
            continue
        answers = [as_answer(shape) for shape in resized(own, loaded.scale)]
        made = augmenter(loaded.pixels, answers, row=row, epoch=epoch)
        if np.array_equal(made.pixels, loaded.pixels):
            files.append(path)
            moved.append(tuple(own))
            continue
        file = folder / f"{epoch}-{row}.png"
        Image.fromarray(made.pixels).save(file, compress_level=1)
        files.append(file)
        moved.append(tuple(as_shape(shape) for shape in made.shapes))
    return files, moved
