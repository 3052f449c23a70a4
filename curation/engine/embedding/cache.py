"""Vectors on disk, so that nothing is embedded twice by one model: sorted segments that are written once.

A segment is two files: ``<name>.vec`` (float16 [n, width]) and ``<name>.key`` (the SHA-256 of each content, 32 bytes,
ascending). The key file is renamed into place last, so a killed writer leaves whole segments only; any number of
processes may read and write at once. Small segments are joined now and then by whoever gets the lock. Half precision
costs nothing that is seen: the cosine of two vectors of length 1 moves by less than 0.0005 (2^-11, the rounding of a
float16), and a fresh vector is rounded before its first use, so that the cache never changes a result.
"""

from __future__ import annotations

import fcntl
import hashlib
import time
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

KEY_BYTES = 32
# Segments of about one size (a factor of 8) before they are joined: a million texts end in some 20 files, and each
# vector is written four times on the way.
SEGMENTS_JOINED = 8
# A listed segment may be joined into another before it is opened; each join takes far longer than a retry.
TRIES = 20


def text_key(text: str) -> bytes:
    """Return the SHA-256 of a text's UTF-8 bytes; lone surrogates are kept apart rather than refused."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def text_keys(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Return `text_key` of each text as uint8 [n, 32]."""
    return np.frombuffer(b"".join(map(text_key, texts)), np.uint8).reshape(-1, KEY_BYTES)


