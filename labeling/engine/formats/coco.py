"""Reads COCO's format (cocodataset.org, data format): boxes, polygons, run lengths, key points, captions."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import orjson

from curation.engine.pictures.decode import PictureError
from curation.engine.readers.huggingface import split_of
from labeling.engine.controls.shapes import Shapes
from labeling.engine.formats.drawing import CONTROL, PICTURE, Fitting, Gathered, Shape, as_option, turned
from labeling.engine.formats.files import Files
from labeling.engine.formats.masks import decode, outlines
from labeling.engine.formats.record import FormatError, Losses, Reading, Record, Said
from labeling.engine.formats.scenes import stored_orientation, tell_of_unlisted
from labeling.engine.schema import parse_schema

CAPTION = "caption"
# What an image of a COCO file says of itself and is no column: names, sizes, and what is empty in most files.
_OF_FILE = frozenset({"id", "file_name", "width", "height", "license"})
# What is read of an annotation; other members are told of.
_READ = frozenset(
    {"id", "image_id", "category_id", "bbox", "area", "segmentation", "iscrowd", "attributes", "keypoints"}
) | {"num_keypoints", CAPTION}
# A box that says something else than its polygon by more pixels than this is told of.
_APART = 1.5
# Parts of a mask below this many pixels are specks of its drawing.
_SPECK = 2.0
_BEGINS = 4096


def recognize(files: Files) -> bool:
    """Tell whether there is a JSON file with the members of a COCO file."""
    return any(_is_coco(files, path) for path in files.named(".json"))


def _is_coco(files: Files, path: str) -> bool:
    """Tell by the names of its members, without parsing what may be gigabytes."""
    start = files.head(path, _BEGINS).removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"{") and all(
        files.contains(path, f'"{name}"'.encode()) for name in ("images", "annotations")
    )


@dataclass(slots=True)
class _Document:
    """One JSON file.

    Attributes:
        path: Of the file.
        split: Side of the dataset that its name says, or "".
        images: In the file's order.
        by_image: Annotations with their places in the file, by the image's id as text.
        categories: Names by id as text.
        points: Names of the key points of a category.
    """

    path: str
    split: str
    images: list[Mapping[str, Any]]
    by_image: dict[str, list[tuple[int, Mapping[str, Any]]]]
    categories: dict[str, str]
    points: dict[str, list[str]] = field(default_factory=dict)


def read(files: Files, losses: Losses) -> Reading:
    """Read one or several COCO files and the pictures they name.

    Ids may be numbers or texts, from 0 or from 1. Categories of several files are one label when they have one name.

    Raises:
        FormatError: ``coco_broken``, ``no_pictures``, ``no_labels``, ``too_many_labels``.
    """
    paths = [path for path in files.named(".json") if _is_coco(files, path)]
    if not files.pictures:
        raise FormatError(
            "no_pictures",
            f"{paths[0]} names pictures, and none came with it. Pack the pictures and the JSON into one zip.",
        )
    documents = [_document(files, path, losses) for path in paths]
    gathered, captions = Gathered(), False
    for document in documents:
        for name in document.categories.values():
            gathered.label(name)
        for annotations in document.by_image.values():
            for _place, annotation in annotations:
                captions |= isinstance(annotation.get(CAPTION), str)
                _gather(gathered, document, annotation)
    kept = gathered.kept(losses)
    controls = [gathered.control(kept)] if gathered.colors else []
    if captions:
        controls.append({"name": CAPTION, "type": "text", "required": False})
    if not controls:
        raise FormatError(
            "no_labels", f"{paths[0]} has neither categories nor annotations, so there is nothing to ask."
        )
    schema = {"display": [{"type": "image", "field": PICTURE}], "controls": controls}
    drawn = next((control for control in parse_schema(schema).controls if isinstance(control, Shapes)), None)

    def records() -> Iterator[Record]:
        fitting = Fitting(drawn, losses) if drawn is not None else None
        listed: set[str] = set()
        for document in documents:
            for image in document.images:
                record = _record(files, document, image, fitting, kept, losses)
                if record is not None:
                    listed.add(record.picture)
                    yield record
        tell_of_unlisted(files, listed, losses)

    return Reading(schema, records, sum(len(document.images) for document in documents))


def _document(files: Files, path: str, losses: Losses) -> _Document:
    try:
        whole = orjson.loads(files.bytes(path))
    except orjson.JSONDecodeError as error:
        raise FormatError("coco_broken", f"{path} is no whole JSON ({error}). Export it again.") from None
    if not all(isinstance(whole.get(name), list) for name in ("images", "annotations")):
        raise FormatError("coco_broken", f"In {path} “images” and “annotations” must be lists.")
    categories: dict[str, str] = {}
    points: dict[str, list[str]] = {}
    for number, row in enumerate(whole.get("categories") or []):
        if not isinstance(row, Mapping) or "id" not in row:
            losses.add(f"{path}: category {number}", "category_broken", "It has no id and is left out.")
            continue
        key = str(row["id"])
        name = str(row.get("name") or "").strip() or key
        if key in categories and categories[key] != name:
            losses.add(f"{path}: category {number}", "category_double", f"Its id {key} is {categories[key]!r} already.")
            continue
        categories[key] = name
        if isinstance(row.get("keypoints"), list):
            points[key] = [str(each) for each in row["keypoints"]]
        if row.get("skeleton"):
            losses.add(f"{path}: category {name}", "skeleton", "Which key points are joined is not kept.")
        if str(row.get("supercategory") or name) not in {name, "none", "None"}:
            losses.add(f"{path}: category {name}", "supercategory", f"That it is a {row['supercategory']} is not kept.")
    images = _images(whole["images"], path, losses)
    by_image = _by_image(whole["annotations"], {str(image["id"]) for image in images}, path, losses)
    _tell_of_others(whole["annotations"], path, losses)
    return _Document(path, split_of(path), images, by_image, categories, points)


def _images(rows: list[Any], path: str, losses: Losses) -> list[Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for number, row in enumerate(rows):
        where = f"{path}: image {number}"
        if not isinstance(row, Mapping) or "id" not in row or not isinstance(row.get("file_name"), str):
            losses.add(where, "image_broken", "It has no id or no file_name and is left out.")
        elif str(row["id"]) in found:
            losses.add(where, "image_double", f"The id {row['id']} is taken by {found[str(row['id'])]['file_name']}.")
        else:
            found[str(row["id"])] = row
    return list(found.values())


def _by_image(
    rows: list[Any], known: set[str], path: str, losses: Losses
) -> dict[str, list[tuple[int, Mapping[str, Any]]]]:
    found: dict[str, list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            losses.add(f"{path}: annotation {number}", "annotation_broken", "It is no object and is left out.")
        elif str(row.get("image_id")) not in known:
            losses.add(_where(path, number, row), "image_unknown", f"There is no image {row.get('image_id')!r}.")
        else:
            found[str(row["image_id"])].append((number, row))
    return found


def _tell_of_others(rows: list[Any], path: str, losses: Losses) -> None:
    """Note members of annotations that are not read, once for each name."""
    others = Counter(name for row in rows if isinstance(row, Mapping) for name in row.keys() - _READ)
    for name, count in sorted(others.items()):
        losses.add(f"{path}: “{str(name)[:60]}”", "member", f"This member of {count:,} annotations is not read.")


def _where(path: str, number: int, annotation: Mapping[str, Any]) -> str:
    return f"{path}: annotation {annotation.get('id', number)}"


def _label(document: _Document, annotation: Mapping[str, Any]) -> str | None:
    """Return the label of an annotation; None where its category is not declared."""
    return document.categories.get(str(annotation.get("category_id")))


def _attributes(annotation: Mapping[str, Any]) -> dict[str, str]:
    """Return what an annotation says beside its shape, as CVAT and datumaro write it, and COCO's own crowd."""
    given = annotation.get("attributes")
    rows = dict(given) if isinstance(given, Mapping) else {}
    # CVAT writes how a box is turned among the attributes, as a number.
    if not isinstance(rows.get("rotation"), str):
        rows.pop("rotation", None)
    if annotation.get("iscrowd"):
        rows.setdefault("iscrowd", 1)
    found = {str(name): as_option(value) for name, value in rows.items()}
    return {name: value for name, value in found.items() if value is not None}


