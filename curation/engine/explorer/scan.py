"""Questions answered from the Parquet parts of a version that has no index yet."""

import time
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curation.engine.explorer.conditions import Answer, Condition, ConditionError, Question
from curation.engine.explorer.index import BUDGET_SECONDS, folded_query
from curation.engine.folding import fold
from curation.engine.reader import VersionReader
from curation.engine.row_compare import written


def scan(
    reader: VersionReader,
    question: Question,
    *,
    start: int = 0,
    limit: int = 50,
    backward: bool = False,
    budget: float = BUDGET_SECONDS,
) -> Answer:
    """Return the next items that answer a question, as `VersionIndex.find` does, reading row group after row group.

    At least one group (10,000 rows or 16 MB) is looked at however small the budget, so that going on always gets on.
    """
    deadline = time.perf_counter() + budget
    start = max(0, min(start, reader.row_count))
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    scanned, complete = start, True
    for path, group, first, count in _groups(reader, question, start, backward):
        table, places = _matching(reader, path, group, question)
        places = places[places + first < start] if backward else places[places + first >= start]
        room = limit - len(numbers)
        places = places[-room:] if backward else places[:room]
        hits = table.take(pa.array(places)).to_pylist()
        where = (places + first).tolist()
        rows, numbers = (hits + rows, where + numbers) if backward else (rows + hits, numbers + where)
        scanned = first if backward else first + count
        if len(numbers) >= limit or time.perf_counter() > deadline:
            complete = len(numbers) >= limit
            break
    else:
        scanned = 0 if backward else reader.row_count
    return _answer(reader.row_count, rows, numbers, scanned, start, limit, backward=backward, complete=complete)


def _answer(
    total: int,
    rows: list[dict[str, Any]],
    numbers: list[int],
    scanned: int,
    start: int,
    limit: int,
    *,
    backward: bool,
    complete: bool,
) -> Answer:
    full = len(numbers) == limit
    if backward:
        first = numbers[0] if full else scanned
        before, after = (first if first > 0 else None), (start if start < total else None)
    else:
        last = numbers[-1] + 1 if full else scanned
        before, after = (start if start > 0 else None), (last if last < total else None)
    return Answer(rows, numbers, after, before, complete, scanned)


def _groups(
    reader: VersionReader, question: Question, start: int, backward: bool
) -> Iterator[tuple[Path, int, int, int]]:
    """Give file, number, first row and rows of the groups that may answer; the manifest's labels rule some out."""
    label = reader.manifest.roles.get("label")
    wanted = [entry.value for entry in question.conditions if entry.kind == "equals" and entry.column == label]
    places, first = [], 0
    for path, part in zip(reader.paths, reader.manifest.parts, strict=True):
        for number, group in enumerate(part.groups):
            behind = first < start if backward else first + group["rows"] > start
            if behind and all(value in group.get("labels", {value: 1}) for value in wanted):
                places.append((path, number, first, group["rows"]))
            first += group["rows"]
    return iter(places[::-1] if backward else places)


def _matching(reader: VersionReader, path: Path, group: int, question: Question) -> tuple[pa.Table, NDArray[np.int64]]:
    with pq.ParquetFile(path, pre_buffer=False) as part:
        table = part.read_row_group(group, use_threads=False)
    text = folded_query(question.text)
    masks = [_mask(reader, table, condition) for condition in question.conditions]
    if text:
        found = [pc.match_substring(fold(written(table[name])), text) for name in text_columns(reader)]
        masks.append(reduce(np.logical_or, [_bools(mask) for mask in found], np.zeros(table.num_rows, np.bool_)))
    keep = reduce(np.logical_and, masks, np.ones(table.num_rows, np.bool_))
    return table, np.flatnonzero(keep)


def text_columns(reader: VersionReader) -> list[str]:
    """Return the columns that a search looks into: the text, or every column of strings when none has that role."""
    role = reader.manifest.roles.get("text")
    if role and role in reader.schema.names:
        return [role]
    return [
        entry.name for entry in reader.schema if pa.types.is_string(entry.type) or pa.types.is_large_string(entry.type)
    ]


def _mask(reader: VersionReader, table: pa.Table, condition: Condition) -> NDArray[np.bool_]:
    if condition.kind in ("longer", "shorter"):
        names = text_columns(reader)
        if not names:
            raise ConditionError("This version has no text.")
        lengths = [
            pc.fill_null(pc.utf8_length(written(table[name])), 0).to_numpy(zero_copy_only=False) for name in names
        ]
        total, bound = np.sum(lengths, axis=0), condition.number()
        return np.asarray(total >= bound if condition.kind == "longer" else total <= bound)
    if condition.column not in table.schema.names or condition.column == "item_id":
        raise ConditionError(f"This version has no column {condition.column[:80]!r}.")
    column = table[condition.column]
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if condition.kind in ("missing", "present"):
        missing = _bools(pc.is_null(column, nan_is_null=pa.types.is_floating(column.type)))
        return missing if condition.kind == "missing" else ~missing
    if condition.kind == "equals":
        if numeric:
            return _bools(pc.equal(pc.cast(column, pa.float64(), safe=False), condition.number()))
        return _bools(pc.equal(written(column), condition.value))
    if not numeric:
        raise ConditionError(f"Column {condition.column!r} holds no numbers, so there is no least and most.")
    compare = pc.greater_equal if condition.kind == "at_least" else pc.less_equal
    return _bools(compare(pc.cast(column, pa.float64(), safe=False), condition.number()))


def _bools(mask: Any) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return found.astype(np.bool_, copy=False)
