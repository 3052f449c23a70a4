"""Which encoder suits a set of texts, decided by the script of their letters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE_TEXTS = 2000
# Below this share of Latin letters an English WordPiece vocabulary splits most words into unknown or single characters.
LATIN_SHARE_FOR_ENGLISH = 0.7
_SCRIPTS = (
    "LATIN",
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "CYRILLIC",
    "ARABIC",
    "DEVANAGARI",
    "THAI",
    "GREEK",
    "HEBREW",
)


@dataclass(frozen=True)
class EncoderChoice:
    """The name of the encoder and a sentence that says why it was chosen."""

    name: str
    reason: str


def _script(character: str) -> str:
    name = unicodedata.name(character, "")
    return next((script for script in _SCRIPTS if name.startswith(script)), "OTHER")


def letter_shares(texts: Sequence[str]) -> dict[str, float]:
    """Return the share of letters by script, in [0, 1], over an even sample of the texts; empty when there are no
    letters."""
    step = max(1, len(texts) // SAMPLE_TEXTS)
    characters: Counter[str] = Counter()
    for text in texts[::step]:
        characters.update(text[:500])
    scripts: Counter[str] = Counter()
    for character, count in characters.items():
        if character.isalpha():
            scripts[_script(character)] += count
    total = sum(scripts.values())
    return {script: count / total for script, count in scripts.most_common()}


def choose_encoder(texts: Sequence[str]) -> EncoderChoice:
    """Choose `minilm` for texts in Latin letters and `e5-small` for others, with the reason."""
    shares = letter_shares(texts)
    latin = shares.get("LATIN", 0.0)
    if not shares:
        return EncoderChoice("minilm", "The texts hold no letters, so the smaller English encoder is used.")
    if latin >= LATIN_SHARE_FOR_ENGLISH:
        return EncoderChoice("minilm", f"{latin:.0%} of the letters are Latin, so the English encoder MiniLM is used.")
    main = next(iter(shares))
    script = "Chinese characters" if main == "CJK" else main.title()
    return EncoderChoice(
        "e5-small",
        f"{shares[main]:.0%} of the letters are {script} and {latin:.0%} "
        "are Latin, so the multilingual encoder E5-small is used.",
    )
