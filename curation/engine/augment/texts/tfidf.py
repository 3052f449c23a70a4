"""Words that say little exchanged for others that say little."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from curation.engine.augment.edits import Edit
from curation.engine.augment.settings import INSIDE, SHARE, Setting
from curation.engine.augment.texts.base import LABELS, TextAugmentation
from curation.engine.augment.words import Words, in_case_of, is_wide

if TYPE_CHECKING:
    from curation.engine.augment.learnt import Learnt, WordWeights

# Draws of a word that turns out to be the one that is there.
_TRIES = 5


class TfIdfWords(TextAugmentation):
    """UDA's exchange of uninformative words (Xie and others 2020)."""

    name = "tfidf"
    what = (
        "Exchanges words of low TF-IDF for others of low TF-IDF, learnt from the training texts with nlpaug's model; "
        "in Chinese, characters such as particles. What names the topic stays."
    )
    tasks: ClassVar[tuple[str, ...]] = (LABELS,)
    settings: ClassVar[tuple[Setting, ...]] = (SHARE, INSIDE)
    learns: ClassVar[bool] = True

    def propose(self, words: Words, rng: np.random.Generator, learnt: "Learnt") -> list[Edit]:
        """Return exchanges; a word is drawn the more often the less it says."""
        weights = learnt.weights
        if weights is None:
            raise ValueError("tfidf was not given what it learns: call learn() with the training texts first")
        known = [place for place in words.places if words.word(place).lower() in weights.idf]
        idf = np.array([weights.idf[words.word(place).lower()] for place in known])
        low = idf.max() - idf if len(idf) else idf
        usable = int((low > 0).sum())
        count = min(self.count(len(words.places)), usable)
        if not count:
            return []
        chosen = rng.choice(len(known), count, replace=False, p=low / low.sum())
        edits = []
        for place in (known[number] for number in chosen.tolist()):
            old = words.word(place)
            new = _another(old.lower(), weights, rng)
            if new:
                edits.append(Edit(place[0], place[1], in_case_of(old, new)))
        return edits


def _another(old: str, weights: "WordWeights", rng: np.random.Generator) -> str:
    """Return a word of the same kind that says little; empty when there is none."""
    wide = is_wide(old)
    words, sums = weights.words[wide], weights.sums[wide]
    for _try in range(_TRIES):
        place = min(int(np.searchsorted(sums, rng.random(), side="right")), len(words) - 1)
        if words[place] != old:
            return words[place]
    return ""
