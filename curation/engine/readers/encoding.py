"""Which encoding a file is in, found from its first bytes that say anything."""

from typing import BinaryIO

from curation.engine.readers.profile import SAMPLE_BYTES, ReadError

# What people may choose, and the codec that reads it.
CODECS = {
    "utf-8": "utf-8",
    "utf-8-bom": "utf-8-sig",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "utf-16": "utf-16",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "latin-1": "cp1252",
    "ascii": "utf-8",
}
_ALIASES = {"utf8": "utf-8", "utf-8-sig": "utf-8-bom", "latin1": "latin-1", "iso-8859-1": "latin-1"}
_ALIASES |= {"cp1252": "latin-1", "windows-1252": "latin-1", "gb2312": "gb18030", "big5hkscs": "big5"}

# The accented letters and signs of Western European text: where high characters lie outside, the guess is wrong.
_WESTERN = frozenset(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýßœšžÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŠŽ"
    "¡¿«»°§€£¥©®–—‘’“”„…·•™²³½¼ªº"
)  # fmt: skip
# Share of high characters that must be common ones before a guess without proof is believed.
_ENOUGH = 0.7


def codec(encoding: str) -> str:
    """Return Python's codec for one of our encoding names.

    Raises:
        ReadError: ``encoding_unknown``.
    """
    name = encoding.strip().lower().replace("_", "-")
    name = _ALIASES.get(name, name)
    if name not in CODECS:
        raise ReadError(
            "encoding_unknown", f"There is no encoding {encoding!r} here. Choose one of {', '.join(CODECS)}."
        )
    return CODECS[name]


def find_encoding(stream: BinaryIO) -> tuple[str, bytes]:
    """Return the encoding's name and the first megabyte of the bytes.

    A file may begin with megabytes of plain ASCII, which says nothing: the first megabyte with other bytes decides.

    Raises:
        ReadError: ``binary`` for bytes that are no text in any of these encodings.
    """
    start = first_bytes(stream)
    evidence = start
    while evidence and evidence.isascii() and b"\0" not in evidence:
        evidence = first_bytes(stream)
    if not evidence:
        return "utf-8", start
    # The window may begin in the middle of a character: drop what precedes its first line end.
    if evidence is not start:
        evidence = evidence[max(evidence.find(b"\n"), 0) :]
    return guess(evidence), start


def first_bytes(stream: BinaryIO) -> bytes:
    """Return the next megabyte, less at the end."""
    parts, left = [], SAMPLE_BYTES
    while left:
        part = stream.read(left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def guess(sample: bytes) -> str:
    """Return the name of the encoding that a sample of a file is most likely in.

    UTF-8 is taken when it decodes, and also when only some lines do: a line of valid multi-byte UTF-8 hardly ever
    comes about by accident, so the other lines are the broken ones.
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-bom"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if sample.startswith(mark):
            return name
    wide = _wide(sample)
    if wide:
        return wide
    lines = [line for line in sample.split(b"\n") if not line.isascii()]
    if len(sample) >= SAMPLE_BYTES and len(lines) > 1:
        lines = lines[:-1]
    if not lines or any(_decodes(line, "utf-8") for line in lines):
        return "utf-8"
    if sum(sample.count(bytes([code])) for code in range(9)) > len(sample) // 100:
        raise ReadError("binary", "This is not a text file: it holds bytes that no text has. Save it as CSV in UTF-8.")
    scores = {name: _score(lines, name) for name in ("gb18030", "big5", "latin-1")}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] >= _ENOUGH else "utf-8"


def _wide(sample: bytes) -> str:
    """Return a UTF-16 without byte order mark, known by its zero bytes in every second place."""
    even, odd = sample[0:4000:2].count(0), sample[1:4000:2].count(0)
    half = len(sample[:4000]) // 2
    if half and odd > half * 0.3 and even < half * 0.05:
        return "utf-16-le"
    if half and even > half * 0.3 and odd < half * 0.05:
        return "utf-16-be"
    return ""


def _decodes(line: bytes, name: str) -> bool:
    try:
        line.decode(CODECS[name])
    except UnicodeDecodeError:
        return False
    return True


def _score(lines: list[bytes], name: str) -> float:
    """Return the share, 0 to 1, of high characters that are everyday ones in this encoding; broken lines have none."""
    common = total = 0
    for line in lines[:2000]:
        try:
            high = [letter for letter in line.decode(CODECS[name]) if letter > "\x7f"]
        except UnicodeDecodeError:
            total += len(line)
            continue
        total += len(high)
        common += sum(_is_common(letter, name) for letter in high)
    return common / total if total else 0.0


def _is_common(letter: str, name: str) -> bool:
    if name == "latin-1":
        return letter in _WESTERN
    try:
        pair = letter.encode("gb2312" if name == "gb18030" else "big5")
    except UnicodeEncodeError:
        return False
    # First level of each standard: the 3,755 (GB 2312) or 5,401 (Big5) everyday characters, and the punctuation.
    if name == "gb18030":
        return 0xA1 <= pair[0] <= 0xA3 or 0xB0 <= pair[0] <= 0xD7
    return 0xA1 <= pair[0] <= 0xA3 or 0xA4 <= pair[0] <= 0xC6
