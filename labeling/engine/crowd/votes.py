"""Majority vote, and the model in which everybody has one number: how often they are right.

The one-coin model is that of G. Demartini and others, ZenCrowd, WWW 2012, with a prior: the accuracy of everybody
together, worth `STRENGTH` answers, so that somebody with few answers counts like the others.
"""

from collections.abc import Callable

import numpy as np

from labeling.engine.crowd.fitting import ITERATIONS, Answers, Fit, normalized, settled
from labeling.engine.ratings import Codes, Floats

STRENGTH = 4.0


def majority(answers: Answers) -> Fit:
    """Return the shares of votes; an item is as confident as its share of the leading label."""
    return Fit("majority", answers.shares)


def one_coin(answers: Answers) -> Fit:
    """Return the fit of one accuracy for each person; wrong answers are alike for all labels."""
    others = max(answers.labels - 1, 1)
    given = answers.used.sum(1)
    posterior = answers.shares.copy()
    iteration = 0
    while iteration < ITERATIONS:
        iteration += 1
        accuracy = _accuracies(answers, posterior, given)
        weight = np.log(accuracy * others / (1 - accuracy))
        new = normalized(answers.speaking(np.repeat(weight, answers.labels)))
        done = settled(new, posterior)
        posterior = new
        if done:
            break
    return Fit("one-coin", posterior, coins(accuracy, answers.labels), iteration)


def _accuracies(answers: Answers, posterior: Floats, given: Floats) -> Floats:
    right = answers.confirmed(posterior).sum(1)
    # One right and one wrong answer more, so that nobody is always right.
    pooled = (right.sum() + 1) / (given.sum() + 2)
    accuracies: Floats = np.clip((right + STRENGTH * pooled) / (given + STRENGTH), 1e-3, 1 - 1e-3)
    return accuracies


def coins(accuracy: Floats, labels: int) -> Callable[[Codes, Codes], Floats]:
    """Return what people of one accuracy each say: see `Fit.said`."""
    wrong = (1 - accuracy) / max(labels - 1, 1)

    def said(person: Codes, label: Codes) -> Floats:
        found = np.repeat(wrong[person][:, None], labels, axis=1)
        found[np.arange(len(person)), label] = accuracy[person]
        return found

    return said
