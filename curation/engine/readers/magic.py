"""Files of other kinds, known by their content: each is refused with a sentence that says what it is."""

import re

from curation.engine.readers.profile import ReadError

# First bytes → what the file is. Sources: the formats' own specifications; the list is that of common uploads.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"PK\x07\x08", "a part of a divided ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_MARKUP = (
    (re.compile(rb"<svg[\s>]", re.IGNORECASE), "an SVG drawing"),
    (re.compile(rb"<!doctype html|<html[\s>]", re.IGNORECASE), "an HTML page"),
    (re.compile(rb"<\?xml|<!doctype", re.IGNORECASE), "an XML document"),
)
_YOLO = re.compile(r"\d+( +[-+.\dA-Za-z]+){4,}\s*")
_CONLL = re.compile(r"\S+[ \t](?:\S+[ \t])*(?:[A-Z]-\S*|O)\s*")


def refuse_other_kinds(start: bytes) -> None:
    """Raise `ReadError` ``other_format`` when the first bytes of a file are those of an image, archive or document."""
    for magic, what in _MAGIC:
        if start.startswith(magic):
            raise _refusal(what)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        raise _refusal("a WebP image")
    head = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1000]
    if head.startswith(b"<"):
        for pattern, what in _MARKUP:
            if pattern.search(head):
                raise _refusal(what)


def refuse_annotation_lists(lines: list[str], file_name: str) -> None:
    """Raise `ReadError` ``other_format`` for YOLO and CoNLL annotation files, which look like text with blanks."""
    filled = [line for line in lines if line.strip()]
    if not filled:
        return
    if sum(_YOLO.fullmatch(line) is not None for line in filled) * 2 > len(filled):
        raise _refusal("a YOLO annotation file")
    named = file_name.lower().endswith((".conll", ".conllu", ".bio"))
    tagged = sum(_CONLL.fullmatch(line) is not None for line in filled)
    if named or tagged * 10 > len(filled) * 7:
        raise _refusal("a CoNLL annotation file")


def refuse_coco(document: dict[str, object]) -> None:
    """Raise `ReadError` ``other_format`` when a JSON object has the members of a COCO file."""
    if "annotations" in document and ("images" in document or "categories" in document):
        raise _refusal("a COCO annotation file")


def _refusal(what: str) -> ReadError:
    return ReadError(
        "other_format",
        f"This is {what}; this import takes CSV, TSV, JSONL, JSON, Parquet, Arrow, XLSX, and archives (zip, tar) of "
        "these, of text files or of pictures (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF). Save the data as one of these.",
    )
