"""Reads YOLO's formats: a text file for each picture with boxes, polygons, oriented boxes or key points.

As Ultralytics has them (docs.ultralytics.com/datasets), with ``data.yaml``, and as darknet has them, with ``obj.data``
and ``obj.names``, or with ``classes.txt`` as labelImg and Label Studio write. Numbers are parts of the upright
picture's width and height.
"""

import math
from collections.abc import Iterator
from pathlib import PurePosixPath

from curation.engine.pictures.decode import PictureError
from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.files import Files
from labeling.engine.formats.geometry import turned_box
from labeling.engine.formats.record import FormatError, Losses, Reading
from labeling.engine.formats.scenes import Asked, Scene, reading
from labeling.engine.formats.yolo_layout import Layout, rows_of

BOX, SEGMENT, OBB, POSE = "detect", "segment", "obb", "pose"
# Where most rows of eight numbers are rectangles, the dataset is one of oriented boxes.
_MOSTLY = 0.5


def recognize(files: Files) -> bool:
    """Tell whether names of classes and files of numbers for pictures are there."""
    return Layout(files).found


def read(files: Files, losses: Losses) -> Reading:
    """Read the pictures and the rows of their label files.

    A picture without a label file shows nothing, as the trainers take it.

    Raises:
        FormatError: ``yolo_broken``, ``no_pictures``, ``no_labels``, ``too_many_labels``.
    """
    layout = Layout(files)
    if not files.pictures:
        raise FormatError(
            "no_pictures",
            f"{layout.about or 'Label files'} came without pictures, whose sizes are needed. Pack them into one zip.",
        )
    asked = Asked()
    for name in layout.names.values():
        asked.label(name)
    kind = layout.task or _kind(files, layout)

    def scenes(noted: Losses) -> Iterator[Scene]:
        for picture in files.pictures:
            yield _scene(files, layout, picture, kind, noted)
        for path in layout.orphans:
            count = len(list(rows_of(files, path)))
            noted.add(path, "picture_missing", f"No picture of this name came; its {count} rows are left out.")

    return reading(files, losses, asked, scenes, len(files.pictures))


def _kind(files: Files, layout: Layout) -> str:
    """Return what the rows are: by their lengths, and of eight numbers by whether they are rectangles."""
    if layout.points[0]:
        return POSE
    quads = rectangles = boxes = 0
    for picture, path in layout.labels.items():
        try:
            width, height = files.size(picture)[0]
        except PictureError:
            continue
        for _line, row in rows_of(files, path):
            if len(row) == 9:
                try:
                    places = _places(row[1:], width, height)
                except ValueError:
                    continue
                quads += 1
                rectangles += turned_box(places) is not None
            elif len(row) > 6:
                return SEGMENT
            else:
                boxes += 1
    return OBB if quads and not boxes and rectangles > _MOSTLY * quads else SEGMENT if quads else BOX


def _scene(files: Files, layout: Layout, picture: str, kind: str, losses: Losses) -> Scene:
    path = layout.labels.get(picture, "")
    scene = Scene(path or picture, PurePosixPath(picture).name, picture)
    split = layout.side(picture)
    if split:
        scene.fields["split"] = split
    if not path:
        return scene
    try:
        size = files.size(picture)[0]
    except PictureError:
        return scene
    scored = 0
    for line, row in rows_of(files, path):
        where = f"{path}: line {line}"
        try:
            label, shapes = _row(layout, row, kind, size, where, losses)
        except ValueError as error:
            losses.add(where, "row_broken", f"The row cannot be read: {error}. It is left out.")
            continue
        if label is None:
            losses.add(where, "class_unknown", f"There is no class {row[0]}; the names end before it. It is left out.")
            continue
        scored += len(row) % 2 == 0
        for name, shape in shapes:
            scene.add(where, name or label, shape, {})
    if scored:
        losses.add(path, "confidence", f"How sure a model was of {scored} rows is not kept.")
    return scene


def _row(
    layout: Layout, row: list[str], kind: str, size: tuple[int, int], where: str, losses: Losses
) -> tuple[str | None, list[tuple[str, Shape]]]:
    """Return the label of a row, and its shapes with names of their own where they have any.

    Raises:
        ValueError: It is none.
    """
    if len(row) < 5:
        raise ValueError(f"it has {len(row)} columns, and a box has 5")
    number = _class(row[0])
    label = layout.label(number)
    width, height = size
    values = row[1:]
    if kind == POSE:
        return label, _pose(layout, label or "", values, size)
    if len(values) in {4, 5}:
        return label, [("", _box(values, width, height))]
    # A last number that is alone says how sure a model was.
    places = _places(values[: len(values) // 2 * 2], width, height)
    found = turned_box(places) if kind == OBB and len(places) == 4 else None
    if found is not None:
        return label, [("", found)]
    if kind == OBB:
        losses.add(where, "not_rectangle", f"Its {len(places)} corners are no rectangle; it is a polygon.")
    return label, [("", {"type": "polygon", "points": places})]


def _class(text: str) -> int:
    value = _number(text)
    if not value.is_integer() or value < 0:
        raise ValueError(f"{text[:20]!r} is no number of a class")
    return int(value)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text[:20]!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]!r} is no number")
    return value


def _box(values: list[str], width: int, height: int) -> Shape:
    x, y, across, down = (_number(each) for each in values[:4])
    if across <= 0 or down <= 0:
        raise ValueError(f"its size is {across:g} × {down:g}")
    left, top = (x - across / 2) * width, (y - down / 2) * height
    return {"type": "box", "x": left, "y": top, "width": across * width, "height": down * height}


def _places(values: list[str], width: int, height: int) -> list[list[float]]:
    numbers = [_number(each) for each in values]
    return [[x * width, y * height] for x, y in zip(numbers[::2], numbers[1::2], strict=True)]


def _pose(layout: Layout, label: str, values: list[str], size: tuple[int, int]) -> list[tuple[str, Shape]]:
    """Return the box and the key points; one at 0, 0, or said not to be there, is not there."""
    count, each = layout.points
    if len(values) not in {4 + count * each, 5 + count * each}:
        raise ValueError(f"it has {len(values) + 1} columns, and {count} key points of {each} make {5 + count * each}")
    found: list[tuple[str, Shape]] = [("", _box(values, *size))]
    rows = [[_number(value) for value in values[4 + at * each : 4 + (at + 1) * each]] for at in range(count)]
    for name, row in zip(layout.point_names, rows, strict=True):
        if (row[0] or row[1]) and (each == 2 or row[2]):
            point = {"type": "point", "x": row[0] * size[0], "y": row[1] * size[1]}
            found.append((f"{label}: {name}", point))
    return found
