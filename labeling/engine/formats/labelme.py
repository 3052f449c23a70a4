"""Reads labelme's JSON (wkentaro/labelme, versions 3 to 5): one file for each picture, which may stand inside it."""

import base64
import binascii
import io
import math
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import orjson
from PIL import Image

from curation.engine.pictures.kinds import HEAD_BYTES, kind_of
from curation.engine.readers.huggingface import split_of
from labeling.engine.formats.drawing import Shape, as_option
from labeling.engine.formats.files import Files
from labeling.engine.formats.geometry import ellipse, turned_box, upright
from labeling.engine.formats.masks import MOST_PIXELS, outlines
from labeling.engine.formats.record import FormatError, Losses, Reading
from labeling.engine.formats.scenes import Asked, Scene, reading, tell_of_unlisted, whole

# Members of a shape that are read; others are told of.
_READ = frozenset({"label", "points", "shape_type", "flags", "group_id", "description", "attributes", "mask"})
# What a shape says of itself and is an attribute here, where it says something.
_SAYS = ("group_id", "description")


def recognize(files: Files) -> bool:
    """Tell whether there is a JSON file with shapes and the path of a picture."""
    return any(_is_labelme(files, path) for path in files.named(".json"))


def _is_labelme(files: Files, path: str) -> bool:
    start = files.head(path).removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"{") and files.contains(path, b'"shapes"') and files.contains(path, b'"imagePath"')


def read(files: Files, losses: Losses) -> Reading:
    """Read the JSON files. A picture inside one is taken where none of its name came.

    Raises:
        FormatError: ``labelme_broken``, ``no_pictures``, ``no_labels``, ``too_many_labels``.
    """
    paths = [path for path in files.named(".json") if _is_labelme(files, path)]
    pictures = _pictures(files, paths)
    if not any(pictures.values()):
        raise FormatError(
            "no_pictures",
            f"{paths[0]} names a picture that did not come with it and is not inside. Pack both into one zip.",
        )
    asked = Asked(question="flags")

    def scenes(noted: Losses) -> Iterator[Scene]:
        for path in paths:
            scene = _scene(files, path, pictures[path], asked, noted, alone=len(paths) == 1)
            if scene is not None:
                yield scene
        tell_of_unlisted(files, {*pictures.values()}, noted)

    return reading(files, losses, asked, scenes, len(paths))


def _document(files: Files, path: str) -> Mapping[str, Any]:
    try:
        found = orjson.loads(files.bytes(path))
    except orjson.JSONDecodeError as error:
        raise FormatError("labelme_broken", f"{path} is no whole JSON ({error}). Save it again.") from None
    if not isinstance(found, Mapping) or not isinstance(found.get("shapes"), list):
        raise FormatError("labelme_broken", f"In {path} “shapes” must be a list.")
    return found


def _pictures(files: Files, paths: list[str]) -> dict[str, str]:
    """Return the picture of each JSON file; those that stand inside are written out, one after the other."""
    found, inside = {}, {}
    for path in paths:
        try:
            document = _document(files, path)
        except FormatError:
            found[path] = ""
            continue
        named = str(document.get("imagePath") or "")
        found[path] = files.picture(named, path) if named else ""
        data = document.get("imageData")
        if not found[path] and isinstance(data, str) and data:
            try:
                picture = base64.b64decode(data, validate=True)
            except (binascii.Error, ValueError):
                continue
            kind = kind_of(picture[:HEAD_BYTES])
            name = PurePosixPath(named.replace("\\", "/")).name or f"{PurePosixPath(path).stem}.{kind.lower()}"
            place = PurePosixPath(path).with_name(f"{PurePosixPath(path).stem}.inside").joinpath(name).as_posix()
            if kind and place not in files.paths:
                inside[path] = place
                files.add(place, picture)
    return found | inside


