"""Records of pictures in a file by the hash of their bytes, so that no picture is described twice."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.near_pictures.features import RECORD

# Raised whenever the same picture would give another record.
VERSION = 2
RECORDS, NAMES = f"picture-records-{VERSION}.bin", f"picture-records-{VERSION}.jsonl"


class Store:
    """Records on the disk; memory holds their names, and the system the pages that are in use.

    A picture that cannot be read has a sentence instead of a record. Records are appended, and a name is written after
    its record: what a killed process left half written is overwritten.

    Args:
        folder: Where the two files lie; made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._records, self._names = folder / RECORDS, folder / NAMES
        self._places: dict[str, int] = {}
        self.broken: dict[str, str] = {}
        self._load()

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._places or sha256 in self.broken

    def add(self, entries: Iterable[tuple[str, NDArray[Any] | str]]) -> None:
        """Append records, or sentences for pictures that cannot be read."""
        lines = []
        with self._records.open("r+b") as records:
            records.seek(len(self._places) * RECORD.itemsize)
            for sha256, entry in entries:
                if isinstance(entry, str):
                    self.broken[sha256] = entry
                    lines.append(json.dumps([sha256, entry], ensure_ascii=False))
                else:
                    self._places[sha256] = len(self._places)
                    records.write(entry.tobytes())
                    lines.append(json.dumps([sha256, None]))
        with self._names.open("a", encoding="utf-8") as names:
            names.writelines(line + "\n" for line in lines)

    def records(self) -> NDArray[Any]:
        """Return all records, `RECORD` [n], mapped from the file."""
        if not self._places:
            return np.empty(0, RECORD)
        return np.memmap(self._records, RECORD, "r", shape=(len(self._places),))

    def place(self, sha256: str) -> int | None:
        """Return the row of a picture in `records`; None for one that cannot be read or is not there."""
        return self._places.get(sha256)

    def _load(self) -> None:
        self._records.touch()
        whole = self._records.stat().st_size // RECORD.itemsize
        if not self._names.exists():
            return
        lines = self._names.read_text("utf-8").split("\n")
        kept = []
        # The last line is empty, or was cut off by a kill.
        for line in lines[:-1]:
            sha256, sentence = json.loads(line)
            if sentence is None and len(self._places) == whole:
                break
            kept.append(line + "\n")
            if sentence is None:
                self._places[sha256] = len(self._places)
            else:
                self.broken[sha256] = sentence
        self._names.write_text("".join(kept), "utf-8")
