"""Values of JSON as cells of columns: which type a column gets, and what a value becomes in it."""

from typing import Any

import orjson
import pyarrow as pa


def type_of(kinds: set[str]) -> pa.DataType:
    """Return the type of a column in which values of these Python types stand: whole numbers, numbers, else text."""
    said = kinds - {"NoneType"}
    if said == {"int"}:
        return pa.int64()
    return pa.float64() if said and said <= {"int", "float"} else pa.string()


def cell(value: Any, kind: pa.DataType) -> Any:
    """Return a value for a column of a type: in one of text whatever is none is JSON, and NUL is replaced."""
    if value is None or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return value
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return orjson.dumps(value, default=str).decode()
