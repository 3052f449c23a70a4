"""Figures of texts: characters, words, lines, and how much of a text repeats itself.

A word is a run without white space that holds a letter or a digit. Han and kana are written without blanks: there every
character is a token of its own, and `CJK_PER_WORD` characters count as one word, a ratio measured against a segmenter
(docs/decisions). Other scripts without blanks (Thai, Lao, Khmer, Burmese) count as one word a run.
"""

import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Characters a word in Chinese: see docs/decisions/0006-chinese-words-are-counted-by-a-ratio.md.
CJK_PER_WORD = 1.7
# Repetition is measured on the first 4 MiB of a text: the tables need 16 bytes for each byte of the longest text.
REPETITION_BYTES = 1 << 22
# Gopher's two ladders of n (Rae et al. 2021, table A1).
TOP_N = (2, 3, 4)
REPEATED_N = (5, 6, 7, 8, 9, 10)
# Sentence_Terminal of the Unicode Character Database (PropList), the scripts in use today.
_TERMINAL = ".!?…‼⁇⁈⁉‽⸮⸼。．！？｡﹒﹖﹗։؝؞؟۔܀܁܂߹।॥၊။።፧፨᙮᜵᜶។៕៖᠃᠉᥄᥅᪨᪩᪪᪫᭚᭛᭞᭟᰻᰼᱾᱿꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫"
_CLOSER = "\"'”’»›)]}）］｝】〉》」』〕〗"
# No asterisk: it begins every line of a licence inside a comment, and such documents are prose.
_BULLET = "-•‣◦●▪·∙⁃"
_CJK = (
    (0x3005, 0x3007),
    (0x3041, 0x312F),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x323AF),
)


@lru_cache(maxsize=1)
def flags() -> NDArray[np.uint8]:
    """Return what each code point is, as bits of `text_kernels`; 1.1 MB, made once a process in less than a second."""
    from curation.engine.text_kernels import BULLET, CJK, CLOSER, LETTER, SPACE, TERMINAL, WIDE, WORD

    table = np.zeros(0x110000, np.uint8)
    for point in range(0x33480):
        kind = unicodedata.category(letter := chr(point))
        table[point] = (
            SPACE * letter.isspace()
            + LETTER * (kind[0] == "L")
            + WORD * (kind[0] in "LNM")
            + WIDE * (unicodedata.east_asian_width(letter) in "WF")
        )
    for low, high in _CJK:
        table[low : high + 1] |= CJK * (table[low : high + 1] & WORD > 0).astype(np.uint8)
    for bit, letters in ((TERMINAL, _TERMINAL), (CLOSER, _CLOSER), (BULLET, _BULLET)):
        table[[ord(letter) for letter in letters]] |= bit
    table.flags.writeable = False
    return table


