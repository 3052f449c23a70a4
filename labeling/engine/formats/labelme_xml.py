"""Reads the XML of the older LabelMe of MIT (B. C. Russell et al., 2008): polygons, boxes and masks."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

import numpy as np
from PIL import Image

from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.files import Files
from labeling.engine.formats.geometry import upright
from labeling.engine.formats.markup import number, parsed, root_of, said
from labeling.engine.formats.masks import MOST_PIXELS, outlines
from labeling.engine.formats.record import FormatError, Losses, Reading
from labeling.engine.formats.scenes import Asked, Scene, reading, tell_of_unlisted, whole

# Folders of masks and of the strokes they were made of, which are no items.
_OF_MASKS = frozenset({"masks", "scribbles"})


def recognize(files: Files) -> bool:
    """Tell whether there is an XML file of LabelMe."""
    return any(_is_labelme(files, path) for path in files.named(".xml"))


def _is_labelme(files: Files, path: str) -> bool:
    """Tell by its elements: Pascal VOC has the same root, ``size`` and ``bndbox``."""
    return root_of(files, path) == "annotation" and (
        files.contains(path, b"<imagesize") or files.contains(path, b"<pt>") or files.contains(path, b"<deleted>")
    )


def read(files: Files, losses: Losses) -> Reading:
    """Read the XML files.

    Raises:
        FormatError: ``no_pictures``, ``no_labels``, ``too_many_labels``, ``xml_markup``, ``xml_broken``.
    """
    paths = [path for path in files.named(".xml") if _is_labelme(files, path)]
    items = [picture for picture in files.pictures if PurePosixPath(picture).parent.name.lower() not in _OF_MASKS]
    if not items:
        raise FormatError(
            "no_pictures", f"{paths[0]} describes a picture, and none came with it. Pack both into one zip."
        )

    def scenes(noted: Losses) -> Iterator[Scene]:
        listed = set(files.pictures) - set(items)
        for path in paths:
            try:
                root = parsed(files, path)
            except FormatError as error:
                if len(paths) == 1:
                    raise
                noted.add(path, error.code, error.message)
                continue
            scene = _scene(files, path, root, noted)
            listed.add(scene.picture)
            yield scene
        tell_of_unlisted(files, listed, noted)

    return reading(files, losses, Asked(), scenes, len(paths))


def _scene(files: Files, path: str, root: Element, losses: Losses) -> Scene:
    named = said(root, "filename")
    scene = Scene(path, named or PurePosixPath(path).stem, files.picture(named, path) if named else "")
    scene.declared = (whole(said(root, "imagesize/ncols")), whole(said(root, "imagesize/nrows")))
    for place, element in enumerate(root.findall("object")):
        where = f"{path}: object {said(element, 'id') or place}"
        if said(element, "deleted") == "1":
            losses.add(where, "deleted", "It was deleted in LabelMe, which keeps it. It is left out.")
            continue
        if said(element, "parts/ispartof") or said(element, "parts/hasparts"):
            losses.add(where, "part", "Which objects are its parts is not kept.")
        try:
            for shape in _shapes(files, path, element, where, losses):
                scene.add(where, said(element, "name"), shape, _attributes(element))
        except (ValueError, OSError, Image.DecompressionBombError) as error:
            losses.add(where, "shape_broken", f"It cannot be read: {error}.")
    return scene


def _attributes(element: Element) -> dict[str, str]:
    found = {"attributes": said(element, "attributes")}
    if said(element, "occluded") == "yes":
        found["occluded"] = "yes"
    if said(element, "verified") == "1":
        found["verified"] = "1"
    return found


def _shapes(files: Files, path: str, element: Element, where: str, losses: Losses) -> list[Shape]:
    mask = said(element, "segm/mask")
    if mask:
        return _mask(files, files.picture(f"Masks/{mask}", path) or files.picture(mask, path), where, losses)
    points = [[number(point, "x"), number(point, "y")] for point in element.findall("polygon/pt")]
    if len(points) == 1:
        return [{"type": "point", "x": points[0][0], "y": points[0][1]}]
    if len(points) < 3:
        losses.add(where, "shape_kind", f"There is no line of {len(points)} points here. It is left out.")
        return []
    return [upright(points) if said(element, "type") == "bounding_box" else {"type": "polygon", "points": points}]


def _mask(files: Files, picture: str, where: str, losses: Losses) -> list[Shape]:
    """Return the polygons around a mask of the whole picture."""
    if not picture:
        losses.add(where, "mask_missing", "The picture of its mask did not come. It is left out.")
        return []
    with Image.open(files.paths[picture], formats=["PNG"]) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"the mask has {image.width} × {image.height} pixels")
        parts, holes = outlines((np.asarray(image.convert("L")) > 0).astype(np.uint8))
    if holes:
        losses.add(where, "holes", f"Its mask has {holes} holes, which its polygons fill.")
    if len(parts) > 1:
        losses.add(where, "parts", f"Its {len(parts)} parts are polygons of their own.")
    return [{"type": "polygon", "points": points} for points in parts]