def _rotation(annotation: Mapping[str, Any]) -> float:
    given = annotation.get("attributes")
    turn = given.get("rotation") if isinstance(given, Mapping) else None
    return float(turn) % 360 if isinstance(turn, int | float) and not isinstance(turn, bool) else 0.0


def _kind(annotation: Mapping[str, Any]) -> str:
    """Return which shape an annotation is: ``polygon``, ``mask``, ``box``, ``rotated_box``, ``points`` or ""."""
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, Mapping):
        return "mask"
    if annotation.get("keypoints"):
        return "points"
    if isinstance(segmentation, list) and segmentation and not _rotation(annotation):
        return "polygon"
    if isinstance(annotation.get("bbox"), list):
        return "rotated_box" if _rotation(annotation) else "box"
    return ""


def _gather(gathered: Gathered, document: _Document, annotation: Mapping[str, Any]) -> None:
    label, kind = _label(document, annotation), _kind(annotation)
    if label is None or not kind:
        return
    attributes = _attributes(annotation)
    if kind == "points":
        for name in document.points.get(str(annotation.get("category_id")), []):
            gathered.shape("point", _point_label(label, name), {} if _has_box(annotation) else attributes)
        if _has_box(annotation):
            gathered.shape("box", label, attributes)
        return
    gathered.shape("polygon" if kind == "mask" else kind, label, attributes)


