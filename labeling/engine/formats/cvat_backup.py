"""Reads backups of CVAT's tasks and projects: ``task.json``, ``annotations.json`` and ``data/`` (its backup.py)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import orjson

from curation.engine.readers.huggingface import split_of
from labeling.engine.formats.cvat import NO_SIDE, declare_attribute, whole_level
from labeling.engine.formats.cvat_shapes import Drawing, draw
from labeling.engine.formats.drawing import as_option
from labeling.engine.formats.files import Files
from labeling.engine.formats.record import FormatError, Losses, Reading
from labeling.engine.formats.scenes import Asked, Scene, reading, tell_of_unlisted

_KINDS = {"rectangle": "box"}
_SAYS = {"occluded": False, "source": "manual", "group": 0}
_SAID = {"group": "group_id"}


def recognize(files: Files) -> bool:
    """Tell whether there is a task with its annotations."""
    return any(_beside(path, "annotations.json") in files.paths for path in _tasks(files))


def _tasks(files: Files) -> list[str]:
    return [path for path in files.paths if PurePosixPath(path).name == "task.json"]


def _beside(path: str, name: str) -> str:
    return (PurePosixPath(path).parent / name).as_posix()


def read(files: Files, losses: Losses) -> Reading:
    """Read the tasks of a backup. Labels of a project stand in its ``project.json``.

    Raises:
        FormatError: ``cvat_broken``, ``no_pictures``, ``no_labels``, ``too_many_labels``.
    """
    tasks = [path for path in _tasks(files) if _beside(path, "annotations.json") in files.paths]
    if not files.pictures:
        raise FormatError(
            "no_pictures",
            f"The backup has no pictures beside {tasks[0]}. A backup of a task whose files lie in cloud storage or in "
            "a video holds none: export the task as “CVAT for images 1.1” with its images.",
        )
    asked = Asked()
    projects = [path for path in files.paths if PurePosixPath(path).name == "project.json"]
    for path in [*projects, *tasks]:
        for label in _objects(_json(files, path), "labels"):
            _declare(asked, label, "")

    def scenes(noted: Losses) -> Iterator[Scene]:
        listed: set[str] = set()
        for path in tasks:
            for scene in _Task.of(files, path).scenes(files, noted):
                listed.add(scene.picture)
                yield scene
        tell_of_unlisted(files, listed, noted)

    return reading(files, losses, asked, scenes)


def _json(files: Files, path: str) -> Any:
    try:
        return orjson.loads(files.bytes(path))
    except orjson.JSONDecodeError as error:
        raise FormatError("cvat_broken", f"{path} is no whole JSON ({error}). Make the backup again.") from None


def _objects(whole: Any, name: str) -> list[Mapping[str, Any]]:
    rows = whole.get(name) if isinstance(whole, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _declare(asked: Asked, label: Mapping[str, Any], parent: str) -> None:
    name = f"{parent}: {label.get('name', '')}" if parent else str(label.get("name", ""))
    kind, color = label.get("type"), str(label.get("color") or "")
    if kind == "tag":
        asked.tag(name, color)
        return
    for below in _objects(label, "sublabels"):
        _declare(asked, below, name)
    if kind == "skeleton":
        return
    asked.label(name, color)
    for each in _objects(label, "attributes"):
        values = each.get("values")
        options = [str(value) for value in values] if isinstance(values, list) else []
        default = str(each.get("default_value", ""))
        declare_attribute(asked, name, str(each.get("name", "")), str(each.get("input_type")), options, default)


@dataclass(slots=True)
class _Task:
    """One task.

    Attributes:
        path: Of its ``task.json``.
        pictures: Of its frames, in their order; as the manifest names them.
        subset: Side of the split.
        annotations: Of its jobs.
    """

    path: str
    pictures: list[str]
    subset: str
    annotations: list[Mapping[str, Any]]

    @classmethod
    def of(cls, files: Files, path: str) -> "_Task":
        annotations = _json(files, _beside(path, "annotations.json"))
        rows = annotations if isinstance(annotations, list) else [annotations]
        task = _json(files, path)
        subset = task.get("subset") if isinstance(task, Mapping) else ""
        known = [row for row in rows if isinstance(row, Mapping)]
        return cls(path, _frames(files, path), str(subset or ""), known)

    def scenes(self, files: Files, losses: Losses) -> Iterator[Scene]:
        """Give the frames."""
        drawings: dict[int, list[tuple[str, Drawing]]] = defaultdict(list)
        tags: dict[int, list[str]] = defaultdict(list)
        for job, whole in enumerate(self.annotations):
            for number, row in enumerate(_objects(whole, "shapes")):
                _keep(drawings, f"{self.path}: job {job}, shape {number}", row, {}, losses)
            for number, row in enumerate(_objects(whole, "tracks")):
                for each in _objects(row, "shapes"):
                    if not each.get("outside"):
                        common = {"label": row.get("label"), "source": row.get("source"), "track": number}
                        _keep(drawings, f"{self.path}: job {job}, track {number}", {**each, **common}, row, losses)
                if _objects(row, "shapes"):
                    reason = "Only its key frames are kept: CVAT's backups do not hold the frames between them."
                    losses.add(f"{self.path}: job {job}, track {number}", "track", reason)
            for row in _objects(whole, "tags"):
                tags[whole_level(row.get("frame"))].append(str(row.get("label", "")))
        for frame in sorted({*range(len(self.pictures)), *drawings, *tags}):
            named = self.pictures[frame] if 0 <= frame < len(self.pictures) else ""
            picture = files.picture(named, _beside(self.path, "data/x")) if named else ""
            scene = Scene(f"{self.path}: frame {frame}", named or f"frame {frame}", picture)
            if self.subset.lower() not in NO_SIDE:
                scene.fields["split"] = split_of(f"{self.subset}/") or self.subset
            scene.tags = tags.get(frame, [])
            draw(scene, drawings.get(frame, []), losses)
            yield scene


def _frames(files: Files, path: str) -> list[str]:
    """Return the names of the pictures in the order of frames: the manifest's, else of their names."""
    folder = f"{_beside(path, 'data')}/"
    manifest = f"{folder}manifest.jsonl"
    if manifest not in files.paths:
        return [picture for picture in files.pictures if picture.startswith(folder)]
    found = []
    for line in files.text(manifest).splitlines():
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(row, Mapping) and isinstance(row.get("name"), str):
            found.append(f"{row['name']}{row.get('extension', '')}")
    return found