def buffers(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the bytes and offsets of an array of large strings without copying them; null is empty."""
    whole = pc.fill_null(texts, "")
    _valid, places, data = whole.buffers()
    offsets = np.frombuffer(places, np.int64)[whole.offset : whole.offset + len(whole) + 1]
    held = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return held, offsets


@dataclass(frozen=True)
class Counts:
    """Counts of one batch of texts, each an array of one number a row.

    Attributes:
        texts: The texts, large strings.
        short_columns: A line that is at most so wide is short; a CJK character takes two columns.
    """

    texts: pa.Array
    short_columns: int = 30

    @cached_property
    def _columns(self) -> dict[str, NDArray[np.int64]]:
        from curation.engine.text_kernels import COUNTS, count

        data, offsets = buffers(self.texts)
        table = count(data, offsets, flags(), self.short_columns)
        return dict(zip(COUNTS, np.ascontiguousarray(table.T), strict=True))

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        """Return one of the counts of `text_kernels.COUNTS`."""
        return self._columns[name]

    @cached_property
    def words(self) -> NDArray[np.float64]:
        """Words: runs with a letter or digit, plus CJK characters by their ratio."""
        return self["words"] + self["cjk"] / CJK_PER_WORD

    @cached_property
    def tokens(self) -> NDArray[np.float64]:
        """Words, and runs of nothing but signs."""
        return self["tokens"] + self["cjk"] / CJK_PER_WORD

    @cached_property
    def alphabetic(self) -> NDArray[np.float64]:
        """Words with a letter."""
        return self["alphabetic"] + self["cjk"] / CJK_PER_WORD

    @cached_property
    def mostly_cjk(self) -> NDArray[np.bool_]:
        """Whether more than half of the tokens are CJK characters: such a text has no word lengths to speak of."""
        return self["cjk"] > self["tokens"]

    def stop_words(self, words: tuple[str, ...]) -> NDArray[np.int64]:
        """Return how many different ones of at most 64 words each text holds, whatever their case."""
        from curation.engine.text_kernels import count_stop_words

        known = [word.lower().encode() for word in words]
        bounds = np.cumsum([0, *map(len, known)]).astype(np.int64)
        data, offsets = buffers(pc.utf8_lower(self.texts))
        found: NDArray[np.int64] = count_stop_words(
            data, offsets, flags(), np.frombuffer(b"".join(known) or b" ", np.uint8), bounds
        )
        return found


def share(part: NDArray[np.number], whole: NDArray[np.number]) -> NDArray[np.float64]:
    """Return part / whole, and 0 where there is no whole."""
    shares: NDArray[np.float64] = np.divide(part, whole, out=np.zeros(len(whole), np.float64), where=whole > 0)
    return shares


def repetition(
    texts: pa.Array, *, phrases: bool = True, rows: NDArray[np.bool_] | None = None
) -> dict[str, NDArray[np.float64]]:
    """Return which share of each text repeats itself, 0 to 1.

    Names: ``lines``, ``paragraphs`` (share of those that occurred before), ``line_chars``, ``paragraph_chars`` (share
    of the text's characters in them), ``top_2`` to ``top_4`` (characters of the most frequent n-gram times its count,
    if it occurs twice), ``repeated_5`` to ``repeated_10`` (characters of n-grams that occurred before). As in
    datatrove's reading of Rae et al. (2021). In text of Han or kana n words are n times `CJK_PER_WORD` characters.
    Without `phrases` the n-grams, which take most of the time, are left out. With `rows` only these are measured, and
    the others are 0.
    """
    from curation.engine.repetition_kernels import REPEATS
    from curation.engine.repetition_kernels import repetition as measure

    if rows is not None and not rows.all():
        measured = repetition(texts.filter(pa.array(rows)), phrases=phrases)
        return {name: _spread(values, rows) for name, values in measured.items()}
    data, offsets = buffers(_cut(texts))
    known = (TOP_N, REPEATED_N) if phrases else ((), ())
    ladders = [np.array(ladder, np.int64) for ladder in known]
    wider = [(ladder * CJK_PER_WORD + 0.5).astype(np.int64) for ladder in ladders]
    table = np.ascontiguousarray(measure(data, offsets, flags(), *ladders, *wider).T)
    found = dict(zip(REPEATS, table, strict=False))
    shares = {
        "lines": share(found["line_repeats"], found["lines"]),
        "line_chars": share(found["line_repeat_chars"], found["chars"]),
        "paragraphs": share(found["paragraph_repeats"], found["paragraphs"]),
        "paragraph_chars": share(found["paragraph_chars"], found["chars"]),
    }
    names = [*(f"top_{n}" for n in known[0]), *(f"repeated_{n}" for n in known[1])]
    for name, chars in zip(names, table[len(REPEATS) :], strict=True):
        shares[name] = np.minimum(share(chars, found["chars"]), 1.0)
    return shares


def _spread(values: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    whole = np.zeros(len(rows), np.float64)
    whole[rows] = values
    return whole


def _cut(texts: pa.Array) -> pa.Array:
    """Return texts of at most `REPETITION_BYTES` bytes, cut at a code point."""
    if (pc.max(pc.binary_length(texts)).as_py() or 0) <= REPETITION_BYTES:
        return texts
    # A code point has at most four bytes, so a quarter as many code points always fit; only long texts are cut.
    long = pc.greater(pc.binary_length(texts), REPETITION_BYTES)
    return pc.if_else(long, pc.utf8_slice_codeunits(texts, 0, REPETITION_BYTES // 4), texts)
