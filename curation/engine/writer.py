"""Versions written as Parquet, in a stream, with their figures computed on the way."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.engine.content_hash import ContentHash, type_name, with_encoders
from curation.engine.manifest import Part, VersionManifest
from curation.engine.pictures.facts import EDGES, histograms_of
from curation.engine.reader import VersionReader

__all__ = ["VersionManifest", "VersionReader", "VersionWriter"]

# A page of the explorer reads one group: 10,000 short texts decode in 2 to 4 ms.
GROUP_ROWS = 10_000
# Long texts end a group earlier: ten thousand documents of a megabyte would not fit in memory.
GROUP_BYTES = 16 << 20
PART_ROWS = 1_000_000
PART_BYTES = 512 << 20
LENGTH_EDGES = (0, 1, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 102400, 1048576)
GROUP_LABELS = 64
LABEL_LIMIT = 1_000


class VersionWriter:
    """Writes tables of one schema to Parquet parts in a folder.

    Memory is bounded by one row group (10,000 rows or 16 MB, whichever is reached first) and the batch at hand. The
    first column must be ``item_id`` (int64).

    Args:
        folder: Where the parts go; must exist.
        roles: Which column is ``text``, ``label``, ``id``.
        part_rows: Rows after which a part is closed; a part is also closed after 512 MB of values.
        encoders: What was fitted on the training part, kept in the manifest and hashed with the content.
    """

    def __init__(
        self,
        folder: Path,
        *,
        roles: dict[str, str],
        part_rows: int = PART_ROWS,
        encoders: Sequence[dict[str, Any]] = (),
    ) -> None:
        self.folder = folder
        self.encoders = tuple(encoders)
        self.roles = {role: column for role, column in roles.items() if column}
        self.row_count = 0
        self._part_rows = part_rows
        self._schema: pa.Schema | None = None
        self._hash: ContentHash | None = None
        self._waiting: list[pa.Table] = []
        self._waiting_rows = self._waiting_bytes = self._part_bytes = 0
        self._open: pq.ParquetWriter | None = None
        self._groups: list[dict[str, Any]] = []
        self._parts: list[Part] = []
        self._nulls: Counter[str] = Counter()
        self._labels: Counter[str] = Counter()
        self._lengths = np.zeros(len(LENGTH_EDGES), np.int64)
        self._pictures: dict[str, Any] = {}

    def write(self, table: pa.Table) -> None:
        """Add rows.

        Raises:
            ValueError: The first column is not ``item_id``, or the columns differ from those written before.
        """
        table = self._of_schema(table)
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        self._waiting_bytes += table.nbytes
        if self._waiting_bytes >= GROUP_BYTES:
            self._flush(last=True)
        elif self._waiting_rows >= GROUP_ROWS:
            self._flush(last=False)

    def adopt(self, part: Part, tables: Iterable[pa.Table]) -> None:
        """Take over a part of an earlier version as it lies: its rows are hashed and counted, and nothing is written.

        Hash and figures are those of a version that was written anew. Adopt before the first `write`, or
        after `end_part`.

        Args:
            part: From the earlier version's manifest; whoever stores the version has its file already.
            tables: Its rows, in order.

        Raises:
            ValueError: The columns differ, or rows were written before and their part is open.
        """
        if self._waiting or self._open is not None:
            raise ValueError("a part is adopted before rows are written, or behind a part that was ended")
        for table in tables:
            rows = self._of_schema(table)
            assert self._hash is not None
            self._hash.update(rows)
            self._measure(rows)
            self.row_count += rows.num_rows
        self._parts.append(part)

    def end_part(self) -> None:
        """Write what was given so far and close its part, so that the next one may be adopted."""
        self._flush(last=True)
        self._close_part()

    def _of_schema(self, table: pa.Table) -> pa.Table:
        if self._schema is None:
            if not table.schema.names or table.schema.names[0] != "item_id":
                raise ValueError("the first column of a version is item_id")
            self._schema = table.schema.remove_metadata()
            self._hash = ContentHash(self._schema)
        return table.cast(self._schema)

    def finish(self) -> VersionManifest:
        """Write what is left, close the files and return the manifest.

        A version without rows has no parts and keeps the columns it was given, if any.
        """
        self._flush(last=True)
        self._close_part()
        schema = self._schema if self._schema is not None else pa.schema([("item_id", pa.int64())])
        whole = self._hash or ContentHash(schema)
        roles = {role: name for role, name in self.roles.items() if name in schema.names}
        return VersionManifest(
            parts=tuple(self._parts),
            columns=tuple((field.name, type_name(field.type)) for field in schema),
            roles=roles,
            content_hash=with_encoders(whole.hexdigest(), self.encoders),
            encoders=self.encoders,
            row_count=self.row_count,
            stats=self._picture_stats()
            | {
                "nulls": {name: self._nulls[name] for name in schema.names},
                "labels": [[label, rows] for label, rows in self._labels.most_common(LABEL_LIMIT)],
                "text_length": {"edges": list(LENGTH_EDGES), "counts": self._lengths.tolist()},
            },
        )

    def _picture_stats(self) -> dict[str, Any]:
        counted = {name: {"edges": list(EDGES[name]), "counts": rows.tolist()} for name, rows in self._pictures.items()}
        return {"pictures": counted} if counted else {}

    def _flush(self, *, last: bool) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        whole = table.num_rows if last else table.num_rows - table.num_rows % GROUP_ROWS
        for start in range(0, whole, GROUP_ROWS):
            self._write_group(table.slice(start, min(GROUP_ROWS, whole - start)))
        rest = table.slice(whole)
        self._waiting, self._waiting_rows = ([rest], rest.num_rows) if rest.num_rows else ([], 0)
        self._waiting_bytes = rest.nbytes

    def _write_group(self, group: pa.Table) -> None:
        assert self._schema is not None
        assert self._hash is not None
        group = group.combine_chunks()
        self._hash.update(group)
        if self._open is None:
            path = self.folder / f"part-{len(self._parts):05d}.parquet"
            self._open = pq.ParquetWriter(path, self._schema, compression="zstd", compression_level=1)
        self._open.write_table(group, row_group_size=GROUP_ROWS)
        self.row_count += group.num_rows
        self._groups.append({"rows": group.num_rows, **self._measure(group)})
        self._part_bytes += group.nbytes
        if self._part_bytes >= PART_BYTES or sum(entry["rows"] for entry in self._groups) >= self._part_rows:
            self._close_part()

    def _measure(self, group: pa.Table) -> dict[str, Any]:
        for name in group.schema.names:
            self._nulls[name] += group[name].null_count
        text = self.roles.get("text")
        if text in group.schema.names:
            lengths = pc.fill_null(pc.utf8_length(pc.cast(group[text], pa.large_string())), 0).to_numpy()
            buckets = np.searchsorted(LENGTH_EDGES, lengths, side="right") - 1
            self._lengths += np.bincount(buckets, minlength=len(LENGTH_EDGES))
        if self.roles.get("image") in group.schema.names:
            for name, counts in histograms_of(group).items():
                self._pictures[name] = self._pictures.get(name, 0) + counts
        label = self.roles.get("label")
        if label not in group.schema.names:
            return {}
        counted = pc.value_counts(pc.cast(group[label], pa.large_string()).combine_chunks()).to_pylist()
        rows = {entry["values"]: entry["counts"] for entry in counted if entry["values"] is not None}
        self._labels.update(rows)
        return {"labels": rows} if len(rows) <= GROUP_LABELS else {}

    def _close_part(self) -> None:
        if self._open is None:
            return
        self._open.close()
        self._open = None
        path = self.folder / f"part-{len(self._parts):05d}.parquet"
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        rows = sum(entry["rows"] for entry in self._groups)
        self._parts.append(Part(path.name, digest, rows, path.stat().st_size, tuple(self._groups)))
        self._groups, self._part_bytes = [], 0