class VectorCache:
    """The vectors of one model by content.

    Args:
        folder: Where caches lie; made if it is not there.
        fingerprint: Changes when the same content would get another vector.
        width: Numbers of a vector.
    """

    def __init__(self, folder: Path, fingerprint: str, width: int) -> None:
        self.folder = folder / f"vectors-{fingerprint[:32]}-{width}"
        self.width = width
        self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, keys: NDArray[np.uint8], out: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Fill in the known vectors and tell which they are.

        Args:
            keys: uint8 [n, 32].
            out: float32 [n, up to width]; gets the first numbers of each known vector.

        Returns:
            bool [n].
        """
        for _attempt in range(TRIES):
            with suppress(FileNotFoundError):
                return self._get(keys, out)
        raise FileNotFoundError(f"Segments of {self.folder} vanish faster than they can be read.")

    def put(self, keys: NDArray[np.uint8], vectors: NDArray[Any]) -> None:
        """Store vectors, [n, width]; of a key that is there already either vector may be given from then on.

        They are stored as float16. One model gives one content one vector, so it does not matter which of two stays.
        """
        if vectors.shape != (len(keys), self.width):
            raise ValueError(f"vectors are {vectors.shape}; this cache holds {len(keys)} x {self.width}")
        self._write(keys, vectors.astype(np.float16), time.time_ns())
        self._join()

    def forget(self, keep: NDArray[np.uint8], *, before: float) -> int:
        """Remove the vectors whose content is not among `keep` from segments older than `before`; return how many.

        Args:
            keep: uint8 [n, 32], in any order.
            before: Seconds since 1970. What was stored later stays: its version may not have been committed yet.
        """
        live = np.sort(_void(keep))

        def stays(keys: NDArray[np.uint8]) -> NDArray[np.bool_]:
            return _among(_void(keys), live)

        return self._filter(stays, before)

    def erase(self, keys: NDArray[np.uint8]) -> int:
        """Remove these contents from every segment; return how many vectors went."""
        gone = np.sort(_void(keys))
        return self._filter(lambda held: ~_among(_void(held), gone), float("inf"))

    def __len__(self) -> int:
        return sum(path.stat().st_size // KEY_BYTES for path in self._segments())

    def _segments(self) -> list[Path]:
        return sorted(self.folder.glob("*.key"))

    def _get(self, keys: NDArray[np.uint8], out: NDArray[np.float32]) -> NDArray[np.bool_]:
        found = np.zeros(len(keys), np.bool_)
        for path in self._segments():
            missing = np.flatnonzero(~found)
            if not len(missing):
                break
            held, vectors = self._open(path)
            place, hit = _places(held, keys[missing])
            out[missing[hit]] = vectors[place[hit], : out.shape[1]]
            found[missing[hit]] = True
        return found

    def _open(self, path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
        held = np.memmap(path, np.uint8, "r").reshape(-1, KEY_BYTES)
        return held, np.memmap(path.with_suffix(".vec"), np.float16, "r", shape=(len(held), self.width))

    def _write(self, keys: NDArray[np.uint8], vectors: NDArray[np.float16], stamp: int) -> None:
        """Write one segment; `stamp` (nanoseconds) orders it among the others."""
        if not len(keys):
            return
        _unique, first = np.unique(_void(keys), return_index=True)
        name = f"{stamp:020d}-{uuid.uuid4().hex[:12]}"
        with (self.folder / f"{name}.vec").open("wb") as stream:
            for start in range(0, len(first), 65536):
                stream.write(np.ascontiguousarray(vectors[first[start : start + 65536]]).data)
        part = self.folder / f"{name}.part"
        part.write_bytes(np.ascontiguousarray(keys[first]).tobytes())
        part.replace(self.folder / f"{name}.key")

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        path.with_suffix(".vec").unlink(missing_ok=True)

    def _join(self) -> None:
        """Join segments of about one size until there are few; does nothing while somebody else does."""
        if len(self._segments()) < SEGMENTS_JOINED:
            return
        with self._lock(wait=False) as mine:
            while mine and (group := self._group()):
                opened = [self._open(path) for path in group]
                keys = np.concatenate([held for held, _vectors in opened])
                vectors = np.concatenate([vectors for _held, vectors in opened])
                self._write(keys, vectors, int(group[-1].name[:20]))
                for path in group:
                    self._remove(path)

    def _group(self) -> list[Path]:
        tiers: dict[int, list[Path]] = {}
        for path in self._segments():
            tiers.setdefault((path.stat().st_size // KEY_BYTES).bit_length() // 3, []).append(path)
        return next((paths for _tier, paths in sorted(tiers.items()) if len(paths) >= SEGMENTS_JOINED), [])

    def _filter(self, stays: Any, before: float) -> int:
        gone = 0
        with self._lock(wait=True):
            for path in self._segments():
                if int(path.name[:20]) / 1e9 >= before:
                    continue
                held, vectors = self._open(path)
                kept = stays(held)
                if kept.all():
                    continue
                self._write(held[kept], vectors[kept], int(path.name[:20]))
                self._remove(path)
                gone += int((~kept).sum())
        return gone

    @contextmanager
    def _lock(self, *, wait: bool) -> Iterator[bool]:
        """Give whether this process may change segments; the system frees the lock of a process that dies."""
        with (self.folder / "lock").open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _void(keys: NDArray[np.uint8]) -> NDArray[np.void]:
    """Return each key as one value of 32 bytes, which NumPy sorts byte by byte."""
    return np.ascontiguousarray(keys).view(f"V{KEY_BYTES}").ravel()


def _head(keys: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the first eight bytes of each key as a number of the same order."""
    return np.ascontiguousarray(keys[:, :8]).view(">u8").ravel().astype(np.uint64)


def _places(held: NDArray[np.uint8], keys: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return where each key stands in sorted `held`, and whether it does.

    Two SHA-256 with equal first eight bytes are not expected among 10^9; were there such, one is embedded again.
    """
    place = np.searchsorted(_head(held), _head(keys)).clip(max=max(0, len(held) - 1))
    return place, (held[place] == keys).all(axis=1) if len(held) else np.zeros(len(keys), np.bool_)


def _among(values: NDArray[np.void], known: NDArray[np.void]) -> NDArray[np.bool_]:
    """Tell for each value whether it is in sorted `known`."""
    if not len(known):
        return np.zeros(len(values), np.bool_)
    rows = np.frombuffer(values.tobytes(), np.uint8).reshape(-1, KEY_BYTES)
    _place, hit = _places(np.frombuffer(known.tobytes(), np.uint8).reshape(-1, KEY_BYTES), rows)
    return hit
