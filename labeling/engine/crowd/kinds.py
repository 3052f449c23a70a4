"""The model that knows hard and misleading items: several kinds of item for each label.

Y. Li, B. Rubinstein and T. Cohn, Exploiting worker correlation for label aggregation in crowdsourcing, ICML 2019
("enhanced Bayesian classifier combination"). Models of people alone take errors of different people as independent; on
an item that looks like something else all people err together, and such a model then believes them. Here each label
has `KINDS` kinds of item, and everybody has a confusion matrix for each kind. Variational inference, as published, with
their priors.
"""

import numpy as np

from labeling.engine.crowd.dawid_skene import CELLS
from labeling.engine.crowd.fitting import ITERATIONS, Answers, Fit, normalized, settled
from labeling.engine.ratings import Floats

KINDS = 3
# The paper's: answers expected of everybody when right and, for each label, when wrong; and a sparse share of kinds.
RIGHT, WRONG, SHARE = 4.0, 1.0, 0.1


def fits(answers: Answers) -> bool:
    """Tell whether the matrices of all people can be held in memory."""
    return answers.cells * answers.labels * KINDS <= CELLS


def kinds(answers: Answers, seed: int = 0) -> Fit:
    """Return the fit of a confusion matrix for each person and kind of item.

    Args:
        answers: What was answered.
        seed: Of the first guess of which item is of which kind.

    Raises:
        ValueError: There are too many people and labels.
    """
    from scipy.special import digamma  # slow import

    if not fits(answers):
        raise ValueError(
            f"kinds: {answers.people:,} people times {answers.labels:,} × {answers.labels:,} labels are too many to "
            "learn. Take --method mace or one-coin."
        )
    labels, types = answers.labels, answers.labels * KINDS
    prior = np.repeat(np.full((labels, labels), WRONG) + (RIGHT - WRONG) * np.eye(labels), KINDS, axis=1)
    random = np.random.default_rng(seed)
    guess = random.dirichlet(np.ones(KINDS), (answers.items, labels))
    posterior = (answers.shares[:, :, None] * guess).reshape(answers.items, types)
    iteration = 0
    while iteration < ITERATIONS:
        iteration += 1
        counted = (answers.gathered @ posterior).reshape(answers.people, labels, types) + prior
        expected = digamma(counted) - digamma(counted.sum(1, keepdims=True))
        scores = answers.spread @ expected.reshape(answers.cells, types)
        new = normalized(scores + _shares(posterior, labels, digamma))
        done = settled(new, posterior)
        posterior = new
        if done:
            break
    by_label = posterior.reshape(answers.items, labels, KINDS).sum(2)
    confusion = _confusion(counted, prior, labels)
    return Fit("kinds", by_label, lambda person, label: confusion[person, label], iteration)


def _shares(posterior: Floats, labels: int, digamma: object) -> Floats:
    """Return the expected log share of each type, shape (types,)."""
    assert callable(digamma)
    held = posterior.sum(0).reshape(labels, KINDS)
    of_labels = digamma(held.sum(1) + 1) - digamma(held.sum() + labels)
    of_kinds = digamma(held + SHARE) - digamma(held.sum(1, keepdims=True) + KINDS * SHARE)
    shares: Floats = (of_labels[:, None] + of_kinds).ravel()
    return shares


def _confusion(counted: Floats, prior: Floats, labels: int) -> Floats:
    """Return the matrices of people over all kinds of each label, which count as often as they come."""
    people = len(counted)
    plain = (counted - prior).reshape(people, labels, labels, KINDS).sum(3)
    smoothed = plain + prior.reshape(labels, labels, KINDS)[:, :, 0]
    confusion: Floats = smoothed / smoothed.sum(1, keepdims=True)
    return confusion
