"""What a step has written so far: one shard a batch, each whole or not there at all."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from curation.engine.sources import Source

KINDS = ("rows", "drops", "found", "replaced", "sealed")
# Notes are read once and often hold long texts; the rows are mapped into memory as they lie.
_NOTES = pa.ipc.IpcWriteOptions(compression="zstd")


@dataclass(slots=True)
class Counts:
    """What a step did to some rows.

    Attributes:
        rows_in: Rows it got.
        rows_out: Rows it kept.
        changed: Rows whose values it changed.
        dropped: Rows left out by reason.
        findings: Findings by code.
        seconds: How long it took, wall time.
        added: Rows that it added, which are among those that it kept.
    """

    rows_in: int = 0
    rows_out: int = 0
    changed: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    added: int = 0

    def __add__(self, other: Self) -> Self:
        """Return the counts of both."""
        return type(self)(
            self.rows_in + other.rows_in,
            self.rows_out + other.rows_out,
            self.changed + other.changed,
            dict(Counter(self.dropped) + Counter(other.dropped)),
            dict(Counter(self.findings) + Counter(other.findings)),
            self.seconds + other.seconds,
            self.added + other.added,
        )


class Shards:
    """The shards of one step in a folder of their own.

    A shard is some Arrow files (the rows that stay; drops, findings, replacements and their sealed values where there
    are any) and a marker, which is written last and says how long each file is. A shard without a marker, or with a
    shorter file than it says, as after a kill, a power cut or on a full disk, is written again; so are those behind it.

    Args:
        folder: Where they lie; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def finished(self) -> list[Counts]:
        """Return the counts of the shards that are whole, in order, and remove what is left of others."""
        found = self.counts()
        if self.folder.exists():
            for path in self.folder.iterdir():
                if int(path.name.partition(".")[0]) >= len(found):
                    path.unlink()
        return found

    def counts(self) -> list[Counts]:
        """Return the counts of the shards that are whole, in order."""
        found: list[Counts] = []
        while (counts := self._whole(len(found))) is not None:
            found.append(counts)
        return found

    def write(self, place: int, counts: Counts, **tables: pa.Table) -> None:
        """Write a shard: ``rows``, and the other kinds where they have rows."""
        self.folder.mkdir(exist_ok=True)
        sizes = {}
        for kind, table in tables.items():
            if kind == "rows" or table.num_rows:
                sizes[kind] = _write(self._path(place, kind), table, _NOTES if kind != "rows" else None)
        write_whole(self._path(place, "done"), json.dumps({**asdict(counts), "bytes": sizes}))

    def source(self, shards: list[Counts]) -> Source:
        """Return the rows that stay, for the step behind."""
        return Source.of_shards(
            [self._path(place, "rows") for place in range(len(shards))], [s.rows_out for s in shards]
        )

    def notes(self, kind: str) -> list[Path]:
        """Return the files of a kind of notes, such as ``drops``, in order."""
        return sorted(self.folder.glob(f"*.{kind}"))

    def forget_rows(self) -> None:
        """Remove the rows, which nothing reads any more; the notes stay."""
        for path in self.folder.glob("*.rows"):
            path.unlink()

    def _path(self, place: int, kind: str) -> Path:
        return self.folder / f"{place:08d}.{kind}"

    def _whole(self, place: int) -> Counts | None:
        marker = self._path(place, "done")
        if not marker.exists():
            return None
        told: dict[str, Any] = json.loads(marker.read_text())
        sizes = told.pop("bytes")
        there = (self._path(place, kind) for kind in sizes)
        if any(not path.exists() or path.stat().st_size != sizes[path.suffix[1:]] for path in there):
            return None
        return Counts(**told)


def read_notes(path: Path) -> Iterator[pa.Table]:
    """Give the rows of a file of notes."""
    with pa.OSFile(str(path)) as stream, pa.ipc.open_stream(stream) as batches:
        for batch in batches:
            yield pa.Table.from_batches([batch])


def schema_of_notes(path: Path) -> pa.Schema:
    """Return the columns of a file of notes."""
    with pa.OSFile(str(path)) as stream, pa.ipc.open_stream(stream) as batches:
        return batches.schema


def write_whole(path: Path, text: str) -> None:
    """Write a marker so that a kill leaves the old one or the new one, never half of it."""
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def _write(path: Path, table: pa.Table, options: pa.ipc.IpcWriteOptions | None) -> int:
    with pa.OSFile(str(path), "wb") as stream:
        with pa.ipc.new_stream(stream, table.schema, options=options) as writer:
            writer.write_table(table.combine_chunks())
        size: int = stream.tell()
    return size
