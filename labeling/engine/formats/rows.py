"""Rows of JSON Lines, JSON lists and tables, one after the other; broken ones are told of and the others given."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from curation.engine.readers import ReadError, read_batches, sniff
from curation.engine.readers.encoding import codec, find_encoding
from curation.engine.readers.records import BadRecord, list_elements, parse_record
from curation.engine.readers.source import Overlong, lines_of, open_text
from labeling.engine.formats.files import Files
from labeling.engine.formats.record import FormatError, Losses

CHUNK = 1 << 20
# To look at the first rows, which is done for each format, little is read.
_FIRST_CHUNK = 1 << 14
Row = dict[str, Any]
# Rows that tell what a file is in.
TELLING = 50


def encoding_of(path: Path) -> str:
    """Return Python's codec for a file's text, found from its bytes.

    Raises:
        ReadError: ``binary``.
    """
    with path.open("rb") as stream:
        name, _start = find_encoding(stream)
    return codec(name)


def json_rows(files: Files, path: str, losses: Losses, chunk: int = CHUNK) -> Iterator[tuple[str, Row]]:
    """Give the objects of JSON Lines or of a JSON list, each with its place for reports.

    Args:
        files: Where it is.
        path: Of the file.
        losses: Is told of rows that cannot be read.
        chunk: Characters of a list that are read at once.

    Raises:
        FormatError: ``json_broken`` when a list ends before its end.
    """
    place = files.paths[path]
    with open_text(place, encoding_of(place)) as (_source, text):
        start = text.read(1)
        while start.isspace() or start == "\ufeff":
            start = text.read(1)
        elements = list_elements(_pieces(start, text, chunk)) if start == "[" else _lines(start, text)
        try:
            for number, raw in elements:
                if not raw.strip():
                    continue
                where = f"{path}: line {number}"
                long = isinstance(raw, Overlong)
                record = BadRecord("line_too_long", "It is too long.") if long else parse_record(raw)
                if isinstance(record, BadRecord):
                    losses.add(where, "row_broken", f"{record.reason} The row is left out.")
                else:
                    yield where, record
        except ReadError as error:
            raise FormatError("json_broken", f"{path}: {error.message}") from None


def _pieces(start: str, text: Any, chunk: int) -> Iterator[str]:
    yield start
    while piece := text.read(chunk):
        yield piece


def _lines(start: str, text: Any) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines_of(text), 1):
        yield number, line if isinstance(line, Overlong) else (start + line if number == 1 else line)


def table_rows(
    files: Files, path: str, losses: Losses, classes: Mapping[str, list[str]] | None = None
) -> Iterator[tuple[str, Row]]:
    """Give the rows of a CSV, TSV or Parquet file; cells of a CSV are texts, nested cells of Parquet are JSON.

    Args:
        files: Where it is.
        path: Of the file.
        losses: Is told of rows that cannot be read.
        classes: Names of the classes that whole numbers of a column stand for.

    Raises:
        FormatError: ``table_broken``.
    """
    place = files.paths[path]
    try:
        profile = sniff(place, path, classes=dict(classes or {}))
        number = 0
        for batch in read_batches(place, profile):
            for refused in batch.refused:
                losses.add(f"{path}: line {refused.line}", "row_broken", f"{refused.reason} The row is left out.")
            for row in batch.table.to_pylist():
                number += 1
                yield f"{path}: row {number}", row
    except ReadError as error:
        raise FormatError("table_broken", f"{path}: {error.message}") from None


def first_rows(files: Files, path: str) -> list[Row]:
    """Return the first rows of a JSON Lines file or JSON list, as far as they can be read."""
    head = files.head(path, 64).removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")
    if not head.startswith((b"[", b"{")):
        return []
    found: list[Row] = []
    try:
        for _where, row in islice(json_rows(files, path, Losses(), _FIRST_CHUNK), TELLING):
            found.append(row)
    except (FormatError, ReadError, UnicodeError):
        pass
    return found


def plain(value: Any) -> bool:
    """Tell whether a value can stand in a column as it is."""
    return value is None or isinstance(value, str | int | float)
