"""Reads Pascal VOC (M. Everingham et al., 2010, and its development kit): an XML for each picture, splits, masks.

Numbers of a box are edges from 0, as CVAT, Label Studio and Roboflow write them; a file that names the VOC database as
its source counts pixels from 1, so that its left and top edges are one less.
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.files import Files
from labeling.engine.formats.geometry import upright
from labeling.engine.formats.markup import number, parsed, root_of, said
from labeling.engine.formats.record import FormatError, Losses, Reading
from labeling.engine.formats.scenes import Asked, Scene, reading, whole
from labeling.engine.formats.voc_masks import Masks

_SETS = "ImageSets/"
# A picture in several lists belongs to the first of these; the other lists are made of them.
_FIRST = ("test", "val", "validation", "train")
_SAME = {"val": "validation"}
# The list of everything where there are no sides.
ALL = "default"
# What a list of labels calls the pixels of nothing.
BACKGROUND = "background"
# What an object says in words of its own; 0 and these words say nothing.
_FLAGS = ("difficult", "truncated", "occluded")
_MEMBER = re.compile(r"\s-?[01]$")
SILENT = frozenset({"", "0", "unspecified"})


def recognize(files: Files) -> bool:
    """Tell whether there is an XML for a picture with boxes in the way of Pascal VOC."""
    return any(is_voc(files, path) for path in files.named(".xml"))


def is_voc(files: Files, path: str) -> bool:
    """Tell by its elements; LabelMe's old XML has the same root, ``imagesize`` and polygons of ``pt``."""
    if root_of(files, path) != "annotation" or files.contains(path, b"<imagesize"):
        return False
    return files.contains(path, b"<bndbox") or files.contains(path, b"<robndbox") or files.contains(path, b"<size")


def read(files: Files, losses: Losses) -> Reading:
    """Read the XML files, the splits of ``ImageSets/Main`` and the masks of ``SegmentationObject``.

    A picture without an XML is an item that nobody answered.

    Raises:
        FormatError: ``no_pictures``, ``no_labels``, ``too_many_labels``, ``xml_markup``, ``xml_broken``.
    """
    paths = [path for path in files.named(".xml") if root_of(files, path) == "annotation" and is_voc(files, path)]
    if not files.pictures:
        raise FormatError(
            "no_pictures", f"{paths[0]} describes a picture, and none came with it. Pack both into one zip."
        )
    splits, masks = _splits(files), Masks(files)

    def scenes(noted: Losses) -> Iterator[Scene]:
        seen: set[str] = set()
        for path in paths:
            try:
                root = parsed(files, path)
            except FormatError as error:
                if len(paths) == 1:
                    raise
                noted.add(path, error.code, error.message)
                continue
            scene = _scene(files, path, root, noted)
            seen.add(scene.picture)
            masks.add_to(scene, [said(each, "name") for each in root.findall("object")], noted)
            yield _sided(scene, splits)
        for picture in files.pictures:
            if picture not in seen and not masks.is_mask(picture):
                scene = Scene(picture, PurePosixPath(picture).name, picture, answered=False)
                masks.add_to(scene, [], noted)
                yield _sided(scene, splits)

    asked = Asked()
    for name in masks.declared:
        if name != BACKGROUND:
            asked.label(name)
    return reading(files, losses, asked, scenes)


def _sided(scene: Scene, splits: Mapping[str, str]) -> Scene:
    split = splits.get(PurePosixPath(scene.picture).stem, "")
    if split:
        scene.fields["split"] = split
    return scene


def _splits(files: Files) -> dict[str, str]:
    """Return the side of each picture by its name without ending, from the lists under ``ImageSets``."""
    lists: dict[str, list[str]] = {}
    paths = [path for path in files.named(".txt") if _SETS in f"/{path}"]
    for path in paths:
        folder, stem = path.rsplit("/", 1)
        rows = [line.strip() for line in files.text(path).splitlines() if line.strip()]
        # The lists of a class, such as cat_train beside train, say whether it is in the picture; the boxes say that.
        of_class = any(f"{folder}/{stem.rpartition('_')[2][:-4]}.txt" == other for other in paths) and "_" in stem
        if not (of_class and all(_MEMBER.search(row) for row in rows)):
            lists.setdefault(PurePosixPath(path).stem, []).extend(rows)
    order = [name for name in _FIRST if name in lists] + sorted(set(lists) - {*_FIRST, ALL})
    found: dict[str, str] = {}
    for name in order:
        for picture in lists[name]:
            found.setdefault(PurePosixPath(picture).name.removesuffix(".jpg"), _SAME.get(name, name))
    return found


