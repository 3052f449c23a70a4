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
    from modeling.engine.reading.options import ReadingOptions

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


def read_image_folder(path: Path, seed: int = 0, *, several: bool | None = None) -> PictureReading:
    """Read a folder whose folders are classes, or which has a `labels.csv` with the columns file and label.

    Sides of a split are the folders above the classes, or the column `split`; where there are none, a split is drawn
    with the seed.

    Args:
        path: The folder.
        seed: Of the split.
        several: Whether a picture may have several labels, `dog|cat` in a table, or none; when None, they may if any
            picture has several.

    Raises:
        BadData: There is no folder, no picture, no label, or a table without these columns.
    """
    losses = Losses()
    with _files(path) as files:
        rows = _of_table(files, losses) if TABLE in files.paths else _of_records(files, folders.read, losses, _tags)
    if several is None:
        several = any(len(row.answer) > 1 for row in rows)
    if not several:
        rows = _single(rows, losses)
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
    # A listed picture without annotations says in COCO that it shows nothing.
    return _read_shapes(path, seed, task, coco.recognize, coco.read, "COCO", nothing=[])


def read_voc(path: Path, seed: int = 0, task: str = "") -> PictureReading:
    """Read a folder in the way of Pascal VOC: an XML for each picture, sides of the split in `ImageSets`.

    Args and errors as `read_coco`.
    """
    return _read_shapes(path, seed, task, voc.recognize, voc.read, "Pascal VOC")


def read_labeled_pictures(options: ReadingOptions) -> Examples:
    """Return the pictures of a folder with one label or several each.

    Raises:
        BadData: as `read_image_folder`.
    """
    return _noted(options, read_image_folder(options.data, options.seed, several=options.task.endswith("multilabel")))


def read_drawn_pictures(options: ReadingOptions) -> Examples:
    """Return the pictures of a folder with the shapes that its COCO or Pascal VOC files draw on them.

    Raises:
        BadData: as `read_coco`.
    """
    with _files(options.data) as files:
        read = read_voc if not coco.recognize(files) and voc.recognize(files) else read_coco
    return _noted(options, read(options.data, options.seed, options.task))


def _noted(options: ReadingOptions, found: PictureReading) -> Examples:
    options.notes.extend(f"{where}: {reason}" for where, reason in found.told)
    return found.examples


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
    nothing: list[Any] | None = None,
) -> PictureReading:
    losses = Losses()
    with _files(path) as files:
        if not recognize(files):
            raise BadData(f"{path} holds no file in the format of {title}. Export the annotations again, or check it.")
        rows = _of_records(
            files, read, losses, lambda record: nothing if record.final is None else record.final.get(CONTROL, [])
        )
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


def _tags(record: Record) -> tuple[str, ...] | None:
    return tuple(record.final.get(folders.CONTROL, [])) if record.final is not None else None


def _of_table(files: Files, losses: Losses) -> list[_Row]:
    """Return the rows of a table of labels, each with all its labels."""
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
    return rows


def _single(rows: list[_Row], losses: Losses) -> list[_Row]:
    """Return the rows with their first label; those without one are left out."""
    kept = []
    for row in rows:
        if not row.answer:
            losses.add(row.name, "unanswered", "Nobody labeled this picture. It is left out.")
            continue
        if len(row.answer) > 1:
            losses.add(row.name, "several_tags", f"It has {len(row.answer)} labels; the first is taken.")
        row.answer = row.answer[0]
        kept.append(row)
    return kept


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
    answers = [row.answer for row in rows]
    examples = Examples.of(task, [row.path for row in rows], answers, splits, ids=[row.name for row in rows])
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
