"""Folders of text files in an archive: each file is one item, its folder its label."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa

from curation.engine.readers.archive import Member, list_members, walk
from curation.engine.readers.encoding import codec, guess
from curation.engine.readers.huggingface import split_of
from curation.engine.readers.profile import FIELD_LIMIT, SAMPLE_BYTES, Batch, ReadError, RefusedRow, SourceProfile
from curation.engine.readers.rows import BATCH_CHARACTERS, BATCH_ROWS, broken_bytes

ENDINGS = (".txt", ".md")
_PREVIEW = 20


def is_text_file(member: Member) -> bool:
    """Say whether a member is read as one text."""
    return member.path.lower().endswith(ENDINGS)


class Layout:
    """What the folders of a text archive mean: a class each, or a split and a class below it.

    Folders that all files share are no class. Two or more folders one level deep are classes; so are those below
    folders named for splits, such as ``train/pos`` and ``test/neg``.
    """

    def __init__(self, members: list[Member]) -> None:
        folders = [member.path.split("/")[:-1] for member in members]
        self._shared = _shared(folders)
        rest = {tuple(folder[self._shared :]) for folder in folders}
        depths = {len(folder) for folder in rest}
        self.label = depths == {1} and len(rest) > 1
        self.split = depths == {2} and all(split_of(folder[0]) for folder in rest)
        self.split = self.split and len({folder[1] for folder in rest}) > 1
        self.label |= self.split

    @property
    def columns(self) -> list[str]:
        """Return the columns in order."""
        return ["path", "text", *(["label"] if self.label else []), *(["split"] if self.split else [])]

    def cells(self, path: str) -> list[str | None]:
        """Return label and split of a file, as far as there are such columns."""
        folders = path.split("/")[self._shared : -1]
        fits = len(folders) == self.label + self.split
        cells: list[str | None] = [folders[-1] if fits and folders else None] if self.label else []
        return [*cells, *([split_of(folders[0]) if fits else None] if self.split else [])]


def _shared(folders: list[list[str]]) -> int:
    """Return how many folders at the top all paths share."""
    if not folders:
        return 0
    first, last = min(folders), max(folders)
    count = 0
    while count < min(len(first), len(last)) and first[count] == last[count]:
        count += 1
    return count


def look_at_texts(path: Path, profile: SourceProfile, members: list[Member]) -> list[list[str | None]]:
    """Fill in the columns of a profile and return the first files as cells."""
    layout = Layout([member for member in members if is_text_file(member)])
    profile.columns, profile.row_bound = layout.columns, path.stat().st_size
    rows: list[list[str | None]] = []
    for member, stream in walk(path, look=True):
        if is_text_file(member):
            text = stream.read(SAMPLE_BYTES).decode("utf-8", "replace")
            rows.append([member.path, text, *layout.cells(member.path)])
        if len(rows) == _PREVIEW:
            break
    return rows


def read_texts(path: Path, profile: SourceProfile) -> Iterator[Batch]:
    """Give one row for each text file; other files are refused rows whose line is the member's place.

    Raises:
        ReadError: ``archive_*``, see `curation.engine.readers.archive.walk`.
    """
    layout = Layout([member for member in list_members(path, look=True) if is_text_file(member)])
    schema = pa.schema([(name, pa.string()) for name in layout.columns])
    rows: list[list[str | None]] = []
    refused: list[RefusedRow] = []
    size = unpacked = 0
    for member, stream in walk(path):
        text = _text(member, stream, profile.chosen.get("encoding"))
        unpacked += member.size
        if isinstance(text, RefusedRow):
            refused.append(text)
        else:
            rows.append([member.path, text, *layout.cells(member.path)])
            size += len(text)
        if len(rows) + len(refused) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield Batch(_table(rows, schema), refused, unpacked)
            rows, refused, size = [], [], 0
    yield Batch(_table(rows, schema), refused, unpacked)


def _table(rows: list[list[str | None]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=schema)


def _text(member: Member, stream: IO[bytes], encoding: str | None) -> str | RefusedRow:
    def refusal(code: str, reason: str) -> RefusedRow:
        return RefusedRow(member.number, code, reason, member.path[:300])

    if member.is_packed:
        return refusal("nested_archive", "An archive inside an archive is not opened. Unpack it, and pack its files.")
    if not is_text_file(member):
        return refusal("other_file", f"Only {' and '.join(ENDINGS)} files are read from an archive of texts.")
    raw = stream.read(FIELD_LIMIT + 1)
    if len(raw) > FIELD_LIMIT:
        return refusal("text_too_long", f"The file is larger than {FIELD_LIMIT >> 20} MB. Split it.")
    try:
        name = encoding or guess(raw)
    except ReadError as error:
        return refusal(error.code, error.message)
    text = raw.decode(codec(name), "surrogateescape" if codec(name) == "utf-8" else "replace").removeprefix("\ufeff")
    if "\0" in text:
        return refusal("nul", "The file holds a NUL byte, which no text has.")
    broken = broken_bytes(text) or ("\ufffd" in text and codec(name) != "utf-8" and "some")
    if broken:
        return refusal("encoding", f"The file holds bytes that are not {name}: {broken}. Save it in one encoding.")
    return text
