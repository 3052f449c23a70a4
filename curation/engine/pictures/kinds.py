"""What kind of picture a file is, by its first bytes and never by its name."""

import re

# How much of a file is looked at.
HEAD_BYTES = 4096
# Pillow's names of the formats that are read, with the endings that their files usually have.
FORMATS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
}
ENDINGS = tuple(ending for endings in FORMATS.values() for ending in endings)
# Named like pictures, and refused with a sentence of their own.
RAW_ENDINGS = (".dng", ".nef", ".nrw", ".cr2", ".cr3", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw")
OTHER_ENDINGS = (".svg", ".svgz", ".heic", ".heif", ".jp2", ".j2k", ".jxl", ".jxr", ".psd", ".ico", *RAW_ENDINGS)
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
# The header sizes that a BMP may state: BM alone starts many a text.
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
# What starts raw files of cameras whose bytes do not say TIFF.
_RAW_STARTS = (b"IIRO", b"IIRS", b"MMOR", b"IIU\x00", b"FUJIFILMCCD-RAW")
RAW = "This is a camera's raw file, which cannot be read here. Export the photograph as JPEG."
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_HTML = re.compile(rb"<!doctype html|<html[\s>]|<script[\s>]", re.IGNORECASE)
# Media types of what is served; nothing else is.
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def kind_of(head: bytes) -> str:
    """Return the format of a file by its first bytes, a key of `FORMATS`, or "" when it is no picture that is read."""
    if _is_raw(head):
        return ""
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and len(head) >= 18 and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return "AVIF" if _brands(head) & _AVIF_BRANDS else ""


def _is_raw(head: bytes) -> bool:
    """Tell whether a file is a camera's raw one by its first bytes; others look like TIFF until their tags are read."""
    canon = head[8:10] == b"CR" and head[:2] in {b"II", b"MM"}
    return canon or head.startswith(_RAW_STARTS) or b"crx " in _brands(head)


def _brands(head: bytes) -> set[bytes]:
    """Return the brands of an ISO media file, in its first box."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head), 256)
    return {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}


def why_not(head: bytes) -> str:
    """Return a sentence that says what a file is that is no picture, and what to do."""
    if not head:
        return "The file is empty: it has no bytes at all. Fetch it again, or leave it out."
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _SVG.search(text):
        return "This is an SVG drawing, which can carry scripts. Export it as PNG."
    if _HTML.search(text):
        return "This is an HTML page and no picture. Fetch the picture itself."
    if head.startswith(b"\x1f\x8b"):
        return "This is a gzip file. Unpack it, and send the picture."
    if _brands(head) & _HEIF_BRANDS:
        return "This is a HEIC picture, which cannot be read here. Export it as JPEG."
    if _is_raw(head):
        return RAW
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")):
        return "This is a JPEG XL picture, which cannot be read here. Export it as JPEG or PNG."
    if head.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")):
        return "This is a JPEG 2000 picture, which cannot be read here. Export it as JPEG or PNG."
    if head.startswith(b"8BPS"):
        return "This is a Photoshop document. Export it as PNG or JPEG."
    return f"This is no picture of a known format ({', '.join(FORMATS)})."


def named_like_picture(name: str) -> bool:
    """Say whether a name ends as names of pictures do."""
    return name.lower().endswith((*ENDINGS, *OTHER_ENDINGS))


def lies(name: str, kind: str) -> bool:
    """Say whether the ending of a name tells another format than the content; one that is not known tells none."""
    lower = name.lower()
    return lower.endswith((*ENDINGS, *OTHER_ENDINGS)) and not lower.endswith(FORMATS[kind])
