"""Delimiter, quoting and header of a delimited file, found from its first lines."""

import csv
from dataclasses import dataclass

from curation.engine.readers.profile import FIELD_LIMIT
from curation.engine.readers.roles import is_known_name

CANDIDATES = (",", "\t", ";", "|")
# Stands for "the whole line is one field"; the unit separator is what a text never holds.
WHOLE_LINE = "\x1f"
_ROWS_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Dialect:
    """How rows are cut: delimiter, quote character ("" for none), and whether the first row names the columns."""

    delimiter: str
    quote: str
    header: bool


def reader_options(delimiter: str, quote: str) -> dict[str, object]:
    """Return the options of `csv.reader` for a delimiter and a quote character."""
    # The limit is global in the csv module; its default of 128 KiB is below what a long document needs.
    csv.field_size_limit(FIELD_LIMIT)
    if not quote or delimiter == WHOLE_LINE:
        return {"delimiter": delimiter, "quoting": csv.QUOTE_NONE, "strict": True}
    return {"delimiter": delimiter, "quotechar": quote, "strict": True}


def parse(lines: list[str], delimiter: str, quote: str) -> tuple[list[list[str]], int]:
    """Return the rows of a sample, blank lines left out, and the number of records that could not be read."""
    feed = csv.reader(iter(lines), **reader_options(delimiter, quote))  # type: ignore[arg-type]
    rows: list[list[str]] = []
    bad = 0
    while len(rows) + bad < _ROWS_LOOKED_AT:
        try:
            row = next(feed)
        except StopIteration:
            break
        except csv.Error:
            bad += 1
            continue
        if row and row != [""]:
            rows.append(row)
    return rows, bad


def find_dialect(lines: list[str], delimiter: str | None = None, header: bool | None = None) -> Dialect:
    """Return the dialect of a sample; what the caller gives is taken as it is."""
    found = delimiter or _find_delimiter(lines)
    quote = _find_quote(lines, found)
    rows, _bad = parse(lines, found, quote)
    return Dialect(found, quote, has_header(rows) if header is None else header)


def _find_delimiter(lines: list[str]) -> str:
    """Return the candidate that gives most rows the same number of columns, two or more."""
    best, best_score = WHOLE_LINE, 0.0
    quoted_column = False
    for candidate in CANDIDATES:
        rows, bad = parse(lines, candidate, '"')
        if not rows:
            continue
        widths = [len(row) for row in rows]
        width = max(set(widths), key=widths.count)
        share = widths.count(width) / (len(widths) + bad)
        quoted_column |= candidate == "," and width == 1 and share == 1.0 and any('"' in line for line in lines)
        # The header decides between two candidates that fit alike; prose with a comma in most lines has no such header.
        score = share + 0.2 * (len(rows[0]) == width) + min(width, 50) / 1000
        if width > 1 and share >= 0.5 and len(rows[0]) > 1 and score > best_score:
            best, best_score = candidate, score
    return "," if best == WHOLE_LINE and quoted_column else best


def _find_quote(lines: list[str], delimiter: str) -> str:
    """Return the quote character, or "" where quotes are plain letters, as in many tab-separated files."""
    if delimiter == WHOLE_LINE:
        return ""
    if delimiter != "\t" or not any('"' in line for line in lines):
        return '"'
    with_quotes, bad = parse(lines, delimiter, '"')
    plain, _none = parse(lines, delimiter, "")
    even = len({len(row) for row in plain}) == 1
    return "" if bad and even and len(plain) >= len(with_quotes) else '"'


def has_header(rows: list[list[str]]) -> bool:
    """Say whether the first row names the columns.

    It does when it holds a well-known name. It does not when it holds a number, a long text, or a value that comes
    again further down in the same column. Otherwise it does when there is a second column to name.
    """
    if not rows:
        return True
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    if any(is_known_name(cell) for cell in first):
        return True
    if any(_is_number(cell) or len(cell) > 60 for cell in first):
        return False
    for place, cell in enumerate(first):
        if cell and sum(len(row) > place and row[place].strip() == cell for row in rest) > 0:
            return False
    return len(first) > 1 or (len(first[0].split()) <= 2 and bool(rest) and len(first[0]) <= 20)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
