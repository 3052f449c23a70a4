"""Labels that a model trained on the other rows does not believe (after Northcutt, Jiang and Chuang 2021).

"Confident Learning: Estimating Uncertainty in Dataset Labels" finds errors from out-of-sample probabilities alone. Here
it finds the rows that are left out before the probabilities are computed a second time: a model that no longer learns
from wrong labels doubts the right ones less and the wrong ones more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.label_quality import confident_errors

FOLDS = 5
# How many times likelier another label must be. On banking questions with a tenth of the labels flipped, 4 gives
# precision 0.62 and recall 0.97, 8 gives 0.76 and 0.93, 16 gives 0.85 and 0.84; on the penguins all three give 1 and
# 0.95. Pruning by noise rate gives 0.51 and 0.76 on the questions.
TIMES_LIKELIER = 8.0


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What the out-of-fold model says of each of n rows.

    Attributes:
        suspicious: Whether another label is many times likelier than the given one, bool [n].
        likelier: The likeliest label, int64 [n].
        own: Probability of the given label, 0 to 1, float64 [n]; lower is worse.
        other: Probability of the likeliest label, float64 [n].
        chances: Probability of each of k labels, float64 [n, k].
    """

    suspicious: NDArray[np.bool_]
    likelier: NDArray[np.int64]
    own: NDArray[np.float64]
    other: NDArray[np.float64]
    chances: NDArray[np.float64]


def doubt_labels(
    rows: Callable[[NDArray[np.int64]], Any],
    labels: NDArray[np.int64],
    make_model: Callable[[], Any],
    *,
    times: float = TIMES_LIKELIER,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Suspicion:
    """Return which labels an out-of-fold model doubts, after a second round without the first round's suspects.

    The second round starts from the weights of the first, which are near its own: it takes a fraction of the steps. All
    is computed by one thread, so that the last digits do not depend on the machine's cores.

    Args:
        rows: Gives the features of rows by place, as the model takes them.
        labels: 0 to k - 1, int64 [n]; each class has at least `FOLDS` rows.
        make_model: Makes an unfitted scikit-learn classifier with ``predict_proba`` and ``warm_start``.
        times: How many times likelier than the given label another one must be.
        groups: Rows of one group are never judged by a model that saw another of it, int64 [n]; each class has rows of
            at least `FOLDS` groups. Without it every row is a group.
        seed: Decides the folds.
    """
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    with threadpool_limits(1):
        first, models = _out_of_fold(rows, labels, [make_model() for _fold in range(FOLDS)], None, groups, seed)
        trusted = ~(confident_errors(first, labels) & (first.argmax(axis=1) != labels))
        # A class of which nothing is left would be unknown to the second round.
        counts = np.bincount(labels[trusted], minlength=first.shape[1])
        trusted |= (counts < FOLDS)[labels]
        second, _models = _out_of_fold(rows, labels, models, trusted, groups, seed)
    likelier = second.argmax(axis=1)
    place = np.arange(len(labels))
    own, other = second[place, labels], second[place, likelier]
    return Suspicion((likelier != labels) & (other >= times * own), likelier, own, other, second)


def _out_of_fold(
    rows: Callable[[NDArray[np.int64]], Any],
    labels: NDArray[np.int64],
    models: list[Any],
    trusted: NDArray[np.bool_] | None,
    groups: NDArray[np.int64] | None,
    seed: int,
) -> tuple[NDArray[np.float64], list[Any]]:
    """Return the probability of each class for each row from a model that did not see the row, float64 [n, k].

    The models, one a fold, are trained on and returned; with `trusted`, only on those rows.
    """
    from sklearn.base import clone  # slow import
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    chances = np.zeros((len(labels), int(labels.max()) + 1))
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = kind(FOLDS, shuffle=True, random_state=seed)
    for fold, (training, held_out) in enumerate(folds.split(np.zeros(len(labels)), labels, groups)):
        taught = training if trusted is None else training[trusted[training]]
        classes = getattr(models[fold], "classes_", None)
        if classes is not None and not np.array_equal(classes, np.unique(labels[taught])):
            # All trusted rows of a class lie in the part that is held out: there is no weight to start from.
            models[fold] = clone(models[fold])
        model = models[fold].fit(rows(taught), labels[taught])
        found = np.zeros((len(held_out), chances.shape[1]))
        found[:, model.classes_] = model.predict_proba(rows(held_out))
        chances[held_out] = found
    return chances, models
