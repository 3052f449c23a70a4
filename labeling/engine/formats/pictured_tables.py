"""Reads Parquet whose rows hold pictures with a class or boxes, as dataset folders of `datasets` have them.

Source of the form: the library's ``Image`` and ``ClassLabel`` features, and its guide to object detection: a column
``objects`` with ``bbox`` (x, y, width, height in pixels, as COCO) and ``category``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from curation.engine.readers.arrow_columns import as_json
from curation.engine.readers.huggingface import split_of
from labeling.engine.formats.files import Files
from labeling.engine.formats.record import Losses, Reading
from labeling.engine.formats.rows import Row, plain
from labeling.engine.formats.scenes import Asked, Scene, reading

# What a picture is in Parquet.
BYTES, PATH = "bytes", "path"
# Rows with pictures that are in memory at once.
BATCH = 16
_LABELS = ("label", "labels", "class", "category", "fine_label", "coarse_label")
_OBJECTS = ("objects", "annotations", "faces")
_NAMES = ("category", "categories", "label", "labels", "category_id")
_METADATA = b"huggingface"


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns are what; empty where none is, and the names that whole numbers stand for."""

    picture: str
    label: str
    objects: str
    names: dict[str, list[str]] = field(default_factory=dict)

    def named(self, column: str, value: Any) -> str:
        """Return a label as a word, empty for none; -1 stands for no label beside names."""
        names = self.names.get(column, [])
        if names and isinstance(value, int) and not isinstance(value, bool):
            return names[value] if 0 <= value < len(names) else ""
        return "" if value is None else str(value)


def is_picture(kind: pa.DataType) -> bool:
    """Tell whether a column holds pictures: their bytes, and their path."""
    return bool(pa.types.is_struct(kind) and kind.get_field_index(BYTES) >= 0)


def columns_of(files: Files, path: str, classes: Mapping[str, list[str]]) -> _Columns | None:
    """Return which columns a file has; None where it has no picture, or nothing that is said of it.

    Args:
        files: Where it is.
        path: Of the file.
        classes: Names of classes by column, as the card or the information beside the files has them.
    """
    schema = pq.read_schema(files.paths[path])
    picture = next((each.name for each in schema if is_picture(each.type)), "")
    label = next((name for name in _LABELS if name in schema.names and _says(schema.field(name).type)), "")
    objects = next((name for name in _OBJECTS if name in schema.names and _holds_boxes(schema.field(name).type)), "")
    if not picture or not (label or objects):
        return None
    return _Columns(picture, label, objects, {**classes, **_names_in(schema)})


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _one_of(kind: pa.DataType) -> pa.DataType:
    """Return the type of what a list holds, else the type itself."""
    return kind.value_type if _is_list(kind) else kind


def _says(kind: pa.DataType) -> bool:
    one = _one_of(kind)
    return bool(pa.types.is_integer(one) or pa.types.is_string(one) or pa.types.is_large_string(one))


def _holds_boxes(kind: pa.DataType) -> bool:
    one = _one_of(kind)
    return bool(pa.types.is_struct(one) and one.get_field_index("bbox") >= 0)


def _names_in(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names of classes in a file's own metadata, those of boxes under the name of their column."""
    try:
        features = orjson.loads((schema.metadata or {}).get(_METADATA, b"{}"))["info"]["features"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    found = {name: _names(feature) for name, feature in features.items()} if isinstance(features, dict) else {}
    return {name: names for name, names in found.items() if names}


def _names(feature: Any) -> list[str]:
    """Return the names of the first class label inside a feature."""
    if isinstance(feature, dict):
        if feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list):
            return [str(name) for name in feature["names"]]
        inner = [feature.get(name) for name in (*_NAMES, "feature")]
        return next((names for names in map(_names, inner) if names), [])
    if isinstance(feature, list) and feature:
        return _names(feature[0])
    return []


def read_pictures(files: Files, found: Mapping[str, _Columns], losses: Losses) -> Reading:
    """Read the pictures of files with what is said of them.

    Raises:
        FormatError: ``no_labels``, ``too_many_labels``.
    """
    asked = Asked(question="label", several=False)
    for columns in found.values():
        for name in columns.names.get(columns.label, ()):
            asked.tag(name)
        for name in columns.names.get(columns.objects, ()):
            asked.label(name)
    asked.several = _several(files, found)
    items = sum(pq.read_metadata(files.paths[path]).num_rows for path in found)
    return reading(files, losses, asked, partial(_scenes, files, found), items)


def _several(files: Files, found: Mapping[str, _Columns]) -> bool:
    kinds = [pq.read_schema(files.paths[path]).field(each.label).type for path, each in found.items() if each.label]
    return any(map(_is_list, kinds))


def _scenes(files: Files, found: Mapping[str, _Columns], losses: Losses) -> Iterator[Scene]:
    for path, columns in found.items():
        split = split_of(path) if len(found) > 1 else ""
        with pq.ParquetFile(files.paths[path]) as table:
            number = 0
            for batch in table.iter_batches(BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield _scene(files, row, columns, split, f"{path}: row {number}", losses)


def take(files: Files, picture: Any, where: str) -> str:
    """Return the path of a picture that stands in a row, empty where the row has no bytes."""
    data = picture.get(BYTES) if isinstance(picture, Mapping) else None
    if not isinstance(data, bytes) or not data:
        return ""
    path = f"{where}/{picture.get(PATH) or 'picture'}"
    if path not in files.paths:
        files.add(path, data)
    return path


def _scene(files: Files, row: Row, columns: _Columns, split: str, where: str, losses: Losses) -> Scene:
    taken = {columns.picture, columns.label, columns.objects}
    named = row[columns.picture].get(PATH) if row[columns.picture] else None
    fields = {name: value if plain(value) else as_json(value) for name, value in row.items() if name not in taken}
    if split:
        fields.setdefault("split", split)
    scene = Scene(where, PurePosixPath(named).name if named else where, "", fields=fields)
    scene.picture = take(files, row[columns.picture], where)
    label = row.get(columns.label)
    labels = label if isinstance(label, list) else [label]
    scene.tags = [name for name in (columns.named(columns.label, each) for each in labels) if name]
    for number, (box, name) in enumerate(_boxes(row.get(columns.objects), columns), 1):
        place = f"{where}: box {number}"
        if len(box) != 4 or not all(isinstance(each, int | float) for each in box):
            losses.add(place, "shape_broken", "A box has four numbers. It is left out.")
            continue
        x, y, width, height = box
        scene.add(place, name, {"type": "box", "x": x, "y": y, "width": width, "height": height}, {})
    scene.answered = bool(columns.objects) or bool(scene.tags)
    return scene


def _boxes(objects: Any, columns: _Columns) -> Iterator[tuple[list[Any], str]]:
    """Give boxes with their labels, from a list of objects or from lists side by side."""
    if isinstance(objects, list):
        for each in objects:
            yield each.get("bbox") or [], columns.named(columns.objects, _of_object(each))
    elif isinstance(objects, Mapping):
        named = _of_object(objects) or []
        boxes = objects.get("bbox") or []
        for number, box in enumerate(boxes):
            name = named[number] if number < len(named) else None
            yield box or [], columns.named(columns.objects, name)


def _of_object(each: Mapping[str, Any]) -> Any:
    return next((each[name] for name in _NAMES if each.get(name) is not None), None)
