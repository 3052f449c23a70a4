"""The scan: columns of text are sifted by RE2 for every recognizer, and only what passes is looked at closely.

Time. An expression of `re` over a text of 100 characters costs 3 to 10 microseconds, the same in RE2 over a whole
column about 0.3. So each recognizer has expressions of RE2 that rows must match (`Recognizer.needs`), and most rows
are done after that.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text
from curation.engine.pii.addresses import STREETS
from curation.engine.pii.chinese import CHINESE
from curation.engine.pii.everywhere import EVERYWHERE
from curation.engine.pii.nations import NATIONS
from curation.engine.pii.persons import PERSONS
from curation.engine.pii.recognizer import Compiled, Recognizer
from curation.engine.pii.secrets import SECRETS
from curation.engine.pii.spans import Span, resolve

RECOGNIZERS: tuple[Recognizer, ...] = (*EVERYWHERE, *NATIONS, *CHINESE, *SECRETS, *PERSONS, *STREETS)
LANGUAGES = ("en", "zh", "auto")
LABELS = tuple(sorted({row.label for row in RECOGNIZERS}))
# Texts at a time: the columns of answers stay small, and 1,000 rows make the call of RE2 cost nothing.
ROWS = 2_000


def _plain_forms() -> dict[int, str]:
    """Return what stands for digits, letters and signs in other forms: one code point for one, so that offsets stay."""
    forms: dict[int, str] = {}
    for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)):
        forms[code] = chr(code - 0xFEE0)
    # Commas and full stops are left: they end a value in Chinese.
    for sign in "＠．－＋（）：／＿＝＃":
        forms[ord(sign)] = chr(ord(sign) - 0xFEE0)
    for code in (0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE58, 0xFE63):
        forms[code] = "-"
    for code in (0xA0, 0x202F, 0x3000, *range(0x2000, 0x200E), 0x2060, 0xFEFF):
        forms[code] = " "
    for code in range(0x660, 0x1_0000):
        if code not in forms and unicodedata.decimal(chr(code), None) is not None:
            forms[code] = str(unicodedata.decimal(chr(code)))
    return forms


_PLAIN = _plain_forms()
_ODD = "[" + "".join(f"\\x{{{code:X}}}" for code in sorted(_PLAIN)) + "]"


def plain_equals(letter: str) -> list[str]:
    """Return the other characters that `plain_text` reads as this one."""
    return [chr(code) for code, plain in _PLAIN.items() if plain == letter]


def plain_text(text: str) -> str:
    """Return one text as `plain_forms` does."""
    return text.translate(_PLAIN)


def plain_forms(texts: pa.Array) -> pa.Array:
    """Return texts with full-width and other digits, letters, blanks and dashes as ASCII, of the same length."""
    odd = pc.fill_null(pc.match_substring_regex(texts, _ODD), False)
    if not pc.any(odd).as_py():
        return texts
    fresh = [text.as_py().translate(_PLAIN) for text in texts.filter(odd)]
    return pc.replace_with_mask(texts, odd, pa.array(fresh, texts.type))


class Scanner:
    """Recognizers ready for use.

    Args:
        language: ``en`` or ``zh`` leaves out recognizers for others; ``auto`` uses all.
        labels: Only these; all when empty.
        extra: Recognizers beside those of the table, as `configuration.read_recognizers` returns them.
    """

    def __init__(self, language: str = "auto", labels: Sequence[str] = (), extra: Sequence[Recognizer] = ()) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"There is no language {language}. Choose one of {', '.join(LANGUAGES)}.")
        rows = (*RECOGNIZERS, *extra)
        if strange := sorted(set(labels) - {row.label for row in rows}):
            raise ValueError(
                f"There is no type {strange[0]}. There are {', '.join(sorted({row.label for row in rows}))}."
            )
        chosen = [
            row
            for row in rows
            if (not labels or row.label in labels)
            and (language == "auto" or not row.languages or language in row.languages)
        ]
        self._rows = [Compiled(row) for row in chosen]

    def scan(self, column: pa.ChunkedArray | pa.Array) -> list[list[Span]]:
        """Return the spans of each text, without overlaps and in order; none for null.

        Offsets are code points of the text as it is, whatever form its digits have.
        """
        texts = as_text(column)
        found: list[list[Span]] = []
        for start in range(0, len(texts), ROWS):
            found += self._scan(texts.slice(start, ROWS))
        return found

    def text(self, text: str) -> list[Span]:
        """Return the spans of one text."""
        return self.scan(pa.array([text], pa.large_string()))[0]

    def _scan(self, texts: pa.Array) -> list[list[Span]]:
        plain = plain_forms(texts)
        raw: dict[int, list[Span]] = {}
        seen: dict[int, str] = {}
        masks: dict[str, NDArray[np.bool_]] = {}
        for compiled in self._rows:
            row = compiled.row
            for place in self._sift(plain, row.needs, masks):
                text = seen.get(place)
                if text is None:
                    text = seen[place] = plain[place].as_py()
                spans = [
                    Span(start, end, row.label, score, row.why, row.name) for start, end, score in compiled.search(text)
                ]
                if spans:
                    raw.setdefault(place, []).extend(spans)
        return [resolve(raw[place]) if place in raw else [] for place in range(len(texts))]

    @staticmethod
    def _sift(texts: pa.Array, needs: tuple[str, ...], masks: dict[str, NDArray[np.bool_]]) -> list[int]:
        """Return the places of texts that match every expression; what was asked before is not asked again."""
        both = np.ones(len(texts), bool)
        for need in needs:
            if need not in masks:
                masks[need] = np.asarray(pc.fill_null(pc.match_substring_regex(texts, need), False))
            both &= masks[need]
        return np.flatnonzero(both).tolist()


@lru_cache(maxsize=16)
def scanner_of(language: str = "auto", labels: tuple[str, ...] = (), extra: tuple[Recognizer, ...] = ()) -> Scanner:
    """Return a scanner, compiled once and not for every batch."""
    return Scanner(language, labels, extra)
