"""Which labels of shapes out-of-fold models doubt, by what the picture shows there.

Only labels are judged. What nobody drew would take a detector, and so would a shape around nothing. The size and
aspect of a shape are not told to the models: on blood cells their logarithms beside the vectors, at weights of 0.1 to
1, took the average precision from .998 to between .998 and .982.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.label_quality import odds, strongest_rival
from curation.engine.suspicion import FOLDS, doubt_labels
from modeling.engine.label_doubts import MOST_ITERATIONS, STRENGTH, TOLERANCE


@dataclass(frozen=True, slots=True)
class ShapeDoubts:
    """How far the labels of shapes can be believed.

    Attributes:
        rows: Places of the shapes that were judged, int64 [n]; those with a rare label or without a vector are not.
        scores: How far each label can be believed, 0 to 1, lower is worse, float64 [n].
        suggested: The likeliest other label of each.
        labels: The labels that were told apart.
        accuracy: Share of judged shapes whose likeliest label is the one they have, 0 to 1.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    suggested: list[str]
    labels: list[str]
    accuracy: float


def usable_shape_labels(labels: Sequence[str], pictures: Sequence[str]) -> list[str]:
    """Return the labels of shapes in enough pictures for every fold to have one, sorted."""
    seen: dict[str, set[str]] = {}
    for label, picture in zip(labels, pictures, strict=True):
        seen.setdefault(label, set()).add(picture)
    return sorted(label for label, own in seen.items() if len(own) >= FOLDS)


def doubt_shapes(
    vectors: NDArray[np.float32], labels: Sequence[str], pictures: Sequence[str], *, seed: int = 0
) -> ShapeDoubts:
    """Return how far the label of each shape can be believed by models that did not see its picture.

    Args:
        vectors: Of what each shows, of length 1, float32 [n, d]; NaN where the picture could not be read.
        labels: What each is labeled; at least two are `usable_shape_labels` of those with a vector.
        pictures: Which picture each is of.
        seed: Decides the folds.
    """
    from sklearn.linear_model import LogisticRegression  # slow import

    seen = ~np.isnan(vectors).any(axis=1)
    known = np.flatnonzero(seen).tolist()
    names = usable_shape_labels([labels[row] for row in known], [pictures[row] for row in known])
    code = {name: number for number, name in enumerate(names)}
    rows = np.array([row for row in known if labels[row] in code], np.int64)
    given = np.array([code[labels[row]] for row in rows.tolist()], np.int64)
    groups = np.unique(np.array([pictures[row] for row in rows.tolist()], object).astype(str), return_inverse=True)[1]

    def make_model() -> Any:
        return LogisticRegression(C=STRENGTH, max_iter=MOST_ITERATIONS, tol=TOLERANCE, warm_start=True)

    kept = np.ascontiguousarray(vectors[rows])
    found = doubt_labels(lambda some: kept[some], given, make_model, groups=groups, seed=seed)
    # A class that a fold's model never saw is not impossible for that.
    told = found.own > 0
    rivals = strongest_rival(found.chances, given)
    return ShapeDoubts(
        rows[told],
        odds(found.chances, given)[told],
        [names[each] for each in rivals[told].tolist()],
        names,
        float((found.likelier == given)[told].mean()) if told.any() else 0.0,
    )
