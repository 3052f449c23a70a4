"""Reading a whole file by its profile, in batches."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.readers.archive_images import read_images
from curation.engine.readers.archive_tables import read_tables
from curation.engine.readers.archive_texts import read_texts
from curation.engine.readers.arrow_ipc import read_arrow, schema_of_arrow
from curation.engine.readers.delimited import read_delimited
from curation.engine.readers.encoding import codec
from curation.engine.readers.parquet import read_parquet, schema_of_parquet
from curation.engine.readers.profile import (
    COLUMN_LIMIT,
    SAMPLE_BYTES,
    Batch,
    ReadError,
    RefusedRow,
    SourceProfile,
    excerpt,
)
from curation.engine.readers.records import (
    BadRecord,
    column_name,
    has_double_key,
    has_odd_number,
    list_elements,
    parse_record,
    span_fault,
)
from curation.engine.readers.rows import BATCH_CHARACTERS, BATCH_ROWS, column_type, damage, to_table
from curation.engine.readers.sniffing import sniff
from curation.engine.readers.source import Overlong, Source, lines_of, open_text, overlong
from curation.engine.readers.workbook import read_workbook, schema_of_workbook

# Ids that are looked at for a warning: 32 MB of hashes. Behind them the file is read, and not watched.
ID_LIMIT = 4_000_000
_INT64 = range(-(2**63), 2**63)


def read_batches(path: Path, profile: SourceProfile) -> Iterator[Batch]:
    """Give the good rows of a file as Arrow tables of one schema, with the refused rows beside them.

    Columns of delimited files and of archives of texts are strings, empty where the cell is empty. JSON columns keep
    their type when all their values have one (string, whole number, number, boolean); nested and mixed values are kept
    as JSON text. So do those of workbooks, Parquet and Arrow, whose dates and times become ISO 8601 text. Rows come in
    the order of the file. Memory is bounded by a batch: 10,000 rows or 8 million characters, plus one field of at most
    16 million. Afterwards `profile.warnings` also holds what showed only in the rows.

    Raises:
        ReadError: The file as a whole cannot be read; batches given before it must be thrown away.
    """
    read = _READERS[profile.format]
    watch = _Watch(profile)
    for batch in read(path, profile):
        watch.see(batch.table)
        yield batch
    watch.finish()


class _Watch:
    """Counts what deserves a warning over all batches: rows without text, ids used twice."""

    def __init__(self, profile: SourceProfile) -> None:
        self._profile = profile
        self._empty = 0
        # Memory is taken page by page, as rows come.
        self._ids = np.empty(ID_LIMIT, np.int64)
        self._watched = 0

    def see(self, table: pa.Table) -> None:
        text, name = self._profile.roles.get("text"), self._profile.roles.get("id")
        if text in table.column_names and pa.types.is_string(table.schema.field(text).type):
            trimmed = pc.utf8_trim_whitespace(pc.fill_null(table[text], ""))
            self._empty += int(pc.sum(pc.equal(trimmed, "")).as_py() or 0)
        if name in table.column_names and self._watched < ID_LIMIT:
            # Hashes and not the ids themselves: eight bytes a row, and a warning may be wrong once in 10^7 files.
            values = table[name].slice(0, ID_LIMIT - self._watched).to_pylist()
            end = self._watched + len(values)
            self._ids[self._watched : end] = np.fromiter(map(hash, values), np.int64, len(values))
            self._watched = end

    def finish(self) -> None:
        if self._empty:
            self._profile.warn(f"Rows without text: {self._empty}. The step drop_empty_text leaves them out.")
        if self._watched:
            ids = self._ids[: self._watched]
            ids.sort()
            again = ids[1:] == ids[:-1]
            # The first of each stretch of equal ones: an id counts once, however often it comes again.
            double = int(np.count_nonzero(again)) - int(np.count_nonzero(again[1:] & again[:-1]))
            where = f" among the first {self._watched} rows" if self._watched >= ID_LIMIT else ""
            if double:
                self._profile.warn(f"Ids of column {self._profile.roles['id']} used more than once{where}: {double}.")


def _raw_records(source: Source, text: io.TextIOWrapper, profile: SourceProfile) -> Iterator[tuple[int, str]]:
    if profile.format == "json":
        yield from list_elements(iter(lambda: text.read(SAMPLE_BYTES), ""))
        return
    for number, line in enumerate(lines_of(text), 1):
        if not line.isspace():
            yield number, line.removeprefix("\ufeff") if number == 1 and not isinstance(line, Overlong) else line


def _read_records(path: Path, profile: SourceProfile) -> Iterator[Batch]:
    """Read JSON in two passes: the first finds all columns and their types, so that every batch has the same schema."""
    schema = _find_schema(path, profile)
    profile.columns = list(schema.names)
    with open_text(path, codec(profile.encoding)) as (source, text):
        rows: list[dict[str, Any]] = []
        refused: list[RefusedRow] = []
        characters = 0
        for line, raw in _raw_records(source, text, profile):
            record = _checked(raw, line, profile)
            characters += len(raw)
            if isinstance(record, BadRecord):
                refused.append(RefusedRow(line, record.code, record.reason, excerpt(raw)))
            else:
                rows.append(record)
            if len(rows) + len(refused) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
                yield Batch(to_table(rows, schema), refused, source.position)
                rows, refused, characters = [], [], 0
        yield Batch(to_table(rows, schema), refused, source.position)


def _checked(raw: str, line: int, profile: SourceProfile) -> dict[str, Any] | BadRecord:
    """Return a record under its column names, or why it is refused; what is odd but readable becomes a warning."""
    if isinstance(raw, Overlong):
        refused = overlong(line, raw)
        return BadRecord(refused.code, refused.reason)
    record = parse_record(raw)
    if isinstance(record, BadRecord):
        return record
    if has_double_key(raw, record):
        profile.warn(f"Line {line} names a key twice; the last value was kept.")
    if has_odd_number(raw, record):
        profile.warn(f"Line {line} holds NaN or a number out of range; the value was left empty.")
    row = {column_name(key): value for key, value in record.items()}
    fault = damage(list(row.values()), list(row), profile.encoding)
    if fault:
        return BadRecord(*fault)
    spans = span_fault(record, row.get(profile.roles.get("text", "")))
    return BadRecord("span", spans + " Offsets count characters, the end is exclusive.") if spans else row


def _find_schema(path: Path, profile: SourceProfile) -> pa.Schema:
    kinds: dict[str, set[type]] = {}
    wide: set[str] = set()
    with open_text(path, codec(profile.encoding)) as (source, text):
        for line, raw in _raw_records(source, text, profile):
            record = parse_record(raw)
            if isinstance(record, BadRecord):
                continue
            for key, value in record.items():
                if key not in kinds:
                    kinds[key] = set()
                kinds[key].add(type(value))
                if type(value) is int and value not in _INT64:
                    wide.add(key)
            if len(kinds) > COLUMN_LIMIT:
                raise ReadError(
                    "too_many_columns", f"Up to line {line} there are over {COLUMN_LIMIT} different keys.", line
                )
    columns: dict[str, set[type]] = {}
    for key, types in kinds.items():
        columns.setdefault(column_name(key), set()).update(types | ({str} if key in wide else set()))
    return pa.schema([pa.field(name, column_type(types)) for name, types in columns.items()])


def _read_tables(path: Path, profile: SourceProfile) -> Iterator[Batch]:
    return read_tables(path, profile, sniff, _read, _schema_of)


def _read_images(path: Path, profile: SourceProfile) -> Iterator[Batch]:
    return read_images(path, profile, sniff, _read)


def _read(path: Path, profile: SourceProfile) -> Iterator[Batch]:
    return _READERS[profile.format](path, profile)


def _schema_of(path: Path, profile: SourceProfile) -> pa.Schema:
    """Return names and types of a table without reading it into memory."""
    return _SCHEMAS[profile.format](path, profile)


def _text_schema(_path: Path, profile: SourceProfile) -> pa.Schema:
    return pa.schema([pa.field(name, pa.string()) for name in profile.columns])


_READERS: dict[str, Callable[[Path, SourceProfile], Iterator[Batch]]] = {
    "csv": read_delimited,
    "tsv": read_delimited,
    "jsonl": _read_records,
    "json": _read_records,
    "parquet": read_parquet,
    "arrow": read_arrow,
    "xlsx": read_workbook,
    "texts": read_texts,
    "tables": _read_tables,
    "images": _read_images,
}
# The formats of which an archive may hold several files.
_SCHEMAS: dict[str, Callable[[Path, SourceProfile], pa.Schema]] = {
    "csv": _text_schema,
    "tsv": _text_schema,
    "jsonl": _find_schema,
    "json": _find_schema,
    "parquet": schema_of_parquet,
    "arrow": schema_of_arrow,
    "xlsx": schema_of_workbook,
}
