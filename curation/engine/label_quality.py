"""How far each given label can be believed, from out-of-sample probabilities alone.

Every measure here is in [0, 1], and lower is worse. The three classic ones are those of Northcutt, Jiang and Chuang
2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", and of cleanlab's ``rank.py``; `odds` is our own.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Chances = NDArray[np.floating]
Labels = NDArray[np.integer]
# Entries of the matrix looked at together: a block of this many float64 is 2 MB and stays in a cache.
BLOCK = 1 << 18
# Added to each probability, in parts of one over the classes: a forest's 0 says that no tree voted so, not that it
# cannot be.
FLOOR = 1e-3
# A rival so many times as likely as the given label is surely right; 4 and 8 rank alike.
SURE = 4.0
# Deviations above what chance makes of mistakes that go both ways. Where labels were exchanged at random it is 0.6 at
# most on our sets, and where one was taken for the next it is 10 to 21.
ONE_WAY = 5.0
# Mistakes of each right label that are thought to be spread evenly, beside those that were counted.
PRIOR_MISTAKES = 5.0
# A table of more labels would take gigabytes.
MOST_LABELS = 2_000


def odds(chances: Chances, labels: Labels) -> NDArray[np.float64]:
    """Return the share of the given label in the squared, levelled probabilities of all labels, float64 [n].

    Levelled: a class's probabilities are divided by their mean and multiplied by the share of rows that it should have,
    so that a class that the model favours raises no doubt by that (the prior of `_shares`). Squared: one strong rival
    makes a label more doubtful than many weak ones do, which the plain probability of the label cannot tell apart, and
    the margin to the strongest rival overdoes. On banking questions, hand signs and newsgroups the ranking is better
    than by any of the other three, whatever the model (docs/reference/label-errors.md); powers from 1.4 to 3 differ by
    less than 0.01 of average precision.

    Where sure errors go one way between labels, as when one label was always taken for another, a rival counts by how
    often it is given that label (`_mistakes`).

    Args:
        chances: Probability of each of k labels for n rows, from models that did not see the row, [n, k].
        labels: The given labels, 0 to k - 1, [n].
    """
    count = chances.shape[1]
    floor = FLOOR / count
    mean = (chances.mean(axis=0, dtype=np.float64) + floor) / (1 + FLOOR)
    weights = _shares(np.bincount(labels, minlength=count)) / mean
    score, sure = np.empty(len(labels)), np.empty(len(labels), bool)
    rivals = np.zeros(len(labels), np.int64)
    for rows in _blocks(chances):
        # Labels by rows: sums and maxima over labels then run along the rows, which is several times as fast.
        levelled = np.multiply(chances[rows].T + floor, weights[:, None], order="C")
        place = labels[rows], np.arange(levelled.shape[1])
        own = levelled[place]
        levelled[place] = 0.0
        sure[rows] = beaten = levelled.max(axis=0) > SURE * own
        rivals[rows][beaten] = levelled[:, beaten].argmax(axis=0)
        score[rows] = 1 / (1 + np.square(levelled, out=levelled).sum(axis=0) / np.square(own))
    mistakes = _mistakes(labels[sure], rivals[sure], count)
    if mistakes is None:
        return score
    for rows in _blocks(chances):
        powers = np.square((chances[rows] + floor) * weights)
        place = np.arange(len(powers)), labels[rows]
        own = powers[place]
        powers[place] = 0.0
        score[rows] = own / (own + (powers * _likelihood(mistakes, labels[rows], rivals[rows], sure[rows])).sum(axis=1))
    return score


def _mistakes(given: Labels, likelier: Labels, count: int) -> NDArray[np.float64] | None:
    """Return how often each label was given where another is surely right, [k, k] (given by right), or None.

    A model takes two labels for each other both ways about equally often, and so do labels that were exchanged at
    random: then (a - b)² / (a + b) of the counts a and b of the two ways is 1 in the mean (McNemar 1947). None unless
    the mean over all pairs is `ONE_WAY` deviations above that: what goes both ways says nothing about errors.
    """
    if not 2 < count <= MOST_LABELS:
        return None
    table = np.bincount(given * count + likelier, minlength=count * count).reshape(count, count).astype(np.float64)
    upper = np.triu_indices(count, 1)
    one, other = table[upper], table.T[upper]
    both = one + other
    pairs = np.count_nonzero(both)
    if not pairs:
        return None
    excess = (np.square(one - other)[both > 0] / both[both > 0]).sum() - pairs
    return table if excess > ONE_WAY * np.sqrt(2 * pairs) else None


def _likelihood(
    mistakes: NDArray[np.float64], labels: Labels, rivals: Labels, sure: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return how much likelier than at random each right label is mistaken for the given one, [rows, k].

    A row that was counted itself is taken off, so that no row bears witness against itself.
    """
    count = len(mistakes)
    here, total = mistakes[labels], np.broadcast_to(mistakes.sum(axis=0), (len(labels), count)).copy()
    place = np.flatnonzero(sure), rivals[sure]
    here[place] -= 1
    total[place] -= 1
    return (here + PRIOR_MISTAKES / (count - 1)) / (total + PRIOR_MISTAKES) * (count - 1)


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of rows that each class should have: as they are counted, drawn together as far as chance goes.

    Counts of equal classes differ by chance as a Poisson variable does, whose variance is its mean. What the variance
    is above that is real (the method of moments of an empirical Bayes estimate).
    """
    mean = counts.mean()
    spread = counts.var(ddof=1) if len(counts) > 1 else 0.0
    real = max(0.0, 1.0 - mean / spread) if spread else 0.0
    shares: NDArray[np.float64] = (mean + real * (counts - mean)) / counts.sum()
    # A class that nobody gave is still one that a row may belong to.
    return np.asarray(np.maximum(shares, FLOOR / len(counts) / counts.sum()))


def self_confidence(chances: Chances, labels: Labels) -> NDArray[np.float64]:
    """Return the probability of the given label, float64 [n]."""
    return np.asarray(chances[np.arange(len(labels)), labels], np.float64)


def normalized_margin(chances: Chances, labels: Labels) -> NDArray[np.float64]:
    """Return how far the given label lies above the likeliest other one, -1 to 1 brought to [0, 1], float64 [n]."""
    score = np.empty(len(labels))
    for rows in _blocks(chances):
        block = np.array(chances[rows], np.float64)
        place = np.arange(len(block)), labels[rows]
        own = block[place]
        block[place] = -1.0
        score[rows] = (own - block.max(axis=1) + 1) / 2
    return score


def confident_learning(chances: Chances, labels: Labels) -> NDArray[np.float64]:
    """Return the self-confidence, with rows off the diagonal of the confident joint below all others, float64 [n]."""
    doubted = confident_errors(chances, labels)
    return np.where(doubted, 0.0, 0.5) + self_confidence(chances, labels) / 2


MEASURES: dict[str, Callable[[Chances, Labels], NDArray[np.float64]]] = {
    "odds": odds,
    "self-confidence": self_confidence,
    "normalized-margin": normalized_margin,
    "confident-learning": confident_learning,
}
DEFAULT_MEASURE = "odds"


def confident_errors(chances: Chances, labels: Labels) -> NDArray[np.bool_]:
    """Return the rows off the diagonal of the confident joint, bool [n].

    A row counts for a class when its probability is at least the mean that the class's own rows have there.
    """
    own = chances[np.arange(len(labels)), labels]
    rows = np.bincount(labels, minlength=chances.shape[1])
    usual = np.bincount(labels, own, minlength=chances.shape[1]) / np.maximum(rows, 1)
    least = np.where(rows, usual, np.inf)
    found = np.empty(len(labels), bool)
    for part in _blocks(chances):
        above = np.where(chances[part] >= least, chances[part], -1.0)
        found[part] = (above.max(axis=1) >= 0) & (above.argmax(axis=1) != labels[part])
    return found


def strongest_rival(chances: Chances, labels: Labels) -> NDArray[np.int64]:
    """Return the likeliest label of two or more, other than the given one, int64 [n]; of equal ones the first."""
    found = np.empty(len(labels), np.int64)
    for rows in _blocks(chances):
        block = np.array(chances[rows])
        block[np.arange(len(block)), labels[rows]] = -1
        found[rows] = block.argmax(axis=1)
    return found


def _blocks(chances: Chances) -> Iterator[slice]:
    """Give slices of rows that hold about `BLOCK` entries, so that what is computed on the way stays small."""
    step = max(1, BLOCK // chances.shape[1])
    for start in range(0, len(chances), step):
        yield slice(start, start + step)