def _keep(
    drawings: dict[int, list[tuple[str, Drawing]]],
    where: str,
    row: Mapping[str, Any],
    track: Mapping[str, Any],
    losses: Losses,
) -> None:
    try:
        drawing = _drawing(row)
        drawing.attributes = {**_pairs(track), **drawing.attributes}
        drawings[int(row["frame"])].append((where, drawing))
    except (KeyError, TypeError, ValueError) as error:
        losses.add(where, "shape_broken", f"It cannot be read: {error}.")


def _drawing(row: Mapping[str, Any]) -> Drawing:
    kind = str(row["type"])
    numbers = [float(each) for each in row.get("points") or []]
    if kind == "ellipse":
        # Centre, and the ends of the half axes to the right and up.
        x, y, right, top = numbers
        numbers = [x, y, abs(right - x), abs(y - top)]
    elif kind == "mask":
        left, top, right, bottom = numbers[-4:]
        numbers = [left, top, right - left + 1, bottom - top + 1, *numbers[:-4]]
    parts = [_drawing(each) for each in _objects(row, "elements") if not each.get("outside")]
    attributes = {}
    for name, silent in _SAYS.items():
        value = row.get(name)
        if value is not None and value != silent:
            attributes[_SAID.get(name, name)] = "1" if value is True else str(value)
    if "track" in row:
        attributes["track"] = str(row["track"])
    attributes |= _pairs(row)
    turn, level = float(row.get("rotation") or 0), whole_level(row.get("z_order"))
    return Drawing(_KINDS.get(kind, kind), str(row.get("label", "")), numbers, turn, attributes, level, parts)


def _pairs(row: Mapping[str, Any]) -> dict[str, str]:
    """Return attributes, which older versions know by ``name``."""
    found = {str(each.get("name", "")): as_option(each.get("value")) for each in _objects(row, "attributes")}
    return {name: value for name, value in found.items() if name and value is not None}
