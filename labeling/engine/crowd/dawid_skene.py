"""The model in which every person has a whole confusion matrix, held near what their few answers can tell.

A. P. Dawid and A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm, Applied
Statistics 28, 1979. Fitted by itself it learns a matrix out of two or three answers, and is then worse than the vote
(on CrowdFlower's weather tweets .83 against .88). So each column of a matrix has `STRENGTH` answers of a prior: the
pooled matrix of everybody, its diagonal moved to how often this person is right at all.
"""

import numpy as np

from labeling.engine.crowd.fitting import ITERATIONS, Answers, Fit, normalized, settled
from labeling.engine.crowd.mace import log_prior
from labeling.engine.ratings import Floats

STRENGTH = 2.0
# Answers of everybody that a person's own share of right answers is worth.
COIN_STRENGTH = 5.0
# Cells of the matrices of all people at 8 bytes: 400 MB. Above, a confusion matrix each is too much to learn anyway.
CELLS = 50_000_000


def fits(answers: Answers) -> bool:
    """Tell whether the matrices of all people can be held in memory."""
    return answers.cells * answers.labels <= CELLS


def dawid_skene(answers: Answers) -> Fit:
    """Return the fit of a regularised confusion matrix for each person.

    Raises:
        ValueError: There are too many people and labels for a matrix each.
    """
    if not fits(answers):
        raise ValueError(
            f"dawid-skene: {answers.people:,} people times {answers.labels:,} × {answers.labels:,} labels are too many "
            "to learn. Take --method mace or one-coin."
        )
    shape = (answers.people, answers.labels, answers.labels)
    posterior = answers.shares.copy()
    iteration = 0
    while iteration < ITERATIONS:
        iteration += 1
        counted = (answers.gathered @ posterior).reshape(shape)
        confusion = counted + STRENGTH * _prior(counted)
        confusion /= confusion.sum(1, keepdims=True)
        scores = answers.spread @ np.log(confusion).reshape(answers.cells, answers.labels)
        new = normalized(scores + log_prior(posterior))
        done = settled(new, posterior)
        posterior = new
        if done:
            break
    return Fit("dawid-skene", posterior, lambda person, label: confusion[person, label], iteration)


def _prior(counted: Floats) -> Floats:
    """Return what is expected of each person before their answers; columns sum to 1, shape (people, labels, labels)."""
    labels = counted.shape[1]
    diagonal = np.arange(labels)
    pooled = counted.sum(0) + 0.1
    pooled /= pooled.sum(0)
    if labels < 2:
        return np.broadcast_to(pooled, counted.shape)
    share = counted.sum((0, 1))
    usual = float(pooled[diagonal, diagonal] @ share / max(share.sum(), 1e-300))
    right, given = counted[:, diagonal, diagonal].sum(1), counted.sum((1, 2))
    own = (right + COIN_STRENGTH * usual) / (given + COIN_STRENGTH)
    odds = (own / (1 - own)) / (usual / (1 - usual))
    kept = np.clip(pooled[diagonal, diagonal], 1e-6, 1 - 1e-6)
    moved = odds[:, None] * kept / (1 - kept)
    moved = moved / (1 + moved)
    wrong = pooled * (1 - np.eye(labels))
    wrong /= wrong.sum(0)
    prior: Floats = wrong[None] * (1 - moved)[:, None, :]
    prior[:, diagonal, diagonal] = moved
    return prior
