"""Words that mean the same, out of WordNet where it is installed."""

from functools import lru_cache
from importlib.util import find_spec
from threading import Lock
from typing import ClassVar

import numpy as np

from curation.engine.augment.settings import INSIDE, SHARE, Setting
from curation.engine.augment.texts.base import WordChange, one_of
from curation.engine.augment.words import in_case_of

MISSING = (
    "synonyms needs the package nltk and its data sets wordnet and omw-1.4, which are not installed. "
    "Install them (pip install nltk; python -m nltk.downloader wordnet omw-1.4), or leave the step out."
)


# "I" is also iodine and "at" astatine: short words are mostly function words, and short lemmas abbreviations.
_SHORTEST = 4
# The corpus loads itself at the first question, which only one thread may ask.
_LOADING = Lock()


@lru_cache(maxsize=50_000)
def synonyms_of(word: str) -> tuple[str, ...]:
    """Return single words that WordNet has in one synset with a word, in the first sense of the word alone.

    Rarer senses are mostly wrong in a given text ("horse" is also a sawhorse). A word that is itself no lemma has none:
    of "weeks" WordNet knows "week", which would change the number.
    """
    from nltk.corpus import wordnet

    with _LOADING:
        senses = wordnet.synsets(word)[:1]
        names = [name for sense in senses for name in sense.lemma_names()]
    if word not in {name.lower() for name in names}:
        return ()
    return tuple(dict.fromkeys(name for name in names if name.isalpha() and name.lower() != word))


class Synonyms(WordChange):
    """Synonyms of the first sense."""

    name = "synonyms"
    what = "Takes a word of the same WordNet synset, of the first sense only. English; needs nltk with WordNet."
    settings: ClassVar[tuple[Setting, ...]] = (SHARE, INSIDE)

    @classmethod
    def missing(cls) -> str:
        """Say how to install WordNet where it is not."""
        if find_spec("nltk") is None:
            return MISSING
        from nltk.data import find

        for name in ("corpora/wordnet", "corpora/wordnet.zip"):
            try:
                find(name)
            except LookupError:
                continue
            return ""
        return MISSING

    def change(self, word: str, rng: np.random.Generator) -> str | None:
        """Return a synonym in the case of the word."""
        names = synonyms_of(word.lower()) if len(word) >= _SHORTEST else ()
        return in_case_of(word, one_of(names, rng)) if names else None
