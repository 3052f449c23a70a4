"""Unicode for kernels: one entry a code point for lower case and class, taken from Python's own character database."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

CODE_POINTS = 0x110000
# Bits of a code point's class.
WORD, SPACE, CASED, IGNORED, CJK, LETTER = 1, 2, 4, 8, 16, 32
# The two code points whose lower case is no single code point, or depends on the neighbours (Unicode SpecialCasing).
DOTTED_I, CAPITAL_SIGMA = 0x130, 0x3A3

# Outside these stretches no code point is assigned, or it is for private use: no letter, space or case.
_ASSIGNED = ((0, 0xD800), (0xE000, 0x40000), (0xE0000, 0xE1000))
# Scripts written without blanks between words: Han with its extensions, kana, bopomofo; not Hangul, which has blanks.
_CJK_RANGES = (
    (0x2E80, 0x2FE0), (0x3005, 0x3008), (0x3021, 0x3130), (0x31A0, 0x31C0), (0x31F0, 0x3200), (0x3400, 0x4DC0),
    (0x4E00, 0xA000), (0xF900, 0xFB00), (0xFF66, 0xFFA0), (0x1AFF0, 0x1B170), (0x20000, 0x33480),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Tables over all code points.

    Attributes:
        lower: uint32 [1114112], the lower case of each code point by itself.
        classes: uint8 [1114112], bits `WORD`, `SPACE`, `CASED`, `IGNORED`, `CJK`, `LETTER`.
    """

    lower: NDArray[np.uint32]
    classes: NDArray[np.uint8]


@cache
def alphabet() -> Alphabet:
    """Return the tables, built once in a process (0.15 s): what ``str.lower`` and ``str.isalnum`` say, they say."""
    codes = np.concatenate([np.arange(first, end, dtype=np.uint32) for first, end in _ASSIGNED])
    text = codes.tobytes().decode("utf-32-le")
    flags = np.zeros(CODE_POINTS, np.uint8)
    for bit, test in ((WORD, str.isalnum), (SPACE, str.isspace), (CASED, _is_cased), (LETTER, str.isalpha)):
        flags[codes] |= np.fromiter(map(test, text), np.uint8, len(text)) * np.uint8(bit)
    looked_at = codes[(codes < 0x20000) | (codes >= 0xE0000)]  # between them stand ideographs alone
    flags[looked_at[_ignored(looked_at.tobytes().decode("utf-32-le"))]] |= IGNORED
    for first, end in _CJK_RANGES:
        flags[first:end] |= CJK
    return Alphabet(_lower(codes), flags)


def _is_cased(letter: str) -> bool:
    return letter.isupper() or letter.islower() or letter.istitle()


def _lower(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    lower = np.arange(CODE_POINTS, dtype=np.uint32)
    plain = codes[(codes != DOTTED_I) & (codes != CAPITAL_SIGMA)]
    folded = np.frombuffer(plain.tobytes().decode("utf-32-le").lower().encode("utf-32-le"), np.uint32)
    if len(folded) != len(plain):
        raise RuntimeError("This Python lower-cases a letter to several that Assay does not know of.")
    lower[plain] = folded
    lower[CAPITAL_SIGMA] = 0x3C3
    return lower


def _ignored(text: str) -> NDArray[np.bool_]:
    """Tell which characters ``str.lower`` looks through when it asks whether a sigma ends its word.

    The property Case_Ignorable is not offered by Python; between a sigma and a letter its effect shows.
    """
    probe = "".join([f"AΣ{letter}a " for letter in text]).replace("İ", "I")
    seen = np.frombuffer(probe.lower().encode("utf-32-le"), np.uint32).reshape(-1, 5)[:, 1]
    cased = np.fromiter(map(_is_cased, text), bool, len(text))
    # A letter with case keeps the sigma from being final too, unless it is looked through: then "Σ" + it ends in ς.
    through = np.ones(len(text), bool)
    through[cased] = [("AΣ" + letter).lower()[1] == "ς" for letter in text if _is_cased(letter)]
    return np.asarray((seen == 0x3C3) & through, bool)
