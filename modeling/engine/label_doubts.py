"""What out-of-fold models say of labels that people gave to vectors: the family of the quick head, asked twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.label_quality import odds, strongest_rival
from curation.engine.suspicion import FOLDS, doubt_labels

# Weights of vectors of length 1. On banking questions with a tenth of the labels exchanged and MiniLM, 1, 3 and 10 rank
# them with an average precision of 0.982, 0.985 and 0.984.
STRENGTH = 3.0
# The rivals of a label weigh three times as much as it. On banking questions with a tenth of the labels exchanged this
# lists 99.7 % of them, and 52 of 100 that are listed are wrong (of the first 300, 95 of 100): with few answers
# the models are less sure, and a closer bound would leave out errors. The order says where to begin.
DOUBTFUL = 0.25
MOST_ITERATIONS = 300
# Largest entry of the gradient at which a model is done, as in curation/engine/steps/suspicious.py.
TOLERANCE = 3e-4


@dataclass(frozen=True, slots=True)
class Doubts:
    """How far answers can be believed.

    Attributes:
        answers: Places of the answers that were judged, int64 [n]; answers with a rare label are not.
        scores: How far each can be believed, 0 to 1, lower is worse, float64 [n].
        suggested: The likeliest other label of each.
        accuracy: Share of judged items whose likeliest label is the one they have, 0 to 1.
        labels: How many labels were told apart.
    """

    answers: NDArray[np.int64]
    scores: NDArray[np.float64]
    suggested: list[str]
    accuracy: float
    labels: int


def usable_labels(labels: Sequence[str]) -> list[str]:
    """Return the labels of enough items for every fold to have one, sorted."""
    names, counts = np.unique(np.array(labels, object).astype(str), return_counts=True)
    return [str(name) for name, count in zip(names, counts, strict=True) if count >= FOLDS]


def doubt_answers(
    vectors: NDArray[np.float32],
    labels: Sequence[str],
    answers: Sequence[tuple[int, str]],
    *,
    seed: int = 0,
) -> Doubts:
    """Return how far each answer can be believed by models that did not see its item.

    Args:
        vectors: Of the items that agree on a label, each of length 1, float32 [m, d].
        labels: What each of these items is labeled; at least two labels are `usable_labels`.
        answers: Place of the item and label of each answer; one item may have several answers.
        seed: Decides the folds.
    """
    from sklearn.linear_model import LogisticRegression  # slow import

    names = usable_labels(labels)
    code = {name: number for number, name in enumerate(names)}
    items = np.array([place for place, label in enumerate(labels) if label in code], np.int64)
    given = np.array([code[labels[place]] for place in items.tolist()], np.int64)

    def make_model() -> Any:
        return LogisticRegression(C=STRENGTH, max_iter=MOST_ITERATIONS, tol=TOLERANCE, warm_start=True)

    kept = np.ascontiguousarray(vectors[items])
    found = doubt_labels(lambda rows: kept[rows], given, make_model, seed=seed)
    row_of = np.full(len(labels), -1)
    row_of[items] = np.arange(len(items))
    judged = [
        (number, int(row_of[place]), code[label])
        for number, (place, label) in enumerate(answers)
        if label in code and row_of[place] >= 0
    ]
    numbers, rows, codes = (np.array(column, np.int64) for column in zip(*judged, strict=True))
    chances = found.chances[rows]
    rivals = strongest_rival(chances, codes)
    accuracy = float((found.likelier == given).mean())
    return Doubts(numbers, odds(chances, codes), [names[each] for each in rivals.tolist()], accuracy, len(names))
