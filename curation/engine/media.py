"""Pictures by the hash of their bytes: how a step gets from a cell of the role ``image`` to a file it can decode."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from curation.engine.pictures.taking import Picture


class Media(Protocol):
    """Where the originals of a version's pictures lie; may be asked by many threads."""

    def path(self, sha256: str) -> Path | None:
        """Return a local file with the original's bytes, or None when there is none; the file is only read."""

    def add(self, pictures: "Sequence[Picture]") -> None:
        """Keep pictures that a step has made, so that a version can name them; one thread at a time."""


class NoMedia:
    """The media of versions without pictures."""

    def path(self, sha256: str) -> Path | None:
        """Return None."""
        return None

    def add(self, pictures: "Sequence[Picture]") -> None:
        """Refuse pictures: there is no place for them.

        Raises:
            ValueError: There are some.
        """
        if pictures:
            raise ValueError("There is no place for the pictures that this step makes.")


@dataclass(slots=True)
class FolderMedia:
    """The files of a folder and the folders in it, by the SHA-256 (64 lower-case hex digits) of their bytes.

    All files are hashed at the first question, 1 MiB at a time; many threads may ask. Names that begin with a dot and
    links are passed over. Of files with equal bytes, the first in order of their paths answers.

    Args:
        folder: The folder.
        made: Folder for pictures that steps make, each named by its hash; they are refused where it is None.
    """

    folder: Path
    made: Path | None = None
    _files: dict[str, Path] | None = field(default=None, init=False, repr=False)
    _lock: Any = field(default_factory=Lock, init=False, repr=False, compare=False)

    def path(self, sha256: str) -> Path | None:
        """Return the file with these bytes, or None."""
        made = None if self.made is None else self.made / sha256
        return made if made is not None and made.is_file() else self.files().get(sha256)

    def add(self, pictures: "Sequence[Picture]") -> None:
        """Write pictures that a step has made into the folder for them.

        Raises:
            ValueError: There is no such folder.
        """
        if self.made is None:
            return NoMedia().add(pictures)
        if pictures:
            self.made.mkdir(parents=True, exist_ok=True)
        for picture in pictures:
            part = self.made / f".{picture.sha256}"
            part.write_bytes(picture.data)
            part.replace(self.made / picture.sha256)
        return None

    def files(self) -> dict[str, Path]:
        """Return all files by hash, in order of their paths."""
        with self._lock:
            if self._files is None:
                found: dict[str, Path] = {}
                for path in walk_files(self.folder):
                    found.setdefault(hash_of(path), path)
                self._files = found
            return self._files


def walk_files(folder: Path, kept: frozenset[str] = frozenset()) -> list[Path]:
    """Return the plain files below a folder in order of their paths, without links and hidden ones but for the kept."""
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not any(part.startswith(".") and part not in kept for part in path.relative_to(folder).parts)
    ]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 lower-case hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
