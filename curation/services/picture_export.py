"""Versions with pictures as archives: the pictures under their names, and a table of what is said of them."""

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from core import objects
from curation.engine.pictures.kinds import FORMATS as PICTURE_FORMATS
from curation.engine.pictures.kinds import HEAD_BYTES, kind_of
from curation.models import Picture
from curation.services.media import original_key, read_copy
from curation.services.spreadsheet import harmless

# Archives by format: whether the originals are in it, with all that they say of place and device.
ARCHIVES = {"zip": False, "zip-originals": True}
LABELS = "labels.csv"
_NAME_LENGTH = 200


def write_archive(
    batches: Iterator[pa.RecordBatch], path: Path, *, organization_id: int, roles: dict[str, str], originals: bool
) -> None:
    """Write a zip of pictures with ``labels.csv``, which an import reads back: a column ``file`` and all others.

    A picture that several items name is written once. Pictures are packed already, so they are stored as they are, and
    memory is bounded by one of them and by the names.

    Args:
        batches: The rows.
        path: Where to write.
        organization_id: Whose pictures.
        roles: Roles of the version's columns.
        originals: The originals; else what people are shown, JPEG or PNG of at most 2,048 pixels a side.
    """
    column = roles["image"]
    names = _Names()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        table = io.StringIO(newline="")
        rows: Any = csv.writer(table)
        head = False
        for batch in batches:
            columns = [name for name in batch.schema.names if name != column]
            if not head:
                rows.writerow(["file", *columns])
                head = True
            known = _pictures(organization_id, batch.column(column).to_pylist())
            for row in batch.to_pylist():
                file = _write_picture(archive, names, known.get(row[column]), row, originals=originals)
                rows.writerow([harmless(file), *(_cell(row[name]) for name in columns)])
        with archive.open(zipfile.ZipInfo(LABELS, (1980, 1, 1, 0, 0, 0)), "w") as sink:
            sink.write(b"\xef\xbb\xbf" + table.getvalue().encode())


def _cell(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value


def _pictures(organization_id: int, hashes: list[str | None]) -> dict[str, Picture]:
    wanted = {sha256 for sha256 in hashes if sha256}
    rows = Picture.objects.filter(organization_id=organization_id, sha256__in=wanted)
    return {picture.sha256: picture for picture in rows}


def _write_picture(
    archive: zipfile.ZipFile, names: "_Names", picture: Picture | None, row: dict[str, Any], *, originals: bool
) -> str:
    """Write a picture that is not in the archive yet and return its name there; "" for an item without one."""
    if picture is None:
        return ""
    if originals:
        with objects.open(original_key(picture.organization_id, picture.sha256)) as stream:
            data = stream.read()
    else:
        data, _kind = read_copy(picture=picture, kind="view")
    name, fresh = names.give(str(row.get("image_file") or ""), picture.sha256, kind_of(data[:HEAD_BYTES]))
    if fresh:
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return name


class _Names:
    """Names of files in an archive: those given, made harmless, true to the content and each for one picture."""

    def __init__(self) -> None:
        # Lower case, since many systems take A.jpg and a.jpg for one file.
        self._taken: dict[str, str] = {LABELS: ""}

    def give(self, given: str, sha256: str, kind: str) -> tuple[str, bool]:
        """Return the name and whether it is new to the archive."""
        name = _harmless_path(given) or sha256[:16]
        endings = PICTURE_FORMATS[kind]
        if not name.lower().endswith(endings):
            stem, _dot, ending = name.rpartition(".")
            known = any(f".{ending.lower()}" in others for others in PICTURE_FORMATS.values())
            name = (stem if stem and known else name) + endings[0]
        if self._taken.get(name.lower(), sha256) != sha256:
            stem, _dot, ending = name.rpartition(".")
            name = f"{stem}-{sha256[:16]}.{ending}"
        fresh = name.lower() not in self._taken
        self._taken[name.lower()] = sha256
        return name, fresh


def _harmless_path(given: str) -> str:
    """Return a path that stays in the folder where the archive is unpacked, on any system."""
    parts = given.replace("\\", "/").split("/")
    kept = ["".join(letter for letter in part if letter.isprintable() and letter not in '<>:"|?*') for part in parts]
    return "/".join(part.strip(" .")[-_NAME_LENGTH:] for part in kept if part.strip(" ."))
