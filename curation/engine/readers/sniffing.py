"""Looking at a file before it is read: format, encoding, dialect, columns and their roles."""

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curation.engine.readers.archive import list_members
from curation.engine.readers.archive_images import look_at_images
from curation.engine.readers.archive_tables import look_at_tables
from curation.engine.readers.archive_texts import look_at_texts
from curation.engine.readers.arrow_ipc import look_at_arrow
from curation.engine.readers.dialect import WHOLE_LINE, find_dialect, parse
from curation.engine.readers.encoding import codec, find_encoding, first_bytes
from curation.engine.readers.magic import refuse_annotation_lists, refuse_other_kinds
from curation.engine.readers.names import name_columns
from curation.engine.readers.parquet import look_at_parquet
from curation.engine.readers.profile import (
    COLUMN_LIMIT,
    EXCERPT,
    FIELD_LIMIT,
    PREVIEW_ROWS,
    ROLES,
    SAMPLE_BYTES,
    UNFOLD_LIMIT,
    WIDE_COLUMNS,
    ReadError,
    SourceProfile,
    fit_to_show,
)
from curation.engine.readers.recognition import lying_name, recognise
from curation.engine.readers.records import json_kind, sample_records
from curation.engine.readers.roles import guess_roles
from curation.engine.readers.source import BROKEN, Source, open_text
from curation.engine.readers.workbook import look_at_workbook

