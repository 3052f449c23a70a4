"""What augmentations learn from the training texts before they change one: which words there are, and how telling."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.augment.words import is_wide, words_of

if TYPE_CHECKING:
    from curation.engine.augment.neighbours import Neighbours

# The weights of frequent words hardly move after so many texts, and nlpaug's model counts in Python.
MOST_TEXTS = 50_000
# Words that occur once are names and slips.
LEAST_COUNT = 2


@dataclass(frozen=True, slots=True)
class WordWeights:
    """How telling each word is (IDF), and how probable it takes the place of another.

    Attributes:
        idf: Of each word in lower case; higher is more telling.
        words: Words of two kinds, Han and kana characters under True and others under False.
        sums: Running sums of their probabilities, float64; the less telling, the more probable.

    nlpaug weighs the words that come by the sum of their TF-IDF over all texts, in which a word that occurs once is as
    light as an article: most words that came would be rare ones. Here they are weighed by their IDF alone.
    """

    idf: dict[str, float]
    words: dict[bool, list[str]]
    sums: dict[bool, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the steps of a policy learnt; empty when none of them learns.

    Attributes:
        weights: For ``tfidf``.
        neighbours: For ``contextual``.
    """

    weights: WordWeights | None = None
    neighbours: "Neighbours | None" = None


@dataclass(slots=True)
class Lessons:
    """Texts of the training part on their way to `Learnt`.

    Attributes:
        texts: The first 50,000, each as its words.
    """

    texts: list[list[str]] = field(default_factory=list)

    def add(self, texts: Iterable[str | None]) -> None:
        """Take texts; those behind the 50,000th are passed over."""
        left = MOST_TEXTS - len(self.texts)
        self.texts += [words for text in islice((each for each in texts if each), left) if (words := words_of(text))]

    def weights(self) -> WordWeights:
        """Return the words with their IDF by nlpaug's TfIdf (UDA, Xie and others 2020), and how often each may come.

        nlpaug counts every occurrence where its formula means texts: words are given once a text, so that a word in
        half of them has the IDF log 2 and none a negative one.
        """
        from nlpaug.model.word_stats import TfIdf

        model = TfIdf(normalize=False)
        if self.texts:
            model.train([list(dict.fromkeys(words)) for words in self.texts])
        idf = {word: float(value) for word, value in model.w2idf.items()}
        found: dict[bool, list[str]] = {True: [], False: []}
        for word in idf:
            found[is_wide(word)].append(word)
        sums = {wide: _sums([idf[word] for word in words]) for wide, words in found.items()}
        return WordWeights(idf, found, sums)

    def frequent(self, most: int) -> list[str]:
        """Return the most frequent words but Han and kana, the most frequent first; equal counts by the words."""
        counts = Counter(word for words in self.texts for word in words if not is_wide(word))
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return [word for word, rows in ranked[:most] if rows >= LEAST_COUNT]


def _sums(scores: list[float]) -> NDArray[np.float64]:
    """Return running sums of probabilities that fall with the score (UDA, appendix A.2)."""
    values = np.asarray(scores, np.float64)
    if not len(values):
        return values
    weights = values.max() - values
    total = weights.sum()
    return np.cumsum(weights / total if total > 0 else np.full(len(values), 1 / len(values)))


def learn(
    policy: Any,
    texts: Iterable[str | None],
    *,
    vectors: Path | None = None,
    check: Callable[[], None] = lambda: None,
) -> Learnt:
    """Return what the steps of a policy need to know of the training texts; they are not read where none does.

    Args:
        policy: A `Policy` of texts.
        texts: The training part alone: other texts must not leak into it.
        vectors: Folder of the vectors of words, for ``contextual``.
        check: Called now and then; may raise to stop.

    Raises:
        NothingLearnt: ``contextual`` finds no words to choose among.
    """
    uses = {step.use: step for step in policy.steps}
    if not {"tfidf", "contextual"} & set(uses):
        return Learnt()
    lessons = Lessons()
    lessons.add(texts)
    weights = lessons.weights() if "tfidf" in uses else None
    if "contextual" not in uses:
        return Learnt(weights)
    from curation.engine.augment.neighbours import find_neighbours

    return Learnt(weights, find_neighbours(lessons, vectors=vectors, check=check))