def _scene(files: Files, path: str, picture: str, asked: Asked, losses: Losses, *, alone: bool) -> Scene | None:
    try:
        document = _document(files, path)
    except FormatError as error:
        if alone:
            raise
        losses.add(path, error.code, error.message)
        return None
    named = PurePosixPath(str(document.get("imagePath") or "").replace("\\", "/")).name
    scene = Scene(path, named or PurePosixPath(path).stem, picture)
    scene.declared = (whole(document.get("imageWidth")), whole(document.get("imageHeight")))
    split = split_of(path)
    if split:
        scene.fields["split"] = split
    flags = document.get("flags")
    for name, value in flags.items() if isinstance(flags, Mapping) else ():
        asked.tag(str(name))
        if value:
            scene.tags.append(str(name))
    for number, row in enumerate(document["shapes"]):
        where = f"{path}: shape {number}"
        if not isinstance(row, Mapping):
            losses.add(where, "shape_broken", "It is no object and is left out.")
            continue
        _tell_of_others(row, path, losses)
        try:
            for shape in _shapes(row, where, losses):
                scene.add(where, str(row.get("label") or ""), shape, _attributes(row))
        except (ValueError, TypeError, LookupError, OSError, Image.DecompressionBombError) as error:
            losses.add(where, "shape_broken", f"Its {row.get('shape_type')} cannot be read: {error}.")
    return scene


def _tell_of_others(row: Mapping[str, Any], path: str, losses: Losses) -> None:
    """Note members that are not read, once for each name."""
    for name in row.keys() - _READ:
        if row[name] not in (None, "", [], {}) and f"member {name}" not in losses.said:
            losses.said.add(f"member {name}")
            losses.add(f"{path}: “{str(name)[:60]}”", "member", "This member of shapes is not read.")


def _attributes(row: Mapping[str, Any]) -> dict[str, str]:
    given = {name: row.get(name) for name in _SAYS}
    for name in ("flags", "attributes"):
        more = row.get(name)
        given |= more if isinstance(more, Mapping) else {}
    found = {str(name): as_option(value) for name, value in given.items()}
    return {name: value for name, value in found.items() if value is not None}


def _shapes(row: Mapping[str, Any], where: str, losses: Losses) -> list[Shape]:
    kind = row.get("shape_type") or "polygon"
    places = [[float(x), float(y)] for x, y in row["points"]]
    if kind == "polygon":
        return [{"type": "polygon", "points": places}]
    if kind == "rectangle":
        return [upright(places)]
    if kind == "oriented_rectangle":
        box = turned_box(places)
        return [box if box is not None else {"type": "polygon", "points": places}]
    if kind in {"point", "points"}:
        if len(places) > 1:
            losses.add(where, "points_apart", f"Its {len(places)} points are points of their own.")
        return [{"type": "point", "x": x, "y": y} for x, y in places]
    if kind == "circle":
        (x, y), edge = places
        radius = math.dist((x, y), edge)
        losses.add(where, "ellipse", "A circle is a polygon of 64 corners here.")
        return [{"type": "polygon", "points": ellipse(x, y, radius, radius)}]
    if kind == "mask":
        return _mask(row, places, where, losses)
    losses.add(where, "shape_kind", f"There is no {str(kind)[:40]} here. It is left out.")
    return []


def _mask(row: Mapping[str, Any], places: list[list[float]], where: str, losses: Losses) -> list[Shape]:
    """Return the polygons around a mask, a small picture whose top left pixel lies at the first point."""
    with Image.open(io.BytesIO(base64.b64decode(row["mask"])), formats=["PNG"]) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"the mask claims {image.width} × {image.height} pixels")
        mask = (np.asarray(image.convert("L")) > 0).astype(np.uint8)
    left, top = places[0]
    parts, holes = outlines(mask)
    if holes:
        losses.add(where, "holes", f"Its mask has {holes} holes, which its polygons fill.")
    if len(parts) > 1:
        losses.add(where, "parts", f"Its {len(parts)} parts are polygons of their own.")
    return [{"type": "polygon", "points": [[x + left, y + top] for x, y in points]} for points in parts]
