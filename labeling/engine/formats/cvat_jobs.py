"""Who drew what in a task of CVAT: its XML does not say, and its jobs do, as `assay migrate cvat` writes them down."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import orjson

from labeling.engine.formats.files import Files
from labeling.engine.formats.scenes import Scene

NAME = "cvat_jobs.json"
# What a job is called that nobody has begun.
_NEW = "new"


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of a task.

    Attributes:
        rows: As CVAT's API lists them: ``start_frame``, ``stop_frame``, ``assignee``, ``state``, ``updated_date``.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def beside(cls, files: Files, path: str) -> "Jobs":
        """Return those that stand beside an XML file; none where they do not."""
        place = (PurePosixPath(path).parent / NAME).as_posix()
        if place not in files.paths:
            return cls()
        try:
            rows = orjson.loads(files.bytes(place))
        except orjson.JSONDecodeError:
            return cls()
        return cls([row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else [])

    def sign(self, scene: Scene, frame: str) -> None:
        """Say of a picture who answered it and when; a job that nobody began and that has no shapes is no answer."""
        number = int(frame) if frame.isdecimal() else -1
        job = next((row for row in self.rows if _holds(row, number)), None)
        if job is None:
            return
        scene.by, scene.at = str(job.get("assignee") or ""), str(job.get("updated_date") or "")
        scene.answered = job.get("state") != _NEW or bool(scene.shapes or scene.tags)


def _holds(job: dict[str, Any], frame: int) -> bool:
    first, last = job.get("start_frame"), job.get("stop_frame")
    return isinstance(first, int) and isinstance(last, int) and first <= frame <= last
