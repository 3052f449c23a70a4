"""Reads CVAT's XML 1.1 for images and for video (docs.cvat.ai, manual/advanced/xml_format)."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

from curation.engine.readers.huggingface import split_of
from labeling.engine.formats.cvat_jobs import Jobs
from labeling.engine.formats.cvat_shapes import Drawing, draw
from labeling.engine.formats.files import Files
from labeling.engine.formats.markup import root_of, said, streamed
from labeling.engine.formats.record import FormatError, Losses, Reading
from labeling.engine.formats.scenes import Asked, Scene, reading, tell_of_unlisted, whole

_KINDS = ("box", "polygon", "polyline", "points", "ellipse", "mask", "cuboid", "skeleton")
# What a shape says of itself beside its attributes, where it says something; "manual" is what people draw.
_SAYS = {"occluded": "0", "source": "manual", "group_id": "0"}
# Kinds of attributes whose values are all declared.
_LISTED = frozenset({"select", "radio", "checkbox"})
# How the text of a number ends a picture's name.
_NUMBER = re.compile(r"(\d+)$")
# CVAT's name for the pictures on no side.
NO_SIDE = frozenset({"", "default"})


def recognize(files: Files) -> bool:
    """Tell whether there is an XML file whose root is ``annotations``."""
    return any(_is_cvat(files, path) for path in files.named(".xml"))


def _is_cvat(files: Files, path: str) -> bool:
    return root_of(files, path) == "annotations"


def read(files: Files, losses: Losses) -> Reading:
    """Read one or several XML files and the pictures they name.

    Of video, each frame whose picture came is an item; a thing that is outside of it is not there.

    Raises:
        FormatError: ``no_pictures``, ``no_labels``, ``too_many_labels``, ``xml_markup``, ``xml_broken``.
    """
    paths = [path for path in files.named(".xml") if _is_cvat(files, path)]
    if not files.pictures:
        raise FormatError(
            "no_pictures",
            f"{paths[0]} names pictures, and none came with it. Export the task with its images; of a video, its "
            "frames are needed as pictures, such as frame_000010.png.",
        )
    asked = Asked()
    for path in paths:
        for meta in streamed(files, path, {"meta"}):
            _declare(asked, meta)

    def scenes(noted: Losses) -> Iterator[Scene]:
        listed: set[str] = set()
        for path in paths:
            for scene in _scenes(files, path, noted):
                listed.add(scene.picture)
                yield scene
        tell_of_unlisted(files, listed, noted)

    return reading(files, losses, asked, scenes)


def _declare(asked: Asked, meta: Element) -> None:
    """Note labels, colours and attributes; points of a skeleton are named by it too."""
    for label in meta.iter("label"):
        name, kind, parent = said(label, "name"), said(label, "type"), said(label, "parent")
        if kind == "tag":
            asked.tag(name, said(label, "color"))
        elif kind != "skeleton":
            name = f"{parent}: {name}" if parent else name
            asked.label(name, said(label, "color"))
            for attribute in label.iter("attribute"):
                declare_attribute(
                    asked,
                    name,
                    said(attribute, "name"),
                    said(attribute, "input_type"),
                    said(attribute, "values").split("\n"),
                    said(attribute, "default_value"),
                )


def declare_attribute(asked: Asked, label: str, name: str, kind: str, values: list[str], default: str) -> None:
    """Note an attribute whose values are listed; of texts and numbers those that were said count."""
    if kind not in _LISTED or not name:
        return
    given = [value.strip() for value in values if value.strip()]
    if len(given) == 1 and default not in given and default in given[0].split():
        # Other programs write the values with blanks between them.
        given = given[0].split()
    asked.gathered.declare(label.strip(), name.strip(), ["false", "true"] if kind == "checkbox" else given)


@dataclass(slots=True)
class _Frames:
    """Pictures of a video by the number at the end of their names."""

    pictures: dict[int, str]

    @classmethod
    def of(cls, files: Files, path: str) -> "_Frames":
        """Return those below the folder of the XML; all where none are."""
        folder = f"{PurePosixPath(path).parent}/".removeprefix("./")
        near = [picture for picture in files.pictures if picture.startswith(folder)]
        found: dict[int, str] = {}
        for picture in near or files.pictures:
            number = _NUMBER.search(PurePosixPath(picture).stem)
            if number and len(number[1]) < 12:
                found.setdefault(int(number[1]), picture)
        return cls(found)


def _scenes(files: Files, path: str, losses: Losses) -> Iterator[Scene]:
    tracks: dict[int, list[tuple[str, Drawing]]] = defaultdict(list)
    tracked, jobs = False, Jobs.beside(files, path)
    for element in streamed(files, path, {"meta", "image", "track"}):
        if element.tag == "image":
            scene = _image(files, path, element, losses)
            jobs.sign(scene, element.get("id", ""))
            yield scene
        elif element.tag == "track":
            tracked = True
            for frame, where, drawing in _track(path, element, losses):
                tracks[frame].append((where, drawing))
    if not tracked:
        return
    frames = _Frames.of(files, path).pictures
    for frame in sorted({*frames, *tracks}):
        drawings = tracks.get(frame, [])
        picture = frames.get(frame, "")
        name = PurePosixPath(picture).name if picture else f"frame {frame}"
        scene = Scene(f"{path}: frame {frame}", name, picture, fields={"frame": frame})
        draw(scene, drawings, losses)
        jobs.sign(scene, str(frame))
        yield scene


def _image(files: Files, path: str, element: Element, losses: Losses) -> Scene:
    name = element.get("name", "")
    where = f"{path}: image {name or element.get('id', '')}"
    scene = Scene(where, name, files.picture(name, path))
    scene.declared = (whole(element.get("width")), whole(element.get("height")))
    subset = element.get("subset", "")
    if subset.lower() not in NO_SIDE:
        scene.fields["split"] = split_of(f"{subset}/") or subset
    drawings = []
    for number, each in enumerate(element):
        place = f"{where}, {each.tag} {number}"
        if each.tag in _KINDS:
            try:
                drawings.append((place, _drawing(each)))
            except ValueError as error:
                losses.add(place, "shape_broken", f"Its {each.tag} cannot be read: {error}.")
        elif each.tag == "tag":
            scene.tags.append(each.get("label", ""))
            if each.find("attribute") is not None:
                losses.add(place, "tag_attributes", "Attributes of a label of the whole picture are not kept.")
        else:
            losses.add(place, "shape_kind", f"There is no {each.tag} here. It is left out.")
    draw(scene, drawings, losses)
    return scene


def _track(path: str, element: Element, losses: Losses) -> Iterator[tuple[int, str, Drawing]]:
    """Give the shapes of a track that are to be seen, with their frames."""
    number = element.get("id", "")
    if element.find("track") is not None:
        # Each point of a skeleton is a track of its own below it, and says where it is; the skeleton itself does not.
        losses.add(f"{path}: track {number}", "skeleton", "Its points are points of their own, without their joints.")
    for part, label in _parts(element):
        for each in part:
            if each.tag not in _KINDS or each.tag == "skeleton" or each.get("outside") == "1":
                continue
            frame = each.get("frame", "")
            where = f"{path}: track {number}, frame {frame}"
            try:
                drawing = _drawing(each)
                drawing.label = label
                drawing.attributes.setdefault("track", number)
                yield int(frame), where, drawing
            except ValueError as error:
                losses.add(where, "shape_broken", f"Its {each.tag} cannot be read: {error}.")


def _parts(element: Element) -> list[tuple[Element, str]]:
    """Return a track with its label; of a skeleton the tracks of its points."""
    label = element.get("label", "")
    below = element.findall("track")
    return [(part, f"{label}: {part.get('label', '')}") for part in below] or [(element, label)]


def _drawing(element: Element) -> Drawing:
    """Read a shape.

    Raises:
        ValueError: A number is none.
    """
    attributes = _attributes(element)
    turn = float(element.get("rotation") or 0)
    parts = [_drawing(each) for each in element.findall("points") if each.get("outside") != "1"]
    return Drawing(
        element.tag,
        element.get("label", ""),
        _numbers(element),
        turn,
        attributes,
        whole_level(element.get("z_order")),
        parts if element.tag == "skeleton" else [],
    )


def whole_level(value: object) -> int:
    """Return how high a shape lies; 0 where it does not say."""
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return 0


def _attributes(element: Element) -> dict[str, str]:
    found = {name: element.get(name, "") for name, silent in _SAYS.items() if element.get(name, silent) != silent}
    for each in element.findall("attribute"):
        found[each.get("name", "")] = said(each)
    return found


def _numbers(element: Element) -> list[float]:
    values: Mapping[str, str] = element.attrib
    if element.tag == "box":
        return _named(values, ("xtl", "ytl", "xbr", "ybr"))
    if element.tag == "ellipse":
        return _named(values, ("cx", "cy", "rx", "ry"))
    if element.tag == "mask":
        runs = [float(each) for each in values.get("rle", "").replace(";", ",").split(",") if each.strip()]
        return [*_named(values, ("left", "top", "width", "height")), *runs]
    if element.tag in {"cuboid", "skeleton"}:
        return []
    pairs = [pair.split(",") for pair in values.get("points", "").split(";") if pair.strip()]
    return [float(each) for pair in pairs for each in pair]


def _named(values: Mapping[str, str], names: tuple[str, ...]) -> list[float]:
    missing = [name for name in names if name not in values]
    if missing:
        raise ValueError(f"it has no {', '.join(missing)}")
    return [float(values[name]) for name in names]
