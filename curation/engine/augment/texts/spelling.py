"""Words misspelt as people misspell them."""

from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from curation.engine.augment.settings import INSIDE_TOO, SHARE, Setting
from curation.engine.augment.texts.base import WordChange, one_of
from curation.engine.augment.words import in_case_of


@lru_cache(maxsize=1)
def misspellings() -> dict[str, list[str]]:
    """Return misspellings by the right word, from nlpaug's list of English (Belinkov and Bisk 2018).

    The list has lines of words that are both: nlpaug's reverse look-up would also turn mistakes into words.
    """
    import nlpaug
    from nlpaug.model.word_dict import Spelling

    path = Path(nlpaug.__file__).parent / "res" / "word" / "spelling" / "spelling_en.txt"
    model = Spelling(str(path), include_reverse=False)
    # nlpaug goes through a set, whose order differs from process to process.
    return {
        word: sorted({form for form in forms if form and form != word and form.isascii()})
        for word, forms in model.dict.items()
    }


class Spelling(WordChange):
    """Misspellings out of a list."""

    name = "spelling"
    what = "Misspells English words as people do, after nlpaug's list; words that are not in it stay."
    settings: ClassVar[tuple[Setting, ...]] = (SHARE, INSIDE_TOO)

    def change(self, word: str, rng: np.random.Generator) -> str | None:
        """Return a misspelling in the case of the word."""
        forms = misspellings().get(word) or misspellings().get(word.lower())
        return in_case_of(word, one_of(forms, rng).replace("_", " ")) if forms else None