def _record(
    files: Files,
    document: _Document,
    image: Mapping[str, Any],
    fitting: Fitting | None,
    kept: Mapping[str, str],
    losses: Losses,
) -> Record | None:
    name = image["file_name"]
    picture = files.picture(name, document.path)
    if not picture:
        count = len(document.by_image.get(str(image["id"]), []))
        losses.add(
            f"{document.path}: image {name}",
            "picture_missing",
            f"No picture of this name came, or several did; its {count} annotations are left out.",
        )
        return None
    try:
        size, orientation = files.size(picture)
    except PictureError as error:
        losses.add(picture, error.code, error.message)
        return None
    fields = {key: value for key, value in image.items() if key not in _OF_FILE and _is_plain(value)}
    if document.split:
        fields["split"] = document.split
    declared = (image.get("width"), image.get("height"))
    orientation = stored_orientation(declared, size, orientation, f"{document.path}: image {name}", losses)
    shapes: list[tuple[str, Shape]] = []
    captions: list[str] = []
    for number, annotation in document.by_image.get(str(image["id"]), []):
        where = _where(document.path, number, annotation)
        if isinstance(annotation.get(CAPTION), str):
            captions.append(annotation[CAPTION])
        if fitting is not None and (_kind(annotation) or not isinstance(annotation.get(CAPTION), str)):
            shapes += [(where, shape) for shape in _shapes(document, annotation, where, kept, losses)]
    upright = [(where, turned(shape, size, orientation)) for where, shape in shapes]
    answer: dict[str, Any] = {}
    drawn = fitting.fit(upright, size, f"{document.path}: image {name}") if fitting is not None else []
    if drawn:
        answer[CONTROL] = drawn
    if captions:
        answer[CAPTION] = "\n".join(captions)
    return Record(name, fields, picture, size, [Said(answer)], final=answer)


def _is_plain(value: Any) -> bool:
    """Tell whether a member of an image can be a column's value and says something."""
    return isinstance(value, str | int | float) and value not in {"", 0}


def _shapes(
    document: _Document, annotation: Mapping[str, Any], where: str, kept: Mapping[str, str], losses: Losses
) -> Iterator[Shape]:
    label, kind = _label(document, annotation), _kind(annotation)
    if label is None:
        losses.add(where, "category_unknown", f"There is no category {annotation.get('category_id')!r}.")
        return
    attributes = {kept[name]: value for name, value in _attributes(annotation).items() if name in kept}
    common: Shape = {"id": str(annotation.get("id", "")), "label": label}
    if attributes:
        common["attributes"] = attributes
    if not kind:
        losses.add(where, "no_shape", "It has neither bbox nor segmentation nor keypoints.")
        return
    try:
        yield from _READERS[kind](document, annotation, common, where, losses)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        losses.add(where, "shape_broken", f"Its {kind.replace('_', ' ')} cannot be read: {str(error)[:200]}.")


