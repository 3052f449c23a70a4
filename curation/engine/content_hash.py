"""A hash of a table's content that does not depend on how it was cut into batches, files or row groups."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class ContentHash:
    """SHA-256 over column names, types, values and row order.

    Each column feeds two running hashes: one of lengths and nulls, one of value bytes. Fed apart, neither sees
    where a batch ended. The digest is the hash of all of them in column order. Text is hashed as UTF-8; numbers as
    little-endian bytes with nulls as zero; lists by their lengths and then their values.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = [_ColumnHash(field.type) for field in schema]
        self._head = repr([(field.name, type_name(field.type)) for field in schema])
        self._rows = 0

    def update(self, table: pa.Table) -> None:
        """Add rows; the columns must be those of the schema, in its order."""
        self._rows += table.num_rows
        for hasher, column in zip(self._columns, table.columns, strict=True):
            for chunk in column.chunks:
                hasher.update(chunk)

    def hexdigest(self) -> str:
        """Return the digest as 64 hexadecimal digits."""
        whole = hashlib.sha256(f"assay-content-1 {self._rows} {self._head}".encode())
        for column in self._columns:
            whole.update(column.digest())
        return whole.hexdigest()


class _ColumnHash:
    def __init__(self, kind: pa.DataType) -> None:
        self._shape, self._values = hashlib.sha256(), hashlib.sha256()
        is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        self._inner = _ColumnHash(kind.value_type) if is_list else None

    def update(self, chunk: pa.Array) -> None:
        kind = chunk.type
        if self._inner is not None:
            lengths = pc.fill_null(pc.cast(pc.list_value_length(chunk), pa.int64()), -1)
            self._shape.update(_bytes(lengths))
            self._inner.update(chunk.flatten())
        elif _is_text(kind):
            lengths = pc.fill_null(pc.cast(pc.binary_length(chunk), pa.int64()), -1)
            self._shape.update(_bytes(lengths))
            self._values.update(_text_bytes(chunk))
        else:
            self._shape.update(_bytes(pc.cast(chunk.is_valid(), pa.uint8())))
            self._values.update(_bytes(_number(chunk)))

    def digest(self) -> bytes:
        inner = self._inner.digest() if self._inner is not None else b""
        return self._shape.digest() + self._values.digest() + inner


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    tests = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(test(kind) for test in tests)


def _bytes(array: pa.Array) -> bytes:
    return np.ascontiguousarray(array.to_numpy(zero_copy_only=False)).tobytes()


def _number(chunk: pa.Array) -> pa.Array:
    kind = chunk.type
    if pa.types.is_boolean(kind):
        chunk = pc.cast(chunk, pa.uint8())
    elif pa.types.is_temporal(kind):
        chunk = chunk.cast(pa.timestamp("us", tz=getattr(kind, "tz", None))).cast(pa.int64())
    elif pa.types.is_null(kind):
        return pa.array(np.zeros(len(chunk), np.uint8))
    return pc.fill_null(chunk, pa.scalar(0, chunk.type))


def _text_bytes(chunk: Any) -> Any:
    """Return the value bytes of a text array: the used stretch of its buffer, which holds nothing under nulls."""
    if chunk.null_count:
        chunk = chunk.drop_null()
    buffers = chunk.buffers()
    if len(chunk) == 0 or buffers[2] is None:
        return b""
    wide = pa.types.is_large_string(chunk.type) or pa.types.is_large_binary(chunk.type)
    offsets = np.frombuffer(buffers[1], np.int64 if wide else np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    return memoryview(buffers[2])[int(offsets[0]) : int(offsets[-1])]


def type_name(kind: pa.DataType) -> str:
    """Return the name of a type as a manifest shows it; both widths of text are one type."""
    if pa.types.is_large_string(kind):
        return "string"
    return str(kind)


def with_encoders(digest: str, encoders: Sequence[dict[str, Any]]) -> str:
    """Return the hash of content and encoders together; without encoders that of the content itself."""
    if not encoders:
        return digest
    text = json.dumps(list(encoders), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"assay-encoders-1 {digest} {text}".encode()).hexdigest()
