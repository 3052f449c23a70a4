"""What came out of another tool, and how its files are fetched: several at a time, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from assay_client._migration.folder import Folder
from assay_client._migration.peer import FileRefused, Peer

# Requests at once: more would be felt by those who work in the old tool meanwhile.
AT_ONCE = 4


class Meter(Protocol):
    """Takes how far something is."""

    def show(self, done: int, total: int | None, stage: str = "", extra: str = "") -> None:
        """Take units done, units in all, and what is going on."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A project as a tool lists it."""

    number: str
    title: str


@dataclass(slots=True)
class Taken:
    """One project out of another tool.

    Attributes:
        title: Its name there.
        file_format: How the archive is read by the service.
        archive: Writes the archive and returns its place.
        counts: What there was, by kind: tasks, answers, skipped, predictions, pictures, people.
        guidelines: What annotators read, in Markdown.
        overlap: How many people were to answer each task; 0 where the tool does not say.
    """

    title: str
    file_format: str
    archive: Callable[[], Path]
    counts: dict[str, int] = field(default_factory=dict)
    guidelines: str = ""
    overlap: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a row names.

    Attributes:
        where: The row, for the report.
        address: Where it is.
        target: Where it goes.
    """

    where: str
    address: str
    target: Path


def fetch_all(peer: Peer, folder: Folder, wanted: Iterable[Wanted]) -> list[bool]:
    """Fetch files, those that are there already not again; tell of each whether it came, and note why not."""

    def one(each: Wanted) -> FileRefused | None:
        if each.target.is_file():
            return None
        try:
            peer.save(each.address, each.target)
        except FileRefused as refused:
            return refused
        return None

    rows = list(wanted)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="media") as pool:
        found = list(pool.map(one, rows))
    for each, refused in zip(rows, found, strict=True):
        if refused is not None:
            folder.lose(each.where, refused.code, f"{each.address[:200]}: {refused}")
    return [refused is None for refused in found]