TEXT_FORMATS = ("csv", "tsv", "jsonl", "json")
# As `SourceProfile.format` names them: "texts" and "tables" are archives, of text files and of tables; "images" are
# archives of pictures and single ones.
FORMATS = (*TEXT_FORMATS, "parquet", "arrow", "xlsx", "texts", "tables", "images")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose over the guesses; None leaves the guess."""

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    format: str | None = None
    roles: dict[str, str | None] | None = None
    sheet: str | None = None
    classes: dict[str, list[str]] = field(default_factory=dict)

    def for_members(self) -> dict[str, Any]:
        """Return what holds for each table of an archive."""
        given = {"encoding": self.encoding, "delimiter": self.delimiter, "header": self.header, "sheet": self.sheet}
        return {name: value for name, value in given.items() if value is not None}


def sniff(
    path: Path,
    file_name: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    format: str | None = None,  # noqa: A002  (the name that REST clients send)
    roles: dict[str, str | None] | None = None,
    sheet: str | None = None,
    classes: dict[str, list[str]] | None = None,
) -> SourceProfile:
    """Return how a file is to be read, found from its content and not its name.

    Args:
        path: The file; gzip is unfolded, archives are looked into.
        file_name: The name it came under, shown in messages.
        encoding: One of `encoding.CODECS`; found when left out.
        delimiter: One character; "" means that a line is one field.
        header: Whether the first row names the columns.
        format: One of `FORMATS`; only text formats can be told apart by choice.
        roles: Role → column name; "" or None for a role that no column plays; roles left out are guessed.
        sheet: Name of a workbook's sheet; the first when left out.
        classes: Column → class names for the whole numbers in it, told by a file beside the table.

    Raises:
        ReadError: ``file_empty``, ``other_format``, ``binary``, ``json_broken``, ``too_many_columns``, ``gzip_*``,
            ``parquet_*``, ``arrow_*``, ``xlsx_*``, ``archive_*``; ``role_unknown``, ``column_unknown``,
            ``encoding_unknown``, ``format_unknown``, ``format_unfit``, ``delimiter_unknown``, ``sheet_unknown``.
    """
    kind_chosen, sheet = format or None, sheet or None
    choices = Choices(encoding or None, _delimiter(delimiter), header, kind_chosen, roles, sheet, classes or {})
    if choices.format and choices.format not in FORMATS:
        raise ReadError("format_unknown", f"There is no format {format!r}. Choose one of {', '.join(FORMATS)}.")
    if path.is_file() and path.stat().st_size == 0:
        raise ReadError("file_empty", "The file is empty: it has no bytes at all.")
    kind = recognise(path)
    _check_choice(choices.format, kind)
    profile = SourceProfile(file_name=file_name, format=kind, encoding=choices.encoding or "utf-8", compressed=False)
    profile.classes = choices.classes
    rows = _LOOKS[kind](path, profile, choices) if kind else _look_at_text(path, profile, choices)
    lying = "" if choices.format else lying_name(file_name, profile.format)
    if lying:
        profile.warn(lying)
    _look_at_columns(profile, rows, choices.roles)
    return profile


def _check_choice(chosen: str | None, kind: str) -> None:
    fits = chosen == kind if kind else chosen in TEXT_FORMATS
    if chosen and not fits:
        raise ReadError(
            "format_unfit", f"The content is {kind or 'text'}, which cannot be read as {chosen}. Leave the format open."
        )


def _look_at_archive(path: Path, profile: SourceProfile, choices: Choices) -> list[list[str | None]]:
    profile.chosen = choices.for_members()
    members = list_members(path, look=True)
    if profile.format == "texts":
        return look_at_texts(path, profile, members)
    return look_at_tables(path, profile, members, sniff)


_Look = Callable[[Path, SourceProfile, Choices], list[list[str | None]]]
_LOOKS: dict[str, _Look] = {
    "parquet": lambda path, profile, _choices: look_at_parquet(path, profile),
    "arrow": lambda path, profile, _choices: look_at_arrow(path, profile),
    "xlsx": lambda path, profile, choices: look_at_workbook(path, profile, choices.sheet or "", choices.header),
    "texts": _look_at_archive,
    "tables": _look_at_archive,
    "images": lambda path, profile, _choices: look_at_images(path, profile, sniff),
}


def _look_at_text(path: Path, profile: SourceProfile, choices: Choices) -> list[list[str | None]]:
    with Source(path) as source:
        profile.encoding, start = _start(source, choices.encoding)
        profile.compressed = source.compressed
    # A row has at least one byte.
    profile.row_bound = path.stat().st_size * (UNFOLD_LIMIT if profile.compressed else 1)
    # The end of the sample may cut a character in two: the incremental decoder leaves it out.
    text = codecs.getincrementaldecoder(codec(profile.encoding))(BROKEN).decode(start).removeprefix("\ufeff")
    if not text.strip():
        raise ReadError("file_empty", f"{profile.file_name} is empty: it holds no row.")
    if len(start) >= SAMPLE_BYTES and text.lstrip()[:1] == "{" and "\n" not in text:
        text = _first_line(path, profile.encoding)
    kind = choices.format or json_kind(text, profile.file_name, whole=len(start) < SAMPLE_BYTES)
    profile.format = kind or "csv"
    if kind in {"json", "jsonl"}:
        return sample_records(text, profile)
    return _look_at_table(text, choices, profile, cut=len(start) >= SAMPLE_BYTES)


def _first_line(path: Path, encoding: str) -> str:
    """Return the first line of a file of records, which may be longer than the sample: a book in one record."""
    with open_text(path, codec(encoding)) as (_source, text):
        return text.readline(FIELD_LIMIT).removeprefix("\ufeff")


def _delimiter(chosen: str | None) -> str | None:
    if chosen is None:
        return None
    character = {"": WHOLE_LINE, "tab": "\t", "\\t": "\t"}.get(chosen, chosen)
    if len(character) != 1 or character in '"\r\n':
        raise ReadError("delimiter_unknown", f"{chosen!r} cannot be a delimiter. Choose one character, or tab.")
    return character


def _start(source: Source, chosen: str | None) -> tuple[str, bytes]:
    first = source.stream.peek(1 << 12) if hasattr(source.stream, "peek") else b""
    if not first:
        raise ReadError("file_empty", "The file is empty: it has no bytes at all.")
    refuse_other_kinds(first)
    return (chosen, first_bytes(source.stream)) if chosen else find_encoding(source.stream)


def _look_at_table(text: str, choices: Choices, profile: SourceProfile, *, cut: bool) -> list[list[str | None]]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [line + "\n" for line in (lines[:-1] if cut and len(lines) > 1 else lines)]
    if choices.format is None and choices.delimiter is None:
        refuse_annotation_lists(lines[:500], profile.file_name)
    dialect = find_dialect(lines, choices.delimiter, choices.header)
    profile.delimiter = "" if dialect.delimiter == WHOLE_LINE else dialect.delimiter
    profile.quote, profile.header = dialect.quote, dialect.header
    profile.format = "tsv" if dialect.delimiter == "\t" else "csv"
    rows, _bad = parse(lines, dialect.delimiter, dialect.quote)
    # An unclosed quote swallows the sample; its first line still shows the columns, and reading names the line.
    rows = rows or parse(lines[:1], dialect.delimiter, "")[0] or [["text"]]
    profile.columns = (
        name_columns(rows[0], profile) if dialect.header else [f"column_{n}" for n in range(1, len(rows[0]) + 1)]
    )
    if not dialect.header and choices.header is None:
        profile.warn("The first row looks like data, so the columns were given numbers. Say if it names the columns.")
    body = rows[1:] if dialect.header else rows
    if not body and not cut:
        profile.warn("There is a header and no row below it.")
    width = len(profile.columns)
    return [[*row[:width], *[None] * (width - len(row))] for row in body]


def _look_at_columns(
    profile: SourceProfile, rows: list[list[str | None]], chosen: dict[str, str | None] | None
) -> None:
    width = len(profile.columns)
    if width > COLUMN_LIMIT:
        raise ReadError("too_many_columns", f"The file has {width} columns; at most {COLUMN_LIMIT} can be read.", 1)
    if width > WIDE_COLUMNS:
        profile.warn(f"The file has {width} columns. Is the delimiter right, and is every one of them needed?")
    if profile.format != "images":
        profile.roles, profile.role_reasons = guess_roles(profile.columns, rows[:200])
    if profile.format == "texts":
        profile.roles["id"], profile.role_reasons["id"] = "path", "The path of each file in the archive."
    for role, column in (chosen or {}).items():
        if role not in ROLES:
            raise ReadError("role_unknown", f"There is no role {role!r}. Choose among {', '.join(ROLES)}.")
        if column and column not in profile.columns:
            raise ReadError("column_unknown", f"The file has no column {column!r} for the role {role}.")
        if role == "image" and column != profile.roles.get("image"):
            raise ReadError("role_fixed", "Which column holds the pictures is settled by the import and not by choice.")
        profile.roles.pop(role, None)
        profile.role_reasons.pop(role, None)
        if column:
            profile.roles = {other: name for other, name in profile.roles.items() if name != column}
            profile.roles[role], profile.role_reasons[role] = column, "Chosen by a person."
    profile.preview = [[_cell(cell) for cell in row] for row in rows[:PREVIEW_ROWS]]


def _cell(cell: str | None) -> str | None:
    if cell is None:
        return None
    return fit_to_show(cell[:EXCERPT])
