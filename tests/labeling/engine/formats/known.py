"""Datasets for the tests of formats: those of ``tests/data/formats``, and small ones made on the spot."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from labeling.engine.formats.files import opened
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.table import FORMATS, find_format

FOLDER = Path(__file__).parents[3] / "data" / "formats"
Shape = dict[str, Any]


class Found:
    """What was read: the format, the schema, the records by name, and the report."""

    def __init__(self, name: str, schema: dict[str, Any], records: list[Record], losses: Losses) -> None:
        self.format = name
        self.schema = schema
        self.records = {record.name: record for record in records}
        self.losses = losses

    @property
    def codes(self) -> dict[str, int]:
        """Rows of the report by code."""
        return dict(self.losses.counts)

    def control(self, name: str = "objects") -> dict[str, Any]:
        """One question."""
        return next(row for row in self.schema["controls"] if row["name"] == name)

    def shapes(self, name: str) -> list[Shape]:
        """The shapes of an item, without ids."""
        answer = self.records[name].final or {}
        return [{key: value for key, value in shape.items() if key != "id"} for shape in answer.get("objects", [])]


def read(path: Path, name: str = "") -> Found:
    """Read a folder or file."""
    losses = Losses()
    with opened(path) as files:
        name = name or find_format(files)
        reading = FORMATS[name].read(files, losses)
        return Found(name, reading.schema, list(reading.records()), losses)


def draw(path: Path, size: tuple[int, int] = (100, 80), orientation: int = 1) -> Path:
    """Make a grey picture; `size` is that of the stored pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("L", size, 128).save(path, exif=exif)
    return path


def write(path: Path, content: Any) -> Path:
    """Write a text, or a JSON document."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path
