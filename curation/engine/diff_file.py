"""The Parquet file of a diff: each row group holds one facet, so that a filtered page reads one or two groups."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema(
    [
        ("item_id", pa.int64()),
        ("kind", pa.large_string()),
        ("column", pa.large_string()),
        ("before", pa.large_string()),
        ("after", pa.large_string()),
        ("step", pa.large_string()),
        ("reason", pa.large_string()),
        ("detail", pa.large_string()),
        ("run", pa.int64()),
        ("by", pa.list_(pa.int64())),
        ("at", pa.timestamp("us", tz="UTC")),
        ("text", pa.large_string()),
    ]
)
KINDS = ("added", "dropped", "changed", "label")
# A page decodes one or two groups: 2,000 short rows take 2 ms.
GROUP_ROWS = 2_000
# Rows waiting for their groups. Fewer would make small groups of rare facets.
WAITING_ROWS = 200_000
WAITING_BYTES = 64 << 20
# Beyond this many pairs of labels the rest share one facet: nobody reads a larger matrix.
LABEL_PAIRS = 400
_META = b"assay-diff"


@dataclass(frozen=True, slots=True)
class Facet:
    """What some rows of a diff have in common.

    Attributes:
        kind: ``added``, ``dropped``, ``changed`` or ``label``.
        column: The column that changed.
        step: The step that dropped the items.
        reason: Its reason.
        run: The run it did so in, 0 when that has no number.
        before: The label before, None when there was none.
        after: The label after.
        other: True for the label changes beyond the 400 most early pairs; `before` and `after` are None then.
    """

    kind: str
    column: str = ""
    step: str = ""
    reason: str = ""
    run: int = 0
    before: str | None = None
    after: str | None = None
    other: bool = False


class FacetWriter:
    """Collects rows by facet and writes them as row groups; memory is bounded by 64 MB of waiting rows."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd", compression_level=1)
        self._facets: dict[Facet, int] = {}
        self._rows: list[int] = []
        self._waiting: dict[int, list[pa.Table]] = {}
        self._waiting_rows = self._waiting_bytes = 0
        self._groups: list[list[int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def write(self, facet: Facet, columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> None:
        """Add rows of one facet; columns of `SCHEMA` that are not given are filled from the facet or left empty."""
        number = self._number(facet)
        count = len(columns["item_id"])
        filled = {"kind": facet.kind, "column": facet.column, "step": facet.step, "reason": facet.reason}
        arrays = [
            columns[entry.name].cast(entry.type)
            if entry.name in columns
            else _constant(filled.get(entry.name) or (facet.run or None if entry.name == "run" else None), entry, count)
            for entry in SCHEMA
        ]
        table = pa.table(arrays, schema=SCHEMA)
        self._waiting.setdefault(number, []).append(table)
        self._rows[number] += count
        self._waiting_rows += count
        self._waiting_bytes += table.nbytes
        if self._waiting_rows >= WAITING_ROWS or self._waiting_bytes >= WAITING_BYTES:
            self._flush()

    def finish(self, counts: dict[str, Any]) -> dict[str, Any]:
        """Write what waits, and the counts beside the rows; return them with the facets and groups."""
        self._flush()
        facets = [{**asdict(facet), "rows": self._rows[number]} for facet, number in self._facets.items()]
        summary = {**counts, "facets": facets, "groups": self._groups}
        self._writer.add_key_value_metadata({_META.decode(): json.dumps(summary, ensure_ascii=False)})
        return summary

    def _number(self, facet: Facet) -> int:
        if facet.kind == "label" and facet not in self._facets:
            pairs = sum(1 for known in self._facets if known.kind == "label")
            facet = facet if pairs < LABEL_PAIRS else Facet("label", column=facet.column, other=True)
        if facet not in self._facets:
            self._facets[facet] = len(self._rows)
            self._rows.append(0)
        return self._facets[facet]

    def _flush(self) -> None:
        for number in sorted(self._waiting):
            table = pa.concat_tables(self._waiting[number])
            for start in range(0, table.num_rows, GROUP_ROWS):
                group = table.slice(start, GROUP_ROWS)
                self._writer.write_table(group, row_group_size=GROUP_ROWS)
                self._groups.append([number, group.num_rows])
        self._waiting, self._waiting_rows, self._waiting_bytes = {}, 0, 0


def _constant(value: Any, entry: pa.Field, count: int) -> pa.Array:
    if value is None or value == "":
        return pa.nulls(count, entry.type)
    return pa.repeat(pa.scalar(value, entry.type), count)


class DiffFile:
    """Reads a diff page by page.

    Args:
        path: What `FacetWriter` wrote.
        summary: What it returned: ``facets`` (each with its ``rows``) and ``groups`` (facet and rows of each row
            group, in the order of the file); read out of the file when left out.
    """

    def __init__(self, path: Path, summary: dict[str, Any] | None = None) -> None:
        self.path = path
        self.summary = summary if summary is not None else self._stored()

    def facets(self, wanted: Callable[[dict[str, Any]], bool] = lambda _facet: True) -> set[int]:
        """Return the numbers of the facets that are wanted."""
        return {number for number, facet in enumerate(self.summary["facets"]) if wanted(facet)}

    def page(self, facets: set[int], offset: int, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Return rows `offset` to `offset + limit` of some facets, and how many rows they have in all.

        The cost does not depend on `offset`: only the groups that hold the page are read.
        """
        total = sum(self.summary["facets"][number]["rows"] for number in facets)
        found: list[dict[str, Any]] = []
        with pq.ParquetFile(self.path, pre_buffer=False) as file:
            for place, (facet, rows) in enumerate(self.summary["groups"]):
                if len(found) >= limit:
                    break
                if facet not in facets:
                    continue
                if offset >= rows:
                    offset -= rows
                    continue
                table = file.read_row_group(place, use_threads=False).slice(offset, limit - len(found))
                found += table.to_pylist()
                offset = 0
        return found, total

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give all rows in the order of the file."""
        with pq.ParquetFile(self.path, pre_buffer=False) as file:
            yield from file.iter_batches(batch_size=10_000, use_threads=False)

    def _stored(self) -> dict[str, Any]:
        with pq.ParquetFile(self.path) as file:
            stored: dict[str, Any] = json.loads((file.metadata.metadata or {})[_META])
        return stored
