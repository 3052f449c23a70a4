"""XLSX workbooks: one sheet, row by row, formulas as the values that were saved with them."""

import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import pyarrow as pa

from curation.engine.readers.dialect import has_header
from curation.engine.readers.names import name_columns
from curation.engine.readers.profile import COLUMN_LIMIT, Batch, ReadError, RefusedRow, SourceProfile, excerpt
from curation.engine.readers.records import shown
from curation.engine.readers.rows import BATCH_CHARACTERS, BATCH_ROWS, column_type, damage, to_table

# The format's own limit.
ROW_LIMIT = 1_048_576
# XML of one row, or between two rows; an element is held in memory whole. A cell has at most 32,767 characters.
ROW_BYTES = 16 << 20
# XML of the parts that are held in memory: the shared strings, and every other part but the sheets.
STRINGS_BYTES, PART_BYTES, SHEET_BYTES = 256 << 20, 32 << 20, 8 << 30
_HEAD_BYTES = 1 << 16
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_ROOT = re.compile(r"<[A-Za-z_]")
_ENCODING = re.compile(r"encoding\s*=\s*[\"']([^\"']*)")
_PLAIN_ENCODINGS = frozenset({"", "utf-8", "utf8", "us-ascii", "utf-16"})
_BROKEN = (zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError, OSError)
_BROKEN_TOO = (EOFError, NotImplementedError, OverflowError, RuntimeError, zlib.error)

Row = tuple[int, list[Any]]


def check_parts(archive: zipfile.ZipFile) -> None:
    """Refuse a workbook with a part that is too large, or whose XML declares entities.

    Office programs write no document type; one is only ever there to make the parser expand entities.

    Raises:
        ReadError: ``xlsx_too_large``, ``xlsx_markup``, ``xlsx_encrypted``.
    """
    for info in archive.infolist():
        if info.flag_bits & 1:
            raise ReadError("xlsx_encrypted", "The workbook is locked with a password. Save it without one.")
        name = info.filename.lower()
        if not name.endswith((".xml", ".rels")):
            continue
        sheet, strings = name.startswith("xl/worksheets/sheet"), name.endswith("sharedstrings.xml")
        limit = SHEET_BYTES if sheet else STRINGS_BYTES if strings else PART_BYTES
        if info.file_size > limit:
            detail = f"its part {info.filename} unfolds to more than {limit >> 20} MB"
            raise ReadError("xlsx_too_large", f"The workbook is too large: {detail}. Save the sheet as CSV.")
        with archive.open(info) as part:
            _refuse_doctype(part.read(_HEAD_BYTES), info.filename)


def _refuse_doctype(head: bytes, name: str) -> None:
    wide = head[:2] in {b"\xff\xfe", b"\xfe\xff"}
    text = head.decode("utf-16" if wide else "latin-1", "replace")
    root = _ROOT.search(text)
    encoding = _ENCODING.search(text[: root.start() if root else 0])
    known = encoding is None or encoding[1].lower() in _PLAIN_ENCODINGS
    # Without the root in sight, or in an encoding that hides it, a declaration may still follow.
    if (head and root is None) or not known or "<!D" in text[: root.start() if root else 0].upper():
        raise ReadError(
            "xlsx_markup", f"The part {name} of the workbook declares a document type, which no office program does."
        )


class _Guarded:
    """A sheet's XML that ends with an error when too much of it passes without a row."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._since = stream, 0

    def read(self, size: int = -1) -> bytes:
        """Read on, counting what lies between two rows."""
        data = self._stream.read(size)
        self._since = 0 if _ROW.search(data) else self._since + len(data)
        if self._since > ROW_BYTES:
            raise ReadError(
                "xlsx_too_large", f"One row of the sheet takes more than {ROW_BYTES >> 20} MB of XML. Save it as CSV."
            )
        return data

    def close(self) -> None:
        """Close the part."""
        self._stream.close()


@contextmanager
def _opened(path: Path, sheet: str) -> Iterator[tuple[list[str], str, Callable[[], Iterator[Row]]]]:
    """Give the names of the sheets, that of the chosen one, and a function that reads its rows from the start.

    Raises:
        ReadError: ``xlsx_broken``, ``sheet_unknown``, and what `check_parts` raises.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_parts(archive)
        # A file object and not a path: openpyxl judges paths by their ending, and an object in the store has none.
        with path.open("rb") as stream, closing(_load(stream)) as book:
            names = [each.title for each in book.worksheets]
            if not names:
                raise ReadError("xlsx_no_sheet", "The workbook has no sheet with cells.")
            if sheet and sheet not in names:
                raise ReadError("sheet_unknown", f"There is no sheet {sheet!r}. Choose one of: {', '.join(names)}.")
            chosen = sheet or names[0]
            yield names, chosen, lambda: _rows(book, book.worksheets[names.index(chosen)])
    except (*_BROKEN, *_BROKEN_TOO) as error:
        reason = str(error).split("\n", 1)[0][:200]
        raise ReadError(
            "xlsx_broken", f"The workbook is damaged ({reason}). Open and save it again, or save the sheet as CSV."
        ) from error


def _load(stream: IO[bytes]) -> Any:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)


