"""Two columns of a file, the text and the id, as fast as its format allows."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq

from curation.engine.folding import as_text
from curation.engine.readers import ReadError, SourceProfile, read_batches, sniff
from curation.engine.readers.parquet import read_parquet

# Texts and ids of one batch; ids are None when rows are to be counted.
Batch = tuple[pa.Array, pa.Array | None]
BLOCK_BYTES = 4 << 20
REFUSED_SHOWN = 20


@dataclass(slots=True)
class Columns:
    """The columns of a file.

    Attributes:
        field: Column of the text.
        id: Column of the ids; "" when rows are counted.
        batches: Texts as large strings and ids as they are in the file; to be read once.
        refused: Rows left out, complete when `batches` has ended.
        notes: Sentences for standard error, complete when `batches` has ended.
    """

    field: str
    id: str
    batches: Iterator[Batch]
    refused: int = 0
    notes: list[str] = attribute(default_factory=list)


def read_columns(path: Path, text: str | None, id_: str | None) -> Columns:
    """Open a file.

    Args:
        path: A file of any format that imports take; of Parquet only the two columns are decoded.
        text: Column of the text; found by name and content when None.
        id_: Column of the ids; found by name when None.

    Raises:
        ReadError: It cannot be read, or has no such column.
    """
    profile = sniff(path, path.name)
    found = Columns("", "", iter(()))
    # JSON columns that appear only behind the first megabyte are known to nobody yet: they are looked for in the rows.
    known = list(dict.fromkeys([*profile.columns, *([text, id_] if profile.format in {"json", "jsonl"} else [])]))
    names = [name for name in known if name]
    found.field, found.id = _chosen(names, profile.roles, "text", text), _chosen(names, profile.roles, "id", id_)
    if profile.format == "jsonl" and profile.encoding in {"utf-8", "ascii"}:
        for kind in (pa.string(), pa.int64()):
            if _fits(path, profile, found, kind):
                _check_seen(path, profile, found, kind)
                found.batches = (_row for _row in _lines(path, profile, found, kind))
                return found
    if profile.format == "parquet" and _is_plain(path, profile, found):
        found.batches = _plain(path, found)
        return found
    found.batches = _careful(path, profile, found)
    return found


def _is_plain(path: Path, profile: SourceProfile, found: Columns) -> bool:
    """Tell whether the two columns of a Parquet file are what they will be: texts, and ids of text or numbers."""
    schema = pq.read_schema(path)
    names = [found.field, *([found.id] if found.id else [])]
    if any(schema.names.count(name) != 1 or name in profile.classes for name in names):
        return False
    text = schema.field(found.field).type
    fits = pa.types.is_string(text) or pa.types.is_large_string(text)
    ids = schema.field(found.id).type if found.id else pa.int64()
    return fits and bool(pa.types.is_string(ids) or pa.types.is_large_string(ids) or ids == pa.int64())


def _plain(path: Path, found: Columns) -> Iterator[Batch]:
    """Give the two columns as they lie.

    The reader of imports decodes texts by way of dictionaries, which guards a service against files that unfold, at ten
    times the cost: 2 s instead of 0.2 s for a million short texts.
    """
    wanted = list(dict.fromkeys([found.field, *([found.id] if found.id else [])]))
    with pq.ParquetFile(path, pre_buffer=False) as part:
        for batch in part.iter_batches(batch_size=10_000, columns=wanted, use_threads=False):
            yield as_text(batch.column(found.field)), batch.column(found.id) if found.id else None


def _chosen(columns: list[str], roles: dict[str, str], role: str, asked: str | None) -> str:
    name = asked if asked is not None else roles.get(role, "")
    if name and name not in columns:
        raise ReadError("column_unknown", f"The file has no column {name!r}. It has {', '.join(columns[:50])}.")
    if not name and role == "text":
        raise ReadError("column_unknown", "Which column holds the text? Say so with --field.")
    return name


def _lines(path: Path, profile: SourceProfile, found: Columns, kind: pa.DataType) -> Iterator[Batch]:
    """Give the two columns of a JSON Lines file whose every line is whole and of one shape.

    Raises:
        pa.ArrowInvalid: Some line is not: the careful reader says which, and leaves it out.
    """
    fields = [pa.field(found.field, pa.string())]
    if found.id and found.id != found.field:
        fields.append(pa.field(found.id, kind))
    options = pj.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="ignore")
    packed = "gzip" if profile.compressed else None
    with pa.input_stream(str(path), compression=packed) as stream:
        reading = pj.ReadOptions(block_size=BLOCK_BYTES)
        for batch in pj.open_json(stream, read_options=reading, parse_options=options):
            texts = as_text(batch.column(found.field))
            if pc.any(pc.match_substring(texts, "\0")).as_py():
                raise pa.ArrowInvalid("NUL")
            batch.validate(full=True)
            yield texts, batch.column(found.id) if found.id else None


def _fits(path: Path, profile: SourceProfile, found: Columns, kind: pa.DataType) -> bool:
    """Tell whether the fast reader takes the whole file; a second of reading for 100 MB."""
    try:
        for _batch in _lines(path, profile, found, kind):
            pass
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, OSError):
        return False
    return True


def _check_seen(path: Path, profile: SourceProfile, found: Columns, kind: pa.DataType) -> None:
    """Raise unless a column that the first rows do not have is in some later row: the fast reader gives nulls for it.

    A mistyped name must not look like texts in which nothing was found.
    """
    late = {name for name in (found.field, found.id) if name and name not in profile.columns}
    for texts, ids in _lines(path, profile, found, kind) if late else ():
        seen = {found.field: texts, found.id: ids}
        late = {name for name in late if seen[name].null_count == len(texts)}
        if not late:
            return
    if late:
        raise ReadError("column_unknown", f"No row has {min(late)!r}. There are {', '.join(profile.columns[:50])}.")


def _careful(path: Path, profile: SourceProfile, found: Columns) -> Iterator[Batch]:
    shown = 0
    if profile.format == "parquet":
        batches = read_parquet(path, profile, {found.field, found.id})
    else:
        batches = read_batches(path, profile)
    for batch in batches:
        table: Any = batch.table
        for name in (found.field, found.id):
            if name and name not in table.schema.names:
                raise ReadError("column_unknown", f"No row has {name!r}. There are {', '.join(table.schema.names)}.")
        found.refused += len(batch.refused)
        for row in batch.refused[: max(0, REFUSED_SHOWN - shown)]:
            print(f"line {row.line}: {row.reason}", file=sys.stderr)
        shown += len(batch.refused)
        if table.num_rows:
            ids = table[found.id].combine_chunks() if found.id else None
            yield as_text(table[found.field]), ids
    if shown > REFUSED_SHOWN:
        found.notes.append(f"Rows left out: {shown}; the first {REFUSED_SHOWN} are named above.")
    found.notes += profile.warnings
