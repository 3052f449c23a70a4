"""The files of a labeled dataset, whether they came as one file, a folder or an archive."""

import mmap
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from curation.engine.media import walk_files
from curation.engine.pictures.decode import upright_size
from curation.engine.pictures.kinds import HEAD_BYTES, kind_of
from curation.engine.readers.archive import archive_kind, walk
from curation.engine.readers.encoding import codec, find_encoding
from labeling.engine.formats.record import FormatError

# Bytes of one file that is read into memory as a whole.
WHOLE_BYTES = 2 << 30
CHUNK = 1 << 20
# Hidden folders that are part of a format: Argilla's settings.
DOT_FOLDERS = frozenset({".argilla"})


@dataclass(frozen=True)
class Files:
    """Files by their path with forward slashes, in order of their paths.

    Attributes:
        paths: Where each one lies. The names come from the archive or folder; the places never do.
        scratch: An empty folder for files that stand inside others, such as pictures in JSON.
    """

    paths: dict[str, Path] = field(default_factory=dict)
    scratch: Path | None = None

    def add(self, path: str, data: bytes) -> None:
        """Add a file that stands inside another one. What is known of the pictures is found out anew."""
        assert self.scratch is not None
        place = self.scratch / f"inside-{len(self.paths)}"
        place.write_bytes(data)
        self.paths[path] = place
        for known in ("pictures", "_by_end", "_known", "_by_stem"):
            self.__dict__.pop(known, None)

    def named(self, *suffixes: str) -> list[str]:
        """Return the paths that end, in any case, with one of the suffixes."""
        return [path for path in self.paths if path.lower().endswith(suffixes)]

    def head(self, path: str, size: int = HEAD_BYTES) -> bytes:
        """Return the first bytes of a file."""
        with self.paths[path].open("rb") as stream:
            return stream.read(size)

    def contains(self, path: str, wanted: bytes) -> bool:
        """Tell whether bytes stand anywhere in a file, which is not read into memory."""
        with self.paths[path].open("rb") as stream:
            if not stream.seek(0, 2):
                return False
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as whole:
                return whole.find(wanted) >= 0

    def bytes(self, path: str) -> bytes:
        """Return a whole file.

        Raises:
            FormatError: ``file_too_large``.
        """
        place = self.paths[path]
        if place.stat().st_size > WHOLE_BYTES:
            raise FormatError("file_too_large", f"{path} is larger than 2 GB. Split it.")
        return place.read_bytes()

    def text(self, path: str) -> str:
        """Return a whole file as text, in the encoding that its bytes show, with line ends as line feeds.

        Raises:
            FormatError: ``file_too_large``, ``not_text``.
        """
        data = self.bytes(path)
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            pass
        with self.paths[path].open("rb") as stream:
            name, _mark = find_encoding(stream)
        try:
            return data.decode(codec(name)).replace("\r\n", "\n").replace("\r", "\n")
        except (UnicodeDecodeError, LookupError):
            raise FormatError(
                "not_text", f"{path} is no text in an encoding that is known. Save it as UTF-8."
            ) from None

    @cached_property
    def pictures(self) -> list[str]:
        """Paths of the pictures, known by their first bytes."""
        return [path for path in self.paths if kind_of(self.head(path))]

    @cached_property
    def _by_end(self) -> dict[str, list[str]]:
        """Pictures by each end of their path, in lower case: ``a/b/c.jpg`` stands under itself, b/c.jpg and c.jpg."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.pictures:
            parts = path.lower().split("/")
            for start in range(len(parts)):
                found["/".join(parts[start:])].append(path)
        return found

    def picture(self, named: str, beside: str = "") -> str:
        """Return the picture that a file of annotations names, empty where there is none or more than one.

        The very path goes first, then the path from the folder of `beside` and from its folder ``images``, then
        whatever ends like it in any case, then the file name alone, then the name without its ending. Of several that
        fit, the one below the folder of `beside` is meant.

        Args:
            named: As the annotations write it; a path of another machine or an address does as well.
            beside: Path of the file of annotations.
        """
        plain = named.replace("\\", "/").split("?", 1)[0]
        folder = PurePosixPath(beside).parent
        for exact in (plain, (folder / plain).as_posix(), (folder / "images" / plain).as_posix()):
            if exact in self.paths and exact in self._known:
                return exact
        parts = [part for part in plain.lower().split("/") if part not in {"", ".", ".."}]
        for start in range(len(parts)):
            found = self._by_end.get("/".join(parts[start:]), [])
            if found:
                return _meant(found, folder)
        return _meant(self._by_stem.get(PurePosixPath(parts[-1]).stem, []), folder) if parts else ""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.pictures)

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.pictures:
            found[PurePosixPath(path.lower()).stem].append(path)
        return found

    def size(self, path: str) -> tuple[tuple[int, int], int]:
        """Return the upright width and height of a picture, and the EXIF orientation, 1 to 8; no pixel is decoded.

        Raises:
            PictureError: It is none.
        """
        return upright_size(self.paths[path])


def _meant(found: list[str], folder: PurePosixPath) -> str:
    """Return the only one of some paths, or the only one below a folder; else nothing."""
    near = found if len(found) == 1 else [path for path in found if path.startswith(f"{folder.as_posix()}/")]
    return near[0] if len(near) == 1 else ""


@contextmanager
def opened(path: Path, name: str = "") -> Iterator[Files]:
    """Give the files of a folder, an archive or a single file; an archive is unpacked into a folder that then goes.

    Args:
        path: Where it lies.
        name: What a single file is called, where its place does not say.

    Raises:
        ReadError: The archive is broken, or leads out of its folder, or unfolds too far.
        FileNotFoundError: There is nothing at `path`.
    """
    kind = archive_kind(path)
    with tempfile.TemporaryDirectory(prefix="assay-format-") as folder:
        if kind == "folder":
            yield Files(
                {file.relative_to(path).as_posix(): file for file in walk_files(path, DOT_FOLDERS)}, Path(folder)
            )
            return
        if not kind:
            yield Files({name or path.name: path}, Path(folder))
            return
        paths: dict[str, Path] = {}
        for member, stream in walk(path, kept=DOT_FOLDERS):
            place = Path(folder) / str(member.number)
            with place.open("wb") as out:
                while piece := stream.read(CHUNK):
                    out.write(piece)
            paths[member.path] = place
        yield Files(dict(sorted(paths.items())), Path(folder))
