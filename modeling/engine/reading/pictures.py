"""Folders of pictures into examples: class folders or a table of labels, COCO, Pascal VOC."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.pictures.decode import PictureError
from labeling.engine.formats import coco, folders, voc
from labeling.engine.formats.drawing import CONTROL
from labeling.engine.formats.files import Files, opened
from labeling.engine.formats.record import FormatError, Losses
from modeling.engine.data import SPLITS, Examples, Shape
from modeling.engine.errors import BadData

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from labeling.engine.formats.record import Reading, Record

TABLE = "labels.csv"
# Names of columns in a table of labels, the first that is there.
_FILE_COLUMNS = ("file", "file_name", "filename", "image", "path", "picture")
_LABEL_COLUMNS = ("label", "labels", "class", "classes", "tags")
_SPLIT_COLUMN = "split"
# Between the labels of a picture that has several.
BETWEEN = "|"
_SAME = {"val": "validation", "valid": "validation", "dev": "validation", "training": "train", "testing": "test"}


@dataclass(frozen=True)
class PictureReading:
    """What a folder holds.

    Attributes:
        examples: The pictures that can be used.
        told: What was left out or changed, as (where, sentence).
    """

    examples: Examples
    told: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Row:
    """One picture on its way into examples."""

    name: str
    path: Path
    answer: Any
    split: str


def read_image_folder(path: Path, seed: int = 0) -> PictureReading:
    """Read a folder whose folders are classes, or which has a `labels.csv` with the columns file and label.

    With a table in which any picture has several labels (`dog|cat`), or none, the task is multi-label. Sides of a split
    are the folders above the classes, or the column `split`; where there are none, a split is drawn with the seed.

    Raises:
        BadData: There is no folder, no picture, no label, or a table without these columns.
    """
    losses = Losses()
    with _files(path) as files:
        if TABLE in files.paths:
            rows, several = _of_table(files, losses)
        else:
            rows, several = _of_records(files, folders.read, losses, _first_tag), False
    return _reading("image-multilabel" if several else "image-classification", rows, losses, seed)


def read_coco(path: Path, seed: int = 0, task: str = "") -> PictureReading:
    """Read a folder with COCO files and the pictures that they name.

    Args:
        path: The folder.
        seed: Of the split, where the names of the files tell none.
        task: `detection` (boxes around everything) or `segmentation` (boxes become rectangles); when empty,
            segmentation if every shape is a polygon.

    Raises:
        BadData: The files cannot be read, or hold no picture or no shape.
    """
    return _read_shapes(path, seed, task, coco.recognize, coco.read, "COCO")


def read_voc(path: Path, seed: int = 0, task: str = "") -> PictureReading:
    """Read a folder in the way of Pascal VOC: an XML for each picture, sides of the split in `ImageSets`.

    Args and errors as `read_coco`.
    """
    return _read_shapes(path, seed, task, voc.recognize, voc.read, "Pascal VOC")


def _files(path: Path) -> Any:
    if not path.is_dir():
        raise BadData(f"There is no folder {path}. Name the folder that holds the pictures.")
    return opened(path)


def _read_shapes(
    path: Path,
    seed: int,
    task: str,
    recognize: Callable[[Files], bool],
    read: Callable[[Files, Losses], Reading],
    title: str,
) -> PictureReading:
    losses = Losses()
    with _files(path) as files:
        if not recognize(files):
            raise BadData(f"{path} holds no file in the format of {title}. Export the annotations again, or check it.")
        rows = _of_records(files, read, losses, lambda record: record.final.get(CONTROL, []) if record.final else None)
    kinds = {shape["type"] for row in rows for shape in row.answer}
    task = task or ("segmentation" if kinds == {"polygon"} else "detection")
    for row in rows:
        row.answer = tuple(_shape(shape, task) for shape in row.answer if shape["type"] != "point")
    return _reading(task, rows, losses, seed)


def _of_records(
    files: Files,
    read: Callable[[Files, Losses], Reading],
    losses: Losses,
    answer: Callable[[Record], Any],
) -> list[_Row]:
    """Return the pictures that somebody answered, as a labeled format has them."""
    rows = []
    try:
        for record in read(files, losses).records():
            found = answer(record)
            if found is None:
                losses.add(record.name, "unanswered", "Nobody labeled this picture. It is left out.")
                continue
            rows.append(_Row(record.picture, files.paths[record.picture], found, str(record.fields.get("split", ""))))
    except FormatError as error:
        raise BadData(error.message) from None
    return rows


def _first_tag(record: Record) -> str | None:
    tags = record.final.get(folders.CONTROL, []) if record.final else []
    return tags[0] if tags else None


def _of_table(files: Files, losses: Losses) -> tuple[list[_Row], bool]:
    """Return the rows of a table of labels, and whether any picture has several labels or none."""
    table = csv.DictReader(io.StringIO(files.text(TABLE)))
    columns = {name.strip().lower(): name for name in table.fieldnames or []}
    picture = next((columns[name] for name in _FILE_COLUMNS if name in columns), None)
    label = next((columns[name] for name in _LABEL_COLUMNS if name in columns), None)
    if picture is None or label is None:
        raise BadData(f"{TABLE} needs the columns file and label; it has {', '.join(columns) or 'none'}.")
    rows: list[_Row] = []
    for number, line in enumerate(table, start=2):
        found = files.picture((line[picture] or "").strip())
        where = f"{TABLE}: line {number}"
        if not found:
            losses.add(where, "picture_missing", f"There is no picture {line[picture]!r}. The line is left out.")
            continue
        try:
            files.size(found)
        except PictureError as error:
            losses.add(found, error.code, error.message)
            continue
        labels = tuple(dict.fromkeys(part.strip() for part in (line[label] or "").split(BETWEEN) if part.strip()))
        rows.append(_Row(found, files.paths[found], labels, (line.get(columns.get(_SPLIT_COLUMN, "")) or "").strip()))
    several = any(len(row.answer) > 1 for row in rows)
    for row in [] if several else rows:
        row.answer = row.answer[0] if row.answer else ""
    if not several and any(not row.answer for row in rows):
        losses.add(TABLE, "unanswered", "Pictures without a label are left out.")
        rows = [row for row in rows if row.answer]
    return rows, several


def _shape(shape: dict[str, Any], task: str) -> Shape:
    """Return a shape of a project's answer as an example has it."""
    if shape["type"] == "box":
        left, top = shape["x"], shape["y"]
        right, bottom = left + shape["width"], top + shape["height"]
        points = [(left, top), (right, top), (right, bottom), (left, bottom)]
    elif shape["type"] == "rotated_box":
        from labeling.engine.controls.shapes import corners

        points = [(x, y) for x, y in corners(shape)]
    else:
        points = [(x, y) for x, y in shape["points"]]
    if task == "segmentation":
        return Shape(shape["label"], "polygon", tuple((float(x), float(y)) for x, y in points))
    across, down = [float(x) for x, _ in points], [float(y) for _, y in points]
    return Shape(shape["label"], "box", ((min(across), min(down)), (max(across), max(down))))


