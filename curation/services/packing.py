"""Several files of one upload, packed into one archive as they are."""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import DomainError


class Stream(Protocol):
    """An uploaded file: anything that gives its bytes in chunks."""

    name: str | None

    def chunks(self, chunk_size: int | None = None) -> Any:
        """Give the bytes in pieces."""


@dataclass(slots=True)
class _Packed:
    name: str | None
    path: Path

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        with self.path.open("rb") as stream:
            yield from iter(lambda: stream.read(chunk_size or 1 << 20), b"")


@contextmanager
def as_one(files: Sequence[Stream]) -> Iterator[Stream]:
    """Give one file as it is, and several as an archive of them for the time of the block.

    Nothing is compressed: pictures are already. A name that comes twice gets a number.

    Raises:
        DomainError: ``file_too_large`` when all of them together are.
    """
    if len(files) == 1:
        yield files[0]
        return
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".zip") as copy:
        names: set[str] = set()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
            for file in files:
                # The date would make another archive of the same files.
                info = zipfile.ZipInfo(_name(file.name or "file", names), (1980, 1, 1, 0, 0, 0))
                with archive.open(info, "w", force_zip64=True) as sink:
                    for chunk in file.chunks(1 << 20):
                        sink.write(chunk)
                        _check(copy.tell())
        copy.flush()
        yield _Packed(_("%(count)s files") % {"count": len(files)} + ".zip", Path(copy.name))


def _check(size: int) -> None:
    if size > settings.ASSAY_UPLOAD_LIMIT:
        limit = settings.ASSAY_UPLOAD_LIMIT // (1 << 20)
        detail = _("The files together are larger than %(limit)s MB. Send fewer, or raise ASSAY_UPLOAD_LIMIT_MB.")
        raise DomainError("file_too_large", detail % {"limit": limit}, status=413)


def _name(given: str, taken: set[str]) -> str:
    """Return the last part of a name, changed when another file has it already."""
    last = "".join(letter for letter in given.replace("\\", "/").rsplit("/", 1)[-1] if letter.isprintable()) or "file"
    name, number = last, 1
    while name.lower() in taken:
        number += 1
        pure = PurePosixPath(last)
        name = f"{pure.stem} ({number}){pure.suffix}"
    taken.add(name.lower())
    return name
