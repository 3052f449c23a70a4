"""What two texts are compared by: shingles of words or of characters, and a threshold as an exact fraction."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

_SPEC = re.compile(r"(word|char):([1-9][0-9]?)")
LARGEST_TERM = 1_000_000


@dataclass(frozen=True, slots=True)
class Shingles:
    """Runs of `size` neighbouring tokens.

    A text is first lower-cased as a whole, exactly as ``str.lower`` does (so ``İ`` becomes ``i`` and a combining dot,
    and a capital sigma at the end of a word becomes ``ς``). Tokens are then

    - ``word``: the longest runs of letters and numbers (``str.isalnum``: Unicode categories L and N, and characters
      with a numeric value). Combining marks and the underscore end a word.
    - ``char``: each character that is no white space (``str.isspace``), punctuation and emoji included.

    A text with fewer than `size` tokens, but one at least, has one shingle: all of its tokens. A text without any token
    has no set and is like nothing, not even another such text.

    Attributes:
        kind: ``word`` or ``char``.
        size: Tokens in a shingle, 1 to 99.
    """

    kind: str
    size: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``word:5`` or ``char:5``.

        Raises:
            ValueError: It is neither.
        """
        found = _SPEC.fullmatch(text)
        if found is None:
            raise ValueError(
                f"shingles is {text!r}; write word:K or char:K with K from 1 to 99, such as word:5 or char:5"
            )
        return cls(found[1], int(found[2]))

    def __str__(self) -> str:
        return f"{self.kind}:{self.size}"


def exact_threshold(value: float) -> Fraction:
    """Return the decimal number that was written, as a fraction: 0.7 becomes 7/10, not the float beside it.

    A set of 10 and one of 7 within it are then alike at exactly 0.7, which floats would decide by chance.

    Raises:
        ValueError: It is not above 0 and at most 1, or has more than six decimals.
    """
    fraction = Fraction(repr(float(value)))
    if not 0 < fraction <= 1:
        raise ValueError(f"threshold is {value}; it must be above 0 and at most 1")
    if fraction.denominator > LARGEST_TERM:
        raise ValueError(f"threshold is {value}; write it with at most six decimals, such as 0.8")
    return fraction
