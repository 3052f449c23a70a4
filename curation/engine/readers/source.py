"""Opening a client's file: plain or gzip, decoded to lines, with limits and a position for progress."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from curation.engine.readers.profile import EXCERPT, FIELD_LIMIT, UNFOLD_LIMIT, ReadError, RefusedRow, excerpt

# Name of the error handler that keeps broken bytes as lone surrogates.
BROKEN = "assay-broken-bytes"
GZIP_MAGIC = b"\x1f\x8b"


class _Unfolded(io.RawIOBase):
    """The unpacked bytes of a gzip file, refused once they exceed `UNFOLD_LIMIT` times the packed size."""

    def __init__(self, packed: BinaryIO, packed_size: int) -> None:
        super().__init__()
        self._stream = gzip.GzipFile(fileobj=packed)
        self._left = packed_size * UNFOLD_LIMIT

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            count = self._stream.readinto(buffer)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ReadError(
                "gzip_broken", "The gzip file is damaged or cut off. Pack it again, or upload it unpacked."
            ) from error
        self._left -= count
        if self._left < 0:
            raise ReadError(
                "gzip_ratio",
                f"The gzip file unfolds to more than {UNFOLD_LIMIT} times its size. Upload real data unpacked.",
            )
        return count


class Source:
    """A file open for reading: `stream` gives unpacked bytes, `position` says how many packed bytes are read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.byte_count = path.stat().st_size
        self.compressed = self._file.read(2) == GZIP_MAGIC
        self._file.seek(0)
        self.stream: BinaryIO = self._file
        if self.compressed:
            self.stream = io.BufferedReader(_Unfolded(self._file, self.byte_count), 1 << 17)  # type: ignore[assignment]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def position(self) -> int:
        """Packed bytes read so far, read-ahead included."""
        return self._file.tell()


def _as_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Stand in for bytes that do not fit: U+DC00 plus each byte, like surrogateescape but for every encoding."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(BROKEN, _as_surrogates)


def text_of(source: Source, encoding: str) -> io.TextIOWrapper:
    """Decode a source; bytes that do not fit become lone surrogates, which no good row may hold."""
    # newline="" splits at LF, CR LF and lone CR and keeps them: a field may hold any of the three.
    return io.TextIOWrapper(source.stream, encoding=encoding, errors=BROKEN, newline="")


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[tuple[Source, io.TextIOWrapper]]:
    """Give a source and its decoded text for the time of the block."""
    with Source(path) as source:
        yield source, text_of(source, encoding)


class Overlong(str):
    """The beginning of a line of more than `FIELD_LIMIT` characters, which nobody keeps whole."""

    __slots__ = ()


def overlong(number: int, line: Overlong) -> RefusedRow:
    """Refuse a line for its length."""
    reason = f"Line {number} is longer than {FIELD_LIMIT >> 20} million characters. Split it, or leave it out."
    return RefusedRow(number, "line_too_long", reason, excerpt(line))


def lines_of(text: io.TextIOWrapper) -> Iterator[str]:
    """Give lines with their ends, and an `Overlong` for one that is longer than `FIELD_LIMIT` characters."""
    read = text.readline
    while line := read(FIELD_LIMIT):
        if len(line) < FIELD_LIMIT or line[-1] in "\r\n":
            yield line
            continue
        begin, rest = Overlong(line[:EXCERPT]), line
        while rest and rest[-1] not in "\r\n":
            rest = read(FIELD_LIMIT)
        yield begin
