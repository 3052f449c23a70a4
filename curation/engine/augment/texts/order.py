"""Words that change places, go, or are cut in two."""

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from curation.engine.augment.edits import Edit, Place
from curation.engine.augment.settings import INSIDE, INSIDE_TOO, SHARE, Setting
from curation.engine.augment.texts.base import LABELS, SPANS, TextAugmentation, WordChange, drawn
from curation.engine.augment.words import Words, is_wide

if TYPE_CHECKING:
    from curation.engine.augment.learnt import Learnt


class SwapWords(TextAugmentation):
    """Neighbours that change places."""

    name = "swap_words"
    what = "Lets neighbouring words change places (as nlpaug's RandomWordAug); in Chinese, neighbouring characters."
    settings: ClassVar[tuple[Setting, ...]] = (SHARE, INSIDE)

    def propose(self, words: Words, rng: np.random.Generator, learnt: "Learnt") -> list[Edit]:
        """Return swaps of words with nothing but one blank between, or of Han characters side by side."""
        pairs = [pair for pair in pairwise(words.places) if _side_by_side(words, *pair)]
        wanted = self.count(len(words.places))
        edits: list[Edit] = []
        taken: set[Place] = set()
        for number in rng.permutation(len(pairs)).tolist():
            left, right = pairs[number]
            if len(edits) == wanted:
                break
            if taken.isdisjoint((left, right)):
                taken |= {left, right}
                between = words.text[left[1] : right[0]]
                edits.append(Edit(left[0], right[1], words.word(right) + between + words.word(left)))
        return edits


def _side_by_side(words: Words, left: Place, right: Place) -> bool:
    wide = is_wide(words.word(left))
    between = words.text[left[1] : right[0]]
    return wide == is_wide(words.word(right)) and between == ("" if wide else " ")


class DeleteWords(TextAugmentation):
    """Words left out."""

    name = "delete_words"
    what = "Leaves words out with a blank beside them (as nlpaug's RandomWordAug); in Chinese, characters."
    tasks: ClassVar[tuple[str, ...]] = (LABELS, SPANS)
    settings: ClassVar[tuple[Setting, ...]] = (SHARE, INSIDE)

    def propose(self, words: Words, rng: np.random.Generator, learnt: "Learnt") -> list[Edit]:
        """Return deletions; one word at least stays."""
        places = words.places
        edits: list[Edit] = []
        for place in drawn(places, rng):
            if len(edits) >= min(self.count(len(places)), len(places) - 1):
                break
            way = next((edit for edit in words.without(place) if words.borders.allow(edit)), None)
            if way is not None and not any(way.start < other.end and other.start < way.end for other in edits):
                edits.append(way)
        return edits


class SplitWords(WordChange):
    """Words cut in two."""

    name = "split_words"
    what = "Puts a blank into words of four letters or more (as nlpaug's SplitAug). Not in Han words."
    settings: ClassVar[tuple[Setting, ...]] = (SHARE, INSIDE_TOO)
    # As nlpaug's min_char.
    _shortest: ClassVar[int] = 4

    def change(self, word: str, rng: np.random.Generator) -> str | None:
        """Return the word in two parts of two letters or more."""
        if len(word) < self._shortest or not word.isalpha():
            return None
        place = int(rng.integers(2, len(word) - 1))
        return f"{word[:place]} {word[place:]}"
