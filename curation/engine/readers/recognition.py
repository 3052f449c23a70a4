"""What kind of file it is, by its content and never by its name; a name that says otherwise is a warning."""

from pathlib import Path

from curation.engine.pictures.kinds import ENDINGS as PICTURE_ENDINGS
from curation.engine.pictures.kinds import HEAD_BYTES, kind_of
from curation.engine.readers.archive import ZIP_MAGIC, archive_kind, list_members
from curation.engine.readers.archive_images import is_mostly_pictures
from curation.engine.readers.archive_tables import is_table
from curation.engine.readers.archive_texts import ENDINGS, is_text_file
from curation.engine.readers.arrow_ipc import FILE_MAGIC, STREAM_MAGIC
from curation.engine.readers.profile import ReadError
from curation.engine.readers.source import GZIP_MAGIC, Source

_NAMED = {
    "csv": (".csv", ".txt"), "tsv": (".tsv", ".tab", ".csv", ".txt"), "jsonl": (".jsonl", ".ndjson", ".json"),
    "json": (".json",), "parquet": (".parquet", ".pq"), "arrow": (".arrow", ".feather", ".arrows"),
    "xlsx": (".xlsx", ".xlsm"),
    "texts": (".zip", ".tar", ".tgz", ".gz"), "tables": (".zip", ".tar", ".tgz", ".gz"),
    "images": (".zip", ".tar", ".tgz", ".gz", *PICTURE_ENDINGS),
}  # fmt: skip
_ALL = frozenset(ending for endings in _NAMED.values() for ending in endings)
# A member of an office file → what it is, in the order of looking.
_OFFICE = (
    ("xl/workbook.bin", "an Excel binary workbook (xlsb); save it as XLSX or CSV"),
    ("word/document.xml", "a Word document; save the table in it as XLSX or CSV"),
    ("ppt/presentation.xml", "a PowerPoint file"),
    ("mimetype", "an OpenDocument or EPUB file; save it as XLSX or CSV"),
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def recognise(path: Path) -> str:
    """Return parquet, arrow, xlsx, texts, tables, images, or "" for what may be text.

    Raises:
        ReadError: ``other_format`` and ``xlsx_encrypted`` with what the file is instead; ``archive_*``.
    """
    if path.is_dir():
        return _archive(path)
    with path.open("rb") as stream:
        start = stream.read(HEAD_BYTES)
    if kind_of(start):
        return "images"
    head = start[:8]
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PARE"):
        raise ReadError("other_format", "This is an encrypted Parquet file. Write it again without encryption.")
    if head == FILE_MAGIC or (head.startswith(STREAM_MAGIC) and len(head) == 8 and head[6:] == b"\0\0"):
        return "arrow"
    if head.startswith(_OLD_OFFICE):
        _refuse_old_office(path)
    if head.startswith(GZIP_MAGIC):
        _refuse_packed_columns(path)
    if head.startswith(ZIP_MAGIC) and _is_workbook(path):
        return "xlsx"
    return _archive(path) if archive_kind(path) else ""


def _refuse_old_office(path: Path) -> None:
    with path.open("rb") as stream:
        # The names of its streams stand in a directory that may lie anywhere in the file.
        locked = any(_ENCRYPTED in block for block in iter(lambda: stream.read(1 << 20), b""))
    if locked:
        raise ReadError("xlsx_encrypted", "The workbook is locked with a password. Save it without one.")
    raise ReadError("other_format", "This is an old Microsoft Office file (.xls or .doc). Save it as XLSX or CSV.")


def _refuse_packed_columns(path: Path) -> None:
    with Source(path) as source:
        try:
            head = source.stream.read(8)
        except ReadError:
            return
    kinds = ((b"PAR1", "a Parquet file"), (FILE_MAGIC, "an Arrow file"), (ZIP_MAGIC, "a zip archive or workbook"))
    for magic, what in kinds:
        if head.startswith(magic):
            raise ReadError(
                "other_format", f"This is {what} inside a gzip file. Send it as it is: it is packed already."
            )


def _is_workbook(path: Path) -> bool:
    names = {member.path.lower() for member in list_members(path)}
    if "xl/workbook.xml" in names:
        return True
    for name, what in _OFFICE:
        if name in names:
            raise ReadError("other_format", f"This is {what}.")
    return False


def _archive(path: Path) -> str:
    members = list_members(path, look=True)
    if is_mostly_pictures(members):
        return "images"
    if any(map(is_table, members)):
        return "tables"
    if any(is_text_file(member) or member.is_packed for member in members):
        return "texts"
    shown = ", ".join(member.path for member in members[:3]) or "nothing"
    raise ReadError(
        "archive_no_rows",
        f"The archive holds no table, no picture and no {' or '.join(ENDINGS)} file, but {shown}. "
        "Pack the files with the rows.",
    )


def lying_name(file_name: str, kind: str) -> str:
    """Return a sentence when the ending of a name says another format than the content, else ""."""
    name = file_name.lower()
    plain = name.removesuffix(".gz") if kind in {"csv", "tsv", "jsonl", "json"} else name
    ending = "." + plain.rpartition(".")[2]
    if ending not in _ALL or ending in _NAMED[kind]:
        return ""
    words = {"texts": "an archive of texts", "tables": "an archive of tables", "images": "pictures"}
    return f"The name ends in {ending}, but the content is {words.get(kind, kind.upper())}; it is read as that."
