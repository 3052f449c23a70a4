"""Where a format is written: a folder, with the pictures of the items under names of their own."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

import orjson

from curation.engine.pictures.decode import PictureError, upright_size
from labeling.engine.formats.record import Losses, Record

FORBIDDEN = str.maketrans(dict.fromkeys('<>:"|?*\\' + "".join(map(chr, range(32))), "_"))
# Bytes of a name that every file system takes, with room for a number.
LONGEST_NAME = 200


def as_line(value: Any) -> str:
    """Return a value as JSON in one line, in UTF-8 as it is."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # A whole number of more than 64 bits.
        return json.dumps(value, ensure_ascii=False)


@dataclass(slots=True)
class Target:
    """A folder that is written once.

    Attributes:
        folder: Is there, and empty.
        locate: Returns the local file of a record's picture.
        losses: The report.
    """

    folder: Path
    locate: Callable[[str], Path]
    losses: Losses
    _taken: set[str] = field(default_factory=set)

    @contextmanager
    def text(self, name: str) -> Iterator[IO[str]]:
        """Open a file below the folder for text in UTF-8 with line feeds."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream

    def json(self, name: str, value: Any) -> None:
        """Write a small JSON file."""
        with self.text(name) as stream:
            json.dump(value, stream, ensure_ascii=False, indent=2)
            stream.write("\n")

    def picture(self, record: Record, folder: str = "images") -> str:
        """Copy a record's picture into a folder and return its path there; no two are alike in any case of letters."""
        source = self.locate(record.picture)
        path = f"{folder}/{self.name_for(record)}"
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
        self._tell_of_turning(record, place)
        return path

    def _tell_of_turning(self, record: Record, place: Path) -> None:
        """Note a picture whose file is turned by EXIF: who heeds no EXIF sees shapes in the wrong place."""
        try:
            _size, orientation = upright_size(place)
        except PictureError:
            return
        if orientation > 1:
            reason = f"Its file is turned by EXIF ({orientation}); shapes are given on the picture the right way up."
            self.losses.add(record.name, "exif_turned", reason)

    def name_for(self, record: Record) -> str:
        """Return a file name for a record's picture, as near to its own as can be; no two are alike."""
        own = PurePosixPath(record.name.replace("\\", "/").translate(FORBIDDEN)).name or "picture"
        stem, ending = PurePosixPath(own).stem, PurePosixPath(own).suffix
        stem = stem.encode()[: LONGEST_NAME - len(ending.encode())].decode(errors="ignore").rstrip(". ") or "picture"
        number, free = 2, f"{stem}{ending}"
        # Files beside pictures are often named for them without the ending, so the stems must differ too.
        while PurePosixPath(free).stem.casefold() in self._taken:
            free, number = f"{stem}_{number}{ending}", number + 1
        self._taken.add(PurePosixPath(free).stem.casefold())
        if free != PurePosixPath(record.name).name:
            self.losses.add(record.name, "renamed", f"Its picture is called {free} here.")
        return free
