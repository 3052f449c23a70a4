"""A file of named sections that can be mapped into memory: arrays, text, messages.

Layout: the sections, each at a multiple of 64 bytes; a JSON object (``sections``: name → [offset, bytes], ``meta``);
its length as eight bytes, little-endian; eight bytes of magic.
"""

import json
import mmap
import shutil
import struct
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

MAGIC = b"assayix1"
_ALIGN = 64


class SectionWriter:
    """Collects sections in files of a scratch folder, all at once, and joins them at the end.

    Args:
        folder: Scratch; must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, tuple[Path, BinaryIO]] = {}
        self._made = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path, stream in self._open.values():
            stream.close()
            path.unlink(missing_ok=True)

    def append(self, name: str, data: bytes | memoryview | NDArray[Any]) -> int:
        """Add bytes to a section, which begins empty; return its size now."""
        stream = self.stream(name)
        stream.write(np.ascontiguousarray(data).data if isinstance(data, np.ndarray) else data)
        return stream.tell()

    def stream(self, name: str) -> BinaryIO:
        """Return the file of a section for writing."""
        if name not in self._open:
            path = self._folder / f"section-{self._made:05d}"
            self._made += 1
            self._open[name] = (path, path.open("w+b"))
        return self._open[name][1]

    def discard(self, name: str) -> None:
        """Forget a section."""
        path, stream = self._open.pop(name)
        stream.close()
        path.unlink()

    def path(self, name: str) -> Path:
        """Return the file of a section with everything that was added so far."""
        path, stream = self._open[name]
        stream.flush()
        return path

    def join(self, target: Path, meta: dict[str, Any]) -> None:
        """Write all sections and `meta` to one file."""
        places: dict[str, list[int]] = {}
        with target.open("wb") as sink:
            for name, (path, stream) in self._open.items():
                stream.flush()
                sink.write(b"\0" * (-sink.tell() % _ALIGN))
                start = sink.tell()
                with path.open("rb") as source:
                    shutil.copyfileobj(source, sink, 1 << 20)
                places[name] = [start, sink.tell() - start]
            footer = json.dumps({"sections": places, "meta": meta}, ensure_ascii=False).encode()
            sink.write(footer + struct.pack("<Q", len(footer)) + MAGIC)


class SectionFile:
    """Maps what `SectionWriter.join` wrote; opening costs the footer alone.

    Raises:
        ValueError: The file is something else or was cut off.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        size = len(self._map)
        if size < 16 or self._map[-8:] != MAGIC:
            raise ValueError("This is no search index, or only a part of one.")
        (length,) = struct.unpack("<Q", self._map[-16:-8])
        footer = json.loads(self._map[size - 16 - length : size - 16])
        self._places: dict[str, list[int]] = footer["sections"]
        self.meta: dict[str, Any] = footer["meta"]

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def array(self, name: str, kind: Any) -> NDArray[Any]:
        """Return a section as an array of this type, without copying."""
        start, size = self._places.get(name, (0, 0))
        return np.frombuffer(self._map, kind, size // np.dtype(kind).itemsize, start)

    def slice(self, name: str, first: int, last: int) -> bytes:
        """Return bytes `first` to `last` of a section."""
        start = self._places[name][0]
        return self._map[start + first : start + last]
