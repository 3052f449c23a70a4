"""Arrow IPC files and streams, mapped into memory; every message is weighed before any of it is unpacked."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc

from curation.engine.readers.arrow_columns import cells_of, convert, pieces, plan_columns, schema_of
from curation.engine.readers.profile import UNFOLD_LIMIT, Batch, ReadError, SourceProfile
from curation.engine.readers.rows import BATCH_ROWS, ROW_LIMIT

FILE_MAGIC = b"ARROW1\0\0"
STREAM_MAGIC = b"\xff\xff\xff\xff"
# A compressed record batch is unpacked as a whole; a larger one is refused. Writers make batches of 1 to 64 MB.
MESSAGE_BYTES = 1 << 30
# Below this size a high ratio costs nothing.
SMALL_BYTES = 64 << 20


@contextmanager
def _stream_of(path: Path) -> Iterator[pa.NativeFile]:
    """Give the stream of messages, which lies inside a file behind its magic, too.

    Raises:
        ReadError: ``arrow_broken``.
    """
    try:
        with pa.memory_map(str(path)) as source:
            if source.read(8) == FILE_MAGIC:
                source.seek(0)
                # Reads the footer, so that a file that is cut off is known at once.
                pa.ipc.open_file(source)
                source.seek(8)
            else:
                source.seek(0)
            yield source
    except (pa.ArrowException, OSError, ValueError, struct.error, IndexError) as error:
        reason = str(error).split("\n", 1)[0][:200]
        raise ReadError(
            "arrow_broken", f"The Arrow file is damaged or cut off ({reason}). Write it again, or send it as Parquet."
        ) from error


def _weigh(path: Path) -> int:
    """Return the number of rows that all record batches claim.

    Raises:
        ReadError: ``arrow_ratio``, ``too_many_rows``, ``arrow_broken``.
    """
    rows = unpacked = 0
    with _stream_of(path) as source:
        for message in pa.ipc.MessageReader.open_stream(source):
            if message.type == "schema" or message.body is None:
                continue
            length, size = weight(message.metadata.to_pybytes(), message.body)
            rows += length if message.type == "record batch" else 0
            unpacked += size
            if size > MESSAGE_BYTES or unpacked > max(SMALL_BYTES, path.stat().st_size * UNFOLD_LIMIT):
                detail = f"more than {UNFOLD_LIMIT} times its size, or to over 1 GB in one record batch"
                raise ReadError("arrow_ratio", f"The Arrow file unfolds to {detail}. Write smaller batches.")
    if rows > ROW_LIMIT:
        raise ReadError("too_many_rows", f"The file says it has {rows} rows; at most {ROW_LIMIT} are read.")
    return rows


def weight(metadata: bytes, body: pa.Buffer) -> tuple[int, int]:
    """Return rows and unpacked bytes of a record batch or dictionary, from its flatbuffer.

    Each compressed buffer begins with its unpacked length as a 64-bit number, -1 where it is stored plain.
    Source: https://arrow.apache.org/docs/format/Columnar.html#recordbatch-message and Message.fbs.
    """
    root = _Table(metadata, struct.unpack_from("<I", metadata)[0])
    batch = root.table(2)
    if root.number(1, "<B") == 2:  # a dictionary holds its batch in its second field
        batch = batch.table(1)
    rows = batch.number(0, "<q")
    if rows < 0:
        raise ValueError("a record batch has a negative number of rows")
    if not batch.offset(3):
        return rows, len(body)
    view, total = memoryview(body), 0
    for start, length in batch.pairs(2):
        if length >= 8:
            claimed = struct.unpack_from("<q", view, start)[0]
            total += length if claimed == -1 else max(0, claimed)
    return rows, total


class _Table:
    """A flatbuffer table: fields are found through its vtable."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - struct.unpack_from("<i", data, at)[0]
        self._size = struct.unpack_from("<H", data, self._fields)[0]

    def offset(self, field: int) -> int:
        place = 4 + 2 * field
        found: int = struct.unpack_from("<H", self._data, self._fields + place)[0] if place < self._size else 0
        return self._at + found if found else 0

    def number(self, field: int, kind: str) -> int:
        at = self.offset(field)
        return int(struct.unpack_from(kind, self._data, at)[0]) if at else 0

    def _target(self, field: int) -> int:
        at = self.offset(field)
        if not at:
            raise ValueError("a message lacks its header")
        return at + int(struct.unpack_from("<I", self._data, at)[0])

    def table(self, field: int) -> "_Table":
        return _Table(self._data, self._target(field))

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """Give the structs of two 64-bit numbers of a vector."""
        at = self._target(field)
        for place in range(struct.unpack_from("<I", self._data, at)[0]):
            yield struct.unpack_from("<qq", self._data, at + 4 + 16 * place)


def look_at_arrow(path: Path, profile: SourceProfile) -> list[list[str | None]]:
    """Fill in the columns of a profile and return the first rows as cells."""
    profile.row_bound = _weigh(path)
    profile.columns = schema_of_arrow(path, profile).names
    first = next(read_arrow(path, profile), None)
    return cells_of(first.table.slice(0, 200)) if first is not None else []


def schema_of_arrow(path: Path, profile: SourceProfile) -> pa.Schema:
    """Return names and types as `read_arrow` gives them."""
    with _stream_of(path) as source, pa.ipc.open_stream(source) as reader:
        return schema_of(plan_columns(reader.schema, profile))


def read_arrow(path: Path, profile: SourceProfile) -> Iterator[Batch]:
    """Give the rows of an Arrow file or stream in batches; numbers and booleans keep their type.

    Raises:
        ReadError: ``arrow_broken``, ``arrow_ratio``, ``too_many_rows``, ``no_columns``, ``too_many_columns``.
    """
    _weigh(path)
    row = 1
    with _stream_of(path) as source, pa.ipc.open_stream(source) as reader:
        columns = plan_columns(reader.schema, profile)
        for batch in reader:
            # Lengths and offsets come from outside: nothing may follow them before they are checked.
            batch.validate(full=True)
            for start in range(0, batch.num_rows, BATCH_ROWS):
                for piece in pieces(pa.Table.from_batches([batch.slice(start, BATCH_ROWS)])):
                    table, refused = convert(piece, columns, row)
                    row += piece.num_rows
                    yield Batch(table, refused, source.tell())