def _rows(book: Any, sheet: Any) -> Iterator[Row]:
    """Give (row number, values) of each row with a value; cells stand at their column, gaps are None.

    The parser's rows are taken and not those of the sheet object, which fills every gap up to the numbers that a file
    claims: one cell in row 10^9 would cost a thousand million empty rows.
    """
    from openpyxl.worksheet._reader import WorkSheetParser

    with book._archive.open(sheet._worksheet_path) as part:
        parser = WorkSheetParser(
            _Guarded(part), sheet._shared_strings, data_only=True, epoch=book.epoch,
            date_formats=book._date_formats, timedelta_formats=book._timedelta_formats,
        )  # fmt: skip
        rows = parser.parse()
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                some = list(islice(rows, 500))
            if not some:
                return
            for number, cells in some:
                parser.row_dimensions.clear()
                if number > ROW_LIMIT:
                    raise ReadError("too_many_rows", f"The sheet names row {number}; a sheet has {ROW_LIMIT} at most.")
                values = _values(number, cells)
                if values:
                    yield number, values


def _values(number: int, cells: list[dict[str, Any]]) -> list[Any]:
    filled = [(cell["column"], _plain(cell["value"])) for cell in cells]
    filled = [(column, value) for column, value in filled if value is not None]
    if not filled:
        return []
    width = max(column for column, _value in filled)
    if width > COLUMN_LIMIT:
        raise ReadError(
            "too_many_columns", f"Row {number} has a cell in column {width}; at most {COLUMN_LIMIT} are read.", number
        )
    values: list[Any] = [None] * width
    for column, value in filled:
        values[column - 1] = value
    return values


def _plain(value: Any) -> Any:
    """Return a cell's value as one of str, int, float, bool or None; dates and times as ISO 8601 text."""
    if isinstance(value, datetime):
        # Excel knows no dates without a time: midnight is how a plain date is stored.
        return (value.date() if value.time() == time() else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if value is None or isinstance(value, str | bool | int):
        return value if value != "" else None
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 2**53
        return int(value) if whole else value if value - value == 0 else None
    return str(value)


def look_at_workbook(path: Path, profile: SourceProfile, sheet: str, header: bool | None) -> list[list[str | None]]:
    """Fill in sheets, header and columns of a profile and return the first rows as cells."""
    with _opened(path, sheet) as (names, chosen, rows):
        profile.sheets, profile.sheet, profile.row_bound = names, chosen, ROW_LIMIT
        if len(names) > 1 and not sheet:
            profile.warn(f"The workbook has {len(names)} sheets; the first, {chosen}, is read. Another can be chosen.")
        found = [[shown(value) for value in values] for _number, values in islice(rows(), 201)]
    if not found:
        raise ReadError("file_empty", f"The sheet {chosen} is empty: it holds no row.")
    texts = [[cell or "" for cell in row] for row in found]
    profile.header = has_header(texts) if header is None else header
    if not profile.header and header is None:
        profile.warn("The first row looks like data, so the columns were given numbers. Say if it names the columns.")
    width = max(map(len, found))
    first = texts[0] if profile.header else []
    profile.columns = name_columns([*first, *[""] * (width - len(first))], profile, say=profile.header)
    body = found[1:] if profile.header else found
    if not body:
        profile.warn("There is a header and no row below it.")
    return [[*row, *[None] * (width - len(row))] for row in body]


def schema_of_workbook(path: Path, profile: SourceProfile) -> pa.Schema:
    """Return names and types of all rows; a column of one type keeps it, mixed ones become text."""
    kinds: list[set[type]] = []
    with _opened(path, profile.sheet) as (_names, _chosen, rows):
        for _number, values in islice(rows(), int(profile.header), None):
            kinds += [set() for _ in range(len(values) - len(kinds))]
            for known, value in zip(kinds, values, strict=False):
                known.add(_kind(value))
    names = profile.columns
    fields = zip(names, [*kinds, *[set()] * (len(names) - len(kinds))], strict=False)
    return pa.schema([pa.field(name, column_type(types)) for name, types in fields])


def _kind(value: Any) -> type:
    wide = type(value) is int and not -(2**63) <= value < 2**63
    return str if wide else type(value)


def read_workbook(path: Path, profile: SourceProfile) -> Iterator[Batch]:
    """Give the rows of a sheet in batches; a row with values right of the last column is refused.

    Raises:
        ReadError: ``xlsx_broken``, ``xlsx_markup``, ``xlsx_too_large``, ``too_many_rows``, ``too_many_columns``.
    """
    schema = schema_of_workbook(path, profile)
    names, byte_count = list(schema.names), path.stat().st_size
    good: list[dict[str, Any]] = []
    refused: list[RefusedRow] = []
    size = 0
    with _opened(path, profile.sheet) as (_names, _chosen, rows):
        for number, values in islice(rows(), int(profile.header), None):
            fault = _fault(values, names)
            size += sum(len(value) for value in values if isinstance(value, str))
            if fault:
                refused.append(RefusedRow(number, *fault, excerpt(",".join(map(str, values)))))
            else:
                good.append(dict(zip(names, values, strict=False)))
            if len(good) + len(refused) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
                yield Batch(to_table(good, schema), refused, byte_count * min(number, ROW_LIMIT) // ROW_LIMIT)
                good, refused, size = [], [], 0
    yield Batch(to_table(good, schema), refused, byte_count)


def _fault(values: list[Any], names: list[str]) -> tuple[str, str] | None:
    if len(values) > len(names):
        reason = f"The row has {len(values)} cells where the columns are {len(names)}."
        return "too_many_fields", reason
    return damage(values, names[: len(values)], "utf-8")
