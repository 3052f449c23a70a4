"""Pictures with what is drawn on them, as most formats have them, on their way into records.

A format gives `Scene`s, twice: the first time labels, attributes and tags are gathered for the schema, the second time
they become records. So a dataset of a file for each picture is never in memory as a whole.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from curation.engine.pictures.decode import PictureError
from labeling.engine.controls.base import LONGEST_VALUE, MOST_LABELS, made_storable
from labeling.engine.controls.shapes import Shapes
from labeling.engine.formats.drawing import CONTROL, PICTURE, Fitting, Gathered, Shape, turned
from labeling.engine.formats.files import Files
from labeling.engine.formats.record import FormatError, Losses, Reading, Record, Said
from labeling.engine.schema import parse_schema

# The other label of a question that has only one.
NONE = "none"
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(slots=True)
class Scene:
    """One picture as a file has it.

    Attributes:
        where: The place of its annotations, for the report.
        name: What the item is called.
        picture: Path in `Files`; empty where none came.
        size: Of the picture in pixels, upright; zeros until `sized` knows it.
        shapes: With their places. Labels and attributes as the file writes them, attributes as words.
        declared: Width and height that the file says the picture has; zeros where it says nothing.
        fields: Columns.
        tags: Labels of the whole picture.
        answered: Whether anybody looked at it; a picture without shapes that was looked at shows nothing.
        by: Who looked; empty where the format does not say.
        at: When, as ISO 8601 with a time zone; empty where it does not say.
    """

    where: str
    name: str
    picture: str
    shapes: list[tuple[str, Shape]] = field(default_factory=list)
    declared: tuple[int, int] = (0, 0)
    fields: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    answered: bool = True
    by: str = ""
    at: str = ""

    def add(self, where: str, label: str, geometry: Mapping[str, Any], attributes: Mapping[str, str]) -> None:
        """Add a shape."""
        self.shapes.append((where, {"id": "", "label": label, **geometry, "attributes": dict(attributes)}))


Scenes = Callable[[Losses], Iterator[Scene]]


@dataclass(slots=True)
class Asked:
    """What a file says that its project asks, before anything is drawn.

    Attributes:
        gathered: Labels of shapes.
        question: Name of the control that tags answer.
        tags: Labels of whole pictures.
        several: Whether a picture may have several tags.
    """

    gathered: Gathered = field(default_factory=Gathered)
    question: str = "tags"
    tags: dict[str, str] = field(default_factory=dict)
    several: bool = True

    def label(self, name: str, color: str = "") -> None:
        """Declare a label of shapes."""
        if usable(name):
            self.gathered.label(tidy(name), color if _COLOR.fullmatch(color) else "")

    def tag(self, name: str, color: str = "") -> None:
        """Declare a label of whole pictures."""
        if usable(name):
            self.tags.setdefault(tidy(name), color if _COLOR.fullmatch(color) else "")


def tidy(label: str) -> str:
    """Return a label as a project can have it."""
    return made_storable(label).strip()


def usable(label: str) -> bool:
    """Tell whether a project can have such a label."""
    return 0 < len(tidy(label)) <= LONGEST_VALUE


def reading(files: Files, losses: Losses, asked: Asked, scenes: Scenes, items: int | None = None) -> Reading:
    """Return the dataset whose pictures are given by `scenes`.

    Raises:
        FormatError: ``no_labels``, ``too_many_labels``.
    """
    gathered = asked.gathered
    for scene in scenes(Losses()):
        for _where, shape in scene.shapes:
            if usable(shape["label"]):
                gathered.shape(shape["type"], tidy(shape["label"]), _words(shape["attributes"]))
        for tag in scene.tags:
            asked.tag(tag)
    kept = gathered.kept(losses)
    controls = [gathered.control(kept)] if gathered.colors else []
    if asked.tags:
        controls.append(_choice(asked, list(asked.tags), losses))
    if not controls:
        raise FormatError("no_labels", "The files have neither labels nor shapes, so there is nothing to ask for.")
    schema = {"display": [{"type": "image", "field": PICTURE}], "controls": controls}
    drawn = next((control for control in parse_schema(schema).controls if isinstance(control, Shapes)), None)

    def records() -> Iterator[Record]:
        fitting = Fitting(drawn, losses) if drawn is not None else None
        for scene in scenes(losses):
            record = _record(files, scene, fitting, kept, asked, losses)
            if record is not None:
                yield record

    return Reading(schema, records, items)


def tell_of_unlisted(files: Files, listed: Collection[str], losses: Losses) -> None:
    """Note the pictures that came and that nothing names."""
    for picture in files.pictures:
        if picture not in listed:
            losses.add(picture, "picture_unlisted", "No annotation file names this picture. It is left out.")


def _words(attributes: Mapping[str, str]) -> dict[str, str]:
    return {tidy(name)[:LONGEST_VALUE]: tidy(value) for name, value in attributes.items() if tidy(value)}


def _choice(asked: Asked, tags: list[str], losses: Losses) -> dict[str, Any]:
    """Return the question that tags answer; one label alone is no choice."""
    if len(tags) > MOST_LABELS:
        raise FormatError("too_many_labels", f"There are {len(tags):,} labels; a project takes {MOST_LABELS:,}.")
    if len(tags) == 1:
        other = NONE if tags[0] != NONE else f"not {NONE}"
        losses.add(f"tag {tags[0]}", "label_added", f"A choice has two labels, so “{other}” is offered beside it.")
        tags = [*tags, other]
    return {
        "name": asked.question,
        "type": "choice",
        "multiple": asked.several,
        "required": False,
        "labels": [{"value": tag, "color": asked.tags.get(tag, "")} for tag in tags],
    }


def _record(
    files: Files, scene: Scene, fitting: Fitting | None, kept: Mapping[str, str], asked: Asked, losses: Losses
) -> Record | None:
    if not scene.picture:
        count = len(scene.shapes) + len(scene.tags)
        losses.add(
            scene.where,
            "picture_missing",
            f"No picture {scene.name!r} came, or several did; its {count} annotations are left out.",
        )
        return None
    try:
        size, orientation = files.size(scene.picture)
    except PictureError as error:
        losses.add(scene.picture, error.code, error.message)
        return None
    orientation = stored_orientation(scene.declared, size, orientation, scene.where, losses)
    shapes = []
    for where, shape in scene.shapes:
        named = _named(where, shape, kept, losses)
        if named is not None:
            shapes.append((where, turned(named, size, orientation)))
    answer: dict[str, Any] = {}
    drawn = fitting.fit(shapes, size, scene.where) if fitting is not None else []
    if drawn:
        answer[CONTROL] = drawn
    tags = [tidy(tag) for tag in scene.tags if usable(tag)]
    if len(set(tags)) > 1 and not asked.several:
        losses.add(scene.where, "several_tags", f"It has {len(tags)} labels; the first is taken.")
        tags = tags[:1]
    if tags:
        answer[asked.question] = list(dict.fromkeys(tags))
    record = Record(scene.name, scene.fields, scene.picture, size)
    if scene.answered:
        record.answers, record.final = [Said(answer, scene.by, scene.at)], answer
    return record


def _named(where: str, shape: Shape, kept: Mapping[str, str], losses: Losses) -> Shape | None:
    """Return a shape with the label and attributes of the schema; None where its label cannot be one."""
    if not usable(shape["label"]):
        losses.add(where, "label_unusable", f"A label has 1 to {LONGEST_VALUE} characters. The shape is left out.")
        return None
    attributes = {kept[name]: value for name, value in _words(shape["attributes"]).items() if name in kept}
    named = {**shape, "label": tidy(shape["label"]), "attributes": attributes}
    if not attributes:
        del named["attributes"]
    return named


def stored_orientation(
    declared: tuple[Any, Any], size: tuple[int, int], orientation: int, where: str, losses: Losses
) -> int:
    """Return by which orientation the coordinates must be turned: 1 where they are of the picture the right way up.

    A file that declares the size of the stored pixels was drawn on them.

    Args:
        declared: Width and height as the file says them.
        size: Of the picture the right way up.
        orientation: EXIF, 1 to 8.
        where: For the report.
        losses: The report.
    """
    if declared == size or not all(isinstance(each, int) and each > 0 for each in declared):
        return 1
    if orientation >= 5 and declared == size[::-1]:
        losses.add(where, "turned", "Its shapes were drawn on the picture lying on its side, and are turned with it.")
        return orientation
    losses.add(where, "size_differs", f"It says {declared[0]} × {declared[1]}, the picture has {size[0]} × {size[1]}.")
    return 1


def whole(value: Any) -> int:
    """Return a width or height that a file says, 0 where it says none."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return 0
    return int(found) if 0 < found < 1e9 and found.is_integer() else 0
