"""Archives (zip, tar, tar.gz) and folders, file by file; nothing is unpacked under a name that an archive chose."""

import io
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from curation.engine.media import walk_files
from curation.engine.readers.profile import UNFOLD_LIMIT, ReadError
from curation.engine.readers.source import Source

MEMBER_LIMIT = 200_000
# The index of a zip is held in memory: 200,000 members with names of a usual length.
INDEX_BYTES = 64 << 20
# All members together, unpacked. The ratio of `UNFOLD_LIMIT` holds too, above SMALL_BYTES.
TOTAL_BYTES = 64 << 30
SMALL_BYTES = 16 << 20
# A header of a tar, such as a long name.
HEADER_BYTES = 1 << 20
# A tar.gz has no index. To look at one, this much of it is unpacked; importing it reads the rest.
LOOK_BYTES, LOOK_MEMBERS = 64 << 20, 20_000
ZIP_MAGIC = b"PK\x03\x04"
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_PACKED = (".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar", ".jar")
# What operating systems and version control leave beside the data.
_CLUTTER = re.compile(r"(?:^|/)(?:__MACOSX|\.[^/]*|Thumbs\.db|desktop\.ini)(?:/|$)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError, struct.error)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its place from 1, its path with forward slashes, its unpacked size in bytes."""

    number: int
    path: str
    size: int

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def is_packed(self) -> bool:
        """Say whether the member is an archive itself."""
        return self.path.lower().endswith(_PACKED)


def archive_kind(path: Path) -> str:
    """Return zip, tar, folder or "", from the content. A gzip file is looked into."""
    if path.is_dir():
        return "folder"
    with Source(path) as source:
        try:
            head = source.stream.read(512)
        except ReadError:
            return ""
        if not source.compressed and head.startswith(ZIP_MAGIC):
            return "zip"
        is_tar = head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == _TAR_MAGIC
        return "tar" if is_tar else ""


def walk(path: Path, *, look: bool = False, kept: frozenset[str] = frozenset()) -> Iterator[tuple[Member, IO[bytes]]]:
    """Give each member with a stream of its bytes, in the archive's order; the stream ends with the turn.

    Folders and what systems leave behind (``__MACOSX``, names that begin with a dot) are passed over.

    Args:
        path: The archive, or a folder.
        look: Stop early in a tar.gz, where finding the members costs unpacking all of it.
        kept: Names of folders that are given although they begin with a dot.

    Raises:
        ReadError: ``archive_broken``, ``archive_encrypted``, ``archive_members``, ``archive_ratio``,
            ``archive_path`` for a name that leaves the folder, ``archive_link``, ``archive_double``.
    """
    kind = archive_kind(path)
    # What lies in a folder unfolds to nothing more.
    guard = _Guard(TOTAL_BYTES if kind == "folder" else path.stat().st_size, kept)
    if kind == "folder":
        members = _walk_folder(path, guard)
    else:
        members = _walk_zip(path, guard) if kind == "zip" else _walk_tar(path, guard, look=look)
    with closing(members):
        while True:
            # Only what the archive raises is its fault, not what is raised by whoever reads the member.
            with _as_read_error():
                found = next(members, None)
            if found is None:
                return
            yield found


@contextmanager
def _as_read_error() -> Iterator[None]:
    try:
        yield
    except (*_BROKEN, NotImplementedError, RuntimeError) as error:
        reason = str(error).split("\n", 1)[0][:200]
        raise ReadError("archive_broken", f"The archive is damaged or cut off ({reason}). Pack it again.") from error


def list_members(path: Path, *, look: bool = False) -> list[Member]:
    """Return the members, all checked, without unpacking those of a zip."""
    return [member for member, _stream in walk(path, look=look)]


class _Guard:
    """Counts members and bytes, and refuses names that have no place in a data set."""

    def __init__(self, packed: int, kept: frozenset[str] = frozenset()) -> None:
        self._packed, self.kept = packed, kept
        self._names: set[str] = set()
        self.members = self.unpacked = 0

    def passes_over(self, path: str) -> bool:
        """Tell whether a member is what systems leave behind."""
        return bool(_CLUTTER.search("/".join(part for part in path.split("/") if part not in self.kept)))

    def admit(self, name: str, size: int) -> Member:
        """Check one member by what the archive says of it."""
        if not name:
            raise ValueError("a member has no name")
        self.members += 1
        if self.members > MEMBER_LIMIT:
            raise ReadError("archive_members", f"The archive has more than {MEMBER_LIMIT} members. Split it.")
        path = name.replace("\\", "/")
        parts = path.split("/")
        if path.startswith("/") or _DRIVE.match(path) or ".." in parts or any(ord(letter) < 32 for letter in path):
            raise ReadError(
                "archive_path", f"The archive names {name[:200]!r}, a path that leads out of it. Pack the folder again."
            )
        path = "/".join(part for part in parts if part not in {"", "."})
        if path in self._names:
            raise ReadError("archive_double", f"The archive holds {path[:200]} twice. Pack the folder again.")
        self._names.add(path)
        self.count(size)
        return Member(self.members, path, size)

    def count(self, size: int) -> None:
        """Add unpacked bytes."""
        self.unpacked += size
        if self.unpacked > min(TOTAL_BYTES, max(SMALL_BYTES, self._packed * UNFOLD_LIMIT)):
            raise ReadError(
                "archive_ratio",
                f"The archive unfolds to more than {UNFOLD_LIMIT} times its size, or {TOTAL_BYTES >> 30} GB. "
                "Send the files unpacked, or in parts.",
            )


def _walk_zip(path: Path, guard: _Guard) -> Generator[tuple[Member, IO[bytes]], None, None]:
    if _index_bytes(path) > INDEX_BYTES:
        raise ReadError("archive_members", f"The index of the archive takes over {INDEX_BYTES >> 20} MB. Split it.")
    with zipfile.ZipFile(path) as archive:
        # All members are checked before the first is given: a bad one refuses the archive, not half of it.
        admitted = [(_admit_zipped(info, guard), info) for info in archive.infolist()]
        for member, info in admitted:
            if member is not None:
                with _lazily(partial(archive.open, info)) as stream:
                    yield member, stream


def _walk_folder(path: Path, guard: _Guard) -> Generator[tuple[Member, IO[bytes]], None, None]:
    for file in walk_files(path, guard.kept):
        member = guard.admit(file.relative_to(path).as_posix(), file.stat().st_size)
        if not guard.passes_over(member.path):
            with _lazily(partial(_open_bytes, file)) as stream:
                yield member, stream


def _open_bytes(file: Path) -> IO[bytes]:
    return file.open("rb")


def _admit_zipped(info: zipfile.ZipInfo, guard: _Guard) -> Member | None:
    if info.flag_bits & 1:
        raise ReadError("archive_encrypted", "The archive is locked with a password. Pack it again without one.")
    kind = info.external_attr >> 28
    if info.create_system == 3 and kind not in {0, 0o4, 0o10}:
        raise _link(info.filename)
    member = guard.admit(_name_of(info), info.file_size)
    return None if info.is_dir() or guard.passes_over(member.path) else member


def _link(name: str) -> ReadError:
    return ReadError(
        "archive_link", f"The archive holds a link or device, {name[:200]!r}. Pack the folder again with files only."
    )


def _name_of(info: zipfile.ZipInfo) -> str:
    """Return a member's name; without the UTF-8 flag, Chinese systems write their own encoding, not code page 437."""
    name = info.orig_filename if info.orig_filename.rstrip("\0") == info.filename else info.filename
    if info.flag_bits & 0x800 or name.isascii():
        return name
    raw = name.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name


class _Lazy(io.RawIOBase):
    """A member opened at its first read: to list an archive, none is. Reads are small, whatever is asked for."""

    def __init__(self, open_member: Callable[[], IO[bytes] | None]) -> None:
        super().__init__()
        self._open = open_member
        self._stream: IO[bytes] | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _as_read_error():
            if self._stream is None:
                self._stream = self._open()
            data = self._stream.read(min(len(buffer), 1 << 16)) if self._stream else b""
        buffer[: len(data)] = data
        return len(data)

    def end(self) -> None:
        """Close what was opened."""
        if self._stream is not None:
            self._stream.close()


@contextmanager
def _lazily(open_member: Callable[[], IO[bytes] | None]) -> Iterator[IO[bytes]]:
    raw = _Lazy(open_member)
    try:
        yield io.BufferedReader(raw, 1 << 16)
    finally:
        raw.end()


def _index_bytes(path: Path) -> int:
    """Return the size of a zip's central directory, which `zipfile` loads whole before anybody can count it."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - 66_000))
        tail = stream.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) < at + 22:
            raise zipfile.BadZipFile("its end is missing")
        count, index = struct.unpack_from("<HI", tail, at + 10)
        wide = tail.rfind(b"PK\x06\x06", 0, at)
        if wide >= 0 and (index == 0xFFFFFFFF or count == 0xFFFF):
            index = struct.unpack_from("<Q", tail, wide + 40)[0]
    return int(index)


class _Forward(io.RawIOBase):
    """A stream for `tarfile` that moves forward only, but for one byte, and reads no header of any size.

    Seeking back in a gzip file would unpack it again from its start; a header may claim gigabytes, and `tarfile`
    reads it whole.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source, self._at, self._last, self._again = source, 0, b"", False

    def tell(self) -> int:
        return self._at

    def seek(self, target: int, whence: int = 0) -> int:
        if target == self._at - 1 and self._last:
            self._at, self._again = target, True
        while target > self._at:
            if not self.read(min(target - self._at, 1 << 18)):
                break
        return self._at

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= HEADER_BYTES:
            raise ValueError("a header of more than a megabyte")
        if not size:
            return b""
        held, self._again = (self._last, False) if self._again else (b"", False)
        data = held + self._source.stream.read(size - len(held))
        self._at += len(data)
        self._last = data[-1:] or self._last
        return data


def _walk_tar(path: Path, guard: _Guard, *, look: bool) -> Generator[tuple[Member, IO[bytes]], None, None]:
    with Source(path) as source, tarfile.open(fileobj=_Forward(source), mode="r:") as archive:
        for info in archive:
            archive.members = []  # type: ignore[attr-defined]  # else each member seen stays in memory
            if not (info.isdir() or info.isfile()) or info.sparse is not None:
                raise _link(info.name)
            member = guard.admit(info.name, info.size)
            if info.isdir() or guard.passes_over(member.path):
                continue
            with _lazily(partial(archive.extractfile, info)) as stream:
                yield member, stream
            if look and source.compressed and (guard.unpacked > LOOK_BYTES or guard.members > LOOK_MEMBERS):
                return
