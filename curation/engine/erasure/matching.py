"""Where values that somebody asks for stand in texts, cells and JSON, however they are written there.

Sameness is that of `curation.engine.pii.pseudonyms.canonical`: full-width forms, odd blanks and dashes are plain ones,
case does not matter, and separators inside numbers are looked through. A value is found as a whole word: "Ann" is not
in "Annual", and 1234 not in 12345; Chinese, which has no blanks, is found anywhere.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.pii.pseudonyms import canonical
from curation.engine.pii.scan import plain_equals, plain_text

Check = Callable[[], None]
MARK = "[erased]"
# One letter, or two digits, would be found in nearly every text.
SHORTEST, SHORTEST_NUMBER, LONGEST = 2, 4, 1_000
_JOINTS = " \t\n\r\f\v.()-/·•"
_CJK = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3021-\u312f\u31a0-\u31bf\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003347f]"
)
_MOBILE = re.compile(r"1[3-9][0-9]{9}")


class ValueRefused(ValueError):
    """A value that cannot be looked for; the sentence says why and what to give instead.

    Attributes:
        value: The value.
    """

    def __init__(self, value: str, sentence: str) -> None:
        super().__init__(sentence)
        self.value = value


@dataclass(frozen=True, slots=True)
class Needle:
    """One value to look for.

    Attributes:
        value: As it was given.
        kind: A type of personal data whose rule of sameness holds: ``PHONE`` for numbers, whose separators do not
            matter, else ``PERSON``, of which blanks may be of any kind and number.
    """

    value: str
    kind: str

    @property
    def key(self) -> str:
        """The value in the one form that all its writings share."""
        return canonical(self.kind, self.value)


def needle(value: str) -> Needle:
    """Return what to look for.

    Raises:
        ValueRefused: The value is too short to mean one person, or too long.
    """
    plain = plain_text(value).strip()
    letters = [letter for letter in plain if letter.isalnum()]
    digits = sum(letter.isdigit() for letter in letters)
    number = digits >= SHORTEST_NUMBER and digits * 2 >= len(letters) and "@" not in plain
    made = Needle(value.strip(), "PHONE" if number else "PERSON")
    if len(plain) > LONGEST:
        raise ValueRefused(value, f"A value has {len(plain)} characters; at most {LONGEST} can be looked for.")
    if len(letters) < SHORTEST or (digits == len(letters) and digits < SHORTEST_NUMBER):
        raise ValueRefused(
            value,
            f"“{value.strip()}” is too short: it would be found in texts of many people. Give it with the name of its "
            "column, or a longer value.",
        )
    return made


def same_cell(texts: pa.Array, value: str) -> NDArray[np.bool_]:
    """Tell which texts are a value and nothing else but for blanks around it, bool [n]; of any length."""
    one = Needle(value.strip(), "PHONE" if sum(map(str.isdigit, value)) * 2 >= len(value) else "PERSON")
    wanted = one.key
    # Of what can be equal little is left when the first writing of its letters is asked for.
    found = pc.match_substring_regex(texts, f"^[\\s]*(?:{_expression(one)})[\\s]*$", ignore_case=True)
    maybe: NDArray[np.bool_] = pc.fill_null(found, False).to_numpy(zero_copy_only=False).copy()
    for row in np.flatnonzero(maybe):
        maybe[row] = canonical(one.kind, texts[int(row)].as_py()) == wanted
    return maybe


class Matcher:
    """Finds needles.

    Args:
        needles: What to look for; none is fine and finds nothing.
    """

    def __init__(self, needles: Iterable[Needle]) -> None:
        self.needles = tuple(dict.fromkeys(needles))

    @cached_property
    def pattern(self) -> str:
        """An expression that RE2, Python and PostgreSQL read alike; it also matches inside of words."""
        return "|".join(f"(?:{_expression(one)})" for one in sorted(self.needles, key=lambda one: -len(one.key)))

    @cached_property
    def _python(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE)

    def mask(self, column: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
        """Tell which rows of a column of texts hold a needle, bool [n]."""
        if not self.needles or not len(column):
            return np.zeros(len(column), np.bool_)
        texts = pc.cast(column, pa.large_string())
        found = pc.match_substring_regex(texts, self.pattern, ignore_case=True)
        maybe: NDArray[np.bool_] = pc.fill_null(found, False).to_numpy(zero_copy_only=False).copy()
        for row in np.flatnonzero(maybe):
            maybe[row] = bool(self.spans(texts[int(row)].as_py()))
        return maybe

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where needles stand in a text: code points, end exclusive, apart and in order."""
        if not self.needles:
            return []
        found, place = [], 0
        while match := self._python.search(text, place):
            if _whole(text, match.start(), match.end()):
                found.append(match.span())
                place = match.end()
            else:
                place = match.start() + 1
        return found

    def blank(self, text: str) -> str:
        """Return a text with `MARK` in place of each needle."""
        for start, end in reversed(self.spans(text)):
            text = text[:start] + MARK + text[end:]
        return text

    def blank_json(self, value: Any) -> Any:
        """Return JSON with `MARK` in place of each needle in its texts and keys; numbers that are a needle are null."""
        if isinstance(value, str):
            return self.blank(value)
        if isinstance(value, list):
            return [self.blank_json(one) for one in value]
        if isinstance(value, dict):
            return {self.blank(key): self.blank_json(one) for key, one in value.items()}
        if isinstance(value, int | float) and not isinstance(value, bool) and self.is_one(str(value)):
            return None
        return value

    def is_one(self, cell: str) -> bool:
        """Tell whether a cell is one of the needles and nothing else."""
        return any(canonical(one.kind, cell) == one.key for one in self.needles)


def _expression(one: Needle) -> str:
    bare = one.key
    if one.kind == "PHONE":
        inner = f"[{_class(_JOINTS)}]*".join(_letter(letter) for letter in bare)
        # Of a Chinese mobile number +86 goes along; without it the digit before would make it another number.
        code = f"(?:(?:{_letter('+')}|00)?86[{_class(_JOINTS)}]*)?" if _MOBILE.fullmatch(bare) else ""
        return code + inner
    return f"[{_class(' ')}]+".join("".join(map(_letter, word)) for word in bare.split(" "))


def _letter(letter: str) -> str:
    return f"[{_class(letter)}]"


def _class(letters: str) -> str:
    """Return the inside of a bracket with all writings of these characters."""
    wanted: dict[str, None] = {}
    for letter in letters:
        cased = [one for one in (letter, letter.lower(), letter.upper(), letter.title()) if len(one) == 1]
        for one in cased:
            wanted |= dict.fromkeys((one, *plain_equals(one)))
    if " " in letters:
        wanted |= dict.fromkeys("\t\n\r\f\v")
    return "".join("\\" + one if one in r"\]^-[&~|" else one for one in wanted)


def _whole(text: str, start: int, end: int) -> bool:
    """Tell whether a match is not part of a longer word or number."""
    return not (_joined(text, start - 1, start) or _joined(text, end - 1, end))


def _joined(text: str, left: int, right: int) -> bool:
    if left < 0 or right >= len(text):
        return False
    one, two = text[left], text[right]
    if not (one.isalnum() and two.isalnum()) or _CJK.match(one) or _CJK.match(two):
        return False
    return one.isdigit() == two.isdigit()
