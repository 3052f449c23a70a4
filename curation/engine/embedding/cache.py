"""Sentence vectors on disk, so that no text is embedded twice: one SQLite file per encoder fingerprint."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

# SQLite's own limit on bound variables was 999 for long.
LOOKUP_AT_ONCE = 900


def text_key(text: str) -> bytes:
    """Return the SHA-256 of a text's UTF-8 bytes; lone surrogates are kept apart rather than refused."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class VectorCache:
    """Vectors by text; several processes may read and write it at once, and a killed writer leaves whole rows only."""

    def __init__(self, folder: Path, fingerprint: str, width: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"vectors-{fingerprint[:32]}.sqlite3"
        self.width = width
        with closing(self._connect()) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=60.0)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray[Any, Any]]:
        """Return the known vectors, float32 [width], by key."""
        found: dict[bytes, np.ndarray[Any, Any]] = {}
        with closing(self._connect()) as connection:
            for start in range(0, len(keys), LOOKUP_AT_ONCE):
                part = keys[start : start + LOOKUP_AT_ONCE]
                marks = ",".join("?" * len(part))
                # Only question marks go into the text of the query.
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608
                for key, blob in connection.execute(query, part):
                    vector = np.frombuffer(blob, dtype="<f4")
                    if len(vector) == self.width:
                        found[bytes(key)] = vector
        return found

    def put(self, rows: Iterable[tuple[bytes, np.ndarray[Any, Any]]]) -> None:
        """Store vectors; a key that is there already keeps its first vector."""
        packed = [(key, np.ascontiguousarray(vector, dtype="<f4").tobytes()) for key, vector in rows]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", packed)
