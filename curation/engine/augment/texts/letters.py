"""Letters of words taken for others: as fingers slip on a keyboard, as a scanner misreads, and at random."""

import string
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import regex

from curation.engine.augment.settings import INSIDE_TOO, LETTERS, SHARE, Setting
from curation.engine.augment.texts.base import WordChange, one_of

LAYOUTS = ("en", "de", "es", "fr", "it", "nl", "pl", "tr", "uk")
SUBSTITUTE, INSERT, SWAP, DELETE = "substitute", "insert", "swap", "delete"
_MARK = regex.compile(r"\p{M}")
# Letters of a word of one letter are left: nothing would be left of the word.
_SHORTEST = 2


@lru_cache(maxsize=len(LAYOUTS))
def keyboard(layout: str) -> dict[str, list[str]]:
    """Return the neighbours of each small letter on a keyboard, from nlpaug's maps; letters only."""
    import nlpaug
    from nlpaug.model.char import Keyboard

    path = Path(nlpaug.__file__).parent / "res" / "char" / "keyboard" / f"{layout}.json"
    model = Keyboard(special_char=True, numeric=False, upper_case=False, lang=layout, model_path=str(path))
    near = {key: [value for value in values if value.isalpha()] for key, values in model.model.items() if key.isalpha()}
    return {key: values for key, values in near.items() if values and len(key) == 1}


@lru_cache(maxsize=1)
def misread() -> dict[str, list[str]]:
    """Return what a scanner takes each character for, from nlpaug's map, both ways."""
    import json

    import nlpaug
    from nlpaug.model.char import Ocr

    path = Path(nlpaug.__file__).parent / "res" / "char" / "ocr" / "en.json"
    model = Ocr(json.loads(path.read_text("utf-8")))
    return {key: sorted(set(values) - {key}) for key, values in model.model.items() if len(key) == 1}


def _with(word: str, place: int, letter: str) -> str:
    """Return the word with one letter exchanged, a capital for a capital."""
    new = letter.upper() if word[place].isupper() and len(letter.upper()) == 1 else letter
    return word[:place] + new + word[place + 1 :]


def _plain(word: str) -> list[int]:
    """Return the places of letters that carry no combining mark: a mark without its letter would be unreadable."""
    last = len(word) - 1
    return [
        place
        for place, letter in enumerate(word)
        if letter.isalpha() and not (place < last and _MARK.match(word[place + 1]))
    ]


class _Slips(WordChange):
    """Exchanges letters of a word by a map of single characters."""

    settings: ClassVar[tuple[Setting, ...]] = (SHARE, LETTERS, INSIDE_TOO)

    def change(self, word: str, rng: np.random.Generator) -> str | None:
        if len(word) < _SHORTEST:
            return None
        near = self.near()
        places = [place for place in _plain(word) if word[place] in near or word[place].lower() in near]
        if not places:
            return None
        for place in rng.permutation(places)[: self.given["letters"]].tolist():
            values = near.get(word[place]) or near[word[place].lower()]
            word = _with(word, place, one_of(values, rng)) if word[place] not in near else _as(word, place, values, rng)
        return word

    def near(self) -> dict[str, list[str]]:
        raise NotImplementedError


def _as(word: str, place: int, values: list[str], rng: np.random.Generator) -> str:
    """Return the word with a letter exchanged as the map has it, its case too."""
    return word[:place] + one_of(values, rng) + word[place + 1 :]


class Keyboard(_Slips):
    """Slips of the finger."""

    name = "keyboard"
    what = "Takes a key beside the right one, after nlpaug's maps of keyboards. Letters only; Han has no keys."
    settings = (
        SHARE,
        LETTERS,
        Setting("layout", "en", "Whose keyboard.", choices=LAYOUTS),
        INSIDE_TOO,
    )

    def near(self) -> dict[str, list[str]]:
        """Return the neighbours on the keyboard."""
        return keyboard(str(self.given["layout"]))


class Ocr(_Slips):
    """Misreadings of a scanner."""

    name = "ocr"
    what = "Misreads characters as scanners do (l and 1, O and 0), after nlpaug's map for Latin letters."

    def near(self) -> dict[str, list[str]]:
        """Return what each character is taken for."""
        return misread()


class Letters(WordChange):
    """Random changes of letters, as nlpaug's RandomCharAug makes them."""

    name = "letters"
    what = "Puts in, exchanges, swaps or deletes letters at random (as nlpaug's RandomCharAug). Not in Han words."
    settings = (
        SHARE,
        LETTERS,
        Setting("action", SWAP, "What is done to the letters.", choices=(SUBSTITUTE, INSERT, SWAP, DELETE)),
        INSIDE_TOO,
    )
    # nlpaug leaves shorter words (min_char=4): what is left of them would be another word.
    _shortest: ClassVar[int] = 4

    def change(self, word: str, rng: np.random.Generator) -> str | None:
        """Return the word with letters changed."""
        if len(word) < self._shortest or not word.isascii():
            return None
        for _number in range(self.given["letters"]):
            word = self._once(word, rng)
        return word

    def _once(self, word: str, rng: np.random.Generator) -> str:
        action = self.given["action"]
        if action == SWAP:
            pairs = [
                place
                for place in range(1, len(word) - 1)
                if word[place : place + 2].isalpha() and word[place] != word[place + 1]
            ]
            if not pairs:
                return word
            place = pairs[int(rng.integers(len(pairs)))]
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        places = [place for place in range(1, len(word)) if word[place].isalpha()]
        if not places or (action == DELETE and len(word) < self._shortest):
            return word
        place = places[int(rng.integers(len(places)))]
        if action == DELETE:
            return word[:place] + word[place + 1 :]
        letter = one_of(string.ascii_lowercase, rng)
        return word[:place] + letter + word[place:] if action == INSERT else _with(word, place, letter)