def _box(
    _document_: _Document, annotation: Mapping[str, Any], common: Shape, _where_: str, _losses: Losses
) -> Iterator[Shape]:
    x, y, width, height = (float(each) for each in annotation["bbox"])
    yield {**common, "type": "box", "x": x, "y": y, "width": width, "height": height}


def _rotated(
    _document_: _Document, annotation: Mapping[str, Any], common: Shape, _where_: str, _losses: Losses
) -> Iterator[Shape]:
    x, y, width, height = (float(each) for each in annotation["bbox"])
    middle = {"x": x + width / 2, "y": y + height / 2}
    yield {**common, "type": "rotated_box", **middle, "width": width, "height": height, "angle": _rotation(annotation)}


def _polygons(
    _document_: _Document, annotation: Mapping[str, Any], common: Shape, where: str, losses: Losses
) -> Iterator[Shape]:
    parts = []
    for flat in annotation["segmentation"]:
        if len(flat) % 2 or len(flat) < 6:
            losses.add(where, "polygon_short", f"A part of {len(flat)} numbers is no polygon and is left out.")
            continue
        parts.append([[float(x), float(y)] for x, y in zip(flat[::2], flat[1::2], strict=True)])
    if len(parts) > 1:
        losses.add(where, "parts", f"Its {len(parts)} parts are polygons of their own.")
    _compare_box(annotation, parts, where, losses)
    for points in parts:
        yield {**common, "type": "polygon", "points": points}


def _compare_box(annotation: Mapping[str, Any], parts: list[list[list[float]]], where: str, losses: Losses) -> None:
    """Tell of a box that is not the one around the polygons: it goes, and somebody may have meant it."""
    box = annotation.get("bbox")
    if not parts or not _is_box(box):
        return
    across, down = [x for part in parts for x, _y in part], [y for part in parts for _x, y in part]
    around = (min(across), min(down), max(across), max(down))
    own = (box[0], box[1], box[0] + box[2], box[1] + box[3])
    apart = max(abs(one - other) for one, other in zip(around, own, strict=True))
    if apart > _APART:
        losses.add(
            where, "box_differs", f"Its bbox is not the one around its polygon, by {apart:.1f} pixels, and is left out."
        )


def _mask(
    _document_: _Document, annotation: Mapping[str, Any], common: Shape, where: str, losses: Losses
) -> Iterator[Shape]:
    parts, holes = outlines(decode(annotation["segmentation"]))
    if holes:
        losses.add(where, "holes", f"Its mask has {holes} holes, which its polygons fill.")
    if len(parts) > 1:
        losses.add(where, "parts", f"Its {len(parts)} parts are polygons of their own.")
    for points in parts:
        yield {**common, "type": "polygon", "points": points}


def _points(
    document: _Document, annotation: Mapping[str, Any], common: Shape, where: str, losses: Losses
) -> Iterator[Shape]:
    names = document.points.get(str(annotation.get("category_id")), [])
    rows = annotation["keypoints"]
    if len(rows) != 3 * len(names):
        losses.add(where, "keypoints_differ", f"It has {len(rows) // 3} key points and its category {len(names)}.")
        return
    point: Shape = common
    if _has_box(annotation):
        yield from _box(document, annotation, common, where, losses)
        point = {"id": ""}
    for name, x, y, seen in zip(names, rows[::3], rows[1::3], rows[2::3], strict=True):
        if seen:
            label = _point_label(common["label"], name)
            yield {**point, "type": "point", "label": label, "x": float(x), "y": float(y)}


def _point_label(label: str, name: str) -> str:
    """Name a key point by its category too, unless both have one name, as `write` has it."""
    return label if name == label else f"{label}: {name}"


def _has_box(annotation: Mapping[str, Any]) -> bool:
    """Tell whether key points have a box around them that is one."""
    box = annotation.get("bbox")
    return _is_box(box) and min(box[2:]) > 0


def _is_box(box: Any) -> TypeGuard[list[float]]:
    return isinstance(box, list) and len(box) == 4 and all(isinstance(each, int | float) for each in box)


_READERS = {"box": _box, "rotated_box": _rotated, "polygon": _polygons, "mask": _mask, "points": _points}
