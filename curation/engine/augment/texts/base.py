"""What every augmentation of texts is: settings, and a look at the words of a text that proposes edits."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from curation.engine.augment.edits import Edit, Place
from curation.engine.augment.settings import INSIDE, SHARE, Augmentation, Setting
from curation.engine.augment.words import Words

if TYPE_CHECKING:
    from curation.engine.augment.learnt import Learnt

# What a policy is for: the label of a whole text, spans in it, which of two texts is better, what a text means.
LABELS, SPANS, PAIRS = "labels", "spans", "pairs"


class TextAugmentation(Augmentation):
    """Base of all augmentations of texts.

    Attributes:
        learns: Whether it needs words of the training texts.
    """

    tasks: ClassVar[tuple[str, ...]] = (LABELS, SPANS)
    settings: ClassVar[tuple[Setting, ...]] = (SHARE, INSIDE)
    learns: ClassVar[bool] = False

    @abstractmethod
    def propose(self, words: Words, rng: np.random.Generator, learnt: "Learnt") -> list[Edit]:
        """Return edits of the text, drawn with `rng`; those that would cross a border of a span are not made."""

    def count(self, places: int) -> int:
        """Return how many of the words are changed: the share of them, rounded, at least one."""
        return min(places, max(1, round(float(self.given["share"]) * places)))


class WordChange(TextAugmentation):
    """Base of augmentations that change single words, each for itself."""

    def propose(self, words: Words, rng: np.random.Generator, learnt: "Learnt") -> list[Edit]:
        """Return the changes of so many words, drawn at random among those that can be changed."""
        places = words.places
        wanted = self.count(len(places))
        edits: list[Edit] = []
        for place in drawn(places, rng):
            if len(edits) == wanted:
                break
            new = self.change(words.word(place), rng)
            if new is not None:
                edits.append(Edit(*place, new))
        return edits

    @abstractmethod
    def change(self, word: str, rng: np.random.Generator) -> str | None:
        """Return another form of a word, or None when there is none."""


def drawn(places: Sequence[Place], rng: np.random.Generator) -> list[Place]:
    """Return the places in random order."""
    return [places[number] for number in rng.permutation(len(places)).tolist()]


def one_of(values: Sequence[str], rng: np.random.Generator) -> str:
    """Return one of some words."""
    return values[int(rng.integers(len(values)))]
