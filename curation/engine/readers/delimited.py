"""CSV, TSV and plain lines, read row by row with line numbers; damaged rows are refused, good ones kept."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curation.engine.readers.dialect import WHOLE_LINE, reader_options
from curation.engine.readers.encoding import CODECS, codec
from curation.engine.readers.profile import Batch, ReadError, RefusedRow, SourceProfile, excerpt
from curation.engine.readers.rows import BATCH_CHARACTERS, BATCH_ROWS, broken_bytes, string_table
from curation.engine.readers.source import Overlong, Source, lines_of, open_text, overlong

_UNCLOSED = "unexpected end of data"
_OVERLONG = "overlong line"


@dataclass(slots=True)
class _Feed:
    """Lines for `csv.reader` that can be taken back: a stray quote must not swallow the good rows behind it."""

    lines: Iterator[str]
    # The last line given, counted from 1, and the lines of the record that is being read.
    number: int = 0
    record: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    # Lines that were left out for their length.
    refused: list[RefusedRow] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        while True:
            line = self.again.pop() if self.again else next(self.lines, None)
            if line is None:
                return
            if isinstance(line, Overlong):
                if self.record:
                    # A quote before it is still open; it is looked at again once that row is refused.
                    self.again.append(line)
                    raise csv.Error(_OVERLONG)
                self.number += 1
                self.refused.append(overlong(self.number, line))
                continue
            self.number += 1
            self.record.append(line)
            yield line

    def take_back(self) -> str:
        """Give all lines of the failed record but its first again; return the first."""
        first, rest = self.record[0], self.record[1:]
        self.number -= len(rest)
        self.again.extend(reversed(rest))
        self.record.clear()
        return first


@dataclass(slots=True)
class _Collected:
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    characters: int = 0

    def is_full(self) -> bool:
        return len(self.rows) + len(self.refused) >= BATCH_ROWS or self.characters >= BATCH_CHARACTERS


def read_delimited(path: Path, profile: SourceProfile) -> Iterator[Batch]:
    """Give the rows of a delimited file in batches.

    A row with too few or too many fields, a NUL byte, or bytes that do not fit the encoding is refused; so is a row
    whose quotes are wrong, and a line that is too long. A line that is not UTF-8 in a UTF-8 file but is everyday
    GB 18030 is read as such, with a warning.

    Raises:
        ReadError: ``unclosed_quote`` with the line of the opening quote, ``gzip_ratio``.
    """
    with open_text(path, codec(profile.encoding)) as (source, text):
        feed = _Feed(_mended(lines_of(text), profile))
        yield from _batches(feed, source, profile)


def _mended(lines: Iterator[str], profile: SourceProfile) -> Iterator[str]:
    """Drop the byte order mark, and read single lines of another encoding as what they are."""
    utf8 = profile.encoding in {"utf-8", "utf-8-bom"}
    for number, line in enumerate(lines, 1):
        if isinstance(line, Overlong):
            yield line
            continue
        if number == 1:
            line = line.removeprefix("\ufeff")  # noqa: PLW2901
        if utf8 and not line.isascii() and broken_bytes(line):
            other = as_chinese(line)
            if other:
                profile.warn(f"Line {number} is not UTF-8 like the rest of the file; it was read as GB 18030.")
            yield other or line
        else:
            yield line


def as_chinese(line: str) -> str:
    """Return a line of broken UTF-8 decoded as GB 18030 when all its characters are everyday ones, else ""."""
    raw = line.encode("utf-8", "surrogateescape")
    try:
        decoded = raw.decode(CODECS["gb18030"])
        pairs = [letter.encode("gb2312") for letter in decoded if letter > "\x7f"]
    except UnicodeError:
        return ""
    return decoded if all(0xA1 <= pair[0] <= 0xA3 or 0xB0 <= pair[0] <= 0xD7 for pair in pairs) else ""


def _batches(feed: _Feed, source: Source, profile: SourceProfile) -> Iterator[Batch]:
    rows = _records(feed, profile)
    if profile.header:
        next(rows, None)
    names = profile.columns
    collected = _Collected()
    for line, row, raw in rows:
        if isinstance(row, RefusedRow):
            collected.refused.append(row)
        elif len(row) != len(names):
            collected.refused.append(_wrong_width(line, row, raw, len(names)))
        else:
            collected.rows.append(row)
            collected.lines.append(line)
        collected.characters += len(raw)
        if collected.is_full():
            yield _batch(collected, source, profile)
            collected = _Collected()
    yield _batch(collected, source, profile)


def _batch(collected: _Collected, source: Source, profile: SourceProfile) -> Batch:
    table, damaged = string_table(profile.columns, collected.rows, collected.lines, profile.encoding)
    refused = sorted([*collected.refused, *damaged], key=lambda row: row.line)
    return Batch(table, refused, source.position)


def _records(feed: _Feed, profile: SourceProfile) -> Iterator[tuple[int, Any, str]]:
    """Give (first line, fields or refusal, first raw line) of every record that is not blank."""
    options = reader_options(profile.delimiter or WHOLE_LINE, profile.quote)
    lines = iter(feed)
    reader = csv.reader(lines, **options)  # type: ignore[arg-type]
    record = feed.record
    while True:
        try:
            row = next(reader)
        except StopIteration:
            yield from _left_out(feed)
            return
        except csv.Error as error:
            yield from _left_out(feed)
            refusal = _broken_record(feed, str(error))
            yield refusal.line, refusal, refusal.raw
            # The csv module and an ended generator both remember the failure: go on with new ones.
            lines = iter(feed)
            reader = csv.reader(lines, **options)  # type: ignore[arg-type]
            continue
        yield from _left_out(feed)
        if row and (len(row) > 1 or row[0].strip() or profile.delimiter):
            yield feed.number - len(record) + 1, row, record[0]
        record.clear()


def _left_out(feed: _Feed) -> Iterator[tuple[int, Any, str]]:
    """Give the refusals of lines that were left out since the last time."""
    yield from ((row.line, row, row.raw) for row in feed.refused)
    feed.refused.clear()


def _broken_record(feed: _Feed, message: str) -> RefusedRow:
    start = feed.number - len(feed.record) + 1
    if message == _UNCLOSED or "field larger" in message:
        raise ReadError(
            "unclosed_quote",
            f"A quote opened in line {start} is never closed, so the rows behind it cannot be told apart. "
            "Close it, or double it if it belongs to the text.",
            start,
        )
    first = feed.take_back()
    reason = "A quoted field goes on after its closing quote, or a quote is not closed in this row."
    return RefusedRow(start, "quote", reason + " Double the quotes that belong to the text.", excerpt(first))


def _wrong_width(line: int, row: list[str], raw: str, width: int) -> RefusedRow:
    what = "few" if len(row) < width else "many"
    reason = f"The row has too {what} fields: {len(row)} where the header has {width}."
    return RefusedRow(line, f"too_{what}_fields", reason, excerpt(raw))