def _scene(files: Files, path: str, root: Element, losses: Losses) -> Scene:
    named = said(root, "filename")
    picture = files.picture(named, path) if named else ""
    if not picture:
        picture = files.picture(PurePosixPath(path).stem, path)
    name = named or (PurePosixPath(picture).name if picture else PurePosixPath(path).stem)
    scene = Scene(path, name, picture)
    scene.declared = (whole(said(root, "size/width")), whole(said(root, "size/height")))
    # The challenge's own files: "The VOC2007 Database".
    shift = 1.0 if said(root, "source/database").startswith("The VOC") else 0.0
    for place, each in enumerate(root.findall("object")):
        where = f"{path}: object {place}"
        _add(scene, where, said(each, "name"), each, shift, losses)
        for part in each.findall("part"):
            losses.add(where, "part", f"That its part {said(part, 'name')} belongs to it is not kept.")
            _add(scene, f"{where}, part {said(part, 'name')}", said(part, "name"), part, shift, losses)
    return scene


def _add(scene: Scene, where: str, label: str, element: Element, shift: float, losses: Losses) -> None:
    try:
        attributes = _attributes(element)
        turn = take_turn(attributes) or 0.0
        scene.add(where, label, _geometry(element, turn, shift, where, losses), attributes)
    except ValueError as error:
        losses.add(where, "shape_broken", f"Its box cannot be read: {error}.")


def take_turn(attributes: dict[str, str]) -> float | None:
    """Take how far a box is turned, as CVAT writes it, out of its attributes; None where it says nothing or a word."""
    try:
        turn = float(attributes.get("rotation", ""))
    except ValueError:
        return None
    if not math.isfinite(turn):
        return None
    del attributes["rotation"]
    return turn % 360


def _geometry(element: Element, turn: float, shift: float, where: str, losses: Losses) -> Shape:
    """Return a rotated box (roLabelImg), a polygon (Roboflow, supervision), or the box."""
    rotated, polygon = element.find("robndbox"), element.find("polygon")
    if rotated is not None:
        sides = {name: number(rotated, short) for name, short in _ROTATED.items()}
        return {"type": "rotated_box", **sides, "angle": math.degrees(number(rotated, "angle")) % 360}
    if polygon is not None and polygon.find("x1") is not None:
        points: list[list[float]] = []
        while polygon.find(f"x{len(points) + 1}") is not None:
            place = len(points) + 1
            points.append([number(polygon, f"x{place}"), number(polygon, f"y{place}")])
        return {"type": "polygon", "points": points}
    box = element.find("bndbox")
    if box is None:
        raise ValueError("it has none")
    left, top = number(box, "xmin") - shift, number(box, "ymin") - shift
    right, bottom = number(box, "xmax"), number(box, "ymax")
    if right < left or bottom < top:
        losses.add(where, "box_backwards", "Its edges were given the wrong way round, and are turned.")
    found = upright([(left, top), (right, bottom)])
    if not turn:
        return found
    middle = {"x": (left + right) / 2, "y": (top + bottom) / 2}
    return {**found, **middle, "type": "rotated_box", "angle": turn}


_ROTATED = {"x": "cx", "y": "cy", "width": "w", "height": "h"}


def _attributes(element: Element) -> dict[str, str]:
    """Return what an object says beside its box, where it says something."""
    found = {name: said(element, name) for name in (*_FLAGS, "pose")}
    found |= {each.tag: said(each) for each in element.findall("actions/*")}
    found = {name: value for name, value in found.items() if value.lower() not in SILENT}
    # CVAT and datumaro write theirs as pairs.
    for each in element.findall("attributes/attribute"):
        found[said(each, "name")] = said(each, "value")
    return found
