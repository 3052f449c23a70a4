"""Tables beside pictures: which column names the files, and what the others say of them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as pa

from curation.engine.pictures.facts import FACTS
from curation.engine.readers.archive import Member, walk
from curation.engine.readers.archive_tables import is_table, spooled
from curation.engine.readers.huggingface import split_of
from curation.engine.readers.profile import PREVIEW_ROWS, Batch, ReadError, RefusedRow, SourceProfile
from curation.engine.readers.roles import guess_roles

# The column with the name of each picture's file.
FILE = "image_file"
# A larger table is no list of labels, or must be sent by itself.
TABLE_BYTES = 256 << 20
# A column names the pictures when at least this share of its first values does. Looking and reading see the same ones.
_SHARE, _LOOKED_AT = 0.5, PREVIEW_ROWS
Sniff = Callable[..., SourceProfile]
Read = Callable[[Path, SourceProfile], Iterator[Batch]]
Row = dict[str, Any]


@dataclass(slots=True)
class Listing:
    """What the tables of an archive say of its pictures.

    Attributes:
        fields: Columns in order with their types, without the ones that name the pictures.
        rows: Path of a picture → what is said of it, once for each row that names it.
        refused: Rows that name a picture that is not there.
        tables: Paths of the tables that were used.
        label: The column that holds the label, "" when none looks like one.
        warnings: What was odd.
    """

    fields: dict[str, pa.DataType] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    label: str = ""
    warnings: list[str] = field(default_factory=list)


class Names:
    """Finds pictures by what tables call them: path, path from the table's folder, file name, name without ending."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = set(paths)
        pure = [PurePosixPath(path) for path in paths]
        self._names = _unique([(path.name, str(path)) for path in pure])
        self._stems = _unique([(path.stem, str(path)) for path in pure])

    def find(self, said: Any, folder: str) -> str:
        """Return the path of the picture that a cell names, or ""."""
        if not isinstance(said, str | int) or isinstance(said, bool):
            return ""
        plain = str(said).strip().replace("\\", "/").removeprefix("./")
        for path in (plain, f"{folder}/{plain}"):
            if path in self._paths:
                return path
        name = plain.rsplit("/", 1)[-1]
        return self._names.get(name, "") or self._stems.get(name, "")


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    counts = Counter(name for name, _path in pairs)
    return {name: path for name, path in pairs if counts[name] == 1}


def read_listing(path: Path, pictures: list[str], tables: list[Member], sniff: Sniff, read: Read | None) -> Listing:
    """Return what the tables of an archive say of its pictures.

    A table is used when one of its columns names pictures; the others are left to be refused. Tables named for splits
    (``train.csv``, ``test.csv``) give a column ``split`` when all of them are and none has one.

    Args:
        path: The archive or folder.
        pictures: Paths of the pictures.
        tables: The members that may be tables.
        sniff: Looks at one table.
        read: Reads one table; None to look at the first rows alone.
    """
    names, listing = Names(pictures), Listing()
    found: list[tuple[Member, str, list[Row]]] = []
    wanted = {member.path for member in tables if member.size <= TABLE_BYTES}
    for member, stream in walk(path, look=read is None) if wanted else ():
        if member.path in wanted:
            table = _table(member, stream, sniff, read, listing)
            column = "" if table is None else _naming(table, names, _folder(member))
            if table is not None and column:
                found.append((member, column, table.to_pylist()))
                _note_fields(listing, table, column)
                listing.tables.add(member.path)
    splits = {member.path: split_of(member.path) for member, _column, _rows in found}
    with_split = bool(found) and all(splits.values()) and "split" not in listing.fields
    for member, column, rows in found:
        _take_rows(listing, names, member, column, rows, {"split": splits[member.path]} if with_split else {})
    if with_split:
        listing.fields["split"] = pa.string()
    listing.label = _label(listing)
    return listing


def _folder(member: Member) -> str:
    return member.path.rpartition("/")[0]


def _table(member: Member, stream: IO[bytes], sniff: Sniff, read: Read | None, listing: Listing) -> pa.Table | None:
    with spooled(stream, look=read is None) as copy:
        try:
            profile = sniff(copy, member.name)
            if read is None:
                cells = list(zip(*profile.preview, strict=True)) or [()] * len(profile.columns)
                return pa.table([pa.array(column, pa.string()) for column in cells], names=profile.columns)
            batches = list(read(copy, profile))
        except ReadError:
            return None
    for batch in batches:
        listing.refused += [
            RefusedRow(row.line, row.code, f"{member.path}: {row.reason}", row.raw) for row in batch.refused
        ]
    tables = [batch.table for batch in batches]
    return pa.concat_tables(tables) if tables else None


def _naming(table: pa.Table, names: Names, folder: str) -> str:
    """Return the column that names most pictures, "" when none names half of them."""
    best, most = "", 0.0
    for name in table.column_names:
        values = [value for value in table[name].slice(0, _LOOKED_AT).to_pylist() if value not in {None, ""}]
        share = sum(bool(names.find(value, folder)) for value in values) / len(values) if values else 0.0
        if share > most and share >= _SHARE:
            best, most = name, share
    return best


def _note_fields(listing: Listing, table: pa.Table, column: str) -> None:
    for entry in table.schema:
        # What an export of ours said of a picture is measured anew.
        if entry.name not in {column, FILE, *FACTS}:
            known = listing.fields.setdefault(entry.name, entry.type)
            if known != entry.type:
                listing.fields[entry.name] = pa.string()


def _take_rows(listing: Listing, names: Names, member: Member, column: str, rows: list[Row], more: Row) -> None:
    for number, row in enumerate(rows, 2):
        said = row.pop(column)
        path = names.find(said, _folder(member))
        if path:
            listing.rows.setdefault(path, []).append({**row, **more})
        else:
            reason = f"{member.path}: there is no picture {str(said)[:200]!r} in the archive."
            listing.refused.append(RefusedRow(number, "picture_missing", reason, str(said)[:300]))


def _label(listing: Listing) -> str:
    columns = list(listing.fields)
    sample = [rows[0] for rows in list(listing.rows.values())[:200]]
    cells = [[None if row.get(name) is None else str(row[name]) for name in columns] for row in sample]
    return guess_roles(columns, cells)[0].get("label", "")


def tables_among(members: list[Member]) -> list[Member]:
    """Return the members that may be tables."""
    return [member for member in members if is_table(member)]
