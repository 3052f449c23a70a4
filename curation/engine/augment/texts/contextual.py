"""Words exchanged for those that leave the meaning of the sentence nearest, by the local encoder."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from curation.engine.augment.edits import Edit, Place
from curation.engine.augment.settings import INSIDE, SHARE, Setting
from curation.engine.augment.texts.base import LABELS, SPANS, TextAugmentation, drawn
from curation.engine.augment.words import Words, in_case_of

if TYPE_CHECKING:
    from curation.engine.augment.learnt import Learnt
    from curation.engine.augment.neighbours import Neighbours

# Code points around a word that are encoded with it: the encoders read 128 to 512 tokens anyway.
CONTEXT = 200


class Contextual(TextAugmentation):
    """Substitutions that a sentence encoder accepts.

    The encoders that ship have no masked-language head, so that words cannot be asked of the context, only tried in it.
    """

    name = "contextual"
    what = (
        "Tries the nearest words of the training texts in a word's place and takes the one that leaves the sentence's "
        "vector nearest, if the cosine is at least `least`. Not in Chinese or Japanese. Slow: eight sentences a word."
    )
    tasks: ClassVar[tuple[str, ...]] = (LABELS, SPANS)
    settings: ClassVar[tuple[Setting, ...]] = (
        SHARE,
        Setting("least", 0.95, "Least cosine of the sentence before and after."),
        INSIDE,
    )
    learns: ClassVar[bool] = True

    def propose(self, words: Words, rng: np.random.Generator, learnt: "Learnt") -> list[Edit]:
        """Return substitutions; a word without one that is near enough stays."""
        if learnt.neighbours is None:
            raise ValueError("contextual was not given what it learns: call learn() with the training texts first")
        near = learnt.neighbours.near
        known = [place for place in words.places if near.get(words.word(place).lower())]
        chosen = drawn(known, rng)[: self.count(len(words.places))]
        edits = [self._best(words, place, learnt.neighbours) for place in chosen]
        return [edit for edit in edits if edit is not None]

    def _best(self, words: Words, place: Place, neighbours: "Neighbours") -> Edit | None:
        start, end = place
        old = words.word(place)
        before, after = words.text[max(0, start - CONTEXT) : start], words.text[end : end + CONTEXT]
        tried = [in_case_of(old, word) for word in neighbours.near[old.lower()]]
        vectors = neighbours.vectors([before + word + after for word in (old, *tried)])
        cosines = vectors[1:] @ vectors[0]
        best = int(np.argmax(cosines))
        return Edit(start, end, tried[best]) if cosines[best] >= self.given["least"] else None
