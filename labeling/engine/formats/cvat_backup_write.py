"""Writes the backup of a CVAT project, with a task for each side: ``project.json``, ``task_0/`` and so on.

Frames stand in the order of their names, as CVAT sorts the files of a task. Source of the form: CVAT's
``cvat/apps/engine/backup.py``, version 1.0 of its backups.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import orjson

from labeling.engine.controls.shapes import Attribute
from labeling.engine.formats.cvat_write import NO_SIDE, TITLE, kind_of_label, tell_of_tags
from labeling.engine.formats.drawing import Shape
from labeling.engine.formats.record import Record
from labeling.engine.formats.scene_parts import Held, fine, hold, plain_attributes, split_name, unturned
from labeling.engine.formats.target import Target, as_line
from labeling.engine.schema import Schema

_VERSION = "1.0"
_STATE = "annotation"
_STAGED = "staged.jsonl"
_DATA = {"chunk_size": 36, "image_quality": 70, "frame_filter": "", "chunk_type": "imageset", "storage_method": "cache"}
_TYPES = {"box": "rectangle", "rotated_box": "rectangle", "polygon": "polygon", "point": "points"}


@dataclass(slots=True)
class _Task:
    """The pictures of one side, whose annotations wait in a file until their order is known.

    Attributes:
        target: Where it is written.
        folder: Of the task.
        side: Of the split.
        frames: Name, width, height, and place and length of the annotations of each picture.
        end: Bytes of the file that waits.
    """

    target: Target
    folder: str
    side: str
    frames: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    end: int = 0

    def add(self, held: Held, record: Record) -> None:
        """Copy a picture and stage what is said of it."""
        name = PurePosixPath(self.target.picture(record, f"{self.folder}/data")).name
        shapes = [_shape(label, unturned(shape, where, held.losses)) for where, label, shape in held.shapes(record)]
        tags = [{"label": chosen, "group": 0, "source": "manual", "attributes": []} for chosen in held.chosen(record)]
        line = orjson.dumps({"shapes": shapes, "tags": tags}, option=orjson.OPT_APPEND_NEWLINE)
        with (self.target.folder / self.folder / _STAGED).open("ab") as out:
            out.write(line)
        self.frames.append((name, *record.size, self.end, len(line)))
        self.end += len(line)

    def staged(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give the annotations by frame."""
        with (self.target.folder / self.folder / _STAGED).open("rb") as lines:
            for frame, (_name, _width, _height, place, length) in enumerate(self.frames):
                lines.seek(place)
                yield frame, orjson.loads(lines.read(length))

    def finish(self, labels: list[dict[str, Any]]) -> None:
        """Write the three files of the task."""
        self.frames.sort()
        last = len(self.frames) - 1
        with self.target.text(f"{self.folder}/data/manifest.jsonl") as out:
            out.write('{"version":"1.1"}\n{"type":"images"}\n')
            for name, width, height, _place, _length in self.frames:
                path = PurePosixPath(name)
                row = {"name": path.stem, "extension": path.suffix, "width": width, "height": height}
                out.write(as_line({**row, "meta": {"related_images": []}}) + "\n")
        with self.target.text(f"{self.folder}/annotations.json") as out:
            out.write('[{"version": 0, "tracks": []')
            for kind in ("shapes", "tags"):
                lines = (as_line({**row, "frame": frame}) for frame, whole in self.staged() for row in whole[kind])
                out.write(f', "{kind}": [')
                for number, line in enumerate(lines):
                    out.write(f"{',' if number else ''}\n{line}")
                out.write("]")
            out.write("}]\n")
        (self.target.folder / self.folder / _STAGED).unlink()
        task = {
            "name": self.side,
            "bug_tracker": "",
            "status": _STATE,
            "subset": "" if self.side == NO_SIDE else self.side,
            "labels": labels,
            "version": _VERSION,
            "data": {**_DATA, "storage": "local", "start_frame": 0, "stop_frame": last},
            "jobs": [{"start_frame": 0, "stop_frame": last, "status": _STATE, "type": "annotation"}],
        }
        self.target.json(f"{self.folder}/task.json", task)


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records and return how many there are; of a picture, its name and place are in memory."""
    held = hold(schema, TITLE, target.losses, tags=True)
    tasks: dict[str, _Task] = {}
    written = 0
    for record in records:
        held.tell(record)
        side = split_name(record) or NO_SIDE
        task = tasks.setdefault(side, _Task(target, f"task_{len(tasks)}", side))
        task.add(held, record)
        written += 1
    labels = list(_labels(held))
    for task in tasks.values():
        task.finish(labels)
    target.json(
        "project.json", {"name": "Assay", "bug_tracker": "", "status": _STATE, "labels": labels, "version": _VERSION}
    )
    return written


def _labels(held: Held) -> Iterator[dict[str, Any]]:
    drawn = {name for name, _label, _control in held.labels}
    for name, label, control in held.labels:
        asked = [each for each in control.attributes if not each.labels or label.value in each.labels]
        yield _label(name, label.color, kind_of_label(control), asked)
    for label in tell_of_tags(held, drawn):
        yield _label(label.value, label.color, "tag", [])


def _label(name: str, color: str, kind: str, asked: list[Attribute]) -> dict[str, Any]:
    attributes = [
        {
            "name": each.name,
            "mutable": False,
            "input_type": "checkbox" if set(each.options) == {"false", "true"} else "select",
            "default_value": each.options[0],
            "values": list(each.options),
        }
        for each in asked
    ]
    colored = {"color": color} if color else {}
    return {"name": name, **colored, "type": kind, "attributes": attributes, "sublabels": []}


def _shape(label: str, shape: Shape) -> dict[str, Any]:
    attributes = plain_attributes(shape)
    return {
        "type": _TYPES[shape["type"]],
        "label": label,
        "points": _points(shape),
        "rotation": shape["angle"] if shape["type"] == "rotated_box" else 0.0,
        "occluded": attributes.get("occluded") in {"1", "true"},
        "outside": False,
        "z_order": 0,
        "group": 0,
        "source": "manual",
        "attributes": [{"name": name, "value": value} for name, value in attributes.items()],
        "elements": [],
    }


def _points(shape: Shape) -> list[float]:
    """Return the numbers of a shape; a rotated box stands there as it was before it was turned around its centre."""
    kind = shape["type"]
    if kind == "polygon":
        return [each for point in shape["points"] for each in point]
    if kind == "point":
        return [shape["x"], shape["y"]]
    left = shape["x"] - shape["width"] / 2 if kind == "rotated_box" else shape["x"]
    top = shape["y"] - shape["height"] / 2 if kind == "rotated_box" else shape["y"]
    return [fine(each) for each in (left, top, left + shape["width"], top + shape["height"])]
