"""Versions read back: page by page, item by item, or in batches."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.engine.manifest import VersionManifest


class VersionReader:
    """Reads the parts of one version.

    Args:
        paths: The Parquet files, in the order of the manifest's parts.
        manifest: What the writer returned.
    """

    def __init__(self, paths: Sequence[Path], manifest: VersionManifest) -> None:
        self.paths = list(paths)
        self.manifest = manifest

    @property
    def row_count(self) -> int:
        """Rows in the version."""
        return self.manifest.row_count

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the parts; without parts, text columns as the manifest names them."""
        if self.paths:
            return pq.read_schema(self.paths[0]).remove_metadata()
        kinds = {"int64": pa.int64(), "double": pa.float64(), "bool": pa.bool_()}
        return pa.schema([(name, kinds.get(kind, pa.large_string())) for name, kind in self.manifest.columns])

    def batches(self, columns: list[str] | None = None, batch_rows: int = 10_000) -> Iterator[pa.RecordBatch]:
        """Give all rows in order, at most `batch_rows` at a time."""
        for path in self.paths:
            with pq.ParquetFile(path, pre_buffer=False) as part:
                yield from part.iter_batches(batch_size=batch_rows, columns=columns, use_threads=False)

    def table(self, columns: list[str] | None = None) -> pa.Table:
        """Return all rows at once; for versions that are known to fit in memory."""
        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in columns])
        return pa.Table.from_batches(self.batches(columns), schema)

    def page(
        self, offset: int, limit: int, columns: list[str] | None = None, *, label: str | None = None
    ) -> tuple[pa.Table, int | None]:
        """Return rows `offset` to `offset + limit` and how many there are in all.

        Only row groups that hold the page are read. With `label` both count rows of that label alone; the total is
        None when the groups' label counts were not kept, and the page is then found by reading from the start.

        Args:
            offset: First row, from 0.
            limit: Rows at most.
            columns: Columns to read; all when None.
            label: Keep only rows whose label column holds exactly this.
        """
        name = self.manifest.roles.get("label")
        if label is not None and name is None:
            return self.schema.empty_table(), 0
        total = self._total(label)
        found: list[pa.Table] = []
        wanted = limit
        for path, number, rows in self._groups(label):
            if wanted <= 0:
                break
            if rows is not None and offset >= rows:
                offset -= rows
                continue
            table = self._read_group(path, number, columns, label, name)
            cut = table.slice(offset, wanted)
            offset = max(0, offset - table.num_rows)
            wanted -= cut.num_rows
            found.append(cut)
        schema = self.schema if columns is None else pa.schema([self.schema.field(column) for column in columns])
        return (pa.concat_tables(found) if found else schema.empty_table()), total

    def item(self, item_id: int) -> dict[str, Any] | None:
        """Return one item with all its columns, or None; groups are left out by their range of ids."""
        for path in self.paths:
            with pq.ParquetFile(path) as part:
                for number in range(part.num_row_groups):
                    span = part.metadata.row_group(number).column(0).statistics
                    if span is not None and span.has_min_max and not span.min <= item_id <= span.max:
                        continue
                    ids = part.read_row_group(number, columns=["item_id"], use_threads=False)["item_id"]
                    place = pc.index(ids, pa.scalar(item_id, pa.int64())).as_py()
                    if place >= 0:
                        row: dict[str, Any] = (
                            part.read_row_group(number, use_threads=False).slice(place, 1).to_pylist()[0]
                        )
                        return row
        return None

    def _groups(self, label: str | None) -> Iterator[tuple[Path, int, int | None]]:
        """Give each row group that may match with its count of matching rows, None when that was not kept."""
        for path, part in zip(self.paths, self.manifest.parts, strict=True):
            for number, group in enumerate(part.groups):
                if label is None:
                    yield path, number, group["rows"]
                elif "labels" not in group:
                    yield path, number, None
                elif label in group["labels"]:
                    yield path, number, group["labels"][label]

    def _total(self, label: str | None) -> int | None:
        if label is None:
            return self.row_count
        counts = [rows for _path, _number, rows in self._groups(label)]
        return None if None in counts else sum(rows for rows in counts if rows is not None)

    @staticmethod
    def _read_group(
        path: Path, number: int, columns: list[str] | None, label: str | None, name: str | None
    ) -> pa.Table:
        # One group of short texts decodes in 3 ms; handing columns to threads would cost more than it saves.
        with pq.ParquetFile(path, pre_buffer=False) as part:
            if label is None or name is None:
                return part.read_row_group(number, columns=columns, use_threads=False)
            wanted = columns if columns is None or name in columns else [*columns, name]
            table = part.read_row_group(number, columns=wanted, use_threads=False)
        kept = table.filter(pc.equal(pc.cast(table[name], pa.large_string()), label))
        return kept if columns is None else kept.select(columns)
