"""How sure a quick head is of labels that it did not see, and whether it is right: a threshold is chosen by that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.calibration import fit_temperature, softmax
from modeling.engine.heads.quick import DEFAULT_STRENGTH, fit_plain, named_classes
from modeling.engine.heads.spread import fit_spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = np.ndarray[Any, Any]
FOLDS = 5
# Below the least logit of a row stands a label of which a fold showed no example: there is nothing to prefer it for.
_UNSEEN = 10.0


def judge_held_out(
    embeddings: Array,
    labels: Sequence[str],
    texts: Sequence[str],
    strength: float = DEFAULT_STRENGTH,
    seed: int = 0,
    others: Array | None = None,
    on_fit: Callable[[int, int], None] | None = None,
) -> tuple[Array, Array]:
    """Return for each labeled item the confidence of a head that learned without it, and whether that head is right.

    Each of five folds, stratified by label, is named by a head that learned from the other four. Its confidences are
    calibrated by a temperature that was fitted on the other folds' predictions alone, so that no item takes part in its
    own calibration. Equal texts always lie in one fold: otherwise a head would be praised for what it knows by heart.

    Args:
        embeddings: [n, d].
        labels: [n], each of at least two labels on at least two different texts.
        texts: [n], what the vectors were made of.
        strength: Of the regularisation, as the head that will be used.
        seed: Of the folds.
        others: Of items without labels that the head that will be used learned from too, [m, d]; none when left out.
        on_fit: Called after each fit with how many are done, and how many there are.

    Raises:
        BadData: As `fit_plain`; also when a fold leaves only one label to learn from.
    """
    logits, truth, folds = hold_out(embeddings, labels, texts, strength, seed, others, on_fit)
    confidences = np.zeros(len(truth))
    for number in range(FOLDS):
        inside, rest = folds == number, folds != number
        temperature = fit_temperature(logits[rest], truth[rest])
        confidences[inside] = softmax(logits[inside] / temperature).max(axis=1)
    return confidences, logits.argmax(axis=1) == truth


def hold_out(
    embeddings: Array,
    labels: Sequence[str],
    texts: Sequence[str],
    strength: float = DEFAULT_STRENGTH,
    seed: int = 0,
    others: Array | None = None,
    on_fit: Callable[[int, int], None] | None = None,
) -> tuple[Array, Array, Array]:
    """Return for each labeled item the logits of a head that learned without it [n, k], its class [n] and its fold [n].

    Of a label that a fold leaves no example of, the logit lies far below the others. Arguments as of `judge_held_out`.
    """
    names, truth = named_classes(embeddings, labels)
    folds = _folds(truth, texts, seed)
    logits = np.zeros((len(truth), len(names)))
    for number in range(FOLDS):
        inside, rest = folds == number, folds != number
        if inside.any():
            known = [labels[place] for place in np.flatnonzero(rest).tolist()]
            # To a head that learns from items without labels, those of the fold are such.
            head = (
                fit_plain(embeddings[rest], known, strength)
                if others is None
                else fit_spread(embeddings[rest], known, np.concatenate([embeddings[inside], others]), strength)
            )
            found = embeddings[inside].astype(np.float64) @ head.weights.T + head.bias
            wide = np.full((len(found), len(names)), found.min(axis=1, keepdims=True) - _UNSEEN)
            wide[:, np.searchsorted(names, head.labels)] = found
            logits[inside] = wide
        if on_fit is not None:
            on_fit(number + 1, FOLDS)
    return logits, truth, folds


def _folds(truth: Array, texts: Sequence[str], seed: int) -> Array:
    """Return the fold of each row: texts are shared out in turn, label by label, in an order that the seed decides."""
    _known, first, text = np.unique(np.asarray(texts, object).astype(str), return_index=True, return_inverse=True)
    mixed = np.random.default_rng(seed).permutation(len(first))
    ordered = mixed[np.argsort(truth[first[mixed]], kind="stable")]
    fold = np.zeros(len(first), np.int64)
    fold[ordered] = np.arange(len(first)) % FOLDS
    result: Array = fold[text]
    return result
