"""What the readers say about a file: its profile, its batches, its refused rows, and why a file cannot be read."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa

# One field, line or JSON record of more characters than this is refused; memory stays bounded whatever the file holds.
FIELD_LIMIT = 16 << 20
# A wider file is refused as a whole; from WIDE_COLUMNS on it is read with a warning.
COLUMN_LIMIT = 10_000
WIDE_COLUMNS = 1_000
# A gzip file may unfold to this many times its size. English text packs about 3 to 10 times, repeated rows up to 100.
UNFOLD_LIMIT = 200
# How much of a file is looked at before it is read.
SAMPLE_BYTES = 1 << 20
PREVIEW_ROWS = 20
# Characters of a preview cell and of the raw excerpt of a refused row.
EXCERPT = 300
WARNING_LIMIT = 50

ROLES = ("text", "label", "id", "image")
_SURROGATE = re.compile("[\ud800-\udfff]")


class ReadError(Exception):
    """A file that cannot be read as a whole.

    Args:
        code: Stable name, snake_case.
        message: What is wrong, where, and how to mend it.
        line: Line where it was found, from 1; None when it concerns the whole file.
    """

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was left out: first line of the row from 1, stable code, reason in words, start of the raw text."""

    line: int
    code: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Good rows as an Arrow table, the refused ones, and how many bytes of the (packed) file are read so far."""

    table: pa.Table
    refused: list[RefusedRow]
    bytes_read: int


@dataclass(slots=True)
class SourceProfile:
    """How a file is to be read and what was seen in its first megabyte.

    `warnings` grows while `read_batches` runs: some things show only in later rows. `roles` maps text, label and id to
    column names; a role that no column plays is absent.
    """

    file_name: str
    format: str
    encoding: str
    compressed: bool
    delimiter: str = ""
    quote: str = ""
    header: bool = True
    columns: list[str] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    role_reasons: dict[str, str] = field(default_factory=dict)
    preview: list[list[str | None]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    # Sheets of a workbook, and the one that is read.
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    # The file has at most this many rows: ids are set aside for them before they are counted.
    row_bound: int = 0
    # Column → class names that whole numbers in it stand for, told by a file beside the table.
    classes: dict[str, list[str]] = field(default_factory=dict)
    # What a person chose for the tables of an archive, each of which is looked at anew.
    chosen: dict[str, Any] = field(default_factory=dict)

    def warn(self, sentence: str) -> None:
        """Add a warning once; behind `WARNING_LIMIT` of them one sentence stands for the rest."""
        if len(self.warnings) >= WARNING_LIMIT:
            sentence = "There are more warnings of this kind than are listed here."
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def to_json(self) -> dict[str, Any]:
        """Return the profile as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "SourceProfile":
        """Rebuild a profile from `to_json`."""
        return cls(**data)


def excerpt(text: str) -> str:
    """Return the start of a raw row for showing: no line breaks, broken bytes as U+FFFD."""
    return fit_to_show(text[:EXCERPT].rstrip("\r\n"))


def fit_to_show(text: str) -> str:
    """Return text that every encoder takes: what could not be decoded becomes U+FFFD, NUL its symbol."""
    # Surrogates that happen to form a pair would become one character; each stands for one broken byte here.
    return _SURROGATE.sub("\ufffd", text).replace("\x00", "\N{SYMBOL FOR NULL}")
