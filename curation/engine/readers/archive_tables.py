"""Archives with one table, or several of the same columns; the splits that their names tell become a column."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.readers.archive import Member, walk
from curation.engine.readers.arrow_ipc import FILE_MAGIC, STREAM_MAGIC
from curation.engine.readers.huggingface import INFO_BYTES, INFO_NAMES, names_in_info, split_of
from curation.engine.readers.profile import SAMPLE_BYTES, UNFOLD_LIMIT, Batch, ReadError, RefusedRow, SourceProfile
from curation.engine.readers.rows import ROW_LIMIT
from curation.engine.readers.source import GZIP_MAGIC

_ENDINGS = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet", ".arrow", ".feather", ".xlsx")
# These are read from their end, or unpacked as a whole: looking at them needs all of the member.
_WHOLE = (b"PAR1", b"PK\x03\x04", FILE_MAGIC, STREAM_MAGIC, GZIP_MAGIC)
_HEAD_BYTES = 4 * SAMPLE_BYTES
Sniff = Callable[..., SourceProfile]
Read = Callable[[Path, SourceProfile], Iterator[Batch]]
Schema = Callable[[Path, SourceProfile], pa.Schema]


def is_table(member: Member) -> bool:
    """Say whether a member is read as a table; info files of the `datasets` library are none."""
    name = member.path.lower().removesuffix(".gz")
    return name.endswith(_ENDINGS) and member.name.lower() not in INFO_NAMES


@contextmanager
def spooled(stream: IO[bytes], *, look: bool = False) -> Iterator[Path]:
    """Copy a member into a temporary file under a name of ours; to look at plain text, its head is enough."""
    with tempfile.NamedTemporaryFile(prefix="assay-member-") as copy:
        head = stream.read(_HEAD_BYTES)
        copy.write(head)
        if not look or head.startswith(_WHOLE):
            shutil.copyfileobj(stream, copy, 1 << 18)
        copy.flush()
        yield Path(copy.name)


def look_at_tables(path: Path, profile: SourceProfile, members: list[Member], sniff: Sniff) -> list[list[str | None]]:
    """Fill in a profile from the first table and the info files; return its first rows as cells.

    Args:
        path: The archive.
        profile: Of the archive; takes encoding, dialect, columns and class names.
        members: All members.
        sniff: Looks at one table.
    """
    tables = [member for member in members if is_table(member)]
    profile.classes = _classes(path)
    profile.row_bound = sum(map(row_bound, tables))
    others = [member.path for member in members if member.is_packed]
    if others:
        profile.warn(f"Archives inside the archive are not opened; left out: {', '.join(others[:5])}.")
    inner = SourceProfile(profile.file_name, "csv", "utf-8", compressed=False)
    for member, stream in walk(path, look=True):
        if member.path == tables[0].path:
            with spooled(stream, look=True) as copy, _named(member):
                inner = sniff(copy, member.name, classes=profile.classes, **profile.chosen)
            break
    for name in ("encoding", "delimiter", "quote", "header", "sheet", "sheets"):
        setattr(profile, name, getattr(inner, name))
    for sentence in inner.warnings:
        profile.warn(f"{tables[0].path}: {sentence}")
    split = _splits(tables, inner.columns)
    profile.columns = [*inner.columns, *(["split"] if split else [])]
    return [[*row, *([split[tables[0].path]] if split else [])] for row in inner.preview]


def row_bound(member: Member) -> int:
    """Return how many rows a table may have: one a byte as text; packed ones say themselves, up to a limit."""
    name = member.path.lower()
    if name.endswith(".gz"):
        return member.size * UNFOLD_LIMIT
    return member.size if name.endswith((".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json")) else ROW_LIMIT


def _classes(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for member, stream in walk(path, look=True):
        if member.name.lower() in INFO_NAMES or member.name.lower() == "readme.md":
            found |= names_in_info(member.name, stream.read(INFO_BYTES))
    return found


def _splits(tables: list[Member], columns: list[str]) -> dict[str, str]:
    """Return path → split when every table's path names one and the tables have no such column of their own."""
    found = {member.path: split_of(member.path) for member in tables}
    return found if all(found.values()) and "split" not in columns else {}


@contextmanager
def _named(member: Member) -> Iterator[None]:
    """Say in which member an error lies."""
    try:
        yield
    except ReadError as error:
        raise ReadError(error.code, f"{member.path}: {error.message}", error.line) from error


def read_tables(path: Path, profile: SourceProfile, sniff: Sniff, read: Read, schema_of: Schema) -> Iterator[Batch]:
    """Give the rows of all tables in the archive's order.

    Several tables are looked through first, so that all batches have one schema: whole and other numbers become
    numbers, other differences text.

    Raises:
        ReadError: ``columns_differ``, and what reading a table or walking an archive raises.
    """
    tables = [member for member, _stream in walk(path) if is_table(member)]
    split = _splits(tables, [name for name in profile.columns if name != "split"])
    split = split if "split" in profile.columns else {}
    schema = _common_schema(path, profile, sniff, schema_of) if len(tables) > 1 else None
    total, done = max(1, sum(member.size for member in tables)), 0
    for member, copy, inner in _each(path, profile, sniff):
        for batch in read(copy, inner):
            table = _fitted(batch.table, schema, split.get(member.path))
            refused = [_placed(row, member) for row in batch.refused] if len(tables) > 1 else batch.refused
            share = min(batch.bytes_read, member.size)
            yield Batch(table, refused, path.stat().st_size * (done + share) // total)
        done += member.size
        for sentence in inner.warnings:
            profile.warn(f"{member.path}: {sentence}")


def _each(path: Path, profile: SourceProfile, sniff: Sniff) -> Iterator[tuple[Member, Path, SourceProfile]]:
    options: Mapping[str, Any] = {"classes": profile.classes, **profile.chosen}
    for member, stream in walk(path):
        if is_table(member):
            with spooled(stream) as copy, _named(member):
                # The header of the first table decides for all: the look at a short one may be wrong.
                yield member, copy, sniff(copy, member.name, **{"header": profile.header, **options})


def _placed(row: RefusedRow, member: Member) -> RefusedRow:
    return RefusedRow(row.line, row.code, f"{member.path}: {row.reason}", row.raw)


def _common_schema(path: Path, profile: SourceProfile, sniff: Sniff, schema_of: Schema) -> pa.Schema:
    common: pa.Schema | None = None
    for member, copy, inner in _each(path, profile, sniff):
        schema = schema_of(copy, inner)
        if common is None:
            common = schema
        elif set(common.names) != set(schema.names):
            other = ", ".join(sorted(set(common.names) ^ set(schema.names))[:10])
            raise ReadError(
                "columns_differ",
                f"{member.path} has other columns than the tables before it ({other}). Pack only tables of one shape.",
            )
        common = pa.schema([field.with_type(_wider(field.type, schema.field(field.name).type)) for field in common])
    assert common is not None
    return common


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other:
        return one
    return pa.float64() if {one, other} == {pa.int64(), pa.float64()} else pa.string()


def _fitted(table: pa.Table, schema: pa.Schema | None, split: str | None) -> pa.Table:
    if schema is not None:
        columns = [pc.cast(table[field.name], field.type) for field in schema]
        table = pa.table(columns, schema=schema)
    if split:
        table = table.append_column("split", pa.array([split] * table.num_rows, pa.string()))
    return table
