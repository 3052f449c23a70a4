"""Where a quick model is weak, and which labels have next to no items."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
# Rows that the quick model sees, drawn by the seed: 10 s of logistic regression for 77 labels.
ROWS = 10_000
# A smaller slice shows nothing that a person could trust.
FEWEST = 20
# Of the slices that are named, at most this share is expected to be named by chance (Benjamini and Hochberg 1995).
FALSE_SHARE = 0.05
# A label with fewer items than this cannot be split five ways and still teach; one below a twentieth of the even share
# is as good as empty beside the others.
FEW_ITEMS = 10
EVEN_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Slice:
    """A cluster in which the quick model errs more often than elsewhere.

    Attributes:
        cluster: Its number.
        rows: Labeled items of it that the model was asked about.
        accuracy: Share answered right, cross-validated; higher is better.
        elsewhere: The same over all other items.
        p_value: Chance of so few right answers if the slice were like the rest (one-sided, binomial).
    """

    cluster: int
    rows: int
    accuracy: float
    elsewhere: float
    p_value: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def weak_slices(
    vectors: NDArray[np.float32], labels: Sequence[str | None], cluster: NDArray[np.integer], *, seed: int = 0
) -> tuple[list[Slice], float | None]:
    """Return the weak slices, weakest first, and the accuracy over all rows; no slices and None without two labels.

    The model is logistic regression over the vectors, asked about rows that it has not seen (5 folds). Labels with
    fewer than five rows are left out.

    Args:
        vectors: float32 [n, width].
        labels: One for each; None for none.
        cluster: int [n], the slice of each; negative for none.
        seed: Decides the rows and the folds.
    """
    rows, codes = _taught(labels, seed)
    if len(np.unique(codes)) < 2:
        return [], None
    right = _right(vectors[rows], codes, seed)
    return _significant(right, np.asarray(cluster)[rows]), float(right.mean())


def _taught(labels: Sequence[str | None], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows to ask about and their labels as numbers."""
    rows = np.array([row for row, label in enumerate(labels) if label], np.int64)
    if len(rows) > ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, ROWS, replace=False))
    if not len(rows):
        return rows, rows
    _names, codes, counts = np.unique([labels[row] for row in rows], return_inverse=True, return_counts=True)
    common = counts[codes] >= FOLDS
    return rows[common], codes[common]


def _right(vectors: NDArray[np.float32], codes: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    from sklearn.linear_model import LogisticRegression  # slow import
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    # C=10: the numbers of unit vectors are small, and the usual 1 leaves such a model too stiff.
    model = LogisticRegression(C=10.0, max_iter=200)
    return np.asarray(cross_val_predict(model, vectors, codes, cv=folds) == codes)


def _significant(right: NDArray[np.bool_], cluster: NDArray[np.integer]) -> list[Slice]:
    from scipy.stats import binom  # slow import

    tried = []
    for number in np.unique(cluster[cluster >= 0]).tolist():
        inside = cluster == number
        size, rest = int(inside.sum()), right[~inside]
        if size < FEWEST or not len(rest):
            continue
        hits, elsewhere = int(right[inside].sum()), float(rest.mean())
        tried.append(Slice(number, size, hits / size, elsewhere, float(binom.cdf(hits, size, elsewhere))))
    tried.sort(key=lambda one: one.p_value)
    passed = [place for place, one in enumerate(tried, 1) if one.p_value <= FALSE_SHARE * place / len(tried)]
    named = [one for one in tried[: max(passed, default=0)] if one.accuracy < one.elsewhere]
    return sorted(named, key=lambda one: (one.accuracy, one.cluster))


def near_empty(counts: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the labels with next to no items, fewest first: under 10, or under a twentieth of the even share.

    Args:
        counts: Each label with its items.
    """
    total = sum(rows for _label, rows in counts)
    bound = max(FEW_ITEMS, EVEN_SHARE * total / max(1, len(counts)))
    return sorted(((label, rows) for label, rows in counts if rows < bound), key=lambda pair: (pair[1], pair[0]))
