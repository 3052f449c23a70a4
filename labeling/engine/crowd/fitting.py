"""What the models of people share: the answers as a sparse table, one posterior for each item, and how fits compare.

A model says how likely each person gives each label when the truth is of some type. Types are the labels themselves,
or several kinds of item for each label. Fitting goes back and forth between what the items are and how the people
answer (expectation maximisation; A. P. Dempster and others, 1977), from the shares of votes, so that it has no chance
in it unless a model says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from labeling.engine.ratings import Codes, Floats, Ratings

if TYPE_CHECKING:
    from scipy import sparse

ITERATIONS = 100
# Change of the probabilities of an item, on average, at which a fit stands.
TOLERANCE = 1e-3
# Labels up to which columns are taken one by one: NumPy reduces short rows ten times as slowly.
FEW = 16


@dataclass(frozen=True, slots=True)
class Fit:
    """What a model makes of the answers.

    Attributes:
        method: Its name.
        posterior: How probable each label is for each item; rows sum to 1, shape (items, labels).
        said: Returns how probable people give labels for each true label, of codes of people and of labels, both of
            shape (answers,), as (answers, labels); None where a model does not say.
        iterations: How often both steps were done.
        competence: Share of each person's answers that come from knowing and not from habit, 0 to 1, shape (people,);
            None where a model does not say.
    """

    method: str
    posterior: Floats
    said: Callable[[Codes, Codes], Floats] | None = None
    iterations: int = 0
    competence: Floats | None = None


class Answers:
    """Answers with what every model needs of them, made once."""

    def __init__(self, ratings: Ratings) -> None:
        self.ratings = ratings
        self.item, self.person, self.label = ratings.item, ratings.person, ratings.label
        self.items, self.people, self.labels = ratings.shape
        # Each person's use of each label is a cell of its own.
        self.cell = self.person * self.labels + self.label
        self.cells = self.people * self.labels

    @cached_property
    def votes(self) -> Floats:
        """Return how often each item got each label; shape (items, labels)."""
        return self.speaking(np.ones(self.cells))

    @cached_property
    def shares(self) -> Floats:
        """Return the votes as shares; alike for an item without answers."""
        total = self.votes.sum(1, keepdims=True)
        alike = np.full(self.votes.shape, 1 / max(self.labels, 1))
        shares: Floats = np.divide(self.votes, total, out=alike, where=total > 0)
        return shares

    @cached_property
    def used(self) -> Floats:
        """Return how often each person gave each label; shape (people, labels)."""
        return np.bincount(self.cell, minlength=self.cells).reshape(self.people, self.labels).astype(np.float64)

    @cached_property
    def spread(self) -> "sparse.csr_array":
        """Return the answers as a sparse table of items × (person, label)."""
        from scipy import sparse  # slow import

        ends = np.append(0, np.cumsum(np.bincount(self.item, minlength=self.items)))
        shape = (self.items, self.cells)
        # Answers rise by item: the row ends are known, and nothing needs sorting.
        return sparse.csr_array((np.ones(len(self.item)), self.cell.astype(np.int32), ends.astype(np.int32)), shape)

    @cached_property
    def gathered(self) -> "sparse.csr_array":
        """Return the same the other way round."""
        return self.spread.T.tocsr()

    @cached_property
    def weighing(self) -> "sparse.csr_array":
        """Return the answers as a sparse table of (item, label) × (person, label)."""
        from scipy import sparse  # slow import

        size = self.items * self.labels
        pair = self.item * self.labels + self.label
        order = np.argsort(pair, kind="stable")
        ends = np.append(0, np.cumsum(np.bincount(pair, minlength=size)))
        cells = self.cell[order].astype(np.int32)
        return sparse.csr_array((np.ones(len(cells)), cells, ends.astype(np.int32)), (size, self.cells))

    @cached_property
    def matching(self) -> "sparse.csr_array":
        """Return the same the other way round."""
        return self.weighing.T.tocsr()

    def speaking(self, weights: Floats) -> Floats:
        """Return what answers add up to for each item and label when each counts for its own label alone.

        Args:
            weights: What a label of a person counts; shape (people, labels).
        """
        scores: Floats = self.weighing @ weights.ravel()
        return scores.reshape(self.items, self.labels)

    def confirmed(self, posterior: Floats) -> Floats:
        """Return how many of the answers of each person and label are true by a posterior; shape (people, labels)."""
        found: Floats = self.matching @ posterior.ravel()
        return found.reshape(self.people, self.labels)


def normalized(scores: Floats) -> Floats:
    """Return probabilities of log scores, row by row; the scores are overwritten."""
    if 1 < scores.shape[1] <= FEW:
        columns = scores.T
        scores -= np.maximum.reduce(list(columns))[:, None]
        np.exp(scores, out=scores)
        total = columns[0].copy()
        for column in columns[1:]:
            total += column
        scores /= total[:, None]
        return scores
    scores -= scores.max(1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(1, keepdims=True)
    return scores


def settled(new: Floats, old: Floats, tolerance: float = TOLERANCE) -> bool:
    """Tell whether the probabilities do not move any more; the old ones are overwritten."""
    old -= new
    return float(np.abs(old, out=old).sum()) <= tolerance * len(new)