def _reading(task: str, rows: list[_Row], losses: Losses, seed: int) -> PictureReading:
    if not rows:
        raise BadData("No picture with a label was found. " + " ".join(loss.reason for loss in losses.listed[:3]))
    splits = drawn_splits([_SAME.get(row.split, row.split) for row in rows], [_keys(row.answer) for row in rows], seed)
    examples = Examples(
        task,
        tuple(row.path for row in rows),
        tuple(row.answer for row in rows),
        tuple(splits),
        tuple(row.name for row in rows),
    )
    return PictureReading(examples, tuple((loss.where, loss.reason) for loss in losses.listed))


def _keys(answer: Any) -> tuple[str, ...]:
    """Return the labels in an answer, each once."""
    if isinstance(answer, str):
        return (answer,)
    return tuple(sorted({each.label if isinstance(each, Shape) else each for each in answer}))


def drawn_splits(
    given: Sequence[str],
    labels: Sequence[tuple[str, ...]],
    seed: int,
    *,
    validation: float = 0.1,
    test: float = 0.2,
) -> list[str]:
    """Return a side for each row: the given one, and where a side is missing altogether, a share of the training rows.

    Rows are drawn within the rarest label that they have, so that a rare class is on every side as soon as three
    pictures show it.

    Args:
        given: train, validation, test; anything else says nothing.
        labels: Of each row.
        seed: Of the draw.
        validation: Share of the rows, where no row is given to it.
        test: The same.
    """
    splits = [name if name in SPLITS else "train" for name in given]
    shares = {"test": test if "test" not in splits else 0.0, "validation": validation}
    shares["validation"] = shares["validation"] if "validation" not in splits else 0.0
    counts = Counter(label for row in labels for label in row)
    groups: dict[str, list[int]] = defaultdict(list)
    for row, own in enumerate(labels):
        if splits[row] == "train":
            groups[min(own, key=lambda label: (counts[label], label)) if own else ""].append(row)
    generator = np.random.default_rng(seed)
    for _label, members in sorted(groups.items()):
        mixed = generator.permutation(members).tolist()
        if len(mixed) < 3:
            continue
        start = 0
        for side, share in shares.items():
            end = start + (max(1, round(len(mixed) * share)) if share else 0)
            for row in mixed[start:end]:
                splits[row] = side
            start = end
    return splits
