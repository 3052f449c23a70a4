"""The index of a version that the explorer searches: built once, in a stream, by a job."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.explorer.grams import SlabWriter
from curation.engine.explorer.sections import SectionWriter
from curation.engine.folding import fold, hash64
from curation.engine.reader import VersionReader
from curation.engine.row_compare import written
from curation.engine.writer import LENGTH_EDGES

# Raised when the same version would give another file.
FORMAT = 1
# Rows of one compressed message: a page of fifty hits that lie far apart unpacks fifty of them, 0.1 ms each.
MESSAGE_ROWS = 256
BLOCK_ROWS = 1024
BLOCK_BYTES = 128 << 10
# A column with no more values than this is stored as codes, offered as a choice and counted by value.
CODED_VALUES = 1000
# Values longer than this are no category, however few they are.
CODED_LENGTH = 200
BINS = 30
# Between the texts of several columns; folding leaves it alone, and no query may hold it.
UNIT = "\x1f"


def build_index(
    reader: VersionReader, path: Path, *, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> dict[str, Any]:
    """Write the index of a version and return the figures of its columns.

    The file holds the rows again in small compressed messages, the folded text with signatures of its blocks, and an
    array for each column that conditions compare; short texts take about 200 bytes a row (bench/explorer.py). Memory:
    one batch of 10,000 rows, 32 MB of signatures, and the values of columns that have few. Equal versions give equal
    files.

    Args:
        reader: The version.
        path: The file to write.
        progress: Called with rows done and rows in all.
    """
    with TemporaryDirectory(prefix="index-", dir=path.parent) as folder, SectionWriter(Path(folder)) as sections:
        rows, text = _Rows(sections, reader.schema), _Text(sections, reader)
        columns = [_column(sections, number, entry) for number, entry in enumerate(reader.schema) if number]
        done = 0
        for batch in reader.batches():
            rows.add(batch)
            text.add(batch)
            for column in columns:
                column.add(batch.column(column.name))
            done += batch.num_rows
            progress(done, reader.row_count)
        rows.finish()
        text.finish()
        meta = {
            "format": FORMAT,
            "rows": done,
            "schema": rows.schema.serialize().to_pybytes().hex(),
            "text": text.names,
            "columns": [column.finish() for column in columns],
        }
        sections.join(path, meta)
    return meta


class _Rows:
    """The rows as Arrow messages, lz4, with the place of each."""

    def __init__(self, sections: SectionWriter, schema: pa.Schema) -> None:
        self._sections = sections
        self.schema = pa.schema([_plain(entry) for entry in schema])
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._sink = pa.PythonFile(sections.stream("rows"), "w")
        self._writer = pa.ipc.new_stream(self._sink, self.schema, options=options)
        # The schema goes out before the first batch; the messages begin behind it.
        self._writer.write_batch(pa.RecordBatch.from_pylist([], self.schema))
        self._at = [self._sink.tell()]
        self._first = [0]

    def add(self, batch: pa.RecordBatch) -> None:
        table = pa.Table.from_batches([batch]).cast(self.schema)
        for piece in table.to_batches(max_chunksize=MESSAGE_ROWS):
            self._writer.write_batch(piece)
            self._at.append(self._sink.tell())
            self._first.append(self._first[-1] + piece.num_rows)

    def finish(self) -> None:
        self._writer.close()
        self._sections.append("rows_at", np.array(self._at, np.int64))
        self._sections.append("rows_first", np.array(self._first, np.int64))


class _Text:
    """The folded text, a line a row, with its blocks, their signatures and the length of each text."""

    def __init__(self, sections: SectionWriter, reader: VersionReader) -> None:
        self._sections = sections
        role = reader.manifest.roles.get("text")
        strings = [entry.name for entry in reader.schema if _is_text(entry.type)]
        self.names = [role] if role in reader.schema.names else strings
        self._slabs = SlabWriter()
        self._row = self._size = 0
        self._blocks = [0]
        sections.append("text", b"")
        sections.append("text_at", np.zeros(1, np.int64))

    def add(self, batch: pa.RecordBatch) -> None:
        if not self.names:
            return
        parts = [written(batch.column(name)) for name in self.names]
        lengths = [pc.fill_null(pc.utf8_length(part), 0).to_numpy(zero_copy_only=False) for part in parts]
        self._sections.append("length", np.sum(lengths, axis=0).astype(np.int32))
        folded = [pc.fill_null(fold(part), "") for part in parts]
        whole = pc.binary_join_element_wise(*folded, _large(UNIT)) if len(folded) > 1 else folded[0]
        lines = pc.binary_join_element_wise(whole, _large(""), _large("\n"))
        offsets, data = _buffers(lines)
        self._sections.append("text", data)
        self._sections.append("text_at", offsets[1:] + self._size)
        self._sign(offsets, data)
        self._row += batch.num_rows
        self._size += len(data)

    def _sign(self, offsets: NDArray[np.int64], data: memoryview) -> None:
        start, count = 0, len(offsets) - 1
        while start < count:
            full = int(np.searchsorted(offsets, offsets[start] + BLOCK_BYTES, side="right")) - 1
            end = min(max(full, start + 1), start + BLOCK_ROWS, count)
            slab = self._slabs.add(str(data[offsets[start] : offsets[end]], "utf-8"))
            if slab is not None:
                self._sections.append("grams", slab)
            self._blocks.append(self._row + end)
            start = end

    def finish(self) -> None:
        slab = self._slabs.rest()
        if slab is not None:
            self._sections.append("grams", slab)
        self._sections.append("blocks", np.array(self._blocks, np.int64))


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _buffers(lines: pa.Array) -> tuple[NDArray[np.int64], memoryview]:
    """Return the offsets of an array of large strings, from 0, and its bytes."""
    buffers = lines.buffers()
    offsets = np.frombuffer(buffers[1], np.int64)[lines.offset : lines.offset + len(lines) + 1]
    data = memoryview(buffers[2] or b"")[int(offsets[0]) : int(offsets[-1])]
    return offsets - offsets[0], data


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _plain(entry: pa.Field) -> pa.Field:
    """Return a field without dictionary encoding: a message must be readable without those before it."""
    kind = entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type
    return pa.field(entry.name, kind)


def _column(sections: SectionWriter, number: int, entry: pa.Field) -> "_Numbers | _Values":
    numeric = pa.types.is_integer(entry.type) or pa.types.is_floating(entry.type)
    return (_Numbers if numeric else _Values)(sections, number, entry.name)


class _Numbers:
    """A numeric column as float64, missing as NaN."""

    def __init__(self, sections: SectionWriter, number: int, name: str) -> None:
        self.name = name
        self._sections, self._section = sections, f"number:{number}"
        self._missing = 0
        self._low, self._high = np.inf, -np.inf
        sections.append(self._section, b"")

    def add(self, column: pa.Array) -> None:
        values = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        self._sections.append(self._section, values)
        known = values[np.isfinite(values)]
        self._missing += int(np.isnan(values).sum())
        if len(known):
            self._low, self._high = min(self._low, known.min()), max(self._high, known.max())

    def finish(self) -> dict[str, Any]:
        entry = {"name": self.name, "kind": "number", "section": self._section, "missing": self._missing}
        if self._low > self._high:
            return entry
        path = self._sections.path(self._section)
        values = np.memmap(path, np.float64, "r")
        edges = _edges(float(self._low), float(self._high))
        counts = np.zeros(len(edges) - 1, np.int64)
        for start in range(0, len(values), 1 << 20):
            piece = values[start : start + (1 << 20)]
            counts += np.histogram(piece[np.isfinite(piece)], edges)[0]
        return {**entry, "histogram": {"edges": edges.tolist(), "counts": counts.tolist()}}


def _edges(low: float, high: float) -> NDArray[np.float64]:
    """Return the edges of at most 30 equal bins; whole numbers that are few have a bin each."""
    if low == high:
        return np.array([low, low + 1.0])
    if low.is_integer() and high.is_integer() and high - low < BINS:
        return np.arange(low, high + 2.0)
    return np.linspace(low, high, BINS + 1)


class _Values:
    """Any other column: codes while its values are few, and 64-bit hashes of its values for when they are not."""

    def __init__(self, sections: SectionWriter, number: int, name: str) -> None:
        self.name = name
        self._sections = sections
        self._codes, self._hashes = f"code:{number}", f"hash:{number}"
        self._values: dict[str, int] | None = {}
        self._missing = 0
        self._lengths = np.zeros(len(LENGTH_EDGES), np.int64)
        sections.append(self._codes, b"")
        sections.append(self._hashes, b"")

    def add(self, column: pa.Array) -> None:
        texts = written(column)
        self._missing += texts.null_count
        lengths = pc.utf8_length(texts.drop_null()).to_numpy()
        places = np.searchsorted(LENGTH_EDGES, lengths, side="right") - 1
        self._lengths += np.bincount(places, minlength=len(LENGTH_EDGES))
        self._sections.append(self._hashes, value_hashes(texts))
        if self._values is not None:
            self._encode(texts, int(lengths.max()) if len(lengths) else 0)

    def _encode(self, texts: pa.Array, longest: int) -> None:
        assert self._values is not None
        encoded = texts.dictionary_encode()
        if longest <= CODED_LENGTH and len(encoded.dictionary) <= CODED_VALUES:
            known = [self._values.setdefault(value, len(self._values) + 1) for value in encoded.dictionary.to_pylist()]
            if len(self._values) <= CODED_VALUES:
                table = np.array([*known, 0], np.uint16)
                places = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
                self._sections.append(self._codes, table[places])
                return
        self._values = None
        self._sections.discard(self._codes)

    def finish(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": self.name, "missing": self._missing}
        if self._values is None:
            lengths = {"edges": list(LENGTH_EDGES), "counts": self._lengths.tolist()}
            return {**entry, "kind": "text", "section": self._hashes, "lengths": lengths}
        path = self._sections.path(self._codes)
        counts = np.zeros(len(self._values) + 1, np.int64)
        if path.stat().st_size:
            codes = np.memmap(path, np.uint16, "r")
            for start in range(0, len(codes), 1 << 20):
                counts += np.bincount(codes[start : start + (1 << 20)], minlength=len(counts))
        self._sections.discard(self._hashes)
        values = [[value, int(counts[code])] for value, code in self._values.items()]
        return {**entry, "kind": "values", "section": self._codes, "values": values}


def value_hashes(texts: pa.Array) -> NDArray[np.uint64]:
    """Return a hash of each value that is never 0, and 0 for a missing one."""
    hashes = hash64(texts) | np.uint64(1)
    return np.where(texts.is_null().to_numpy(zero_copy_only=False), np.uint64(0), hashes)
